"""The values that flow between the rooms, the Protocols they meet at, and the one tree of errors.

This module imports nothing of ours, so that every room can import it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatMatrix = npt.NDArray[np.float32]
    FloatVector = npt.NDArray[np.float32]

# --------------------------------------------------------------------------------------
# Errors: each says the cause and the next thing to do
# --------------------------------------------------------------------------------------


class LocalsearchError(Exception):
    """Root of every error we raise on purpose; `exit_code` is what the command line ends with."""

    exit_code = 5

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause if not remedy else f"{cause}\n{remedy}")
        self.cause = cause
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[LocalsearchError], tuple[str, str]]:
        # Errors cross process borders (converters, probes); the default drops the remedy.
        return type(self), (self.cause, self.remedy)


class UsageError(LocalsearchError):
    """What was asked for can't be understood or doesn't exist (a missing path, a bad option)."""

    exit_code = 2


class ConfigError(UsageError):
    """The settings file can't be read or holds a value that doesn't fit."""


class NoIndexError(LocalsearchError):
    """There is no index yet, or the path asked for isn't in it."""

    exit_code = 3


class SemanticUnavailableError(LocalsearchError):
    """Search by meaning was asked for, and its model is missing or isn't the index's."""

    exit_code = 3


class StoreError(LocalsearchError):
    """The index can't be used: locked, damaged, of a newer version, or the disk is full."""

    exit_code = 4


class StoreLockedError(StoreError):
    """Another process holds the index and didn't let go in time."""


class StoreDamagedError(StoreError):
    """The index file isn't a healthy database."""


class StoreFullError(StoreError):
    """The disk that holds the index is full."""


class ModelError(LocalsearchError):
    """A model is missing, is refused, or failed while it ran."""


class UnknownModelError(ModelError):
    """A model was named that there isn't."""

    exit_code = 2


class ConversionError(LocalsearchError):
    """One file can't be turned into text; recorded with its reason, it never stops an index."""

    # As for a search that finds nothing: program and installation are well.
    exit_code = 1


class NoTextError(ConversionError):
    """A file that holds no text by its nature (a photo, a program); it's found by its name."""


class CancelledError(LocalsearchError):
    """The work was stopped on request; what was committed stays, the rest continues next time."""

    exit_code = 130

    def __init__(self, cause: str = "stopped", remedy: str = "") -> None:
        super().__init__(cause, remedy)


# --------------------------------------------------------------------------------------
# Files and documents
# --------------------------------------------------------------------------------------

Kind = Literal[
    "text", "code", "pdf", "doc", "sheet", "slides", "web", "mail", "book", "notebook", "data",
    "subtitles", "archive", "image", "audio", "video", "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as the file system describes it, before anything is read.

    `path` is absolute; bytes that aren't UTF-8 are kept as surrogate escapes (`os.fsencode` gives
    them back).
    """

    path: str
    size: int
    mtime_ns: int
    inode: int = 0
    device: int = 0


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as the index last saw it; `state` is pending, indexed, failed or name_only.

    `opened` says that its content was looked at, whatever came of it.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    state: str
    converter: str = ""
    chunker: int = 0
    opened: bool = True


@dataclass(frozen=True, slots=True)
class Locator:
    """Where in its file a passage stands; only what the format knows is set.

    `page` and `slide` count from 1, lines from 1 with both ends included, times are seconds.
    """

    page: int | None = None
    page_label: str | None = None
    line_start: int | None = None
    line_end: int | None = None
    heading: tuple[str, ...] = ()
    symbol: str | None = None
    slide: int | None = None
    sheet: str | None = None
    cell: str | None = None
    part: str | None = None
    time_start_s: float | None = None
    time_end_s: float | None = None


BlockKind = Literal["heading", "paragraph", "list", "table", "code", "note"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document that is never merged across a boundary its format draws.

    Where `text` holds exactly as many lines as `locator.line_start … line_end`, each line of it
    is that line of the file, and the chunker narrows the range when it splits the block.
    """

    text: str
    locator: Locator = Locator()
    kind: BlockKind = "paragraph"


