"""How soon is a change found, what does a burst cost, and what does looking at everything?

    python -m benchmarks.watch [--files 100000] [--burst 10000] [--edits 40] [--churn 100000]

Runs the installed program in a folder of its own, with the starter model. The peer of a rescan is
a bare walk of the same tree (os.scandir and stat, nothing else), in the same process and with the
same warm cache, the two taking turns.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from localsearch import config
from localsearch.api import Index
from localsearch.config import IndexSettings
from localsearch.scanning.scan import compare, scan_roots
from localsearch.service.state import read_state
from localsearch.types import KnownFile, KnownFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = str(Path(sys.executable).with_name("localsearch"))
ROUNDS = 7
FILES_IN_FOLDER = 100
CHANGES_IN_ROUND = 1000
CHURNED_FILES = 200


def main() -> None:
    """Measure all of it and print one line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="files of the rescan")
    parser.add_argument("--burst", type=int, default=10_000, help="files of the burst")
    parser.add_argument("--edits", type=int, default=40, help="edits that are timed")
    parser.add_argument("--idle", type=float, default=30.0, help="seconds of idling")
    parser.add_argument("--churn", type=int, default=100_000, help="changes of the long run")
    parser.add_argument("--only", choices=["rescan", "watching", "churn"], help="this part alone")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name).resolve()
        if wanted.only in (None, "rescan"):
            rescan(base / "tree", wanted.files)
        if wanted.only == "rescan":
            return
        os.environ["LOCALSEARCH_HOME"] = str(base / "home")
        library = base / "library"
        library.mkdir()
        (library / "first.txt").write_text("the first")
        subprocess.run([PROGRAM, "add", str(library)], check=True, capture_output=True)
        with Index(config.find_paths(), config.Settings()) as index, watching(index) as process:
            if wanted.only != "churn":
                cold_edit(index, library)
                edits(index, library, wanted.edits)
                idle(index, process, wanted.idle)
                burst(index, library, wanted.burst)
            if wanted.only != "watching":
                churn(index, process, library / "churn", wanted.churn)


def rescan(tree: Path, count: int) -> None:
    """Look at a tree in which nothing changed, and walk it bare."""
    write_tree(tree, count)
    settings = IndexSettings()
    first = scan_roots([str(tree)], settings, paths=None, cancel=None)
    known = KnownFiles(
        KnownFile(each.path, each.size, each.mtime_ns, each.inode, each.device, "indexed")
        for each in first
    )

    def look() -> int:
        scan = scan_roots([str(tree)], settings, paths=None, cancel=None, known=known)
        return len(compare(scan, known, scan).same)

    ours_s, bare_s = [], []
    for _ in range(ROUNDS):
        ours_s.append(timed(look, count))
        bare_s.append(timed(lambda: bare_walk(str(tree)), count))
    ours, bare = min(ours_s), min(bare_s)
    print(
        f"rescan of {count:,} unchanged files: {ours:.3f} s, bare walk {bare:.3f} s,"
        f" ratio {ours / bare:.2f} (best of {ROUNDS})"
    )


def timed(work: Callable[[], int], expected: int) -> float:
    """Seconds that it takes; what it counts must be right."""
    began_s = time.perf_counter()
    counted = work()
    took_s = time.perf_counter() - began_s
    assert counted == expected, counted
    return took_s


def bare_walk(top: str) -> int:
    """Count the files of a tree, with a stat of each."""
    count, folders = 0, [top]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return count


def write_tree(tree: Path, count: int) -> None:
    """Write `count` small files, a hundred in a folder."""
    for number in range(count):
        folder = tree / f"folder{number // FILES_IN_FOLDER}"
        if number % FILES_IN_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"file{number}.txt").write_text(f"text {number}")


@contextlib.contextmanager
def watching(index: Index) -> Iterator[psutil.Process]:
    """Run `localsearch watch` until the block ends."""
    with subprocess.Popen([PROGRAM, "watch"], stderr=subprocess.DEVNULL) as process:
        try:
            until_idle(index)
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)


def until(holds: Callable[[], bool]) -> float:
    """Seconds until something holds, to within 10 ms."""
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() - began_s < 900, "it never came"
        time.sleep(0.01)
    return time.monotonic() - began_s


