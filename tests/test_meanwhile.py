from __future__ import annotations

import threading

from localsearch.meanwhile import as_soon_as


def test_it_acts_once_while_the_block_still_runs() -> None:
    holds, acted = threading.Event(), threading.Event()
    acts: list[int] = []

    def act() -> None:
        acts.append(1)
        acted.set()

    before = threading.active_count()
    with as_soon_as(holds.is_set, act, poll_s=0.001):
        assert not acts
        holds.set()
        assert acted.wait(10)
    assert acts == [1]
    assert threading.active_count() == before


def test_what_never_holds_is_never_acted_on() -> None:
    looks = threading.Semaphore(0)
    acts: list[int] = []

    def look() -> bool:
        looks.release()
        return False

    with as_soon_as(look, lambda: acts.append(1), poll_s=0.001):
        assert looks.acquire(timeout=10)
        assert looks.acquire(timeout=10)
    assert not acts
