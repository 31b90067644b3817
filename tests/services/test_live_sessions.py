"""Live sessions: planned, changed, cancelled and recorded, told to those whom they concern, and put into calendars."""

from __future__ import annotations

import secrets
from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge, Follow, LiveSession, Message, Person
from civflow.services.engine.access import load_visible
from civflow.services.engine.advance import advance
from civflow.services.live_sessions.sessions import calendar, change, schedule, sessions_of
from civflow.workflows.engine import NOBODY, Forbidden, NotFound, Refused
from tests.scenes.open_call import Call

HOUR = timedelta(hours=1)


@pytest.fixture
def listeners(session, call) -> list[Person]:
    """Somebody with a draft, who also follows, and somebody who only follows."""
    writes, follows = call.person("Lewis Shaw"), call.person("Fiona Gunn")
    call.application(call.team("Burn Watch", writes))
    for person in (writes, follows):
        session.add(
            Follow(
                person_id=person.id,
                workflow="challenge",
                record_id=call.challenge.id,
                begun_at=call.now,
                token=secrets.token_urlsafe(24),
            )
        )
    session.flush()
    return [writes, follows]


def planned(call: Call, **given) -> LiveSession:
    start = call.now + timedelta(days=3)
    given = {
        "title": "Meet the sponsor",
        "starts_at": start,
        "ends_at": start + HOUR,
        "link": "https://example.org/meet",
        **given,
    }
    return schedule(call.session, call.challenge, actor=call.actor(call.owner), now=call.now, **given)


def told_people(call: Call, person: Person) -> list[str]:
    query = select(Message).where(col(Message.person_id) == person.id).order_by(col(Message.id))
    return [f"{m.subject} | {m.body.split(chr(10) * 2)[1]}" for m in call.session.scalars(query)]


def test_followers_and_everybody_with_a_draft_are_told_of_each_step_once(session, call, listeners):
    live, owner = planned(call), call.actor(call.owner)
    start = live.starts_at + timedelta(days=1)
    change(
        session,
        live,
        actor=owner,
        now=call.now,
        title="Meet the sponsor",
        starts_at=start,
        ends_at=start + HOUR,
        place="Town House, Inverness",
        link="",
    )
    advance(session, live, "cancel", actor=owner, now=call.now, reason="Snow.")
    again = start + timedelta(days=1)
    advance(
        session,
        live,
        "schedule_again",
        actor=owner,
        now=call.now,
        reason="It thaws.",
        starts_at=again,
        ends_at=again + HOUR,
    )
    call.wait_until(again + HOUR)
    assert live.state == "held"
    advance(session, live, "add_recording", actor=owner, now=call.now, recording="https://example.org/seen")

    sentences = [
        (
            "The live session “Meet the sponsor” is planned. It begins on Thursday 8 January 2026, 12 noon (UK time) and ends "
            "on Thursday 8 January 2026, 1pm (UK time), online at https://example.org/meet."
        ),
        (
            "The live session “Meet the sponsor” has changed. It begins on Friday 9 January 2026, 12 noon (UK time) and ends "
            "on Friday 9 January 2026, 1pm (UK time), Town House, Inverness."
        ),
        (
            "The live session “Meet the sponsor” is cancelled. It was to begin on Friday 9 January 2026, 12 noon (UK time). "
            "The reason given: Snow."
        ),
        (
            "The live session “Meet the sponsor” takes place at another time. It begins on Saturday 10 January 2026, 12 noon "
            "(UK time) and ends on Saturday 10 January 2026, 1pm (UK time), Town House, Inverness. The reason given: It thaws."
        ),
        "The live session “Meet the sponsor” can be watched. Watch it at https://example.org/seen",
    ]
    whats = ["is planned", "has changed", "is cancelled", "takes place at another time", "can be watched"]
    writes, follows = listeners
    assert told_people(call, writes) == [
        f"Live session {what}: Flooding impact | {said}" for what, said in zip(whats, sentences, strict=True)
    ]
    assert told_people(call, follows) == [f"A live session: Flooding impact | {said}" for said in sentences]


