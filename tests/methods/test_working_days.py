"""Working days: holidays as proclaimed, and arithmetic that agrees with counting one by one."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civflow.methods.working_days import (
    Region,
    add_working_days,
    bank_holidays,
    is_working_day,
    on_or_after,
    on_or_before,
    working_days_between,
)

REGIONS: list[Region] = ["scotland", "england-and-wales", "northern-ireland", "united-kingdom"]
days = st.dates(date(2008, 1, 1), date(2040, 12, 31))


def days_of(year: int, region: Region) -> list[str]:
    return [f"{day:%m-%d}" for day in bank_holidays(year, region)]


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2017, "01-02 01-03 04-14 05-01 05-29 08-07 11-30 12-25 12-26"),  # 1 January on a Sunday
        (2019, "01-01 01-02 04-19 05-06 05-27 08-05 12-02 12-25 12-26"),  # 30 November on a Saturday
        (2020, "01-01 01-02 04-10 05-08 05-25 08-03 11-30 12-25 12-28"),  # early May moved
        (2021, "01-01 01-04 04-02 05-03 05-31 08-02 11-30 12-27 12-28"),  # Christmas on a Saturday
        (2022, "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27"),  # Christmas on a Sunday
        (2023, "01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26"),
        (2025, "01-01 01-02 04-18 05-05 05-26 08-04 12-01 12-25 12-26"),  # 30 November on a Sunday
        (2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"),
    ],
)
def test_the_bank_holidays_of_scotland(year: int, expected: str) -> None:
    assert days_of(year, "scotland") == expected.split()


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2012, "01-02 04-06 04-09 05-07 06-04 06-05 08-27 12-25 12-26"),
        (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
        (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),  # no holiday for the World Cup here
    ],
)
def test_the_bank_holidays_of_england_and_wales(year: int, expected: str) -> None:
    assert days_of(year, "england-and-wales") == expected.split()


def test_the_bank_holidays_of_northern_ireland() -> None:
    expected = "01-01 03-17 04-18 04-21 05-05 05-26 07-14 08-25 12-25 12-26"
    assert days_of(2025, "northern-ireland") == expected.split()


def test_the_united_kingdom_has_the_holidays_of_every_part() -> None:
    parts = {day for region in REGIONS[:3] for day in bank_holidays(2026, region)}
    assert list(bank_holidays(2026, "united-kingdom")) == sorted(parts)


def test_a_substitute_day_says_so() -> None:
    assert bank_holidays(2021)[date(2021, 12, 28)] == "Boxing Day (substitute day)"


def test_easter_monday_is_a_working_day_in_scotland_only() -> None:
    monday = date(2026, 4, 6)
    assert [region for region in REGIONS if is_working_day(monday, region)] == ["scotland"]


def test_ten_working_days_over_christmas() -> None:
    assert add_working_days(date(2026, 12, 18), 10) == date(2027, 1, 7)
    assert add_working_days(date(2026, 12, 18), 10, "england-and-wales") == date(2027, 1, 6)


def test_a_period_that_ends_on_easter_is_carried_over() -> None:
    assert on_or_before(date(2026, 4, 6)) == date(2026, 4, 6)
    assert on_or_before(date(2026, 4, 6), "england-and-wales") == date(2026, 4, 2)
    assert on_or_after(date(2026, 4, 3)) == date(2026, 4, 6)
    assert on_or_after(date(2026, 4, 3), "england-and-wales") == date(2026, 4, 7)


@given(days, st.integers(0, 60), st.sampled_from(REGIONS))
def test_counting_undoes_adding(start: date, count: int, region: Region) -> None:
    end = add_working_days(start, count, region)
    assert working_days_between(start, end, region) == count
    assert count == 0 or is_working_day(end, region)


@given(days, st.integers(1, 60), st.sampled_from(REGIONS))
def test_going_back_from_a_working_day_undoes_going_forward(start: date, count: int, region: Region) -> None:
    start = on_or_after(start, region)
    assert add_working_days(add_working_days(start, count, region), -count, region) == start


@given(days, days)
def test_counting_backwards_is_the_negative(one: date, other: date) -> None:
    assert working_days_between(one, other) == -working_days_between(other, one)


@given(st.integers(2007, 2099), st.sampled_from(REGIONS))
def test_every_holiday_takes_a_weekday_of_its_own(year: int, region: Region) -> None:
    holidays = list(bank_holidays(year, region))
    assert holidays == sorted(set(holidays))
    assert [day for day in holidays if day.weekday() > 4] == []
    usual = {"scotland": 9, "england-and-wales": 8, "northern-ireland": 10, "united-kingdom": 13}[region]
    assert usual <= len(holidays) <= usual + 3


@given(st.integers(2007, 2099))
def test_good_friday_is_before_a_full_moon_sunday(year: int) -> None:
    friday = next(day for day, name in bank_holidays(year).items() if name == "Good Friday")
    assert friday.weekday() == 4
    assert date(year, 3, 20) <= friday <= date(year, 4, 23)
    # Easter follows the first full moon of spring by at most a week; the moon's mean month is 29.530588 days,
    # and the church's moon stays within two days of it.
    new_moon = date(2000, 1, 6)
    age = ((friday + timedelta(days=2) - new_moon).days - 0.76) % 29.530588
    assert 12 <= age <= 25


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^Bank holidays are known from 2007 on, not for 2006\.$"):
        bank_holidays(2006)
    with pytest.raises(ValueError, match=r"^There are no bank holidays for the region 'wales'\.$"):
        bank_holidays(2026, "wales")  # type: ignore[arg-type]
