"""Challenges for other programmes: a feed, calendars, a map of the site, data and a picture for shared links."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from icalendar import Calendar
from PIL import Image

from civflow.services.challenges.calendar import stage_dates
from civflow.services.search.challenges import find
from civflow.services.search.query import Wanted
from civflow.workflows.engine import NOBODY
from tests.scenes.open_call import Call, open_call
from tests.services.test_search import another, opened
from tests.web.visitor import Visitor, text_of

ATOM = {"a": "http://www.w3.org/2005/Atom"}
PAGE = "/challenges/11-2-flooding-impact"


def with_two_more(made: Call) -> None:
    """Two more challenges are public, and one is not."""
    session = made.session
    opened(session, made, "Quiet <roads> & paths", announced=True, question="How might we calm traffic?")
    opened(
        session,
        made,
        "Warm homes",
        themes=["health"],
        place="Perth",
        money_pounds=100_000,
        opens_at=made.now + timedelta(minutes=1),
    )
    another(session, made, "Secret plans")


@pytest.fixture
def call(scenes) -> Call:
    return scenes.play(open_call, with_two_more)


@pytest.mark.both_databases
def test_the_feed_holds_what_is_public_the_latest_first(visitor, session, call):
    answer = visitor.get("/challenges.atom")
    feed = ET.fromstring(answer.data)

    assert answer.mimetype == "application/atom+xml"
    assert [entry.findtext("a:title", namespaces=ATOM) for entry in feed.findall("a:entry", ATOM)] == [
        "Warm homes",
        "Flooding impact",
    ]
    [first, _] = feed.findall("a:entry", ATOM)
    assert [first.find(f"a:{name}", ATOM) is not None for name in ("id", "updated", "summary", "link")] == [True] * 4
    assert [c.get("label") for c in first.findall("a:category", ATOM)] == ["Health and care"]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=flood", ["Flooding impact"]),
        ("theme=health", ["Warm homes"]),
        ("place=Perth&group=open", ["Warm homes"]),
        ("q=nowhere", []),
    ],
)
def test_the_feed_honours_the_filters_of_the_list(visitor, query, titles):
    feed = ET.fromstring(visitor.get(f"/challenges.atom?{query}").data)
    assert [entry.findtext("a:title", namespaces=ATOM) for entry in feed.findall("a:entry", ATOM)] == titles


def test_feeds_and_calendars_are_the_same_for_everybody(app, session, call, visitor):
    manager = Visitor(app).sign_in(session, call.manager, now=call.now)
    for path in ("/challenges.atom", "/challenges.ics", "/sitemap.xml"):
        assert manager.get(path).data == visitor.get(path).data, path
        assert b"Secret" not in visitor.get(path).data
        assert visitor.get(path).headers["Cache-Control"] == "public, max-age=300"


def events(answer) -> dict[str, object]:
    calendar = Calendar.from_ical(answer.data)
    return {str(event["summary"]): event["dtstart"].dt for event in calendar.walk("VEVENT")}


def test_the_calendar_has_the_dates_that_the_public_may_know(visitor, call):
    found = events(visitor.get("/challenges.ics"))

    assert found["Closes: Flooding impact"] == call.closes_at
    assert found["First decisions promised by: Flooding impact"] == call.challenge.decision_promised_at
    assert found["Opens: Quiet <roads> & paths"] == call.now + timedelta(days=1)
    assert [title for title in found if "Quiet" in title] == ["Opens: Quiet <roads> & paths"]
    assert set(events(visitor.get("/challenges.ics?q=flood"))) == {
        "Opens: Flooding impact",
        "Closes: Flooding impact",
        "First decisions promised by: Flooding impact",
    }


def test_each_challenge_has_a_calendar_of_its_own(visitor, session, call):
    answer = visitor.get(f"{PAGE}.ics")

    found, name = events(answer), "Flooding impact"
    assert (answer.mimetype, list(found)) == (
        "text/calendar",
        [
            f"{what}: {name}"
            for what in (
                "Opens",
                "Closes",
                "First decisions promised by",
                "The last moment for questions",
                "Sift",
                "Interview",
                "Exploration begins",
                "Final pitch",
                "Accelerator begins",
                "Demo day begins",
                "Contract begins",
                "Follow-up begins",
            )
        ],
    )
    stages = stage_dates(session, call.challenge)
    spans = {str(e["summary"]): e.get("dtend") for e in Calendar.from_ical(answer.data).walk("VEVENT")}
    assert found[f"The last moment for questions: {name}"] == call.challenge.questions_until
    assert (found[f"Interview: {name}"], spans[f"Interview: {name}"].dt) == (
        stages["interview"].starts_at,
        stages["interview"].ends_at,
    )
    assert (found[f"Demo day begins: {name}"], spans[f"Demo day begins: {name}"]) == (
        stages["demo_day"].starts_at,
        None,
    )
    assert list(events(visitor.get("/challenges/quiet-roads-paths.ics"))) == ["Opens: Quiet <roads> & paths"]
    assert [str(e["url"]) for e in Calendar.from_ical(answer.data).walk("VEVENT")] == [
        f"http://127.0.0.1:8000{PAGE}"
    ] * len(found)
    assert visitor.get("/challenges/secret-plans.ics").status_code == 404


def test_the_map_of_the_site_has_every_public_page_and_is_named_to_robots(visitor):
    places = ET.fromstring(visitor.get("/sitemap.xml").data)
    found = [place.text for place in places.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]

    assert [path for path in found if "/challenges/" in path] == [
        "http://127.0.0.1:8000/challenges/warm-homes",
        f"http://127.0.0.1:8000{PAGE}",
    ]
    assert visitor.get("/robots.txt").text.splitlines()[-1] == "Sitemap: http://127.0.0.1:8000/sitemap.xml"
    for path in found:
        assert visitor.get(path.removeprefix("http://127.0.0.1:8000")).status_code == 200, path


def test_the_page_says_in_data_what_is_wanted(visitor, session, call):
    call.challenge.question = "</script><script>alert(1)</script>"
    session.commit()
    page = visitor.page(PAGE)
    data = json.loads(page.find("script", type="application/ld+json").string)

    assert (data["@type"], data["name"], data["description"]) == ("Demand", "Flooding impact", call.challenge.question)
    assert data["validThrough"] == call.closes_at.isoformat()
    assert data["priceSpecification"]["maxPrice"] == 650_000
    assert [
        script for script in page.find_all("script") if "alert" in (script.string or "") and not script.get("type")
    ] == []


def test_a_link_that_is_shared_has_a_picture_of_its_own(visitor, app, session, call):
    page = visitor.page(PAGE)
    [address] = [m["content"] for m in page.find_all("meta", property="og:image")]
    answer = visitor.get(address.removeprefix("http://127.0.0.1:8000"))
    picture = Image.open(BytesIO(answer.data))

    assert (answer.mimetype, picture.format, picture.size) == ("image/png", "PNG", (1200, 630))
    assert [m["content"] for m in page.find_all("meta", property="og:title")] == ["Flooding impact"]
    assert visitor.get("/challenges/secret-plans/preview.png").status_code == 404
    manager = Visitor(app).sign_in(session, call.manager, now=call.now)
    assert manager.get("/challenges/secret-plans/preview.png").status_code == 404


def test_a_preview_has_no_data_for_others(app, session, call):
    manager = Visitor(app).sign_in(session, call.manager, now=call.now)
    page = manager.page("/challenges/secret-plans")
    assert page.find("script", type="application/ld+json") is None
    assert "This is a preview." in text_of(manager.get("/challenges/secret-plans"))


@pytest.mark.both_databases
def test_what_cannot_be_read_in_an_address_is_left_out_and_said_at_its_field(visitor, session):
    page = visitor.page("/challenges?money_from=lots&closes_to=31+June+2026&closes_from=0001-01-01&q=flood")
    everything = find(session, Wanted(words="flood"), actor=NOBODY)

    assert [p.get_text(" ", strip=True) for p in page.select(".govuk-error-message")] == [
        "Error: “lots” is left out: write whole pounds, such as 650,000.",
        "Error: “0001-01-01” is left out: write a year from 2000 to 2099.",
        "Error: “31 June 2026” is left out: there is no such day. Write a day such as 10 September 2026.",
    ]
    assert len(page.select(".app-challenge__title")) == len(everything.rows) == 1
    assert page.select_one("#filter-money_from")["value"] == "lots"
