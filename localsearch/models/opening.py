"""How a chosen model becomes one that embeds or judges."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localsearch.models.choose import resolve_embedder, resolve_reranker

if TYPE_CHECKING:
    import threading

    from localsearch.config import Paths, Settings
    from localsearch.types import Embedder, Reranker


def open_embedder(
    paths: Paths,
    settings: Settings,
    name: str = "",
    *,
    repacked: bool | None = None,
    cancel: threading.Event | None = None,
) -> Embedder:
    """Load the embedder that `resolve_embedder` finds; raises ModelError when it can't.

    `repacked` says which kernels it's for, None to have the faster ones chosen. Raises
    CancelledError when `cancel` was set before the weights are loaded.
    """
    from localsearch.engine.embedder import load_embedder

    model = resolve_embedder(paths, settings, name)
    return load_embedder(
        model.path,
        name=model.name,
        settings=settings.models,
        paths=paths,
        weights_sha256=model.sha256,
        repacked=repacked,
        cancel=cancel,
    )


def facts_source(paths: Paths, settings: Settings, name: str = "") -> str:
    """A hash of all that decides what an embedder is, for remembering its facts under it.

    Nothing is loaded; raises ModelError when `resolve_embedder` finds none.
    """
    from localsearch.engine.recipes import RECIPES_VERSION

    model = resolve_embedder(paths, settings, name)
    parts = (model.sha256, model.name, settings.models.dimension, RECIPES_VERSION)
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def reranker_source(paths: Paths, settings: Settings, name: str = "") -> str:
    """The same of the reranker that `resolve_reranker` finds; "" when there's none to use."""
    model = resolve_reranker(paths, settings, name)
    if model is None:
        return ""
    return hashlib.sha256("\0".join((model.sha256, model.name, model.role)).encode()).hexdigest()


def open_reranker(
    paths: Paths, settings: Settings, name: str = "", *, repacked: bool | None = None
) -> Reranker | None:
    """Load the reranker that `resolve_reranker` finds, None when there's none to use.

    `repacked` as for `open_embedder`.
    """
    model = resolve_reranker(paths, settings, name)
    if model is None:
        return None
    if model.role == "likelihood":
        from localsearch.engine.likelihood import load_likelihood_reranker

        return load_likelihood_reranker(
            model.path,
            name=model.name,
            settings=settings.models,
            paths=paths,
            repacked=repacked,
        )
    from localsearch.engine.reranker import load_reranker

    return load_reranker(
        model.path, name=model.name, settings=settings.models, paths=paths, repacked=repacked
    )
