"""What reading files costs: by format, against its bare library, and through the sandbox.

    python benchmarks/converters.py [FOLDER]... [--json] [--files 200]

Every file of the folders (by default the sample library) is read once through the sandbox as the
indexer does: tried, converted, empty, refused and why, the slowest, peak memory. Then up to
`--files` files of each format that were read are read again three ways in turn (sandbox, this
process, bare library), three rounds; each file counts with its fastest round, so that whatever
else the machine does drops out. Then all are read in a row in turns: through the sandbox as the
indexer does, which says beforehand what comes next, and in this process; of each, the fastest of
five runs counts as a whole. Limit: so the sandbox keeps 0.9 of the throughput.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

_ROOT = Path(__file__).resolve().parents[1]
if Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
    # Run as a file, this one would stand in for the package that it measures.
    sys.path[0] = str(_ROOT)

if TYPE_CHECKING:
    from converters.sandbox import Sandbox

_ROUNDS = 3
_ROWS = 5
_SLOWEST = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file read through the sandbox; `converter` is "" where it was refused."""

    path: str
    size_bytes: int
    elapsed_s: float
    converter: str = ""
    characters: int = 0
    pages: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Speed:
    """What files of one format cost; `bare_s` is None where no library reads it alone.

    `ahead_s` and `here_in_a_row_s` are for all in a row, the others for one at a time.
    """

    converter: str
    files: int
    pages: int
    size_bytes: int
    sandbox_s: float
    ahead_s: float
    here_in_a_row_s: float
    here_s: float
    bare_s: float | None

    @property
    def kept(self) -> float:
        """Throughput with the sandbox as a share of that without, one file at a time."""
        return self.here_s / self.sandbox_s

    @property
    def kept_ahead(self) -> float:
        """The same for all in a row, where the sandbox knows what comes next."""
        return self.here_in_a_row_s / self.ahead_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", type=Path, default=[_ROOT / "sample"])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--files", type=int, default=200, help="files of a format to time; 0: none")
    options = parser.parse_args()

    from converters.sandbox import Sandbox
    from localsearch.config import Settings

    limits = Settings().converters
    with Sandbox(timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes) as sandbox:
        began_s = time.monotonic()
        sandbox.convert(__file__)
        start_s = time.monotonic() - began_s
        outcomes = [_read(sandbox, path) for path in _files(options.folders)]
        peak_bytes = sandbox.peak_bytes
        speeds = _speeds(sandbox, outcomes, options.files) if options.files else ()
    report = _Report(tuple(outcomes), tuple(speeds), start_s, peak_bytes)
    print(json.dumps(report.as_object(), indent=2) if options.json else report.as_text())


