"""What `2024-05`, `yesterday`, `last week` and `3d` mean: the moment at which they begin."""

from __future__ import annotations

import difflib
import functools
import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo

_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_WITH_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}\S*")
_COUNTED = re.compile(r"(\d{1,4}) ?(h|d|w|mo|y|hours?|days?|weeks?|months?|years?)(?: ago)?")
_UNITS = {"h": "hours", "d": "days", "w": "weeks", "mo": "months", "y": "years"}
# Only what's made of these words goes to the library: it takes a while to load, and it would see
# a date in many a number.
_DATE_WORD = (
    r"now|today|yesterday|day before yesterday|last|past|this|ago|of|an?|one|two|three|four|five"
    r"|six|seven|eight|nine|ten|eleven|twelve|hours?|days?|weeks?|months?|years?"
    r"|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun"
)
_ENGLISH = re.compile(
    rf"(?=.*[a-z])(?:(?:{_DATE_WORD}|\d{{1,2}}(?:st|nd|rd|th)?|\d{{4}})(?:,? |$))+"
)
# Years that 64 bits of nanoseconds can hold, with room.
_FIRST_YEAR, _LAST_YEAR = 1700, 2200


# What people misspell: offered when something is close to it.
_WELL_KNOWN = (
    "today", "yesterday", "this week", "this month", "this year", "last week", "last month",
    "last year", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip


def suggest_date(value: str) -> str | None:
    """The date in words that was probably meant."""
    close = difflib.get_close_matches(value.casefold()[:40], _WELL_KNOWN, n=1, cutoff=0.75)
    return close[0] if close else None


def parse_date(value: str, now: datetime) -> int | None:
    """When the period that a date names begins, in ns since 1970; None for what's no date.

    `now` says in which time zone days begin; one without a zone is the system's own time.
    """
    text = " ".join(value.casefold().replace("_", " ").split())
    if len(text) > 40:
        return None
    wall = now.replace(tzinfo=None)
    try:
        begins = _iso(text) or _counted(text, wall) or _english(text, wall)
        if begins is None or not _FIRST_YEAR <= begins.year <= _LAST_YEAR:
            return None
        return _to_ns(begins, now)
    except (ValueError, OverflowError, OSError):
        # A 31st of April, a moment before the calendar began.
        return None


def format_date(moment_ns: int, now: datetime) -> str:
    """A moment as `after:` and `before:` read it, exact to the microsecond."""
    moment = datetime.fromtimestamp(moment_ns // 1_000_000_000, UTC).astimezone(_zone(now))
    moment = moment.replace(microsecond=moment_ns // 1000 % 1_000_000)
    day = datetime.combine(moment.date(), time.min)
    return day.date().isoformat() if _to_ns(day, now) == moment_ns else moment.isoformat()


def _iso(text: str) -> datetime | None:
    if (match := _YEAR_FIRST.fullmatch(text)) is not None:
        year, month, day = (int(part or 1) for part in match.groups())
        return datetime(year, month, day)
    return datetime.fromisoformat(text.upper()) if _WITH_TIME.fullmatch(text) else None


def _counted(text: str, wall: datetime) -> datetime | None:
    match = _COUNTED.fullmatch(text)
    if match is None:
        return None
    unit = _UNITS.get(match[2], match[2])
    if unit.startswith("hour"):
        return wall - timedelta(hours=int(match[1]))
    found, _ = _ask_library(f"{match[1]} {unit} ago", wall)
    # A week or a month ago is one day of then, unlike "last week", which is all of it.
    return None if found is None else datetime.combine(found.date(), time.min)


def _english(text: str, wall: datetime) -> datetime | None:
    if not _ENGLISH.fullmatch(text):
        return None
    found, period = _ask_library(re.sub(r"\bpast\b", "last", text), wall)
    if found is None or period == "time":
        return found
    begins = found.date()
    if text.endswith(" ago"):
        return datetime.combine(begins, time.min)
    if period == "week":
        begins -= timedelta(days=begins.weekday())
    elif period in ("month", "year"):
        begins = begins.replace(day=1, month=1 if period == "year" else begins.month)
    return datetime.combine(begins, time.min)


@functools.lru_cache(maxsize=64)
def _ask_library(text: str, wall: datetime) -> tuple[datetime | None, str | None]:
    from dateparser.date import DateDataParser

    found = DateDataParser(
        languages=["en"],
        settings={
            "RELATIVE_BASE": wall,
            "PREFER_DATES_FROM": "past",
            "RETURN_TIME_AS_PERIOD": True,
        },
    ).get_date_data(text)
    return found.date_obj, found.period


def _to_ns(moment: datetime, now: datetime) -> int:
    if moment.tzinfo is None:
        zone = _zone(now)
        moment = moment.replace(tzinfo=zone) if zone else moment.astimezone()
    whole_s = int(moment.replace(microsecond=0).timestamp())
    return whole_s * 1_000_000_000 + moment.microsecond * 1000


def _zone(now: datetime) -> tzinfo | None:
    """The zone whose days are meant; None is the system's."""
    if isinstance(now.tzinfo, timezone) and now.utcoffset() == now.astimezone().utcoffset():
        # `datetime.now().astimezone()` knows today's offset only; summer's days begin by another.
        return None
    return now.tzinfo
