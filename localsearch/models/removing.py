"""How an installed model goes."""

from __future__ import annotations

from localsearch.config import Paths, Settings, change_setting
from localsearch.models.catalogue import find_entry
from localsearch.models.choose import chosen_embedder, chosen_reranker
from localsearch.models.installed import FoundModel, delete, find_installed, is_damaged
from localsearch.types import UnknownModelError, UsageError


def remove_model(
    paths: Paths, settings: Settings, name: str, *, although_in_use: bool = False
) -> FoundModel:
    """Delete a model's file, and give back what it was.

    One that's in use goes with `although_in_use`, and a setting that names it goes back to
    automatic; or where its file is damaged, to make room for a whole one: then the choice stays.
    Raises UnknownModelError when it isn't installed, UsageError when it's in use.
    """
    whole = find_installed(paths, name)
    model = whole or _in_its_place(paths, name)
    if model is None:
        raise UnknownModelError(
            f"no model called {name} is installed",
            "`localsearch models list` shows those that are.",
        )
    in_use = model.name in (chosen_embedder(paths, settings), chosen_reranker(paths, settings))
    if in_use and not although_in_use:
        # By a damaged one nothing is searched anyway.
        if whole is None and is_damaged(paths, model.path):
            delete(paths, model)
            return model
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


def _in_its_place(paths: Paths, name: str) -> FoundModel | None:
    """A catalogue model's file that can't be opened as one, and is in the way of a new one."""
    entry = find_entry(name)
    if entry is None or not (path := paths.models_dir / entry.file).is_file():
        return None
    return FoundModel(entry.name, path, entry.role, path.stat().st_size)
