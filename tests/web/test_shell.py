"""The shell that every page stands in: headers, static addresses, fragments, errors, formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask, Response, abort, render_template_string, request
from flask.testing import FlaskClient
from flask_wtf import CSRFProtect
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy.exc import OperationalError

import civflow
from civflow.web.shared import errors, formats, htmx, pages, security
from civflow.workflows.engine import Conflicted, Refused

NOW = datetime(2024, 9, 4, 9, tzinfo=UTC)
LONDON = "Europe/London"
HTMX = {"HX-Request": "true"}
TEMPLATES = {
    "plain.html": '{% extends "shared/base.html" %}{% block title %}Plain{% endblock %}{% block content %}Hello{% endblock %}',
    "score.html": '{% extends "shared/base.html" %}{% block content %}{% include "_score.html" %}{% endblock %}',
    "_score.html": '<form id="score"{{ oob }}>{{ score }}</form>',
    "_progress.html": '<p id="progress"{{ oob }}>{{ score }} of 5</p>',
}

FAILURES: dict[str, Exception] = {
    "refused": Refused("The call must close after it opens."),
    "second": Conflicted("Ewan was first.", who="Ewan", when=NOW),
    "database": OperationalError("SELECT 1", {}, Exception("the disk is gone")),
    "bug": RuntimeError("a secret of the trace"),
}


@pytest.fixture
def app() -> Flask:
    """A small app with the real shell and no features."""
    found = Flask("civflow", root_path=str(Path(civflow.__file__).parent))
    found.config.update(SECRET_KEY="x" * 32, BASE_URL="https://civflow.example", DEMONSTRATION=True)
    CSRFProtect(found)
    for part in (pages, formats, htmx, security, errors):
        part.init_app(found)
    assert found.jinja_env.loader is not None
    found.jinja_env.loader = ChoiceLoader([DictLoader(TEMPLATES), found.jinja_env.loader])
    _add_views(found)
    return found


def _add_views(app: Flask) -> None:
    @app.get("/plain")
    def plain() -> Response:
        return htmx.page_or_fragment("plain.html", "_score.html")

    @app.get("/signed-in")
    def signed_in() -> Response:
        return htmx.page_or_fragment("plain.html", "_score.html", person_name="Morag", sign_out_url="/sign-out")

    @app.route("/score", methods=["GET", "POST"])
    def score() -> Response:
        status = 422 if request.args.get("refused") else 200
        return htmx.page_or_fragment("score.html", "_score.html", status, also=["_progress.html"], score=3)

    @app.get("/on")
    def on() -> Response:
        return htmx.redirect_to(request.args.get("to", "/plain"))

    @app.route("/fails/<how>", methods=["GET", "POST"])
    def fails(how: str) -> Response:
        if how in FAILURES:
            raise FAILURES[how]
        abort(int(how))

    @app.get("/list")
    def listing() -> str:
        return render_template_string(
            '{% from "shared/macros/lists.html" import pages, sort_heading %}'
            '{{ sort_heading("Closes", "closes", "closes") }}{{ pages(3, 470, "application") }}'
        )


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as found:
        yield found


def soup(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.data, "html.parser")  # type: ignore[attr-defined]


# Pages


def test_a_page_permits_its_own_inline_script_and_no_other(client: FlaskClient) -> None:
    response = client.get("/plain")
    (inline,) = [s.string for s in soup(response).find_all("script") if s.string]
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == f"'self' {security.inline_script_hashes(f'<script>{inline}</script>')[0]}"
    assert policy["frame-ancestors"] == "'none'"
    assert "style=" not in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Strict-Transport-Security"] == security.TWO_YEARS
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_a_page_names_the_programme_and_says_that_it_is_a_demonstration(client: FlaskClient) -> None:
    page = soup(client.get("/plain"))
    assert page.title is not None
    assert page.title.get_text(strip=True) == "Plain \N{EN DASH} Challenge programme"
    assert page.select_one(".app-demonstration") is not None
    assert page.select_one("header").get_text(" ", strip=True).count("civflow") == 0
    assert "GOV.UK" not in page.get_text()


def test_a_signed_in_page_sends_its_token_with_every_htmx_request(client: FlaskClient) -> None:
    page = soup(client.get("/signed-in"))
    token = page.select_one("form[action='/sign-out'] input[name=csrf_token]")["value"]
    assert json.loads(page.body["hx-headers"]) == {"X-CSRFToken": token}
    assert "hx-headers" not in soup(client.get("/plain")).body.attrs


def test_static_files_with_the_version_are_kept_for_a_year(client: FlaskClient) -> None:
    page = soup(client.get("/plain"))
    addresses = [link["href"] for link in page.select("link[href]")] + [s["src"] for s in page.select("script[src]")]
    assert len(addresses) == 7
    for address in addresses:
        with client.get(address) as response:
            assert (response.status_code, response.headers["Cache-Control"]) == (200, pages.ONE_YEAR), address
    with client.get("/static/civflow.css") as response:
        assert response.headers["Cache-Control"] == "no-cache"


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a")
    before = pages.version_of(tmp_path)
    (tmp_path / "a.css").write_text("b")
    assert pages.version_of(tmp_path) != before


def test_pages_and_headings_keep_the_rest_of_the_address(client: FlaskClient) -> None:
    page = soup(client.get("/list?state=draft&state=open&page=3&sort=closes"))
    assert page.select_one("th a")["href"] == "?state=draft&state=open&sort=-closes"
    assert page.select_one("th")["aria-sort"] == "ascending"
    assert page.select_one("a[rel=next]")["href"] == "?state=draft&state=open&sort=closes&page=4"
    assert page.select_one(".app-pages__shown").get_text(strip=True) == "101 to 150 of 470 applications"
    assert page.select_one("[aria-current=page]").get_text(strip=True) == "3"


# Fragments


def test_htmx_gets_the_fragment_and_what_else_changed(client: FlaskClient) -> None:
    response = client.get("/score", headers=HTMX)
    assert response.text == '<form id="score">3</form>\n<p id="progress" hx-swap-oob="true">3 of 5</p>'
    assert response.headers["Vary"] == "HX-Request"


def test_a_browser_gets_the_page_around_the_same_fragment(client: FlaskClient) -> None:
    page = soup(client.get("/score"))
    assert str(page.select_one("#score")) == '<form id="score">3</form>'


def test_a_page_from_history_is_whole(client: FlaskClient) -> None:
    response = client.get("/score", headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert soup(response).html is not None


def test_a_refusal_answers_422_both_ways(client: FlaskClient) -> None:
    for headers in (HTMX, {}):
        assert client.get("/score?refused=1", headers=headers).status_code == 422


def test_a_redirect_is_a_303_or_an_instruction(client: FlaskClient) -> None:
    assert (client.get("/on").status_code, client.get("/on").location) == (303, "/plain")
    response = client.get("/on", headers=HTMX)
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, "/plain")


@pytest.mark.parametrize(("here", "again"), [("/plain", "true"), ("/plain?page=2", None), ("/list", None)])
def test_a_browser_that_is_sent_to_a_place_of_its_own_page_asks_for_it_again(client: FlaskClient, here, again) -> None:
    response = client.get("/on?to=/plain%23news", headers={**HTMX, "HX-Current-URL": f"http://localhost{here}#top"})
    assert (response.headers["HX-Redirect"], response.headers.get("HX-Refresh")) == ("/plain#news", again)


# Errors


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("401", 401),
        ("403", 403),
        ("404", 404),
        ("413", 413),
        ("429", 429),
        ("503", 503),
        ("refused", 422),
        ("second", 409),
        ("bug", 500),
        ("database", 503),
    ],
)
def test_every_error_has_a_page_and_a_message(client: FlaskClient, how: str, status: int) -> None:
    response = client.get(f"/fails/{how}")
    assert response.status_code == status
    assert soup(response).h1.get_text() == errors.TITLES[status]
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    message = client.get(f"/fails/{how}", headers=HTMX)
    assert (message.status_code, message.headers["HX-Retarget"]) == (status, "#messages")
    assert soup(message).select_one("[role=alert] h2").get_text() == errors.TITLES[status]


def test_a_refusal_says_the_rules_own_sentence(client: FlaskClient) -> None:
    assert "The call must close after it opens." in soup(client.get("/fails/refused")).main.get_text()


def test_whoever_comes_second_reads_when_the_other_was_first_and_looks_before_sending_again(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    response = app.test_client().post("/fails/second", data={"reason": "Late."}, headers={"Origin": "http://localhost"})
    page = soup(response)
    assert [p.get_text() for p in page.select("main h1 ~ p.govuk-body")][:2] == [
        "Ewan was first.",
        "That was Wednesday 4 September 2024, 10am (UK time).",
    ]
    assert [t.get_text().strip() for t in page.select("textarea")] == ["Late."]
    assert page.select_one("main form") is None


def test_the_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    response = client.post("/on", data={})
    assert (response.status_code, set(response.headers["Allow"].split(", "))) == (405, {"GET", "HEAD", "OPTIONS"})


def test_words_outlive_a_form_that_was_open_too_long(client: FlaskClient) -> None:
    words = {"csrf_token": "old", "why_us": "We <care>.\nReally.", "choice": ["a", "b"], "empty": ""}
    response = client.post("/score?part=2", data=words, headers={"Origin": "http://localhost"})
    assert response.status_code == 400
    page = soup(response)
    assert [t.get_text().strip() for t in page.select("textarea")] == ["We <care>.\nReally.", "a", "b"]
    form = page.select_one("main form")
    again = {}
    for field in form.select("input"):
        again.setdefault(field["name"], []).append(field["value"])
    assert form["action"] == "/score?part=2"
    assert client.post(form["action"], data=again).status_code == 200


def test_what_another_site_filled_in_cannot_be_sent_again(client: FlaskClient) -> None:
    response = client.post("/score", data={"amount": "650000"}, headers={"Origin": "https://elsewhere.example"})
    assert response.status_code == 400
    assert soup(response).select_one("main form") is None


def test_a_password_is_not_shown_again(client: FlaskClient) -> None:
    response = client.post("/score", data={"password": "secret", "name": "M"}, headers={"Origin": "http://localhost"})
    assert "secret" not in response.text
    assert soup(response).select_one("main form") is None


def test_htmx_gets_a_fresh_token_with_the_message(client: FlaskClient) -> None:
    response = client.post("/score", data={"why": "x"}, headers=HTMX)
    assert response.status_code == 400
    token = re.search(r'"token": "([^"]+)"', response.headers["HX-Trigger"])
    assert token is not None
    assert client.post("/score", data={"csrf_token": token[1]}, headers=HTMX).status_code == 200


# Formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2024, 9, 10, 11, tzinfo=UTC), "Tuesday 10 September 2024, 12 noon (UK time), in 6 days"),
        (datetime(2024, 9, 9, 23, tzinfo=UTC), "midnight at the end of Monday 9 September 2024 (UK time), in 5 days"),
        (datetime(2024, 9, 4, 16, 30, tzinfo=UTC), "Wednesday 4 September 2024, 5:30pm (UK time), in 7 hours"),
        (datetime(2024, 9, 4, 8, 40, tzinfo=UTC), "Wednesday 4 September 2024, 9:40am (UK time), 20 minutes ago"),
        (datetime(2024, 9, 5, 8, tzinfo=UTC), "Thursday 5 September 2024, 9am (UK time), tomorrow"),
        (datetime(2023, 9, 4, 9, tzinfo=UTC), "Monday 4 September 2023, 10am (UK time), 12 months ago"),
        (date(2024, 9, 3), "Tuesday 3 September 2024, yesterday"),
    ],
)
def test_a_moment_is_written_in_full(value: date, text: str) -> None:
    assert formats.when(value, LONDON, NOW) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (3, 7, "43%"),
        (0, 7, "0%"),
        (7, 7, "100%"),
        (1, 1000, "under 1%"),
        (999, 1000, "over 99%"),
        (0, 0, "none to count"),
    ],
)
def test_a_percentage_never_rounds_to_none_or_all(part: int, whole: int, text: str) -> None:
    assert formats.percentage(part, whole) == text


def test_what_people_write_is_shown_without_their_html() -> None:
    html = str(formats.markdown("# Hello\n\n<script>x</script> [a](javascript:b) ![p](https://e.example/p.png) **so**"))
    page = BeautifulSoup(html, "html.parser")
    assert page.h3.get_text() == "Hello"
    assert (page.script, page.a, page.img) == (None, None, None)
    assert page.strong.get_text() == "so"


def test_filters_stand_in_the_programmes_zone(app: Flask) -> None:
    class Programme:
        timezone = "UTC"

    with app.test_request_context():
        text = render_template_string("{{ at | time }}", at=NOW, programme=Programme())
        assert text == "9am"
        assert render_template_string("{{ at | time }} {{ none | day }}", at=NOW, none=None) == "10am no date yet"
