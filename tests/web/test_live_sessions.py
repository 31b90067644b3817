"""Live sessions on the web: where everybody finds them, and the forms of those who plan them."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select

from civflow.models import LiveSession, Round
from civflow.services.challenges.drafts import draft
from civflow.services.engine.advance import advance
from civflow.services.live_sessions.sessions import schedule
from tests.web.visitor import Visitor, errors_of, text_of

PAGE = "/challenges/11-2-flooding-impact"
LIST = f"{PAGE}/sessions"
TYPED = {
    "title": "Meet the sponsor",
    "starts_at": "8 January 2026 14:00",
    "ends_at": "8 January 2026 15:00",
    "place": "Town House",
    "link": "https://example.org/meet",
}


@pytest.fixture
def live(session, call) -> LiveSession:
    start = call.now + timedelta(days=3)
    made = schedule(
        session,
        call.challenge,
        actor=call.actor(call.owner),
        now=call.now,
        title="Meet the sponsor",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        link="https://example.org/meet",
    )
    session.commit()
    return made


def test_a_planned_session_is_on_the_challenges_page_and_in_the_calendar(owner, visitor, session):
    assert visitor.page(PAGE).select("#sessions") == []
    assert owner.post(f"{LIST}/new", TYPED, on=f"{LIST}/new").headers["Location"] == LIST
    shown = " ".join(visitor.page(PAGE).select_one("#sessions li").get_text(" ").split())
    assert shown == (
        "Meet the sponsor Thursday 8 January 2026, 2pm (UK time), in 3 days , until 3pm Town House Or join online"
    )
    answer = visitor.get(f"{LIST}.ics")
    [event] = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert (answer.mimetype, str(event["location"])) == ("text/calendar", "Town House")
    for path in ("/challenges.ics", f"{PAGE}.ics"):
        entries = {str(e["uid"]): e for e in icalendar.Calendar.from_ical(visitor.get(path).data).walk("VEVENT")}
        assert str(entries[str(event["uid"])]["summary"]) == "Meet the sponsor: Flooding impact"


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_lost(owner, session):
    answer = owner.post(f"{LIST}/new", {**TYPED, "starts_at": "soon", "title": "<b>"}, on=f"{LIST}/new")
    assert (answer.status_code, errors_of(answer)) == (422, ["Write a day and a time such as 10 September 2026 12:00."])
    assert ("&lt;b&gt;" in answer.text, 'value="soon"' in answer.text) == (True, True)
    answer = owner.post(f"{LIST}/new", {**TYPED, "link": "javascript:alert(1)"}, on=f"{LIST}/new")
    assert (answer.status_code, errors_of(answer)) == (422, ["The link must begin with https:// or http://."])
    assert session.scalars(select(LiveSession)).all() == []


@pytest.mark.both_databases
def test_a_session_is_changed_by_one_at_a_time(owner, session, live):
    edit = f"{LIST}/{live.id}/edit"
    assert owner.page(edit).select_one("#starts_at")["value"] == "8 January 2026 12:00"
    assert owner.post(edit, {**TYPED, "seen": "0"}, on=edit).headers["Location"] == LIST
    late = owner.post(edit, {**TYPED, "title": "Mine", "seen": "0"}, on=edit)
    assert (late.status_code, 'value="Mine"' in late.text) == (409, True)
    session.expire_all()
    assert (live.title, live.place, live.revision) == ("Meet the sponsor", "Town House", 1)


def test_everybody_reads_of_a_recording_and_of_a_cancelled_session(owner, visitor, session, call, live):
    other = schedule(
        session,
        call.challenge,
        actor=call.actor(call.owner),
        now=call.now,
        title="A walk",
        starts_at=live.ends_at,
        ends_at=live.ends_at + timedelta(hours=1),
        place="The bridge",
    )
    session.commit()
    cancel = f"/cases/live_session/{other.id}/cancel"
    assert (
        owner.post(cancel, {"reason": "Snow.", "seen": "0"}, on=cancel).headers["Location"] == f"/sessions/{other.id}"
    )
    assert owner.get(f"/sessions/{other.id}").headers["Location"] == LIST
    assert visitor.get(f"/sessions/{other.id}").headers["Location"] == f"{PAGE}#session-{other.id}"
    assert (
        "Cancelled. It was to begin Thursday 8 January 2026, 1pm (UK time), in 3 days. The reason: “Snow.”"
        in text_of(visitor.get(PAGE))
    )
    call.wait_until(live.ends_at)
    advance(
        session, live, "add_recording", actor=call.actor(call.owner), now=call.now, recording="https://example.org/seen"
    )
    session.commit()
    link = visitor.page(PAGE).select_one(f"#session-{live.id} a")
    assert (link["href"], link.get_text()) == ("https://example.org/seen", "Watch the recording")


def test_others_read_the_sessions_and_plan_none(visitor, innovator, live):
    for who, status in ((visitor, 303), (innovator, 403)):
        assert who.get(LIST).headers["Location"] == f"{PAGE}#sessions"
        assert [who.get(page).status_code for page in (f"{LIST}/new", f"{LIST}/{live.id}/edit")] == [status, status]
    assert innovator.get(f"/cases/live_session/{live.id}/cancel").status_code == 403


def test_a_session_is_found_only_at_its_own_challenge(app, session, call, live):
    round_ = session.get_one(Round, call.challenge.round_id)
    other = draft(session, round_=round_, sponsor=None, title="Other", actor=call.actor(call.manager), now=call.now)
    session.commit()
    manager = Visitor(app).sign_in(session, call.manager, now=call.now)
    at = [f"/challenges/{slug}/sessions/{live.id}/edit" for slug in (call.challenge.slug, other.slug)]
    assert [manager.get(page).status_code for page in at] == [200, 404]
