"""The page of any record: a step says what it does and asks why, its history says what happened, strangers see nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from icalendar import Calendar
from sqlalchemy import func, select
from sqlmodel import col

from civflow.models import Gate, History, Person, Slot
from civflow.services.challenges.versions import begin_change, write_change
from civflow.services.engine.advance import advance, begin
from civflow.services.records.zones import zone_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, Moment
from tests.web.visitor import errors_of, text_of


@pytest.fixture
def withdraw(session, call) -> str:
    """Where the lead of a team withdraws its application."""
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya))
    session.commit()
    return f"/cases/application/{application.id}/withdraw"


@pytest.fixture
def priya(call, withdraw):
    return person_named(call, "Priya Raeburn")


def person_named(call, name: str) -> Person:
    return call.session.scalars(select(Person).where(col(Person.name) == name)).one()


def test_a_step_says_what_will_happen_to_whom_and_how_it_is_undone(come, withdraw, priya):
    page = come(priya).page(withdraw)
    assert page.h1.get_text() == "Withdraw the application"
    assert [h.get_text() for h in page.select(".app-decision h2")] == [
        "What will happen",
        "What they will be sent",
        "Can this be undone?",
    ]
    assert [li.get_text() for li in page.select(".app-decision details li")] == ["Morag Sinclair"]
    assert "(your reason)" in page.select_one(".app-letter").get_text()


def test_what_else_ends_is_said_before_to_whoever_may_know_it(come, session, panel):
    """The office reads how many applications a cancelled challenge ends, and a team not who assesses its own."""
    session.commit()
    office = come(panel.call.manager).page(f"/challenges/{panel.call.challenge.slug}/cancel")
    team = come(panel.leads[0]).page(f"/cases/application/{panel.otter.id}/withdraw")

    assert (
        "every application to it ends. 6 assignments become “Withdrawn”, and 2 applications become “Not selected”."
        in office.main.get_text()
    )
    assert "become" not in team.select_one(".app-decision").get_text()


def test_a_page_says_with_whom_a_record_is_now_to_whoever_it_concerns(come, session, call):
    """A change waits for the office; the public reads the challenge's page, and not who works on it."""
    owner = call.actor(call.owner)
    begin_change(session, call.challenge, why="A second gauge.", actor=owner, now=call.now)
    write_change(session, call.challenge, actor=owner, now=call.now, title="Floods")
    advance(session, call.challenge, "hand_in_change", actor=owner, now=call.now)
    session.commit()

    def now_with(visitor) -> list[str]:
        lines = visitor.page(f"/cases/challenge/{call.challenge.id}").select("main > p, main p.govuk-body")
        return [line.get_text() for line in lines if line.get_text().startswith("Now with")]

    assert (now_with(come(call.owner)), now_with(come())) == (["Now with: the programme managers."], [])


def test_the_field_of_a_reason_says_who_reads_it(come, call, withdraw, priya):
    hint = "It is kept in the record, and {} read{} it{}."
    owners_page = come(call.owner).page(f"/cases/challenge/{call.challenge.id}/move_questions")
    assert come(priya).page(withdraw).select_one("#reason-hint").get_text() == hint.format("those who are told", "", "")
    assert owners_page.select_one("#reason-hint").get_text() == hint.format("everybody", "s", ", also the public")


def test_a_step_without_its_reason_comes_back_with_a_sentence_at_the_field(come, withdraw, priya):
    visitor = come(priya)
    answer = visitor.post(withdraw, {"reason": "  "}, on=withdraw)
    assert (answer.status_code, errors_of(answer)) == (422, ["Give a reason: it is kept with the step."])
    assert 'id="reason-error"' in answer.text


def test_a_step_is_taken_once_and_its_reason_stands_in_the_history(come, withdraw, priya):
    first, second = come(priya), come(priya)
    seen = {"seen": second.page(withdraw).select_one("[name=seen]")["value"], "reason": "We have no time."}
    answers = [visitor.post(withdraw, seen, on="/account") for visitor in (first, second)]
    record = withdraw.removesuffix("/withdraw")
    assert [(a.status_code, a.headers["Location"]) for a in answers] == [
        (303, record.replace("/cases/application/", "/applications/"))
    ] * 2
    happened = first.page(record).select_one(".app-history__what").get_text(" ").split()
    assert " ".join(happened) == "Withdraw the application Not submitted yet → became Withdrawn"
    assert first.get(record).text.count("We have no time.") == 1
    assert "not possible from there" in text_of(first.get(withdraw))


def test_who_may_not_take_a_step_is_told_who_may_and_a_stranger_nothing(come, call, withdraw):
    assert come().get(withdraw).headers["Location"].startswith("/sign-in?then=")
    assert come(call.person("Fin Gunn")).get(withdraw).status_code == 404
    refused = come(call.manager).get(withdraw)
    assert (refused.status_code, "You lead this team." in text_of(refused)) == (403, True)
    assert "Morag Sinclair" not in text_of(refused)


