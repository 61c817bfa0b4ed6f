"""How near does embedding come to what the machine can do, and how does `Llama.embed` do?"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.engine_rounds import (
    BATCH_TOKENS,
    Figure,
    median_ratio,
    median_ratio_of_cores,
    per_second,
    take_turns,
    text_of,
    timed,
)
from benchmarks.remembering import SharingIndex
from localsearch.config import Settings
from localsearch.engine.embedder import UBATCH_TOKENS
from localsearch.engine.runtime import Context, Model, Span
from localsearch.engine.threads import usable_threads

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from benchmarks.engine_rounds import Timed
    from localsearch.config import Paths
    from localsearch.engine.embedder import GgufEmbedder
    from localsearch.types import FloatMatrix, OnVectors

TEXT_TOKENS = (64, 256, 512)
_LIMIT_OF_BARE, _LIMIT_OF_PEER, _LIMIT_OF_FOLDER = 0.95, 2.2, 0.9
_LIMIT_OF_TOKENIZER = 0.03
# A round of the real folder ends after so many bytes of text.
_FOLDER_BYTES_A_ROUND = 2_500
# Weights in four bits differ by so much between batches of other shapes.
_SAME_VECTOR = 0.995


class BareLimit:
    """Sequences that fill a batch, in the embedder's ubatches, the head off, nothing around it.

    One of them is a single prompt's limit; shorter ones need less attention, so that texts which
    share a batch are held to a limit of their own shape.
    """

    def __init__(self, model: Model, threads: int, *, sequence_tokens: int = BATCH_TOKENS) -> None:
        count = BATCH_TOKENS // sequence_tokens
        self._context = Context(
            model, output="hidden", batch_tokens=BATCH_TOKENS, max_sequences=count,
            ubatch_tokens=UBATCH_TOKENS, threads=threads,
        )  # fmt: skip
        numbers = np.random.default_rng(3).integers(300, 900, (count, sequence_tokens))
        self._spans = [Span(number, row.tolist()) for number, row in enumerate(numbers)]

    def run(self) -> None:
        """Decode them once."""
        self._context.clear()
        self._context.decode(self._spans)

    def close(self) -> None:
        """Free their memory."""
        self._context.close()


def open_peer(path: Path, threads: int) -> Any:
    """llama-cpp-python's own embedding, as its documentation says, pooled as the model needs."""
    import llama_cpp

    cores = threads or usable_threads()
    return llama_cpp.Llama(
        str(path), embedding=True, pooling_type=llama_cpp.LLAMA_POOLING_TYPE_LAST,
        n_ctx=BATCH_TOKENS, n_batch=BATCH_TOKENS, n_ubatch=BATCH_TOKENS, verbose=False,
        n_threads=cores, n_threads_batch=cores,
    )  # fmt: skip


