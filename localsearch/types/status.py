"""What the index holds, who works on it, and how well all is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from localsearch.types.files import Failure
from localsearch.types.hits import Coverage
from localsearch.types.indexing import Progress
from localsearch.types.models import ModelChangeStatus, ModelStatus


@dataclass(frozen=True, slots=True)
class RootStatus:
    """A folder that is indexed; `online` is False while it can't be found."""

    path: str
    name: str
    files: int
    online: bool


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Files by state; `skipped` ones (photos, too large, without text) are found by name alone."""

    total: int
    indexed: int
    failed: int
    skipped: int


ServicePhase = Literal[
    "starting", "preparing", "scanning", "reading", "embedding", "idle", "paused"
]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What the service is doing; times are seconds since 1970, `passes` counts looks at the disk.

    `polled` are the folders that are looked at now and then, as (path, why they aren't watched);
    `waiting` says why embedding stands still or goes slowly; `silence`, which who reads this finds
    out, why it doesn't answer.
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
    silence: str = ""


@dataclass(frozen=True, slots=True)
class WriterState:
    """The process that writes the index: its arguments, and since when in seconds since 1970."""

    pid: int
    command: tuple[str, ...]
    since_s: float


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