def _files(folders: Sequence[Path]) -> Iterator[str]:
    for folder in folders:
        for parent, inner, names in os.walk(folder):
            inner.sort()
            for name in sorted(names):
                path = os.path.join(parent, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def _read(sandbox: Sandbox, path: str) -> Outcome:
    from localsearch.types import ConversionError, NoTextError

    size = os.path.getsize(path)
    began_s = time.monotonic()
    try:
        conversion = sandbox.convert(path)
    except ConversionError as error:
        # Names and numbers differ from file to file; the reason is what's left.
        reason = re.sub(r"\d+", "N", error.cause)[:120]
        if isinstance(error, NoTextError):
            reason = "no text: " + reason
        return Outcome(path, size, time.monotonic() - began_s, reason=reason)
    elapsed_s = time.monotonic() - began_s
    blocks = [block for document in conversion.documents for block in document.blocks]
    return Outcome(
        path,
        size,
        elapsed_s,
        conversion.converter,
        sum(len(block.text) for block in blocks),
        max((block.locator.page or 0 for block in blocks), default=0),
    )


def _speeds(sandbox: Sandbox, outcomes: Sequence[Outcome], most: int) -> Iterator[Speed]:
    by_converter: defaultdict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if each.converter:
            by_converter[each.converter].append(each)
    for name, read in sorted(by_converter.items()):
        step = max(1, len(read) // most)
        yield _speed(sandbox, name, read[::step][:most])


def _speed(sandbox: Sandbox, name: str, chosen: Sequence[Outcome]) -> Speed:
    from benchmarks.bare_libraries import bare_reader
    from converters.registry import convert_file

    bare = bare_reader(name)
    readers: list[Callable[[str], object]] = [sandbox.convert, convert_file]
    if bare is not None:
        readers.append(bare)
    totals = [0.0] * len(readers)
    for each in chosen:
        best = [float("inf")] * len(readers)
        for _ in range(_ROUNDS):
            for number, reader in enumerate(readers):
                best[number] = min(best[number], _time(reader, each.path))
        totals = [total + fastest for total, fastest in zip(totals, best, strict=True)]
    paths = [each.path for each in chosen]
    rows = [(_time_ahead(sandbox, paths), _time_here(paths)) for _ in range(_ROWS)]
    ahead_s, here_in_a_row_s = map(min, zip(*rows, strict=True))
    return Speed(
        name,
        len(chosen),
        sum(each.pages for each in chosen),
        sum(each.size_bytes for each in chosen),
        totals[0],
        ahead_s,
        here_in_a_row_s,
        totals[1],
        totals[2] if bare is not None else None,
    )


def _time_ahead(sandbox: Sandbox, paths: Sequence[str]) -> float:
    began_s = time.perf_counter()
    for position, path in enumerate(paths):
        sandbox.expect(islice(paths, position, None))
        with contextlib.suppress(Exception):
            sandbox.convert(path)
    return time.perf_counter() - began_s


def _time_here(paths: Sequence[str]) -> float:
    from converters.registry import convert_file

    return sum(_time(convert_file, path) for path in paths)


def _time(read: Callable[[str], object], path: str) -> float:
    began_s = time.perf_counter()
    # A library that fails alone where ours doesn't has taken its time as well.
    with contextlib.suppress(Exception):
        read(path)
    return time.perf_counter() - began_s


@dataclass(frozen=True, slots=True)
class _Report:
    outcomes: tuple[Outcome, ...]
    speeds: tuple[Speed, ...]
    start_s: float
    peak_bytes: int

    @property
    def kept(self) -> float:
        return sum(each.here_s for each in self.speeds) / sum(
            each.sandbox_s for each in self.speeds
        )

    @property
    def kept_ahead(self) -> float:
        return sum(each.here_in_a_row_s for each in self.speeds) / sum(
            each.ahead_s for each in self.speeds
        )

    @property
    def refused(self) -> list[tuple[str, int]]:
        return Counter(each.reason for each in self.outcomes if each.reason).most_common()

    @property
    def slowest(self) -> list[Outcome]:
        return sorted(self.outcomes, key=lambda each: -each.elapsed_s)[:_SLOWEST]

    def counts(self) -> dict[str, int]:
        converted = [each for each in self.outcomes if each.converter]
        return {
            "tried": len(self.outcomes),
            "converted": len(converted),
            "empty": sum(not each.characters for each in converted),
            "without text by nature": sum(
                each.reason.startswith("no text") for each in self.outcomes
            ),
            "refused": sum(
                bool(each.reason) and not each.reason.startswith("no text")
                for each in self.outcomes
            ),
        }

    def as_object(self) -> dict[str, object]:
        return {
            "files": self.counts(),
            "reasons": dict(self.refused),
            "slowest": [dataclasses.asdict(each) for each in self.slowest],
            "peak_bytes": self.peak_bytes,
            "start_s": self.start_s,
            "sandbox_keeps": self.kept_ahead if self.speeds else None,
            "one_by_one_keeps": self.kept if self.speeds else None,
            "formats": [
                {
                    **dataclasses.asdict(each),
                    "sandbox_keeps": each.kept_ahead,
                    "one_by_one_keeps": each.kept,
                }
                for each in self.speeds
            ],
        }

    def as_text(self) -> str:
        return "\n".join((*self._speed_lines(), "", *self._outcome_lines()))

    def _speed_lines(self) -> Iterator[str]:
        yield (
            f"{'format':<12}{'files':>7}{'files/s':>10}{'pages/s':>10}{'MB/s':>9}"
            f"{'sandbox keeps':>15}{'one by one':>12}{'of bare library':>17}"
        )
        for each in self.speeds:
            pages = f"{each.pages / each.sandbox_s:.1f}" if each.pages else "-"
            bare = f"{each.bare_s / each.sandbox_s:.2f}" if each.bare_s is not None else "-"
            yield (
                f"{each.converter:<12}{each.files:>7}{each.files / each.sandbox_s:>10.1f}"
                f"{pages:>10}{each.size_bytes / 1e6 / each.sandbox_s:>9.2f}"
                f"{each.kept_ahead:>15.2f}{each.kept:>12.2f}{bare:>17}"
            )
        if self.speeds:
            yield f"{'all':<12}{'':>36}{self.kept_ahead:>15.2f}{self.kept:>12.2f}"

    def _outcome_lines(self) -> Iterator[str]:
        yield ", ".join(f"{name}: {count:,}" for name, count in self.counts().items())
        yield f"peak memory {self.peak_bytes / 1e6:.0f} MB; started in {self.start_s:.2f} s"
        for reason, count in self.refused:
            yield f"{count:>7,}  {reason}"
        yield "slowest:"
        for each in self.slowest:
            yield f"{each.elapsed_s:>8.2f} s  {each.size_bytes / 1e3:>9.1f} kB  {each.path}"


if __name__ == "__main__":
    main()
