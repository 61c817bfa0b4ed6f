"""How an installed model goes."""

from __future__ import annotations

from localsearch.config import Paths, Settings, change_setting
from localsearch.models.catalogue import find_entry
from localsearch.models.choose import chosen_embedder, chosen_reranker
from localsearch.models.installed import FoundModel, delete, find_installed
from localsearch.types import UnknownModelError, UsageError


def remove_model(
    paths: Paths, settings: Settings, name: str, *, although_in_use: bool = False
) -> FoundModel:
    """Delete a model's file, and give back what it was.

    With `although_in_use`, a setting that names it goes back to automatic. Raises
    UnknownModelError when it isn't installed, UsageError when it's in use.
    """
    whole = find_installed(paths, name)
    model = whole or _damaged(paths, name)
    if model is None:
        raise UnknownModelError(
            f"no model called {name} is installed",
            "`localsearch models list` shows those that are.",
        )
    in_use = model.name in (chosen_embedder(paths, settings), chosen_reranker(paths, settings))
    # By one that can't be opened nothing is searched anyway.
    if in_use and whole is not None and not although_in_use:
        raise UsageError(
            f"{model.name} is in use; searches by it would stop",
            f"Choose another one first (`localsearch models use NAME`), or say "
            f"`localsearch models remove {model.name} --force`.",
        )
    named = {"embedder": settings.models.embedder, "reranker": settings.models.reranker}
    delete(paths, model)
    for setting, value in named.items():
        if value.casefold() == model.name.casefold():
            change_setting(paths.settings_file, "models", setting, "")
    return model


def _damaged(paths: Paths, name: str) -> FoundModel | None:
    """A catalogue model's file that can't be opened as one, and is in the way of a new one."""
    entry = find_entry(name)
    if entry is None or not (path := paths.models_dir / entry.file).is_file():
        return None
    return FoundModel(entry.name, path, entry.role, path.stat().st_size)