def test_before_the_challenge_is_public_nobody_is_told_or_shown(session, call, listeners):
    challenge: Challenge = call.challenge
    challenge.version = 0
    live = planned(call)
    assert [told_people(call, person) for person in listeners] == [[], []]
    with pytest.raises(NotFound):
        load_visible(session, LiveSession, live.id, actor=NOBODY, now=call.now)
    challenge.version = 1
    session.flush()
    assert load_visible(session, LiveSession, live.id, actor=NOBODY, now=call.now)[0] is live


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"title": ""}, {"title": "Give the session a title, such as “Meet the sponsor”."}),
        ({"starts_at": None}, {"starts_at": "Write when the session begins: a day and a time that lie ahead."}),
        ({"ends_at": None}, {"ends_at": "Write when the session ends: later than it begins."}),
        ({"link": ""}, {"place": "Write a place, or a link for those who come online, or both."}),
        ({"link": "javascript:alert(1)"}, {"link": "The link must begin with https:// or http://."}),
        ({"place": "x" * 301}, {"place": "This may have 300 characters; it has 301."}),
    ],
)
def test_what_cannot_be_is_told_at_its_field(call, given, fields):
    with pytest.raises(Refused) as refused:
        planned(call, **given)
    assert refused.value.fields == fields


def test_a_session_lies_ahead_and_ends_after_it_begins(call):
    for starts_at, ends_at, field in (
        (call.now, call.now + HOUR, "starts_at"),
        (call.now + HOUR, call.now + HOUR, "ends_at"),
    ):
        with pytest.raises(Refused) as refused:
            planned(call, starts_at=starts_at, ends_at=ends_at)
        assert set(refused.value.fields) == {field}


def test_a_recording_is_an_address_and_comes_after_the_session(session, call):
    live, owner = planned(call), call.actor(call.owner)
    with pytest.raises(Refused):
        advance(session, live, "add_recording", actor=owner, now=call.now, recording="https://example.org/seen")
    with pytest.raises(Refused) as refused:
        advance(session, live, "end", actor=owner, now=call.now)
    assert refused.value.sentences == ("It has begun.",)
    call.wait_until(live.ends_at)
    with pytest.raises(Refused) as refused:
        advance(session, live, "add_recording", actor=owner, now=call.now, recording="javascript:alert(1)")
    assert refused.value.sentences == ("Its links begin with https:// or http://.",)


def test_only_those_who_run_the_challenge_plan_and_change(session, call):
    live = planned(call)
    stranger = call.actor(call.person("Somebody"))
    with pytest.raises(Forbidden):
        schedule(
            session,
            call.challenge,
            actor=stranger,
            now=call.now,
            title="Mine",
            starts_at=live.starts_at,
            ends_at=live.ends_at,
            place="Here",
        )
    for step in ("change", "cancel", "end"):
        with pytest.raises(Forbidden):
            advance(session, live, step, actor=stranger, now=call.now, reason="So.")
    assert [shown.live for shown in sessions_of(session, call.challenge)] == [live]


def test_everybody_reads_why_a_session_is_cancelled(session, call):
    live = planned(call)
    advance(session, live, "cancel", actor=call.actor(call.owner), now=call.now, reason="Snow.")
    assert sessions_of(session, call.challenge) == [(live, False, "Snow.")]


def test_the_calendar_follows_a_session_through_its_changes(session, call):
    live, page = planned(call, place="Town House"), "https://civflow.example.org/challenges/x"

    def entry():
        data = calendar(sessions_of(session, call.challenge), call.challenge, page=page, now=call.now)
        [event] = icalendar.Calendar.from_ical(data).walk("VEVENT")
        return event

    first = entry()
    assert (str(first["uid"]), str(first["summary"]), first.decoded("dtstart"), str(first["location"])) == (
        f"live_session-{live.id}@civflow.example.org",
        "Meet the sponsor: Flooding impact",
        live.starts_at,
        "Town House",
    )
    advance(session, live, "cancel", actor=call.actor(call.owner), now=call.now, reason="Snow.")
    after = entry()
    assert (after["uid"], after["sequence"], str(after["status"])) == (first["uid"], first["sequence"] + 1, "CANCELLED")
