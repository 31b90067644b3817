"""How moments, sums and numbers are written, in pages, mail and documents. Moments are aware datetimes."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

LONGEST_WORD = 80  # characters; an address of a page may be as long
TURNING = "\u202a-\u202e\u2066-\u2069"  # they turn the order in which letters are shown: words then read as others
UNSEEN = re.compile(
    f"[\u00ad\u200b\u200c\u200d\u2060\ufeff{TURNING}]"
)  # without width, they make two names look the same
DEFAULT_ZONE = "Europe/London"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet calculates begins with one of them
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def moment(value: date, zone: str, *, begins: bool = False) -> str:
    """'Tuesday 10 September 2024, 12 noon (UK time)'; midnight belongs to the day it ends, or that it `begins`."""
    if not isinstance(value, datetime):
        return day(value, zone)
    if begins and is_midnight(value, zone):
        return f"{day(value, zone)}, at the beginning of the day ({zone_name(zone)})"
    if is_midnight(value, zone):
        return f"midnight at the end of {day(local_day(value, zone), zone)} ({zone_name(zone)})"
    return f"{day(value, zone)}, {time(value, zone)} ({zone_name(zone)})"


def day(value: date, zone: str, *, short: bool = False) -> str:
    """'Tuesday 10 September 2024', or in a table ('short') '10 Sep 2024'."""
    local = value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) else value
    month = MONTHS[local.month - 1]
    if short:
        return f"{local.day} {month[:3]} {local.year}"
    return f"{WEEKDAYS[local.weekday()]} {local.day} {month} {local.year}"


def time(value: datetime, zone: str) -> str:
    """'10am', '5:30pm', '12 noon' or 'midnight'."""
    local = value.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute) in ((0, 0), (12, 0)):
        return "midnight" if local.hour == 0 else "12 noon"
    minutes = f":{local.minute:02}" if local.minute else ""
    return f"{(local.hour - 1) % 12 + 1}{minutes}{'am' if local.hour < 12 else 'pm'}"


def zone_name(zone: str) -> str:
    """'UK time', 'UTC', or the place's own: 'Dublin time'."""
    if zone in (DEFAULT_ZONE, "UTC"):
        return "UTC" if zone == "UTC" else "UK time"
    return zone.rsplit("/", 1)[-1].replace("_", " ") + " time"


def is_midnight(value: date, zone: str) -> bool:
    """Whether it is the instant between two days of the zone."""
    if not isinstance(value, datetime):
        return False
    local = value.astimezone(ZoneInfo(zone))
    return (local.hour, local.minute) == (0, 0)


def local_day(value: date, zone: str) -> date:
    """The day of the zone to which an instant belongs: midnight to the day it ends."""
    if not isinstance(value, datetime):
        return value
    local = value.astimezone(ZoneInfo(zone)).date()
    return local - timedelta(days=1) if is_midnight(value, zone) else local


def on_one_line(text: str) -> str:
    """A name as it is kept: composed, on one line, without the characters that nobody sees."""
    shown = "".join(c if c.isprintable() else " " for c in UNSEEN.sub("", unicodedata.normalize("NFKC", text)))
    return " ".join(shown.split())


def is_formula(text: str) -> bool:
    """Whether a spreadsheet takes the text for a formula (OWASP, CSV injection)."""
    return text.lstrip(" ").startswith(FORMULA)


def harmless(text: str) -> str:
    """The text as a spreadsheet shows it, and calculates nothing."""
    return f"'{text}" if is_formula(text) else text


def word_count(text: str) -> int:
    """How many words a text has: what spaces separate; what is longer than any word counts as several."""
    return sum(1 + (len(word) - 1) // LONGEST_WORD for word in text.split())


def money(value: int | Decimal) -> str:
    """'£650,000', or with pence where there are any: '£1,250.50'."""
    pounds = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    amount = f"{abs(pounds):,.2f}".removesuffix(".00")
    return f"{'-' if pounds < 0 else ''}£{amount}"


def tenths(value: float) -> str:
    """'42.3' of 42.25: one decimal, halves rounded up as people do it by hand."""
    return str(Decimal(str(value)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """'1 application', '5 applications', '1,200 people' (with the plural given where it is not regular)."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {plural or _plural(noun)}"


def with_article(noun: str) -> str:
    """'an application', 'a gate'."""
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


# What word processors put between words, and what people see instead of it.
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\xa0\u2000-\u200a\u202f\u205f\u3000]")
_UNSEEN = re.compile(f"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\xad\u200b\u2060\ufeff\ufffc\ufffe\uffff{TURNING}]")
_BULLETS = re.compile(r"^([ \t]*)[•·▪◦‣\uf0b7\uf0a7](?:[ \t]+|(?=\w))", re.MULTILINE)


def pasted(text: str) -> str:
    """Words as they are kept, wherever they were copied from: one kind of line end and of space, and no character
    that nobody sees; bullets of a word processor become the points of a list."""
    seen = _UNSEEN.sub("", _SPACES.sub(" ", _LINE_ENDS.sub("\n", text)))
    return _BULLETS.sub(r"\1- ", seen)