def test_a_step_with_a_page_of_its_own_is_taken_only_there(come, session, call, withdraw, priya):
    """Its service writes what belongs to the step; past it the history would have an entry of which nothing came."""
    draft, challenge = withdraw.removesuffix("/withdraw"), f"/cases/challenge/{call.challenge.id}"
    pages = [
        (priya, f"{draft}/write", 422, draft.removeprefix("/cases").replace("application", "applications")),
        (call.manager, f"{challenge}/change", 422, f"/challenges/{call.challenge.slug}/change"),
        (call.manager, f"{challenge}/write_change", 422, f"/challenges/{call.challenge.slug}/change"),
        (call.manager, f"{challenge}/publish_change", 422, f"/challenges/{call.challenge.slug}/change/publish"),
        (priya, f"{challenge}/change", 403, None),
    ]
    entries = session.scalar(select(func.max(History.id)))
    session.commit()
    for person, path, status, own_page in pages:
        answer = come(person).post(path, {"reason": "A slip.", "words": "What was typed"}, on="/")
        page = BeautifulSoup(answer.text, "html.parser")
        link = page.select_one(".govuk-error-summary a")
        assert (path, answer.status_code, link and link["href"]) == (path, status, own_page)
        assert "What was typed" in text_of(answer)
        assert page.select_one("#step form") is None
    assert session.scalar(select(func.max(History.id))) == entries


def test_what_is_not_there_is_said_in_a_sentence(come, withdraw, priya):
    record, visitor = withdraw.removesuffix("/withdraw"), come(priya)
    said = {
        path: (answer.status_code, text_of(answer))
        for path in (f"{record}/fly", "/cases/dragon/1")
        for answer in [visitor.get(path)]
    }
    assert said == {
        f"{record}/fly": (404, "Not found Application: there is no step “fly”. Go to the home page"),
        "/cases/dragon/1": (404, "Not found The handbook has no page “dragon”. Go to the home page"),
    }


def test_a_record_names_the_record_that_it_refers_to_and_the_public_reads_only_what_is_meant_for_it(
    come, session, call
):
    call.challenge.copied_from_id = call.challenge.id  # the number of the manager, too
    session.commit()
    records = [f"/cases/challenge/{call.challenge.id}", f"/cases/round/{call.challenge.round_id}"]
    staff, public = ([facts_of(visitor.page(path)) for path in records] for visitor in (come(call.manager), come()))
    for_staff = [
        {name: value for name, value in facts.items() if name not in read}
        for facts, read in zip(staff, public, strict=True)
    ]
    assert for_staff == [
        {
            "Copied from": "Flooding impact",
            "Budget holder": "A director",
            "Sponsor time": "A day a week.",
            "Route to adoption": "The service team takes it over.",
            "Access to data": "There is none.",
            "If it is too expensive": "The sponsor keeps what was learnt.",
            "Answer to the sponsor promised by": for_staff[0]["Answer to the sponsor promised by"],
        },
        {"Rehearsal": "No", "Budget": "£5,000,000"},
    ]
    assert "Morag Sinclair" not in str(public)


def facts_of(page: BeautifulSoup) -> dict[str, str]:
    """What a page of a record knows of it, by name."""
    rows = page.select(".govuk-summary-list__row")
    return {row.dt.get_text(" ", strip=True): row.dd.get_text(" ", strip=True) for row in rows}


# Dates for a calendar, and clocks


@pytest.fixture
def slot(session, call, monkeypatch) -> Slot:
    """A record that is read at /cases/..., with moments of which whoever it concerns reads one more than the public."""
    page = HANDBOOK["slot"]
    monkeypatch.setattr(
        page, "calendar", (Moment("starts_at", "Your interview", until="ends_at"), Moment("since", "S"))
    )
    monkeypatch.setattr(page, "shows", replace(page.shows, shown=tuple(c for c in page.shows.shown if c != "since")))
    keys = {"round_id": call.challenge.round_id, "challenge_id": call.challenge.id, "state": "", "since": call.now}
    gate = session.scalars(select(Gate)).first()
    times = {"starts_at": call.now + timedelta(days=40), "ends_at": call.now + timedelta(days=41)}
    made = Slot(**keys, **times, gate_id=gate.id, where="A room")
    begin(session, made, actor=CIVFLOW, now=call.now)
    session.commit()
    return made


def test_the_moments_that_a_page_declares_are_a_calendar_for_whoever_reads_them(come, owner, call, session, slot):
    path = f"/cases/slot/{slot.id}"
    session.commit()
    link = owner.page(path).select_one(f"a[href='{path}.ics']")
    answer = owner.get(f"{path}.ics")
    [event] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert (link.get_text(), answer.mimetype) == ("Dates for a calendar (iCalendar)", "text/calendar")
    assert {name: str(event[name]) for name in ("uid", "summary", "url")} == {
        "uid": f"slot-{slot.id}-starts_at@127.0.0.1",
        "summary": "Your interview: Interview slot of 11.2 Flooding impact",
        "url": f"http://127.0.0.1:8000{path}",
    }
    assert (event["dtstart"].dt, event["dtend"].dt) == (slot.starts_at, slot.ends_at)
    session.commit()
    assert come(call.person("Fin Gunn")).get(f"{path}.ics").status_code == 404
    assert come().get(f"{path}.ics").headers["Location"].startswith("/sign-in")


def test_a_noun_without_moments_has_no_calendar(manager, call):
    assert manager.get(f"/cases/round/{call.challenge.round_id}.ics").status_code == 404
    assert manager.page(f"/cases/round/{call.challenge.round_id}").select("a[href$='.ics']") == []


def test_a_record_keeps_the_clock_that_a_column_of_its_own_names(session, call, slot, monkeypatch):
    assert zone_of(session, slot) == "Europe/London"  # of the programme of its challenge
    monkeypatch.setattr(HANDBOOK["slot"], "zone", "where")
    for named, zone in (("America/Halifax", "America/Halifax"), ("A room", "Europe/London"), ("", "Europe/London")):
        slot.where = named
        assert zone_of(session, slot) == zone
    session.rollback()
