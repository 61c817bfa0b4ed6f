"""What `benchmarks.peers` says of a program is what that program did."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.peer_programs import Ripgrep
from benchmarks.peer_runs import Figures, PeerError, Run, measure, run
from localsearch.evaluate import JudgedQuery

pytestmark = pytest.mark.skipif(os.name == "nt", reason="measures by POSIX calls")


def test_memory_is_that_of_the_command_and_not_of_its_parent() -> None:
    held = bytearray(300_000_000)
    small = run((sys.executable, "-I", "-S", "-c", "print('done')"), {})
    large = run((sys.executable, "-I", "-S", "-c", "x = bytearray(200_000_000)"), {})
    assert small.output == "done\n"
    assert small.peak_rss_bytes < 100_000_000 < len(held)
    assert large.peak_rss_bytes > 200_000_000
    assert large.took_s > 0
    busy = run((sys.executable, "-I", "-S", "-c", "sum(range(30_000_000))"), {})
    assert busy.cpu_s > small.cpu_s > 0


def test_a_command_that_fails_says_its_last_words() -> None:
    failing = "import sys; print('first', file=sys.stderr); sys.exit('no model here')"
    with pytest.raises(PeerError, match=r"^no model here$"):
        run((sys.executable, "-c", failing), {})
    with pytest.raises(PeerError, match="there is no command"):
        run(("no-such-program-anywhere",), {})


class ByCommand(Ripgrep):
    """Answers what a table says, without a program."""

    answers: dict[str, Sequence[str]]

    def index(self) -> Run:
        return Run("", 2.0, 10_000_000, 1.5)

    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        return Run("", 0.25, 30_000_000), self.answers[question]


def test_recall_is_over_the_first_ten(tmp_path: Path) -> None:
    peer = ByCommand(tmp_path, tmp_path)
    others = [f"/docs/{number}.txt" for number in range(10)]
    peer.answers = {
        "found": ["/docs/right.txt"],
        "too late": [*others, "/docs/right.txt"],
        "gefunden": [*others[:9], "/docs/right.txt"],
    }
    judged = {
        "en": [
            JudgedQuery("1", "found", ("right.txt",)),
            JudgedQuery("2", "too late", ("right.txt",)),
        ],
        "de": [JudgedQuery("1", "gefunden", ("right.txt",))],
    }
    figures = measure(peer, judged)
    assert isinstance(figures, Figures)
    assert figures.recall_at_10 == {"en": 0.5, "de": 1.0}
    assert (figures.index_s, figures.index_cpu_s, figures.command_p50_ms) == (2.0, 1.5, 250.0)
    assert figures.peak_rss_bytes == 30_000_000
    assert figures.warm_p50_ms is None


def test_a_peer_that_does_not_run_is_listed_with_the_reason(tmp_path: Path) -> None:
    class Missing(ByCommand):
        def index(self) -> Run:
            return run(("no-such-program-anywhere",), {})

    figures = measure(Missing(tmp_path, tmp_path), {"en": []})
    assert figures == "there is no command no-such-program-anywhere here"
