"""What civflow.js does in a real browser: words are saved, refusals and failures are shown, focus goes there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, abort, render_template_string, request
from flask_wtf import CSRFProtect
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

import civflow
from civflow.web.shared import errors, formats, htmx, pages, security

pytestmark = pytest.mark.browser

PAGE = """
{% extends "shared/base.html" %}{% set person_name = "Morag" %}{% block title %}Answer{% endblock %}
{% block content %}
<h1>Answer</h1>
<form id="answer" data-autosave method="post" action="/save" hx-post="/save" hx-target="find [data-autosave-status]"
  hx-trigger="input delay:50ms, change, submit">
  <input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
  <label for="words">Words</label> <textarea id="words" name="words"></textarea>
  <p data-autosave-status></p>
  <button>Save</button>
</form>
<form id="refused" method="post" action="/refuse" hx-post="/refuse" hx-swap="outerHTML"><button>Refuse</button></form>
<button id="broken" hx-post="/broken" hx-target="#answer">Break</button>
{% endblock %}
"""
NATIVE = """
{% extends "shared/base.html" %}{% set person_name = "Morag" %}{% block title %}Answer{% endblock %}
{% block content %}
<h1>Answer</h1>
<form id="native" data-autosave method="post" action="/native" hx-post="/slow" hx-trigger="input" hx-target="find [data-autosave-status]">
  <input type="hidden" name="csrf_token" value="{{ csrf_token() }}"><input type="hidden" id="seen" name="seen" value="before">
  <label for="kept">Kept words</label> <textarea id="kept" name="kept"></textarea>
  <p data-autosave-status></p>
  <button>Keep</button>
</form>
{% endblock %}
"""
REFUSED = """
<form id="refused"><div class="govuk-error-summary" data-module="govuk-error-summary"><div role="alert">
<h2>There is a problem</h2></div></div><p data-announce="Not saved.">No</p></form>
"""


@pytest.fixture
def saved() -> list[str]:
    """Every text that arrived, in order."""
    return []


@pytest.fixture
def goes_on() -> threading.Event:
    """Set when the server may answer /slow."""
    return threading.Event()


@pytest.fixture
def address(saved: list[str], goes_on: threading.Event) -> Iterator[str]:
    app = Flask("civflow", root_path=str(Path(civflow.__file__).parent))
    app.config.update(SECRET_KEY="x" * 32)
    CSRFProtect(app)
    for part in (pages, formats, htmx, security, errors):
        part.init_app(app)
    app.extensions["goes on"] = goes_on
    _add_views(app, saved)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _add_views(app: Flask, saved: list[str]) -> None:
    @app.get("/")
    def show() -> str:
        return render_template_string(PAGE)

    @app.post("/save")
    def save() -> str:
        saved.append(request.form["words"])
        return f'<span data-announce="Saved.">Saved {len(saved)}</span>'

    @app.get("/native")
    def show_native() -> str:
        return render_template_string(NATIVE)

    @app.post("/slow")
    def slow() -> str:
        saved.append("asked")
        assert app.extensions["goes on"].wait(60)
        return '<span>Saved</span><input type="hidden" id="seen" name="seen" value="after" hx-swap-oob="true">'

    @app.post("/native")
    def native() -> str:
        return f"<p>Kept {request.form['kept']}, having seen what was there {request.form['seen']}.</p>"

    @app.post("/refuse")
    def refuse() -> Response:
        return Response(REFUSED, 422)

    @app.post("/broken")
    def broken() -> None:
        abort(500)


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page with its scripts at work; a script that fails, fails the test."""
    context = browser.new_context()
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    yield page
    context.close()
    assert failures == []


def test_words_are_saved_while_typing_and_the_saving_is_announced(page: Page, saved: list[str]) -> None:
    page.get_by_label("Words").fill("We count nets.")
    expect(page.locator("[data-autosave-status]")).to_have_text("Saved 1")
    expect(page.locator("#announcements")).to_have_text("Saved.")
    assert saved == ["We count nets."]


def test_a_button_that_is_pressed_while_the_form_saves_by_itself_waits_for_it(
    page: Page, saved: list[str], goes_on: threading.Event
) -> None:
    page.goto(f"{page.url}native")
    page.wait_for_load_state("networkidle")
    page.get_by_label("Kept words").fill("Nets.")
    expect(page.locator("#native.htmx-request")).to_be_visible()
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_label("Kept words")).to_be_visible()
    goes_on.set()
    expect(page.locator("body")).to_have_text("Kept Nets., having seen what was there after.")
    assert saved == ["asked"]


def test_words_that_did_not_arrive_are_still_there_and_said_to_be(page: Page, saved: list[str]) -> None:
    page.context.set_offline(True)
    page.get_by_label("Words").fill("We count nets.")
    expect(page.locator("[data-autosave-status]")).to_contain_text("Not saved.")
    page.context.set_offline(False)
    page.get_by_label("Words").press_sequentially("!")
    expect(page.locator("[data-autosave-status]")).to_have_text("Saved 1")
    assert saved == ["We count nets.!"]


def test_a_form_that_was_open_too_long_gets_a_fresh_token_and_saves(page: Page, saved: list[str]) -> None:
    page.context.clear_cookies()
    page.get_by_label("Words").fill("We count nets.")
    expect(page.locator("#messages h2")).to_have_text("The page was open for too long")
    expect(page.get_by_label("Words")).to_be_focused()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-autosave-status]")).to_contain_text("Saved")
    assert set(saved) == {"We count nets."}


def test_a_refusal_stands_where_the_form_was_and_has_the_focus(page: Page) -> None:
    page.get_by_role("button", name="Refuse").click()
    expect(page.locator("#refused .govuk-error-summary")).to_be_focused()
    expect(page.locator("#announcements")).to_have_text("Not saved.")


def test_a_failure_is_told_and_leaves_the_form_alone(page: Page) -> None:
    page.get_by_label("Words").fill("We count nets.")
    expect(page.locator("[data-autosave-status]")).to_have_text("Saved 1")
    page.get_by_role("button", name="Break").click()
    expect(page.locator("#messages .govuk-error-summary")).to_be_focused()
    assert page.get_by_label("Words").input_value() == "We count nets."
