"""Every kind of page that a person can reach by links: it answers, it is whole, it fits, and axe and the console agree.

Each of the demonstration's people walks from the home page and finds one address of every kind of page: one per route,
of a record's own page one per state, of generic pages one per step. Those are opened with JavaScript and without it, wide
and narrow, but for pages whose inside is to the letter what somebody else has been shown: their frame stands around
every other page.
"""

from __future__ import annotations

import pytest

from tests.browser.conftest import NARROW, WIDE, at_a_browser
from tests.browser.looking import SETTLED
from tests.browser.walking import Kinds, Walk, walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ROLES = (None, "Innovator")


@pytest.fixture(scope="module")
def kinds(site) -> Kinds:
    return Kinds(site)


@pytest.fixture(scope="module")
def walks() -> dict[str | None, Walk]:
    """What each person reaches: the links are the same with JavaScript and without."""
    return {}


@pytest.fixture(scope="module")
def opened() -> set[tuple[bool, str]]:
    """The insides of pages that have been looked at, with JavaScript or without."""
    return set()


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "public")
def test_every_page_that_can_be_reached_is_whole(browser, site, kinds, walks, opened, looking, role, javascript):
    with at_a_browser(browser, site) as visitor:
        if role:
            visitor.be(role)
        if role not in walks:
            walks[role] = walk(visitor.page.request, site, kinds)
        scripts = visitor.page.context.new_cdp_session(visitor.page)
        faults = []
        for path in walks[role].found.values():
            inside = (javascript, walks[role].inside[path])
            if inside in opened:
                continue
            opened.add(inside)
            # The page is loaded and drawn with its scripts switched off; axe, a script itself, needs them afterwards.
            scripts.send("Emulation.setScriptExecutionDisabled", {"value": not javascript})
            visitor.open(path)
            scripts.send("Emulation.setScriptExecutionDisabled", {"value": False})
            if javascript:
                visitor.page.wait_for_function(SETTLED)
            for size in (NARROW, WIDE):
                visitor.page.set_viewport_size(size)
                faults += [(path, size["width"], fault) for fault in looking.faults(visitor.page)]
        assert (walks[role].dead, faults) == ([], [])
        assert len(walks[role].found) >= 12
