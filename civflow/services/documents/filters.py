"""What the templates of the documents do to a value before it is printed. Moments come as ISO texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from civflow.services import formatting

MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(["image", "link", "autolink"])
TAGS = {"p", "strong", "em", "ul", "ol", "li", "blockquote", "br", "code", "pre"}


def instant(text: str) -> datetime:
    """The aware datetime of an ISO text."""
    return datetime.fromisoformat(text)


def moment(text: str, zone: str, *, begins: bool = False) -> str:
    """'Tuesday 10 September 2024, 12 noon (UK time)'; midnight belongs to the day it ends, or that it `begins`."""
    return formatting.moment(instant(text), zone, begins=begins)


def day(text: str, zone: str) -> str:
    """'Tuesday 10 September 2024'."""
    return formatting.day(instant(text), zone)


def short_day(text: str, zone: str) -> str:
    """'10 Sep 2024'."""
    return formatting.day(instant(text), zone, short=True)


def ordinal(number: int) -> str:
    """'1st', '2nd', '3rd', '11th'."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def in_groups(rows: Iterable[Mapping[str, Any]], key: str) -> list[tuple[Any, list[Mapping[str, Any]]]]:
    """Rows by one of their values, in the order in which the values come first."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return list(groups.items())


def is_web_address(text: str) -> bool:
    """Whether a reader may follow it: no other scheme becomes a link."""
    return text.startswith(("https://", "http://"))


def typed(text: str) -> Markup:
    """What somebody typed, word for word: a blank line begins a paragraph, a line break stays one."""
    paragraphs = [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n")]
    return Markup().join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in part.split("\n")))
        for part in paragraphs
        if part.strip()
    )


def prose(text: str) -> Markup:
    """CommonMark as safe HTML for a section of a document: headings become strong lines, no links."""
    tokens = MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "p"
        if token.type == "heading_open":
            token.attrSet("class", "heading")
    written = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    return Markup(nh3.clean(written, tags=TAGS, attributes={"p": {"class"}, "ol": {"start"}}))  # noqa: S704


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "day": day,
    "short_day": short_day,
    "instant": instant,
    "ordinal": ordinal,
    "money": formatting.money,
    "count": formatting.count,
    "in_groups": in_groups,
    "typed": typed,
    "prose": prose,
}