@dataclass(frozen=True, slots=True)
class Document:
    """What a converter makes of a file, or of one member of it (a message, an archive entry).

    `member` is "" for the file itself, else the name inside it (`inner/path`, a message id).
    `notes` are remarks worth showing, such as "12 of 40 pages are scans without text".
    """

    blocks: tuple[Block, ...]
    kind: Kind = "text"
    title: str | None = None
    language: str | None = None
    member: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: the unit that is embedded, found, reranked and shown.

    `heading_path` (for code: the symbol) is embedded before `text`, and never shown as part of it.
    `tokens` counts what is embedded, special tokens left out.
    """

    text: str
    heading_path: tuple[str, ...]
    locator: Locator
    tokens: int

    @property
    def embedded_text(self) -> str:
        """Exactly what goes to the embedder; its hash is the key of the vector."""
        if not self.heading_path:
            return self.text
        return " › ".join(self.heading_path) + "\n" + self.text


class Source(Protocol):
    """Something that a converter can read: a file, or a member of an archive or a message."""

    @property
    def name(self) -> str:
        """File name without folders; its suffix is a hint at the format."""

    @property
    def size(self) -> int:
        """Bytes."""

    def open(self) -> BinaryIO:
        """Open for reading from the start, seekable."""


@dataclass(frozen=True, slots=True)
class ConversionContext:
    """What a converter may use besides its source.

    `convert_nested` reads a source inside the source (an attachment, an archive member) with
    whatever converter fits; it raises ConversionError where none does, or too deep.
    `text_limit` is the number of characters after which a converter should stop and note it.
    """

    convert_nested: Callable[[Source], Iterator[Document]]
    text_limit: int = 20_000_000
    ocr: bool = False


@runtime_checkable
class Converter(Protocol):
    """One family of formats: says what it reads, and reads it.

    `version` goes up when the output changes, so that only its files are read again.
    `suffixes` are lower case with their dot; `filenames` are whole lower-case names.
    """

    name: str
    version: int
    suffixes: frozenset[str]
    filenames: frozenset[str]

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """Yield the documents of `source`; raise ConversionError with the reason when it can't."""


# --------------------------------------------------------------------------------------
# Models
# --------------------------------------------------------------------------------------


class Embedder(Protocol):
    """Turns texts into unit vectors; one model, loaded."""

    @property
    def name(self) -> str:
        """The model's catalogue name or file name."""

    @property
    def fingerprint(self) -> str:
        """Weights, dimension, pooling and prompt in one string: vectors compare only within it."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Tokens of one text that are embedded; what's longer is cut."""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone, special tokens and prefixes left out."""

    def embed_documents(
        self, texts: Sequence[str], *, cancel: threading.Event | None = None
    ) -> FloatMatrix:
        """Vectors of passages, (len(texts), dimension) float32, unit length.

        Raises CancelledError soon after `cancel` is set, ModelError when the model fails.
        """

    def embed_query(
        self, text: str, *, cancel: threading.Event | None = None, code: bool = False
    ) -> FloatVector:
        """The vector of a query, (dimension,) float32, unit length.

        `code` says that source code is looked for, for models whose prompt names the task.
        """

    def close(self) -> None:
        """Free the weights."""


class Reranker(Protocol):
    """Judges query and passage together; one model, loaded."""

    @property
    def name(self) -> str:
        """The model's catalogue name or file name."""

    @property
    def fingerprint(self) -> str:
        """Weights, prompt and method in one string: scores compare only within it."""

    @property
    def score_kind(self) -> Literal["rerank", "likelihood"]:
        """`rerank` scores are P(yes) in 0…1; `likelihood` scores are mean log-probabilities."""

    def score(
        self, query: str, passages: Sequence[str], *, cancel: threading.Event | None = None
    ) -> Iterator[tuple[int, float]]:
        """Yield (index into passages, score), in batches as they are ready."""

    def close(self) -> None:
        """Free the weights."""


# --------------------------------------------------------------------------------------
# Search
# --------------------------------------------------------------------------------------

