"""Work leaves the UI thread; newer work ends older; nothing waits for it at the end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from localsearch.types import CancelledError
from tui.lanes import Lane, Lanes


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("test")
    yield lane
    lane.stop()
    assert lane.join(time.monotonic() + 5)


async def test_what_a_job_emits_arrives_in_order(lane: Lane) -> None:
    def job(cancel: threading.Event, emit: Callable[[int], None]) -> None:
        for number in range(100):
            emit(number)

    assert [item async for item in lane.stream(job)] == list(range(100))


async def test_what_a_job_raises_is_raised(lane: Lane) -> None:
    def job(cancel: threading.Event) -> None:
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        await lane.call(job)


async def test_a_newer_job_ends_the_older_and_is_run(lane: Lane) -> None:
    started = threading.Event()

    def forever(cancel: threading.Event) -> str:
        started.set()
        assert cancel.wait(10)
        return "stale"

    older = asyncio.create_task(lane.call(forever))
    await asyncio.to_thread(started.wait, 10)
    assert await lane.call(lambda cancel: "new") == "new"
    with pytest.raises(CancelledError):
        await older


async def test_a_job_that_waits_is_never_run_when_a_newer_comes(lane: Lane) -> None:
    release, ran = threading.Event(), []

    def hold(cancel: threading.Event) -> None:
        release.wait(10)

    first = asyncio.create_task(lane.call(hold))
    await asyncio.sleep(0)
    second = asyncio.create_task(lane.call(lambda cancel: ran.append("second")))
    await asyncio.sleep(0)
    third = asyncio.create_task(lane.call(lambda cancel: ran.append("third")))
    await asyncio.sleep(0)
    release.set()
    await third
    assert ran == ["third"]
    for dropped in (first, second):
        with pytest.raises(CancelledError):
            await dropped


async def test_cancelling_the_caller_tells_the_job(lane: Lane) -> None:
    started, told = threading.Event(), threading.Event()

    def job(cancel: threading.Event) -> None:
        started.set()
        if cancel.wait(10):
            told.set()

    task = asyncio.create_task(lane.call(job))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(told.wait, 10)


def give(number: int, cancel: threading.Event) -> int:
    return number


async def test_a_lane_for_every_job_drops_none() -> None:
    lane = Lane("all", every=True)
    results = await asyncio.gather(
        *(lane.call(functools.partial(give, number)) for number in range(20))
    )
    assert results == list(range(20))
    lane.stop()


async def test_stopping_does_not_wait_for_a_job_that_does_not_listen() -> None:
    lanes = Lanes()
    started, release = threading.Event(), threading.Event()

    def deaf(cancel: threading.Event) -> None:
        started.set()
        release.wait(30)

    task = asyncio.create_task(lanes.index.call(deaf))
    await asyncio.to_thread(started.wait, 10)
    began_s = time.monotonic()
    assert not lanes.stop(0.05)
    assert time.monotonic() - began_s < 1
    release.set()
    with pytest.raises(CancelledError):
        await task
    assert lanes.stop(5)
