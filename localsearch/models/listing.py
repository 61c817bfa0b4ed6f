"""What `models list` knows: each model, whether it's here, in use, and fits this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from localsearch.config import Paths, Settings
from localsearch.models.catalogue import (
    RECOMMENDED_EMBEDDER,
    RECOMMENDED_RERANKER,
    STARTER_NAME,
    CatalogueEntry,
    Role,
    catalogue,
)
from localsearch.models.choose import (
    AUTOMATIC,
    NO_RERANKER,
    chosen_embedder,
    chosen_reranker,
    models_elsewhere,
    starter_is_available,
)
from localsearch.models.installed import FoundModel, installed_models

# A loaded model takes its weights, once more those that ggml repacks for the processor where the
# file's own pages can't be let go of (`engine/mapped_memory.py`), and this for the context.
# Measured for the 0.6B models in Q8_0: 935 MB as they are, 1,431 MB where both stay.
_CONTEXT_BYTES = 300_000_000
_REPACKED_QUANTISATIONS = ("Q8_0", "Q4_0")
# The rest is the system's and the user's own programs'.
_SHARE_OF_MEMORY = 0.75


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model as the user can have it on this machine; `entry` is None for models of one's own."""

    name: str
    role: Role
    entry: CatalogueEntry | None
    path: Path | None
    size_bytes: int
    in_use: bool
    fits_memory: bool
    note: str

    @property
    def installed(self) -> bool:
        """Whether its file is in the model folder."""
        return self.path is not None

    @property
    def packed(self) -> bool:
        """Whether it's here, but not unpacked yet: the starter, as its Python package brings it."""
        return not self.installed and self.name == STARTER_NAME and starter_is_available()


def list_models(paths: Paths, settings: Settings) -> tuple[ModelState, ...]:
    """Every model of the catalogue, then the user's own; nothing is hashed, unpacked or fetched."""
    models = (*models_elsewhere(paths, settings), *installed_models(paths))
    found = {model.name: model for model in models}
    chosen = {chosen_embedder(paths, settings), chosen_reranker(paths, settings)}
    memory = machine_memory_bytes()
    states = [
        _state(paths, entry, found.pop(entry.name, None), chosen, memory) for entry in catalogue()
    ]
    states += [
        ModelState(
            name=model.name,
            role=model.role,
            entry=None,
            path=model.path,
            size_bytes=model.size,
            in_use=model.name in chosen,
            fits_memory=memory_needed(model.size, model.name) <= memory * _SHARE_OF_MEMORY,
            note="your own file",
        )
        for model in found.values()
    ]
    return tuple(states)


def advise(states: tuple[ModelState, ...], settings: Settings) -> str:
    """Say in a line or two what is in use, and which one command would improve most."""
    embedder = next((state for state in states if state.in_use and state.role == "embedder"), None)
    reranker = next((state for state in states if state.in_use and state.role != "embedder"), None)
    missing = settings.models.embedder if embedder is None else ""
    if missing not in ("", AUTOMATIC):
        sentence = f"The settings name {missing}, which isn't installed: only words are searched."
    elif embedder is None:
        sentence = "No embedding model is installed: only words are searched, not meaning."
    elif reranker is None:
        sentence = f"In use: {embedder.name}; no reranker."
    else:
        sentence = f"In use: {embedder.name}, and {reranker.name} to rerank."
    return f"{sentence}\n{_improvement(states, settings, embedder, reranker)}".rstrip()


def memory_needed(size_bytes: int, quantisation: str) -> int:
    """Bytes that a loaded model takes on a CPU, at most: an estimate from the file's size."""
    twice = sys.platform != "linux" and quantisation.upper().endswith(_REPACKED_QUANTISATIONS)
    return size_bytes * (2 if twice else 1) + _CONTEXT_BYTES


def machine_memory_bytes() -> int:
    """Memory of this machine, or of the container that limits us to less."""
    import psutil

    total = int(psutil.virtual_memory().total)
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return total
    return min(total, limit)


def _state(
    paths: Paths,
    entry: CatalogueEntry,
    found: FoundModel | None,
    chosen: set[str],
    memory: int,
) -> ModelState:
    size = found.size if found is not None else entry.size_bytes
    needed = memory_needed(size, entry.quantisation)
    fits = needed <= memory * _SHARE_OF_MEMORY
    notes = [entry.summary]
    if not fits:
        notes.insert(0, f"takes up to {needed / 1e9:.1f} GB of this machine's {memory / 1e9:.1f}")
    here = found is not None or (entry.name == STARTER_NAME and starter_is_available())
    if entry.name in chosen and not here:
        notes.insert(0, "chosen in the settings, but not installed")
    if found is None and (paths.models_dir / entry.file).exists():
        notes.insert(0, f"its file is damaged: `localsearch models remove {entry.name}`")
    elif found is None and here:
        notes.insert(0, "here, unpacked on first use")
    return ModelState(
        name=entry.name,
        role=entry.role,
        entry=entry,
        path=None if found is None else found.path,
        size_bytes=size,
        in_use=here and entry.name in chosen,
        fits_memory=fits,
        note="; ".join(notes),
    )


def _improvement(
    states: tuple[ModelState, ...],
    settings: Settings,
    embedder: ModelState | None,
    reranker: ModelState | None,
) -> str:
    by_name = {state.name: state for state in states}
    best = by_name[RECOMMENDED_EMBEDDER]
    if embedder is None or embedder.name == STARTER_NAME:
        if best.installed:
            return f"`localsearch models use {best.name}` finds more by meaning."
        if best.fits_memory:
            return f"`localsearch models pull {best.name}` {_mb(best)} finds more by meaning."
    judge = by_name[RECOMMENDED_RERANKER]
    if reranker is None and settings.models.reranker != NO_RERANKER and judge.fits_memory:
        return (
            f"`localsearch models pull {judge.name}` {_mb(judge)} puts the best hit first more "
            "often, and says when nothing is relevant."
        )
    return ""


def _mb(state: ModelState) -> str:
    return f"({state.size_bytes / 1e6:,.0f} MB)"
