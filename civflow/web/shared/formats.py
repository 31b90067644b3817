"""How moments, sums, numbers and people's own text are written: the templates' filters.

Moments are aware. A page shows them in its programme's zone (`programme.timezone`, else `g.zone`, else London's)
and counts from one instant, so that no two lines of it disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import nh3
from flask import Flask, g
from jinja2 import pass_context
from jinja2.runtime import Context
from markdown_it import MarkdownIt
from markupsafe import Markup

from civflow.services import formatting
from civflow.services.formatting import DEFAULT_ZONE, count, local_day, money, word_count
from civflow.workflows.themes import THEMES

NO_DATE = "no date yet"

HEADINGS = {"h3", "h4", "h5", "h6"}
TAGS = HEADINGS | {"a", "p", "br", "strong", "em", "ul", "ol", "li", "blockquote", "code", "pre", "hr"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
# A line break that people type is one that they see.
MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True})


def init_app(app: Flask) -> None:
    """Add the test `past` and the filters: when, day, time, ago, until, iso, money, count, word_count, percentage, markdown."""
    moments = {"when": when, "day": day, "time": time, "ago": distance, "until": distance}
    app.jinja_env.filters.update({name: _on_a_page(function) for name, function in moments.items()})
    app.jinja_env.tests["past"] = past
    app.jinja_env.filters.update(
        iso=iso,
        money=money,
        count=count,
        word_count=word_count,
        percentage=percentage,
        markdown=markdown,
        theme=THEMES.__getitem__,
    )


# Moments: aware datetimes, or dates for whole days


def request_now() -> datetime:
    """The instant that everything in this request counts from: the clock is read once."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    now: datetime = g.now
    return now


def past(value: datetime) -> bool:
    """Whether a moment lies before the one from which everything in this request counts."""
    return value < request_now()


def when(value: date, zone: str, now: datetime, *, begins: bool = False) -> str:
    """'Tuesday 10 September 2024, 12 noon (UK time), in 6 days'; midnight belongs to the day it ends, or that it `begins`."""
    return f"{formatting.moment(value, zone, begins=begins)}, {distance(value, zone, now)}"


def day(value: date, zone: str, now: datetime, *, short: bool = False) -> str:  # noqa: ARG001
    """'Tuesday 10 September 2024', or in a table ('short') '10 Sep 2024'."""
    return formatting.day(value, zone, short=short)


def time(value: datetime, zone: str, now: datetime) -> str:  # noqa: ARG001
    """'10am', '5:30pm', '12 noon' or 'midnight'."""
    return formatting.time(value, zone)


def distance(value: date, zone: str, now: datetime) -> str:
    """How far off: 'in 6 days', 'tomorrow', 'in 3 hours', 'now', '20 minutes ago', 'yesterday'."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (local_day(value, zone) - today).days
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
        zone = getattr(context.get("programme"), "timezone", None) or g.get("zone") or DEFAULT_ZONE
        return function(value, zone, request_now(), **options)

    return zoned


# Sums and numbers


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
