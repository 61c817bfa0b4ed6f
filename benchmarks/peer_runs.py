"""How a peer is measured: its commands timed from outside, its answers judged."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localsearch.evaluate import DEPTH, JudgedQuery, answers

# Questions asked by a command of their own, where the rest is asked of a program that stays up.
_COLD_QUESTIONS = 5
_LONGEST_RUN_S = 3600
# Run by a small process between us and the command: Linux counts what the parent held before the
# command was started into the command's own peak.
_TIMER = """
import os, sys, time
began_s = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as report:
    cpu_s = usage.ru_utime + usage.ru_stime
    print(time.perf_counter() - began_s, usage.ru_maxrss, cpu_s, file=report)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


class PeerError(Exception):
    """Why a peer can't be measured, in a line."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a command printed, how long it took, and the most memory it (or a child) had.

    `cpu_s` is the processor time of all its threads and children, which other programs on the
    machine lengthen far less than the time on the clock.
    """

    output: str
    took_s: float
    peak_rss_bytes: int
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one program."""

    index_s: float
    again_s: float
    index_bytes: int
    peak_rss_bytes: int
    command_p50_ms: float
    warm_p50_ms: float | None
    recall_at_10: Mapping[str, float]
    index_cpu_s: float = 0.0
    command_cpu_p50_ms: float = 0.0


class Asking(Protocol):
    """A program that stays up: gives the paths that answer a question, best first."""

    def ask(self, question: str) -> Sequence[str]: ...

    def close(self) -> None: ...


class Measurable(Protocol):
    """What has to be known of a program to measure it."""

    def index(self) -> Run: ...

    def update(self) -> Run: ...

    def index_bytes(self) -> int: ...

    def ask(self, question: str) -> tuple[Run, Sequence[str]]: ...

    def stay_up(self) -> Asking | None: ...


def measure(peer: Measurable, judged: Mapping[str, Sequence[JudgedQuery]]) -> Figures | str:
    """All figures of a peer, or why there are none."""
    try:
        built, again = peer.index(), peer.update()
        first = next(iter(judged.values()))
        cold = [peer.ask(query.query)[0] for query in first[:_COLD_QUESTIONS]]
        up = peer.stay_up()
        if up is None:
            found = _ask_all(judged, lambda question: peer.ask(question)[1])
        else:
            try:
                up.ask(first[0].query)
                found = _ask_all(judged, up.ask)
            finally:
                up.close()
    except PeerError as error:
        return str(error)
    times, recall = found
    return Figures(
        index_s=built.took_s,
        again_s=again.took_s,
        index_bytes=peer.index_bytes(),
        peak_rss_bytes=max(run.peak_rss_bytes for run in (built, again, *cold)),
        command_p50_ms=statistics.median(run.took_s for run in cold) * 1000,
        warm_p50_ms=None if up is None else statistics.median(times) * 1000,
        recall_at_10=recall,
        index_cpu_s=built.cpu_s,
        command_cpu_p50_ms=statistics.median(run.cpu_s for run in cold) * 1000,
    )


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    fine: Sequence[int] = (0,),
    cwd: Path | None = None,
) -> Run:
    """Run a command to its end; raises PeerError with its last words when it fails."""
    if shutil.which(command[0]) is None:
        raise PeerError(f"there is no command {command[0]} here")
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report")
        timer = (sys.executable, "-I", "-S", "-c", _TIMER, str(report))
        try:
            done = subprocess.run(
                (*timer, *command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env={**os.environ, **environment},
                cwd=cwd,
                timeout=_LONGEST_RUN_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"it wasn't done after {_LONGEST_RUN_S} s") from error
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode not in fine:
            said = (done.stderr.decode("utf-8", "replace") or output).strip().splitlines()
            raise PeerError(said[-1] if said else f"exit code {done.returncode}")
        took_s, peak_rss_kib, cpu_s = report.read_text(encoding="utf-8").split()
    return Run(output, float(took_s), int(peak_rss_kib) * 1024, float(cpu_s))


def bytes_of(folder: Path) -> int:
    """What the files in a folder take."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _ask_all(
    judged: Mapping[str, Sequence[JudgedQuery]], ask: Callable[[str], Sequence[str]]
) -> tuple[list[float], dict[str, float]]:
    times: list[float] = []
    recall: dict[str, float] = {}
    for language, queries in judged.items():
        shares = []
        for query in queries:
            began_s = time.perf_counter()
            found = ask(query.query)
            times.append(time.perf_counter() - began_s)
            entries = answers(list(found)[:DEPTH], query.relevant)
            hit = {entry for entry in entries if entry is not None}
            shares.append(len(hit) / len(query.relevant))
        recall[language] = statistics.fmean(shares)
    return times, recall
