"""Moments as people type them, in the programme's zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from civflow.services.formatting import MONTHS, WEEKDAYS

HELP = "Write a day and a time such as 10 September 2026 12:00."
HELP_DAY = "Write a day such as 10 September 2026."
DAY = (
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
    r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4})",
    r"(?:(?P<weekday>[a-z]+day) )?(?P<day>\d{1,2}) (?P<name>[a-z]+) (?P<year>\d{4})",
)
TIME = (
    r"(?:(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))? ?(?P<half>am|pm)"
    r"|(?P<hours>\d{1,2})[:.](?P<minutes>\d{2})"
    r"|(?P<noon>(?:12 )?noon|midday))"
)


YEARS = range(2000, 2100)  # nobody plans further, and calendars of working days end somewhere


class NotAMoment(ValueError):
    """What was typed is no moment; the text says what to type."""


def parse_moment(text: str, zone: str, *, at: time | None = None) -> datetime:
    """The moment that somebody typed: '10 September 2026 12:00', '10/9/2026 9.30am' or '2026-09-10T12:00'.

    What the pages show can be typed too: 'Thursday 10 September 2026, 12 noon (UK time)'. A day alone is the moment
    `at` which it counts, where that is given. Raises NotAMoment, also
    for a weekday that does not fit and for a time that the clocks skip in spring.
    """
    words = _words(text)
    if words.endswith("midnight"):
        raise NotAMoment("Midnight belongs to two days. Write 23:59 or 00:00 and the day.")
    if at and any(re.fullmatch(day, words) for day in DAY):
        words = f"{words} {at:%H:%M}"
    found = next((m for day in DAY if (m := re.fullmatch(f"{day}[t ]{TIME}", words))), None)
    if not found:
        raise NotAMoment(HELP)
    parts = found.groupdict()
    try:
        local = datetime.combine(_day(parts), _time(parts), ZoneInfo(zone))
    except ValueError as error:
        raise error if isinstance(error, NotAMoment) else NotAMoment(f"There is no such day or time. {HELP}") from None
    if local.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NotAMoment("The clocks go forward then: this time does not exist. Choose another.")
    return local.astimezone(UTC)


def parse_day(text: str) -> date:
    """The day that somebody typed, such as '10 September 2026'. Raises NotAMoment."""
    words = _words(text)
    found = next((m for day in DAY if (m := re.fullmatch(day, words))), None)
    if not found:
        raise NotAMoment(HELP_DAY)
    try:
        return _day(found.groupdict())
    except ValueError as error:
        raise error if isinstance(error, NotAMoment) else NotAMoment(f"There is no such day. {HELP_DAY}") from None


def _words(text: str) -> str:
    words = re.sub(r"\([a-z ]+ time\)", " ", text.lower().replace(",", " "))
    return " ".join(words.split())


def _day(parts: dict[str, str | None]) -> date:
    if int(parts["year"] or 0) not in YEARS:
        raise NotAMoment(f"Write a year from {YEARS.start} to {YEARS.stop - 1}.")
    month = int(parts["month"] or 0) if parts.get("month") else _month(parts.get("name") or "")
    day = date(int(parts["year"] or 0), month, int(parts["day"] or 0))
    weekday = WEEKDAYS[day.weekday()]
    if parts.get("weekday") and parts["weekday"] != weekday.lower():
        raise NotAMoment(f"{day.day} {MONTHS[day.month - 1]} {day.year} is a {weekday}. Write the day that you mean.")
    return day


def _time(parts: dict[str, str | None]) -> time:
    if parts["noon"]:
        return time(12)
    if parts["hours"]:
        return time(int(parts["hours"]), int(parts["minutes"] or 0))
    hour = int(parts["hour"] or 0)
    if not 1 <= hour <= 12:
        raise ValueError("a clock with am and pm has twelve hours")
    return time(hour % 12 + (12 if parts["half"] == "pm" else 0), int(parts["minute"] or 0))


def _month(name: str) -> int:
    fits = [n for n, month in enumerate(MONTHS, start=1) if len(name) >= 3 and month.lower().startswith(name)]
    if len(fits) != 1:
        raise NotAMoment(HELP)
    return fits[0]


def typed_moment(value: datetime | None, zone: str) -> str:
    """A moment as people would type it, to stand in a field."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local.day} {MONTHS[local.month - 1]} {local.year} {local:%H:%M}"
