"""Working days in Scotland, in England and Wales, and in the whole United Kingdom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

Region = Literal["scotland", "england-and-wales", "united-kingdom"]


def bank_holidays(year: int, region: Region = "scotland") -> Mapping[date, str]:
    """The bank holidays of a year, substitute days included, in order: date -> name."""
    raise NotImplementedError


def is_working_day(day: date, region: Region = "scotland") -> bool:
    """True for a weekday that is no bank holiday."""
    raise NotImplementedError


def add_working_days(start: date, days: int, region: Region = "scotland") -> date:
    """The working day that is `days` working days after `start` (before it when negative).

    `start` itself never counts; with 0 it is returned as it is.
    """
    raise NotImplementedError


def working_days_between(start: date, end: date, region: Region = "scotland") -> int:
    """Working days after `start` up to and including `end`; negative when `end` is before `start`.

    working_days_between(d, add_working_days(d, n)) == n for every n >= 0.
    """
    raise NotImplementedError


def on_or_after(day: date, region: Region = "scotland") -> date:
    """`day` when it is a working day, otherwise the next one: where a period of calendar days ends."""
    raise NotImplementedError
