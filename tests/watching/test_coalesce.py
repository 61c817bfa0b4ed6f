from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from localsearch.watching.coalesce import Burst, Coalescer, fold


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def started(*paths: str) -> tuple[Coalescer, Clock]:
    clock = Clock()
    coalescer = Coalescer(clock)
    coalescer.add(paths)
    return coalescer, clock


def test_nothing_is_due_before_anything_changed() -> None:
    coalescer = Coalescer(Clock())
    assert coalescer.due_in_s() is None
    assert not coalescer.take()


def test_a_save_is_due_once_it_is_quiet() -> None:
    coalescer, clock = started("/a/draft", "/a/text")
    waiting_s = coalescer.due_in_s()
    assert waiting_s is not None
    assert 0 < waiting_s < 0.5
    clock.now_s += waiting_s
    assert coalescer.due_in_s() == 0
    assert coalescer.take() == Burst(("/a/draft", "/a/text"))
    assert coalescer.due_in_s() is None


def test_what_never_rests_is_due_all_the_same() -> None:
    coalescer, clock = started("/a/log")
    began_s = clock.now_s
    while coalescer.due_in_s() != 0:
        clock.now_s += 0.1
        coalescer.add(["/a/log"])
    assert clock.now_s - began_s < 1.5


def test_a_long_burst_is_waited_for() -> None:
    coalescer, clock = started()
    for number in range(10_000):
        coalescer.add([f"/tree/{number}"])
        clock.now_s += 0.001
        assert coalescer.due_in_s() != 0
    clock.now_s += 1.0
    assert coalescer.due_in_s() == 0
    assert coalescer.take() == Burst(("/tree",))


def test_an_endless_burst_is_cut() -> None:
    coalescer, clock = started()
    began_s = clock.now_s
    number = 0
    while coalescer.due_in_s() != 0:
        coalescer.add([f"/tree/{number % 1000}"])
        number += 1
        clock.now_s += 0.05
    assert clock.now_s - began_s < 70


def test_more_paths_than_can_be_kept_mean_everything() -> None:
    coalescer, _ = started()
    coalescer.add(f"/tree/{number}" for number in range(60_000))
    assert coalescer.take() == Burst(everything=True)


def test_everything_holds_every_path() -> None:
    coalescer, _ = started("/a")
    coalescer.add_everything()
    coalescer.add(["/b"])
    assert coalescer.take() == Burst(everything=True)


def test_a_resting_path_is_told_of_once_it_has_rested() -> None:
    coalescer, clock = started()
    coalescer.rest("/a/log", 30.0)
    for _ in range(100):
        coalescer.add(["/a/log"])
        clock.now_s += 0.1
    assert coalescer.due_in_s() is None
    coalescer.add(["/a/other"])
    assert coalescer.take() == Burst(("/a/other",))
    clock.now_s += 21.0
    assert coalescer.due_in_s() is not None
    assert coalescer.take() == Burst(("/a/log",))
    coalescer.add(["/a/log"])
    assert coalescer.take() == Burst(("/a/log",))


def test_a_path_that_rests_unchanged_is_not_told_of() -> None:
    coalescer, clock = started()
    coalescer.rest("/a/log", 30.0)
    clock.now_s += 31.0
    assert coalescer.due_in_s() is None


def test_a_folder_stands_for_what_is_in_it() -> None:
    assert fold(["/a/x", "/a", "/a-b/x", "/a/x/y"]) == ("/a-b/x", "/a")


def test_nothing_is_folded_above_a_root() -> None:
    many = [f"/x/{number}" for number in range(500)]
    assert fold([*many, "/a/b/c/d"], roots=["/a/b/c", "/x"]) == ("/a/b/c", "/x")
    roots = [f"/r/{number}/root" for number in range(200)]
    assert set(fold([f"{root}/f" for root in roots], roots)) == set(roots)


NAMES = st.sampled_from(["a", "b", "a-b", "é", "c.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(lambda names: os.sep + os.sep.join(names))


@given(st.sets(PATHS, max_size=40), st.integers(min_value=1, max_value=10))
def test_folding_keeps_every_path_in_few_places(paths: set[str], most: int) -> None:
    folded = fold(paths, most=most)
    assert len(folded) <= most
    for path in paths:
        holders = [each for each in folded if (path + os.sep).startswith(each.rstrip("/") + "/")]
        assert len(holders) == 1
    # Nothing is made up: each stands for at least one that was given.
    for each in folded:
        assert any((path + os.sep).startswith(each.rstrip("/") + "/") for path in paths)