Mode = Literal["hybrid", "semantic", "keyword"]
ScoreKind = Literal["rerank", "likelihood", "fusion", "vector", "keyword"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit's file must be; empty means anything. Times are ns since 1970, sizes bytes."""

    path_globs: tuple[str, ...] = ()
    not_path_globs: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    after_ns: int | None = None
    before_ns: int | None = None
    size_min: int | None = None
    size_max: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: what was typed, the free text of it, and what must hold."""

    raw: str
    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    filters: Filters = Filters()
    limit: int = 10
    mode: Mode = "hybrid"
    rerank: bool = True
    budget_s: float = 2.0
    passages: bool = False
    prefix_last: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """Where a hit's place comes from: the rank (from 1), score and weight by each source.

    `coverage` is the share of the query's trigrams in the passage, of which what exceeds
    `coverage_baseline` counts. `name_match` says that the file's own name holds the query's words.
    """

    keyword_rank: int | None = None
    keyword_score: float | None = None
    vector_rank: int | None = None
    vector_score: float | None = None
    coverage: float | None = None
    coverage_baseline: float | None = None
    fused_rank: int | None = None
    fused_score: float | None = None
    rerank_rank: int | None = None
    rerank_score: float | None = None
    name_match: bool = False
    weights: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `highlights` are code-point ranges of `snippet`.

    `nearest` is the range of the sentence that means most nearly what was asked, where somebody
    looked for it because no word of the query is there to be highlighted.
    `chunk_id` is None where only the file's name was found. `text` is the whole passage. Where
    passages are compared with each other, `same_text` says that it is nearly word for word the one
    asked about, and `copies` are the other files that hold it so.
    """

    path: str
    member: str
    title: str
    kind: str
    language: str | None
    locator: Locator
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    score: float
    score_kind: ScoreKind
    why: Why
    mtime_ns: int
    text: str = ""
    chunk_id: int | None = None
    relevant: bool | None = None
    same_text: bool = False
    copies: tuple[str, ...] = ()
    nearest: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of known, readable files that can be found by word and by meaning, 0…1."""

    keyword: float = 0.0
    semantic: float = 0.0


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds of each part of a search; 0 where it didn't run."""

    keyword: float = 0.0
    embed: float = 0.0
    vector: float = 0.0
    fuse: float = 0.0
    rerank: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query as `api.Index.parse` takes it; None means what the settings say.

    `rerank` is True where the user asked for it, None where it's done if there's a reranker.
    """

    query: str
    limit: int | None = None
    mode: Mode = "hybrid"
    rerank: bool | None = None
    budget_s: float | None = None
    passages: bool = False
    within: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryProblem:
    """A part of a query that doesn't do what it was probably meant to.

    `text` is the part, `cause` a sentence without its stop, `suggestion` what to write instead;
    "" where there's no telling.
    """

    text: str
    cause: str
    suggestion: str = ""

    @property
    def explanation(self) -> str:
        """The problem in a sentence or two."""
        meant = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.text} was searched for as it stands: {self.cause}.{meant}"


@dataclass(frozen=True, slots=True)
class Stage:
    """A complete ranked list, and how far the search has come; the last one has `final` set."""

    name: Literal["keyword", "hybrid", "reranked"]
    mode: Mode
    hits: tuple[Hit, ...]
    timings_ms: Timings
    coverage: Coverage
    final: bool = False
    reranked: int = 0
    nothing_relevant: bool = False
    notice: str = ""


# --------------------------------------------------------------------------------------
# Indexing
# --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an indexing run is; `eta_s` is None until it can be told honestly.

    `changing_to` is a model whose vectors are built beside those that serve.
    """

    phase: Literal["scanning", "reading", "embedding", "done"]
    files_done: int = 0
    files_total: int = 0
    chunks_done: int = 0
    chunks_total: int = 0
    tokens_done: int = 0
    tokens_total: int = 0
    tokens_per_s: float = 0.0
    eta_s: float | None = None
    current: str = ""
    changing_to: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that couldn't be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: tuple[Failure, ...] = ()
    skipped: int = 0
    chunks: int = 0
    embedded_chunks: int = 0
    embedded_tokens: int = 0
    elapsed_s: float = 0.0
    engine_s: float = 0.0
    notices: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased from the index; `remains` are files that may still hold a part of it."""

    files: int
    queries: int = 0
    remains: tuple[str, ...] = ()


# --------------------------------------------------------------------------------------
# Status
# --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RootStatus:
    """A folder that is indexed; `online` is False while it can't be found."""

    path: str
    name: str
    files: int
    online: bool


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What stays true of an embedder while it isn't loaded; the names are those of Embedder."""

    name: str
    fingerprint: str
    dimension: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The embedding model of the index, and whether searches can use it now."""

    name: str
    fingerprint: str
    dimension: int
    usable: bool
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Files by state; `skipped` ones (photos, too large, without text) are found by name alone."""

    total: int
    indexed: int
    failed: int
    skipped: int


ServicePhase = Literal["starting", "scanning", "reading", "embedding", "idle", "paused"]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What the service is doing; times are seconds since 1970, `passes` counts looks at the disk.

    `polled` are the folders that are looked at now and then, as (path, why they aren't watched);
    `waiting` says why embedding stands still or goes slowly.
    """

    pid: int
    started_s: float
    updated_s: float
    phase: ServicePhase
    passes: int = 0
    progress: Progress | None = None
    polled: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class WriterState:
    """The process that writes the index: its arguments, and since when in seconds since 1970."""

    pid: int
    command: tuple[str, ...]
    since_s: float


@dataclass(frozen=True, slots=True)
class ModelChangeStatus:
    """How far the vectors of another model are, which are built beside those that serve."""

    name: str
    chunks_done: int
    chunks_total: int


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """Two models on the same index, by meaning alone, ten hits deep.

    `same_share` is the share of the old one's hits, to the user's latest `queries`, that the new
    one has too. `found_before` and `found_after` count, of so many `headings`, those to which the
    old and the new model found the file with the heading.
    """

    queries: int
    same_share: float
    headings: int
    found_before: int
    found_after: int


@dataclass(frozen=True, slots=True)
class Status:
    """What the index holds and how well it is.

    `service` and `writer` are None while none runs; a service that runs is the writer, too.
    """

    roots: tuple[RootStatus, ...]
    files: FileCounts
    chunks: int
    coverage: Coverage
    failures: tuple[Failure, ...]
    model: ModelStatus | None
    db_path: str
    db_bytes: int
    service: ServiceState | None = None
    log_path: str = ""
    model_change: ModelChangeStatus | None = None
    writer: WriterState | None = None


# --------------------------------------------------------------------------------------
# Health
# --------------------------------------------------------------------------------------

FindingLevel = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check of the installation, a model or the index found.

    `text` says what it saw, `fix` the next thing to do ("" where there's nothing to do).
    """

    check: str
    level: FindingLevel
    text: str
    fix: str = ""
