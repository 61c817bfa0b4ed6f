"""What kind of model a GGUF file is, and whether we can run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localsearch.models.catalogue import CatalogueEntry, Role, find_entry
from localsearch.types import ModelError

if TYPE_CHECKING:
    from localsearch.engine.gguf import GgufInfo

# What the engine runs in each role; "any" is any causal language model.
_ARCHITECTURES: dict[Role, tuple[str, ...]] = {
    "embedder": ("qwen3", "bert"),
    "reranker": ("qwen3",),
    "likelihood": ("any",),
}
# Architectures that predict no next token, so that no likelihood can be had from them.
_NOT_CAUSAL = ("bert", "nomic-bert", "jina-bert-v2", "clip")


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What a model file is; `entry` is its catalogue entry, if it's one of those."""

    name: str
    role: Role
    architecture: str
    entry: CatalogueEntry | None


def identify(path: Path, *, file_name: str = "", role: Role | None = None) -> ModelIdentity:
    """Look into the file; raises ModelError when it isn't a GGUF or not one that we can run.

    `file_name` is the name it goes by when `path` is a temporary one; `role` is what the user says
    it's for, needed only where neither the name nor the file tells.
    """
    from localsearch.engine.gguf import inspect_gguf

    info = inspect_gguf(path)
    file_name = file_name or path.name
    entry = find_entry(file_name)
    if entry is not None and role in (None, entry.role):
        check_architecture(info.architecture, entry, path)
        return ModelIdentity(entry.name, entry.role, info.architecture, entry)
    found = role or _guess_role(info, Path(file_name).stem)
    if found is None:
        raise ModelError(
            f"{path} doesn't say whether it embeds texts or reranks them",
            f"Say so: `localsearch models add {path} --role embedder` (or reranker, likelihood).",
        )
    _check_runs(info, found, path)
    # A model of one's own never takes a catalogue name, whatever its file is called.
    name = file_name if find_entry(Path(file_name).stem) else Path(file_name).stem
    return ModelIdentity(name, found, info.architecture, None)


def check_architecture(architecture: str, entry: CatalogueEntry, path: Path) -> None:
    """Raise ModelError when the file isn't of the architecture that the entry promises."""
    if architecture != entry.architecture:
        raise ModelError(
            f"{path} isn't {entry.name}: its architecture is {architecture!r}, "
            f"not {entry.architecture!r}",
            f"`localsearch models pull {entry.name}` fetches the right file.",
        )


def _check_runs(info: GgufInfo, role: Role, path: Path) -> None:
    architecture = info.architecture
    if architecture == "bert" and role == "embedder" and not _is_multilingual_e5(info):
        # The engine would run it, with prompts and pooling that aren't its own: worse, silently.
        raise ModelError(
            f"{path} is a BERT model of another family than multilingual-e5, and how it wants its "
            "input isn't known here",
            "Use a Qwen3-Embedding or a multilingual-e5 model.",
        )
    allowed = _ARCHITECTURES[role]
    if architecture in allowed or ("any" in allowed and architecture not in _NOT_CAUSAL):
        return
    raise ModelError(
        f"{path} is a {architecture!r} model, which can't be used as {role}",
        "`localsearch models list` shows the models that can.",
    )


def _is_multilingual_e5(info: GgufInfo) -> bool:
    return info.pooling == "mean" and info.tokenizer_model == "t5"


def _guess_role(info: GgufInfo, stem: str) -> Role | None:
    names = f"{stem} {info.name}".casefold()
    if info.has_rank_head or "rerank" in names:
        return "reranker"
    if info.architecture == "bert" or "embed" in names or info.pooling in ("last", "mean"):
        return "embedder"
    return "likelihood" if info.architecture == "gemma3" else None
