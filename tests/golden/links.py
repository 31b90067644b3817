"""Where a page leads to: its links, what htmx asks for, and what its forms ask when they only look something up."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urlencode, urljoin, urlsplit

from tests.golden.moment import ADDRESS

LINK = re.compile(r'\s(href|src|hx-get)="([^"]*)"')
LOCATION = re.compile(rf"{re.escape(ADDRESS)}(/[^\s<\"']*)")  # feeds, calendars and site maps write whole addresses
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
FIELD = re.compile(r"<(?:input|select)\b([^>]*)>")
OPTIONS = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.DOTALL)
OPTION = re.compile(r"<option\b([^>]*)>")
WORD = "water"  # what is typed into every field for words
HTMX = "htmx "  # stands before an address that htmx asks for


def links_of(text: str, at: str) -> Iterator[str]:
    """Every address of this site that the page at `at` names, in the order of the page, some of them repeatedly."""
    for kind, link in LINK.findall(text):
        address = _own(html.unescape(link), at)
        if address:
            yield f"{HTMX}{address}" if kind == "hx-get" else address
    for link in LOCATION.findall(text):
        yield _own(html.unescape(link), at) or "/"
    for attributes, inside in FORM.findall(text):
        if _attribute(attributes, "method").lower() in ("", "get"):
            yield from _asked_by(_attribute(attributes, "action"), inside, at)


def _own(link: str, at: str) -> str | None:
    """The path and the query of a link of this site."""
    if link.startswith(("#", "mailto:", "data:", "tel:")):
        return None
    parts = urlsplit(urljoin(f"{ADDRESS}{at}", link))
    if f"{parts.scheme}://{parts.netloc}" != ADDRESS:
        return None
    if parts.path.startswith("/static/"):
        return parts.path  # without the version, which changes with any of the files
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _asked_by(action: str, inside: str, at: str) -> Iterator[str]:
    """A form with nothing filled in, and with each of its fields and options by itself."""
    path = _own(html.unescape(action), at)
    if not path:
        return
    path = path.split("?", maxsplit=1)[0]
    yield path
    choices = [(_attribute(field, "name"), _value(field)) for field in FIELD.findall(inside)]
    for select, options in OPTIONS.findall(inside):
        choices += [(_attribute(select, "name"), _attribute(option, "value")) for option in OPTION.findall(options)]
    for name, value in choices:
        if name and value:
            yield f"{path}?{urlencode({name: value})}"


def _value(field: str) -> str:
    kind = _attribute(field, "type")
    return WORD if kind in ("search", "text") else _attribute(field, "value")


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""