def embedding_figures(
    embedder: GgufEmbedder, model: Model, threads: int, rounds: int, *, label: str
) -> Iterator[Figure]:
    """Texts of 64, 256 and 512 tokens, a full batch of them at a time."""
    bare = {size: BareLimit(model, threads, sequence_tokens=size) for size in TEXT_TOKENS}
    peer = open_peer(model.path, threads)
    works: dict[str, Callable[[], object]] = {}
    for size in TEXT_TOKENS:
        # The token that closes a text counts, as it's decoded.
        texts = [
            text_of(size - 1, embedder.count_tokens, seed=number)
            for number in range(BATCH_TOKENS // size)
        ]
        _require_same(embedder.embed_documents(texts), peer.embed(texts))
        works[f"bare {size}"] = bare[size].run
        works[f"ours {size}"] = lambda texts=texts: embedder.embed_documents(texts)  # type: ignore[misc]
        works[f"peer {size}"] = lambda texts=texts: peer.embed(texts)  # type: ignore[misc]
    taken = take_turns(works, rounds)
    for size in TEXT_TOKENS:
        of_size = [taken[f"{kind} {size}"] for kind in ("ours", "bare", "peer")]
        yield from _embedding_table(f"{label}: {size} tokens", *of_size)
    for limit in bare.values():
        limit.close()
    peer.close()


def _embedding_table(
    name: str, ours: tuple[Timed, ...], bare: tuple[Timed, ...], peer: tuple[Timed, ...]
) -> Iterator[Figure]:
    yield replace(per_second(ours, BATCH_TOKENS), name=name, unit="tokens/s")
    yield replace(per_second(bare, BATCH_TOKENS), name=f"{name}, bare limit", unit="tokens/s")
    yield replace(per_second(peer, BATCH_TOKENS), name=f"{name}, Llama.embed", unit="tokens/s")
    yield from _ratios(f"{name} ÷ bare limit", ours, bare, _LIMIT_OF_BARE)
    yield from _ratios(f"{name} ÷ Llama.embed", ours, peer, _LIMIT_OF_PEER)


def _ratios(
    name: str, ours: tuple[Timed, ...], other: tuple[Timed, ...], limit: float
) -> Iterator[Figure]:
    yield replace(median_ratio(ours, other), name=name, limit=limit)
    cores = median_ratio_of_cores(ours, other)
    yield Figure(f"{name}, by time of the cores", cores, "×")


def _require_same(ours: FloatMatrix, theirs: Sequence[Sequence[float]]) -> None:
    """A faster way to other vectors would be none."""
    other = np.asarray(theirs, dtype=np.float32)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    cosines = (ours * other).sum(axis=1)
    if cosines.min() < _SAME_VECTOR:
        raise AssertionError(f"our vectors and Llama.embed's differ: cosine {cosines.min():.4f}")


class _Listening:
    """An embedder that keeps the texts it was asked for."""

    def __init__(self, real: GgufEmbedder) -> None:
        self._real = real
        self.heard: list[str] = []
        self.name, self.fingerprint = real.name, real.fingerprint
        self.dimension, self.max_tokens = real.dimension, real.max_tokens
        self.count_tokens = real.count_tokens
        self.embed_query = real.embed_query

    def embed_documents(
        self,
        texts: Sequence[str],
        *,
        cancel: threading.Event | None = None,
        on_vectors: OnVectors | None = None,
    ) -> FloatMatrix:
        """Vectors of the real embedder."""
        self.heard += texts
        return self._real.embed_documents(texts, cancel=cancel, on_vectors=on_vectors)

    def close(self) -> None:
        """Does nothing: the real one is used on."""


@dataclass(frozen=True, slots=True)
class _FolderRound:
    """The same passages, indexed with their files, embedded, tokenised, and by the peer."""

    tokens: int
    indexed: Timed
    embedded: Timed
    tokenised: Timed
    bare: Timed
    peer: Timed


def folder_figures(
    embedder: GgufEmbedder, model: Model, threads: int, rounds: int, *,
    label: str, folder: Path, paths: Paths,
) -> Iterator[Figure]:  # fmt: skip
    """Files of a real folder, indexed whole: read, cut into passages, embedded and stored."""
    listening = _Listening(embedder)
    bare, peer = BareLimit(model, threads), open_peer(model.path, threads)
    # Files are added a few at a time to an index that's open, as it is when there are many.
    library = paths.data_dir / "library"
    library.mkdir(parents=True)
    taken: list[_FolderRound] = []
    with SharingIndex(paths, Settings(), listening) as index:
        index.add_roots([str(library)])
        for number, texts in enumerate(_groups(folder, rounds + 1)):
            for each, text in enumerate(texts):
                (library / f"{number}-{each}.txt").write_text(text, encoding="utf-8")
            listening.heard.clear()
            indexed = timed(index.update)
            taken.append(_folder_round(embedder, bare, peer, list(listening.heard), indexed))
    bare.close()
    peer.close()
    # The first one was to warm up.
    yield from _folder_table(label, taken[1:])


def _folder_round(
    embedder: GgufEmbedder, bare: BareLimit, peer: Any, passages: list[str], indexed: Timed
) -> _FolderRound:
    return _FolderRound(
        tokens=sum(embedder.count_tokens(each) + 1 for each in passages),
        indexed=indexed,
        embedded=timed(lambda: embedder.embed_documents(passages)),
        tokenised=timed(lambda: [embedder.count_tokens(each) for each in passages]),
        bare=timed(bare.run),
        peer=timed(lambda: peer.embed(passages)),
    )


def _folder_table(label: str, taken: Sequence[_FolderRound]) -> Iterator[Figure]:
    def figure(name: str, values: Iterator[float], unit: str, limit: float | None) -> Figure:
        samples = tuple(values)
        at_most = limit == _LIMIT_OF_TOKENIZER
        return Figure(f"{label}: {name}", statistics.median(samples), unit, limit, at_most, samples)

    bare_s = [each.bare.clock_s * each.tokens / BATCH_TOKENS for each in taken]
    yield figure(
        "folder, indexed", (each.tokens / each.indexed.clock_s for each in taken), "tokens/s", None
    )
    yield figure(
        "folder, embedded ÷ bare limit",
        (bare / each.embedded.clock_s for bare, each in zip(bare_s, taken, strict=True)),
        "×", _LIMIT_OF_BARE,
    )  # fmt: skip
    yield figure(
        "folder, indexed and stored ÷ bare limit",
        (bare / each.indexed.clock_s for bare, each in zip(bare_s, taken, strict=True)),
        "×", _LIMIT_OF_FOLDER,
    )  # fmt: skip
    yield figure(
        "folder, embedded ÷ Llama.embed",
        (each.peer.clock_s / each.embedded.clock_s for each in taken), "×", _LIMIT_OF_PEER,
    )  # fmt: skip
    yield figure(
        "tokenizer's share of embedding",
        (each.tokenised.clock_s / each.embedded.clock_s for each in taken), "", _LIMIT_OF_TOKENIZER,
    )  # fmt: skip


def _groups(folder: Path, count: int) -> list[list[str]]:
    """Texts of the folder's files in groups of about as many bytes; the first is to warm up.

    No text comes twice: the second time there would be nothing to embed.
    """
    files = sorted(file for file in folder.rglob("*") if file.suffix in (".txt", ".md"))
    texts = iter({file.read_text(encoding="utf-8"): None for file in files})
    groups: list[list[str]] = []
    for _ in range(count):
        group: list[str] = []
        while sum(len(text.encode()) for text in group) < _FOLDER_BYTES_A_ROUND:
            if (text := next(texts, None)) is None:
                least = count * _FOLDER_BYTES_A_ROUND
                raise SystemExit(f"{folder} has less than {least:,} bytes of .txt and .md files")
            group.append(text)
        groups.append(group)
    return groups
