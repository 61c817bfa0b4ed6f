"""Dates of queries mean the whole period that people name."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localsearch.query.dates import format_date, parse_date, suggest_date

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=BERLIN)


def begins(value: str) -> str | None:
    moment_ns = parse_date(value, NOW)
    if moment_ns is None:
        return None
    return datetime.fromtimestamp(moment_ns / 1e9, BERLIN).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024", "2024-01-01 00:00"),
        ("2024-05", "2024-05-01 00:00"),
        ("2024-05-17", "2024-05-17 00:00"),
        ("2024/5/7", "2024-05-07 00:00"),
        ("2024-05-17T13:45", "2024-05-17 13:45"),
        ("2024-05-17T11:45Z", "2024-05-17 13:45"),
        ("now", "2026-11-23 14:30"),
        ("today", "2026-11-23 00:00"),
        ("Yesterday", "2026-11-22 00:00"),
        ("this week", "2026-11-23 00:00"),
        ("last week", "2026-11-16 00:00"),
        ("last_week", "2026-11-16 00:00"),
        ("past month", "2026-10-01 00:00"),
        ("this year", "2026-01-01 00:00"),
        ("last year", "2025-01-01 00:00"),
        ("last friday", "2026-11-20 00:00"),
        ("3d", "2026-11-20 00:00"),
        ("2w", "2026-11-09 00:00"),
        ("2mo", "2026-09-23 00:00"),
        ("1y", "2025-11-23 00:00"),
        ("5h", "2026-11-23 09:30"),
        ("3 days ago", "2026-11-20 00:00"),
        ("two weeks ago", "2026-11-09 00:00"),
        ("may", "2026-05-01 00:00"),
        ("May 2024", "2024-05-01 00:00"),
        ("17 May 2024", "2024-05-17 00:00"),
        ("may 17, 2024", "2024-05-17 00:00"),
    ],
)
def test_a_date_is_where_its_period_begins(value: str, expected: str) -> None:
    assert begins(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "banana", "", "12", "99999", "2024-13", "2024-02-30", "05/06/2024", "1.2.24", "last",
        "1500", "2024-05-17T25:00", "9999y", "in three parsecs", "monday banana", "3",
        "a" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(value: str) -> None:
    assert parse_date(value, NOW) is None


def test_what_was_probably_meant() -> None:
    assert suggest_date("yesterdy") == "yesterday"
    assert suggest_date("banana") is None


@given(
    st.integers(0, 7 * 10**15),
    st.sampled_from(
        [BERLIN, UTC, ZoneInfo("America/St_Johns"), timezone(timedelta(hours=9)), None]
    ),
)
def test_a_moment_survives_being_written(moment_us: int, zone: ZoneInfo | None) -> None:
    now = NOW.replace(tzinfo=zone)
    written = format_date(moment_us * 1000, now)
    assert parse_date(written, now) == moment_us * 1000


@given(st.text(max_size=50))
def test_no_date_raises(value: str) -> None:
    parse_date(value, NOW)


def test_days_of_summer_begin_by_summer_time_also_in_winter() -> None:
    # The process's own zone has to be set before it starts.
    code = (
        "from datetime import datetime, timezone, timedelta\n"
        "from localsearch.query.dates import parse_date\n"
        "for now in (datetime(2026, 11, 23), datetime(2026, 11, 23).astimezone()):\n"
        "    print(parse_date('2024-05-17', now) // 10**9)\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={"TZ": "Europe/Berlin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    expected = int(datetime(2024, 5, 17, tzinfo=BERLIN).timestamp())
    assert printed == [str(expected)] * 2
