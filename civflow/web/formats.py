"""How moments, sums, numbers and people's own text are written: the templates' filters.

Moments are aware. A page shows them in its programme's zone (`programme.zone`, else `g.zone`, else London's)
and counts from one instant, so that no two lines of it disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import nh3
from flask import Flask, g
from jinja2 import pass_context
from jinja2.runtime import Context
from markdown_it import MarkdownIt
from markupsafe import Markup

DEFAULT_ZONE = "Europe/London"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NO_DATE = "no date yet"

HEADINGS = {"h3", "h4", "h5", "h6"}
TAGS = HEADINGS | {"a", "p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "code", "pre", "hr"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# A line break that people type is one that they see.
MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True})


def init_app(app: Flask) -> None:
    """Add the filters: when, day, time, ago, until, iso, money, count, percentage, markdown."""
    moments = {"when": when, "day": day, "time": time, "ago": distance, "until": distance}
    app.jinja_env.filters.update({name: _on_a_page(function) for name, function in moments.items()})
    app.jinja_env.filters.update(iso=iso, money=money, count=count, percentage=percentage, markdown=markdown)


# Moments: aware datetimes, or dates for whole days


def request_now() -> datetime:
    """The instant that everything in this request counts from: the clock is read once."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    now: datetime = g.now
    return now


def when(value: date, zone: str, now: datetime) -> str:
    """'Tuesday 10 September 2024, 12 noon (UK time), in 6 days'; midnight belongs to the day it ends."""
    if not isinstance(value, datetime):
        return f"{day(value, zone, now)}, {distance(value, zone, now)}"
    if _is_midnight(value, zone):
        text = f"midnight at the end of {day(_local_day(value, zone), zone, now)}"
    else:
        text = f"{day(value, zone, now)}, {time(value, zone, now)}"
    return f"{text} ({zone_name(zone)}), {distance(value, zone, now)}"


def day(value: date, zone: str, now: datetime, *, short: bool = False) -> str:  # noqa: ARG001
    """'Tuesday 10 September 2024', or in a table ('short') '10 Sep 2024'."""
    local = value.astimezone(ZoneInfo(zone)) if isinstance(value, datetime) else value
    month = MONTHS[local.month - 1]
    if short:
        return f"{local.day} {month[:3]} {local.year}"
    return f"{WEEKDAYS[local.weekday()]} {local.day} {month} {local.year}"


def time(value: datetime, zone: str, now: datetime) -> str:  # noqa: ARG001
    """'10am', '5:30pm', '12 noon' or 'midnight'."""
    local = value.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute) in ((0, 0), (12, 0)):
        return "midnight" if local.hour == 0 else "12 noon"
    minutes = f":{local.minute:02}" if local.minute else ""
    return f"{(local.hour - 1) % 12 + 1}{minutes}{'am' if local.hour < 12 else 'pm'}"


def distance(value: date, zone: str, now: datetime) -> str:
    """How far off: 'in 6 days', 'tomorrow', 'in 3 hours', 'now', '20 minutes ago', 'yesterday'."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (_local_day(value, zone) - today).days
    if isinstance(value, datetime):
        minutes = int(abs((value - now).total_seconds()) // 60)
        if minutes < 1:
            return "now"
        if minutes < 12 * 60 or days == 0:
            amount = count(minutes // 60, "hour") if minutes >= 60 else count(minutes, "minute")
            return _in_or_ago(amount, value > now)
    if abs(days) <= 1:
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
    return _in_or_ago(_days(abs(days)), days > 0)


def iso(value: date) -> str:
    """The value of a `<time datetime>`."""
    return value.isoformat()


def zone_name(zone: str) -> str:
    """'UK time', 'UTC', or the place's own: 'Dublin time'."""
    if zone in (DEFAULT_ZONE, "UTC"):
        return "UTC" if zone == "UTC" else "UK time"
    return zone.rsplit("/", 1)[-1].replace("_", " ") + " time"


def _is_midnight(value: date, zone: str) -> bool:
    if not isinstance(value, datetime):
        return False
    local = value.astimezone(ZoneInfo(zone))
    return (local.hour, local.minute) == (0, 0)


def _local_day(value: date, zone: str) -> date:
    if not isinstance(value, datetime):
        return value
    local = value.astimezone(ZoneInfo(zone)).date()
    return local - timedelta(days=1) if _is_midnight(value, zone) else local


def _days(days: int) -> str:
    if days <= 90:
        return count(days, "day")
    if days < 730:
        return count(round(days / 30.44), "month")
    return count(days // 365, "year")


def _in_or_ago(amount: str, ahead: bool) -> str:
    return f"in {amount}" if ahead else f"{amount} ago"


def _on_a_page(function: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def zoned(context: Context, value: date | None, **options: Any) -> str:
        if not value:
            return NO_DATE
        zone = getattr(context.get("programme"), "zone", None) or g.get("zone") or DEFAULT_ZONE
        return function(value, zone, request_now(), **options)

    return zoned


# Sums and numbers


def money(value: int | Decimal) -> str:
    """'£650,000', or with pence where there are any: '£1,250.50'."""
    pounds = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    amount = f"{abs(pounds):,.2f}".removesuffix(".00")
    return f"{'-' if pounds < 0 else ''}£{amount}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """'1 application', '5 applications', '1,200 people' (with the plural given where it is not regular)."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {plural or _plural(noun)}"


def percentage(part: float, whole: float) -> str:
    """'43%'; never 0% or 100% unless it is exactly that, and no figure where there is nothing to count."""
    if whole == 0:
        return "none to count"
    share = 100 * part / whole
    if 0 < share < 1:
        return "under 1%"
    if 99 < share < 100:
        return "over 99%"
    return f"{round(share)}%"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


# What people write


@lru_cache(maxsize=1024)
def markdown(text: str | None) -> Markup:
    """CommonMark as safe HTML: no HTML of the author's own, no pictures, headings below the page's own."""
    tokens = MARKDOWN.parse(text or "")
    for token in tokens:
        if token.type.startswith("heading_"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    html = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(f'<div class="app-prose">{clean}</div>') if clean.strip() else Markup("")  # noqa: S704
