"""Every kind of page that a person can reach by links: it answers, and axe, the console and the width say nothing."""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

MOST = 16  # kinds of page that one visitor looks at
ROLES = (None,)  # None: somebody who has not signed in


def kind_of(path: str) -> str:
    """The address without what tells one record from another."""
    path = path.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0]
    path = re.sub(r"^/challenges/(?!new$)[^/]+", "/challenges/*", path)
    path = re.sub(r"^/handbook/(?!programmes)[^/]+", "/handbook/*", path)
    return re.sub(r"\d+", "*", path)


def links(visitor) -> list[str]:
    """The paths of the page's links that stay on the site and lead to a page."""
    found = visitor.page.eval_on_selector_all(
        "main a[href], nav a[href], footer a[href]", "all => all.map(a => a.href)"
    )
    paths = [href.removeprefix(visitor.site.address) for href in found if href.startswith(visitor.site.address)]
    return [path.split("#")[0] for path in paths if not re.match(r"/documents/|[^?]*\.(pdf|csv|ics|atom)(\?|$)", path)]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "public")
def test_every_page_that_can_be_reached_is_whole(visitor, role):
    if role:
        visitor.be(role)
    seen: set[str] = set()
    waiting, known = ["/"], {"/"}
    while waiting and len(seen) < MOST:
        path = waiting.pop(0)
        if kind_of(path) in seen:
            continue
        seen.add(kind_of(path))
        visitor.open(path)
        visitor.check()
        for link in links(visitor):
            if link and link not in known:
                known.add(link)
                waiting.append(link)
    assert len(seen) >= 8
