"""The values that flow between the rooms, the Protocols they meet at, and the one tree of errors.

They import nothing else of ours, so that every room can import them, all from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.types.converting import ConversionContext, Converter, Source
from localsearch.types.documents import Block, BlockKind, Chunk, Document, Locator
from localsearch.types.errors import (
    INSTALL_AGAIN,
    INSTALL_ALL,
    CancelledError,
    ConfigError,
    ConversionError,
    LocalsearchError,
    ModelError,
    NoIndexError,
    NoTextError,
    SemanticUnavailableError,
    StoreDamagedError,
    StoreEmptyError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    UnknownModelError,
    UsageError,
)
from localsearch.types.files import Failure, FileRef, Kind, KnownFile, KnownFiles, Remark
from localsearch.types.hits import (
    MEANING_IS_OFF,
    Coverage,
    Hit,
    ScoreKind,
    Stage,
    Timings,
    Why,
)
from localsearch.types.indexing import Forgotten, IndexReport, Progress
from localsearch.types.models import (
    Embedder,
    ModelChangeStatus,
    ModelComparison,
    ModelFacts,
    ModelStatus,
    Reranker,
)
from localsearch.types.queries import Filters, Mode, Query, QueryProblem, SearchRequest
from localsearch.types.status import (
    FileCounts,
    Finding,
    FindingLevel,
    RootStatus,
    ServicePhase,
    ServiceState,
    Status,
    WriterState,
)

if TYPE_CHECKING:
    from localsearch.types.models import FloatMatrix as FloatMatrix
    from localsearch.types.models import FloatVector as FloatVector
    from localsearch.types.models import OnVectors as OnVectors

__all__ = [
    "INSTALL_AGAIN",
    "INSTALL_ALL",
    "MEANING_IS_OFF",
    "Block",
    "BlockKind",
    "CancelledError",
    "Chunk",
    "ConfigError",
    "ConversionContext",
    "ConversionError",
    "Converter",
    "Coverage",
    "Document",
    "Embedder",
    "Failure",
    "FileCounts",
    "FileRef",
    "Filters",
    "Finding",
    "FindingLevel",
    "Forgotten",
    "Hit",
    "IndexReport",
    "Kind",
    "KnownFile",
    "KnownFiles",
    "LocalsearchError",
    "Locator",
    "Mode",
    "ModelChangeStatus",
    "ModelComparison",
    "ModelError",
    "ModelFacts",
    "ModelStatus",
    "NoIndexError",
    "NoTextError",
    "Progress",
    "Query",
    "QueryProblem",
    "Remark",
    "Reranker",
    "RootStatus",
    "ScoreKind",
    "SearchRequest",
    "SemanticUnavailableError",
    "ServicePhase",
    "ServiceState",
    "Source",
    "Stage",
    "Status",
    "StoreDamagedError",
    "StoreEmptyError",
    "StoreError",
    "StoreFullError",
    "StoreLockedError",
    "Timings",
    "UnknownModelError",
    "UsageError",
    "Why",
    "WriterState",
]
