"""The tests' own eyes: what is wrong with a page is found, and what has been judged is not judged again."""

from __future__ import annotations

import pytest

from tests.browser.conftest import NARROW
from tests.browser.looking import Looking

pytestmark = pytest.mark.browser

SHELL = (
    '<!doctype html><html lang="en"><head><title>A page</title><meta name="viewport" content="width=device-width"></head>'
    "<body><header>{header}</header><main><h1>A page</h1>{main}</main></body></html>"
)
PALE = '<p style="color: #bbb">Hardly to be read</p>'


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport=NARROW)
    yield context.new_page()
    context.close()


def faults(page, looking: Looking, main: str, header: str = "Ours") -> list[str]:
    page.set_content(SHELL.format(header=header, main=main))
    return [fault.split(":")[0] for fault in looking.faults(page)]


def test_a_whole_page_has_no_faults(page):
    assert faults(page, Looking(), "<p>Words</p><h2>More</h2><h3>Of it</h3><p>Words</p>") == []


@pytest.mark.parametrize(
    ("main", "found"),
    [
        (PALE, ["color-contrast"]),
        ("<p>Words</p>" * 3 + PALE, ["color-contrast"]),
        ('<p>Words</p><input name="q">', ["label"]),
        ('<p>Words</p><label for="elsewhere">Q</label><input id="q" name="q">', ["label"]),
        ('<p style="width: 400px">Words</p>', ["wider than the window"]),
        ("", ["nothing under the heading A page"]),
        ("<p>Words</p><h2>More</h2><h2>Other</h2><p>Words</p>", ["nothing under the heading More"]),
        ("<p>Words</p><ul></ul>", ["empty"]),
        ("<p>Words</p><h1>Another</h1><p>Words</p>", ["not one h1"]),
    ],
)
def test_what_is_wrong_with_a_page_is_found(page, main, found):
    assert faults(page, Looking(), main) == found


def test_the_same_skeleton_is_judged_once_and_another_one_again(page):
    looking = Looking()
    assert faults(page, looking, PALE) == ["color-contrast"]
    assert faults(page, looking, PALE.replace("Hardly", "Barely")) == []
    assert faults(page, looking, PALE.replace("#bbb", "#ccc")) == ["color-contrast"]
    assert faults(page, looking, PALE, header=PALE) == ["color-contrast"]


def test_a_hidden_part_is_judged_when_it_is_shown(page):
    looking = Looking()
    assert faults(page, looking, f"<p>Words</p><div hidden>{PALE}</div>") == []
    assert faults(page, looking, f"<p>Words</p><div>{PALE}</div>") == ["color-contrast"]
