"""Moments as people type them, in the programme's zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
HELP = "Write a day and a time such as 10 September 2026 12:00."


class NotAMoment(ValueError):
    """What was typed is no moment; the text says what to type."""


def parse_moment(text: str, zone: str) -> datetime:
    """The moment that somebody typed: '10 September 2026 12:00', '10/9/2026 9.30' or '2026-09-10T12:00'.

    Raises NotAMoment, also for a time that the clocks skip in spring.
    """
    words = re.sub(r"\s+", " ", text.strip().lower().replace(",", " ")).strip()
    found = (
        re.fullmatch(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})[t ](?P<hour>\d{1,2})[:.](?P<minute>\d{2})", words)
        or re.fullmatch(r"(?P<day>\d{1,2})[/.](?P<month>\d{1,2})[/.](?P<year>\d{4}) (?P<hour>\d{1,2})[:.](?P<minute>\d{2})", words)
        or re.fullmatch(r"(?:[a-z]+day )?(?P<day>\d{1,2}) (?P<name>[a-z]+) (?P<year>\d{4}) (?P<hour>\d{1,2})[:.](?P<minute>\d{2})", words)
    )  # fmt: skip
    if not found:
        raise NotAMoment(HELP)
    parts = found.groupdict()
    month = int(parts["month"]) if parts.get("month") else _month(parts["name"])
    try:
        local = datetime(
            int(parts["year"]),
            month,
            int(parts["day"]),
            int(parts["hour"]),
            int(parts["minute"]),
            tzinfo=ZoneInfo(zone),
        )
    except ValueError:
        raise NotAMoment(f"There is no such day or time. {HELP}") from None
    if local.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise NotAMoment("The clocks go forward then: this time does not exist. Choose another.")
    return local.astimezone(UTC)


def _month(name: str) -> int:
    fits = [n for n, month in enumerate(MONTHS, start=1) if len(name) >= 3 and month.startswith(name)]
    if len(fits) != 1:
        raise NotAMoment(HELP)
    return fits[0]


def typed_moment(value: datetime | None, zone: str) -> str:
    """A moment as people would type it, to stand in a field."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{local.day} {MONTHS[local.month - 1].capitalize()} {local.year} {local:%H:%M}"
