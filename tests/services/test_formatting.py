"""How moments, sums and numbers are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from civflow.services import formatting

LONDON, DUBLIN = "Europe/London", "Europe/Dublin"


@pytest.mark.parametrize(
    ("value", "zone", "words"),
    [
        (datetime(2024, 9, 10, 11, tzinfo=UTC), LONDON, "Tuesday 10 September 2024, 12 noon (UK time)"),
        (datetime(2024, 12, 10, 9, tzinfo=UTC), LONDON, "Tuesday 10 December 2024, 9am (UK time)"),
        (datetime(2024, 9, 10, 16, 5, tzinfo=UTC), LONDON, "Tuesday 10 September 2024, 5:05pm (UK time)"),
        (datetime(2024, 9, 10, 23, tzinfo=UTC), LONDON, "midnight at the end of Tuesday 10 September 2024 (UK time)"),
        (datetime(2024, 12, 31, 0, tzinfo=UTC), LONDON, "midnight at the end of Monday 30 December 2024 (UK time)"),
        (datetime(2024, 9, 10, 11, 30, tzinfo=UTC), DUBLIN, "Tuesday 10 September 2024, 12:30pm (Dublin time)"),
        (datetime(2024, 9, 10, 11, 30, tzinfo=UTC), "UTC", "Tuesday 10 September 2024, 11:30am (UTC)"),
        (date(2024, 9, 10), LONDON, "Tuesday 10 September 2024"),
    ],
)
def test_a_moment_is_written_out_in_its_zone(value: date, zone: str, words: str) -> None:
    assert formatting.moment(value, zone) == words


def test_midnight_belongs_to_the_day_that_it_begins_where_something_opens() -> None:
    opens = datetime(2026, 12, 25, tzinfo=UTC)
    words = "Friday 25 December 2026, at the beginning of the day (UK time)"
    assert formatting.moment(opens, LONDON, begins=True) == words
    nine = opens.replace(hour=9)
    assert formatting.moment(nine, LONDON, begins=True) == formatting.moment(nine, LONDON)


def test_a_day_is_short_in_a_table() -> None:
    assert formatting.day(datetime(2024, 9, 10, 23, 30, tzinfo=UTC), LONDON, short=True) == "11 Sep 2024"


@pytest.mark.parametrize(
    ("value", "words"), [(650_000, "£650,000"), (Decimal("1250.5"), "£1,250.50"), (0, "£0"), (-5, "-£5")]
)
def test_money_has_pence_only_where_there_are_any(value: int | Decimal, words: str) -> None:
    assert formatting.money(value) == words


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [(1, "day", "1 day"), (2, "day", "2 days"), (0, "entry", "0 entries"), (1200, "match", "1,200 matches")],
)
def test_a_number_says_what_it_counts(number: int, noun: str, words: str) -> None:
    assert formatting.count(number, noun) == words


def test_a_plural_of_its_own() -> None:
    assert formatting.count(3, "person", "people") == "3 people"
