from __future__ import annotations

from localsearch.indexing.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_no_estimate_before_it_can_be_honest() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.eta_s(10) is None
    clock.now_s += 1
    pace.advance(5)
    assert pace.eta_s(10) is None


def test_no_estimate_from_a_few_steps_however_long_they_took() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(4):
        clock.now_s += 40
        pace.advance(1)
        assert pace.eta_s(440) is None
    clock.now_s += 40
    pace.advance(1)
    assert pace.eta_s(10) == 400


def test_no_estimate_from_the_first_seconds_however_much_was_done() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(40):
        clock.now_s += 0.1
        pace.advance(1)
    assert pace.eta_s(440) is None
    clock.now_s += 2
    pace.advance(10)
    assert round(pace.eta_s(10) or 0) == 1


def test_rate_and_time_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(10):
        clock.now_s += 1
        pace.advance(50)
    assert pace.done == 500
    assert pace.per_s == 50
    assert pace.eta_s(1000) == 20


def test_the_recent_past_counts() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(60):
        clock.now_s += 1
        pace.advance(10)
    for _ in range(40):
        clock.now_s += 1
        pace.advance(100)
    assert pace.per_s > 90


def test_a_stop_in_between_makes_no_absurd_estimate() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(100):
        clock.now_s += 0.1
        pace.advance(10)
    clock.now_s += 600  # a laptop that slept
    pace.advance(1)
    assert 600 < (pace.eta_s(1000) or 0) < 620
    for _ in range(30):
        clock.now_s += 0.1
        pace.advance(10)
    assert 9 < (pace.eta_s(1000) or 0) < 11


def test_work_of_few_long_steps_has_an_estimate() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(5):
        clock.now_s += 100
        pace.advance(1)
    assert pace.eta_s(3) == 300
