"""The notice of a call in a procurement portal: its reference, and the address of its page there."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

# How the portals number a notice, and where they show it.
PORTALS = (
    (
        re.compile(r"[A-Z]{3}\d{6}"),
        "Public Contracts Scotland",
        "https://www.publiccontractsscotland.gov.uk/search/show/search_view.aspx?ID={0}",
    ),
    (re.compile(r"(\d{6}-\d{4})"), "Find a Tender", "https://www.find-tender.service.gov.uk/Notice/{0}"),
    (re.compile(r"(\d{4})/S \d{3}-(\d{6})"), "Find a Tender", "https://www.find-tender.service.gov.uk/Notice/{2}-{1}"),
)
HOSTS = {urlsplit(address).hostname: portal for _, portal, address in PORTALS}
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Notice(NamedTuple):
    """What people read of a notice: its reference, and where its page is, with the portal's name; '' where unknown."""

    reference: str
    link: str
    portal: str


def notice(text: str) -> Notice | None:
    """The notice that a sponsor has named by a reference, by an address, or by both; None where nothing is named."""
    words = text.split()
    links = [word for word in words if _is_link(word)]
    reference = " ".join(word for word in words if not _is_link(word))
    if not words:
        return None
    if links:
        return Notice(reference, links[0], HOSTS[urlsplit(links[0]).hostname])
    for pattern, portal, address in PORTALS:
        found = pattern.fullmatch(reference)
        if found:
            return Notice(reference, address.format(found[0], *found.groups()), portal)
    return Notice(reference, "", "")


def why_no_notice(text: str) -> str:
    """A sentence that says what is wrong with what was typed; '' where it can stand on a public page."""
    suspicious = [word for word in text.split() if SCHEME.match(word) or "://" in word or word.startswith("www.")]
    if any(not _is_link(word) for word in suspicious):
        return f"Write the number of the notice, or the whole address of its page at {' or '.join(map(str, HOSTS))}, beginning with https://."
    return "Name one page: there are several addresses here." if len(suspicious) > 1 else ""


def _is_link(word: str) -> bool:
    """Whether a word is the address of a page of one of the portals, exactly: people trust what it leads to."""
    try:
        parts = urlsplit(word)
        return parts.scheme == "https" and parts.netloc.lower() in HOSTS
    except ValueError:
        return False