def until_idle(index: Index, for_s: float = 3.0) -> int:
    """Wait until the service has had nothing to do for a while; gives its passes."""
    passes, since_s = -1, time.monotonic()
    while time.monotonic() - since_s < for_s:
        state = read_state(index.paths.service_file)
        if state is None or state.phase != "idle" or state.passes != passes:
            passes, since_s = state.passes if state else -1, time.monotonic()
        time.sleep(0.05)
    return passes


def finds(index: Index, word: str) -> bool:
    """Whether a word finds anything."""
    *_, stage = index.search(index.parse(word, mode="keyword"))
    return bool(stage.hits)


def cold_edit(index: Index, library: Path) -> None:
    """Time the first edit, for which the model and the reading process have to be started."""
    (library / "edited.txt").write_text("coldword")
    print(
        f"first edit, model not loaded: found after {until(lambda: finds(index, 'coldword')):.2f} s"
    )


def edits(index: Index, library: Path, count: int) -> None:
    """Time edits one after another."""
    times_s = []
    for number in range(count):
        (library / "edited.txt").write_text(f"warmword{number}")
        times_s.append(until(lambda word=f"warmword{number}": finds(index, word)))  # type: ignore[misc]
        time.sleep(0.3)
    times_s.sort()
    p95 = times_s[min(len(times_s) - 1, int(len(times_s) * 0.95))]
    print(
        f"edit to found by word, {count} edits: p50 {statistics.median(times_s):.2f} s,"
        f" p95 {p95:.2f} s"
    )


def idle(index: Index, process: psutil.Process, seconds: float) -> None:
    """Measure what it takes to wait."""
    until_idle(index)
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    print(f"idle: {used_s / seconds:.2%} of one core, {process.memory_info().rss / 1e6:.0f} MB")


def burst(index: Index, library: Path, count: int) -> None:
    """Write many files as fast as can be, then move their folder."""
    before = until_idle(index)
    began_s = time.monotonic()
    write_tree(library / "burst", count)
    wrote_s = time.monotonic() - began_s
    passes = until_idle(index)
    print(
        f"burst of {count:,} files, written in {wrote_s:.1f} s: {passes - before} passes,"
        f" all indexed after {time.monotonic() - began_s - 3:.1f} s"
    )
    (library / "burst").rename(library / "moved")
    after_move = until_idle(index)
    print(f"move of {count:,} files with their folder: {after_move - passes} passes")


def churn(index: Index, process: psutil.Process, folder: Path, changes: int) -> None:
    """Change files again and again, and see what that leaves behind in memory and on the disk."""
    folder.mkdir()
    rounds = max(2, changes // CHANGES_IN_ROUND)
    memory: list[int] = []
    disk: list[int] = []
    for number in range(rounds):
        for change in range(CHANGES_IN_ROUND):
            path = folder / f"{change % CHURNED_FILES}.txt"
            if change % 50 == 7 and path.exists():
                path.replace(folder / f"{number % 3}-{path.name}")
            elif change % 50 == 11:
                path.unlink(missing_ok=True)
            else:
                path.write_text(f"round {number} change {change} of what's always changed")
        # Idle it is before it has begun, too: the round is over when its last word is found.
        (folder / "last.txt").write_text(f"lastword{number}")
        until(lambda word=f"lastword{number}": finds(index, word))  # type: ignore[misc]
        until(lambda: index.status().coverage.semantic == 1.0)
        memory.append(sum(each.memory_info().rss for each in family(process)))
        disk.append(sum(each.stat().st_size for each in index.paths.data_dir.iterdir()))
    tenth = max(1, rounds // 10)
    parts = [slice(tenth, 2 * tenth), slice(-tenth, None)]
    for what, sizes in (("memory", memory), ("disk", disk)):
        early, late = (statistics.median(sizes[part] or sizes) / 1e6 for part in parts)
        print(
            f"{what} in {changes:,} changes: {early:.0f} MB in the second tenth of them,"
            f" {late:.0f} MB in the last, {max(sizes) / 1e6:.0f} MB at most"
        )


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and those that it started."""
    return [process, *process.children(recursive=True)]


if __name__ == "__main__":
    main()
