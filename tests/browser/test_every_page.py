"""Every kind of page that a person can reach by links: it answers, it is whole, it fits, and axe and the console agree.

Each of the demonstration's people walks from the home page and finds one address of every kind of page: one per route, of
a record's own page one per state, of generic pages one per step. Those are opened in a browser, wide and narrow, but for
pages whose inside is to the letter what somebody else has been shown: their frame stands around every other page. Those
on which scripts change anything are opened a second time without JavaScript.
"""

from __future__ import annotations

import re

import pytest
from werkzeug.test import Client

from tests.browser.conftest import NARROW, WIDE, Visitor, at_a_browser
from tests.browser.looking import SETTLED, Looking
from tests.browser.walking import Kinds, walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ROLES = (
    None,
    "Innovator",
    "Challenge owner",
    "Assessor",
    "Programme manager",
    "Approver",
    "Finance officer",
    "Auditor",
    "Administrator",
)
SCRIPTED = re.compile(r'<noscript|data-shortcuts|data-module="(?!govuk-button")')  # a button's module draws nothing


@pytest.fixture(scope="module")
def kinds(site) -> Kinds:
    return Kinds(site)


@pytest.fixture(scope="module")
def opened() -> set[str]:
    """The insides of pages that have been looked at."""
    return set()


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "public")
def test_every_page_that_can_be_reached_is_whole(browser, site, kinds, opened, looking, role):
    with at_a_browser(browser, site) as visitor:
        if role:
            visitor.be(role)
        walked, faults = walk(the_same(visitor), site, kinds), []
        for path in walked.found.values():
            inside = walked.inside[path]
            if inside in opened:
                continue
            opened.add(inside)
            ways = (True, False) if path == "/" or SCRIPTED.search(inside) else (True,)
            for javascript in ways:
                faults += [(path, javascript, *fault) for fault in look(visitor, looking, path, javascript=javascript)]
        assert (walked.dead, faults) == ([], [])
        assert len(walked.found) >= 12


def the_same(visitor: Visitor) -> Client:
    """Whoever sits at the browser, asking for pages without it: that is quicker."""
    client = visitor.site.app.test_client()
    for cookie in visitor.page.context.cookies():
        client.set_cookie(cookie["name"], cookie["value"])
    return client


def look(visitor: Visitor, looking: Looking, path: str, *, javascript: bool) -> list[tuple[int, str]]:
    """The faults of a page, and the width at which each was seen."""
    if javascript:
        visitor.open(path)
        visitor.page.wait_for_function(SETTLED)
    else:
        # The page is loaded and drawn with its scripts switched off; axe, a script itself, needs them afterwards.
        scripts = visitor.page.context.new_cdp_session(visitor.page)
        scripts.send("Emulation.setScriptExecutionDisabled", {"value": True})
        visitor.open(path)
        scripts.detach()
    faults, here = [], visitor.page.viewport_size
    for size in (here, NARROW if here == WIDE else WIDE):
        visitor.page.set_viewport_size(size)
        faults += [(size["width"], fault) for fault in looking.faults(visitor.page)]
    return faults
