"""Working days in each part of the United Kingdom, and in all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

Region = Literal["scotland", "england-and-wales", "northern-ireland", "united-kingdom"]

FIRST_YEAR = 2007  # St Andrew's Day is a bank holiday from here on
SATURDAY = 5
DAY = timedelta(days=1)
SCOTLAND = frozenset({"scotland"})
ENGLAND_AND_WALES = frozenset({"england-and-wales"})
NORTHERN_IRELAND = frozenset({"northern-ireland"})
PARTS = SCOTLAND | ENGLAND_AND_WALES | NORTHERN_IRELAND

# Days that royal proclamations added under section 1(3) of the 1971 Act, with the parts that they hold for.
ONE_OFF: Mapping[date, tuple[str, frozenset[str]]] = {
    date(2011, 4, 29): ("Royal wedding", PARTS),
    date(2012, 6, 5): ("Diamond Jubilee", PARTS),
    date(2022, 6, 3): ("Platinum Jubilee", PARTS),
    date(2022, 9, 19): ("State funeral of Queen Elizabeth II", PARTS),
    date(2023, 5, 8): ("Coronation of King Charles III", PARTS),
    date(2026, 6, 15): ("Scotland at the World Cup", SCOTLAND),
}

# Days that a proclamation moved, under section 1(2): where the rule puts them -> where they were.
MOVED: Mapping[date, date] = {
    date(2012, 5, 28): date(2012, 6, 4),  # spring holiday, for the Diamond Jubilee
    date(2020, 5, 4): date(2020, 5, 8),  # early May holiday, for 75 years of VE Day
    date(2022, 5, 30): date(2022, 6, 2),  # spring holiday, for the Platinum Jubilee
}


def bank_holidays(year: int, region: Region = "scotland") -> Mapping[date, str]:
    """The bank holidays of a year, substitute days included, in order: date -> name.

    Scotland: New Year's Day, 2 January, Good Friday, early May, spring, summer (first Monday of August),
    Christmas and Boxing Day by section 1 and schedule 1 of the Banking and Financial Dealings Act 1971 and
    the proclamations made under it; 30 November by the St Andrew's Day Bank Holiday (Scotland) Act 2007. A
    day at a weekend has its substitute on the next weekday that is no holiday already. "united-kingdom" has
    every day that is a bank holiday in any part of it, as section 10(6) of the Freedom of Information Act
    2000 counts. Raises ValueError before 2007.
    """
    if region not in (*PARTS, "united-kingdom"):
        raise ValueError(f"There are no bank holidays for the region {region!r}.")
    if year < FIRST_YEAR:
        raise ValueError(f"Bank holidays are known from {FIRST_YEAR} on, not for {year}.")
    return _bank_holidays(year, region)


def is_working_day(day: date, region: Region = "scotland") -> bool:
    """True for a weekday that is no bank holiday."""
    return day.weekday() < SATURDAY and day not in bank_holidays(day.year, region)


def add_working_days(start: date, days: int, region: Region = "scotland") -> date:
    """The working day that is `days` working days after `start` (before it when negative).

    `start` itself never counts; with 0 it is returned as it is.
    """
    step = DAY if days > 0 else -DAY
    day, left = start, abs(days)
    while left:
        day += step
        left -= is_working_day(day, region)
    return day


def working_days_between(start: date, end: date, region: Region = "scotland") -> int:
    """Working days after `start` up to and including `end`; negative when `end` is before `start`.

    working_days_between(d, add_working_days(d, n)) == n for every n >= 0.
    """
    if end < start:
        return -working_days_between(end, start, region)
    days = (start + DAY * n for n in range(1, (end - start).days + 1))
    return sum(is_working_day(day, region) for day in days)


def on_or_after(day: date, region: Region = "scotland") -> date:
    """`day` when it is a working day, otherwise the next one: where a period of calendar days ends."""
    while not is_working_day(day, region):
        day += DAY
    return day


def on_or_before(day: date, region: Region = "scotland") -> date:
    """`day` when it is a working day, otherwise the last one before it: where something has to be done in time."""
    while not is_working_day(day, region):
        day -= DAY
    return day


@lru_cache(maxsize=256)
def _bank_holidays(year: int, region: Region) -> Mapping[date, str]:
    if region == "united-kingdom":
        parts: tuple[Region, ...] = ("scotland", "england-and-wales", "northern-ireland")
        found = {day: name for part in parts for day, name in _bank_holidays(year, part).items()}
    else:
        found = _of_part(year, region)
    return MappingProxyType(dict(sorted(found.items())))


def _of_part(year: int, region: Region) -> dict[date, str]:
    days = [(MOVED.get(day, day), name) for day, name, parts in _by_rule(year) if region in parts]
    days += [(day, name) for day, (name, parts) in ONE_OFF.items() if day.year == year and region in parts]
    found = {day: name for day, name in days if day.weekday() < SATURDAY}
    for day, name in sorted(item for item in days if item[0].weekday() >= SATURDAY):
        substitute = next(d for n in range(1, 7) if (d := day + DAY * n).weekday() < SATURDAY and d not in found)
        found[substitute] = f"{name} (substitute day)"
    return found


def _by_rule(year: int) -> list[tuple[date, str, frozenset[str]]]:
    easter = _easter(year)
    return [
        (date(year, 1, 1), "New Year's Day", PARTS),
        (date(year, 1, 2), "2 January", SCOTLAND),
        (date(year, 3, 17), "St Patrick's Day", NORTHERN_IRELAND),
        (easter - 2 * DAY, "Good Friday", PARTS),
        (easter + DAY, "Easter Monday", PARTS - SCOTLAND),
        (_monday_on_or_after(date(year, 5, 1)), "Early May bank holiday", PARTS),
        (_monday_on_or_after(date(year, 5, 25)), "Spring bank holiday", PARTS),
        (date(year, 7, 12), "Battle of the Boyne", NORTHERN_IRELAND),
        (_monday_on_or_after(date(year, 8, 1)), "Summer bank holiday", SCOTLAND),
        (_monday_on_or_after(date(year, 8, 25)), "Summer bank holiday", PARTS - SCOTLAND),
        (date(year, 11, 30), "St Andrew's Day", SCOTLAND),
        (date(year, 12, 25), "Christmas Day", PARTS),
        (date(year, 12, 26), "Boxing Day", PARTS),
    ]


def _monday_on_or_after(day: date) -> date:
    return day + DAY * (-day.weekday() % 7)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    a, b = year % 19, year // 100
    century = (b - b // 4 - (8 * b + 13) // 25 + 19 * a + 15) % 30
    moon = century - (century // 28) * (1 - (29 // (century + 1)) * ((21 - a) // 11))
    week = (year + year // 4 + moon + 2 - b + b // 4) % 7
    month_day = moon - week
    month = 3 + (month_day + 40) // 44
    return date(year, month, month_day + 28 - 31 * (month // 4))
