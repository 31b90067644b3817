"""Following: who follows is told once of each thing that happens to a challenge, and nobody else is."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Alert, Follow, Message, Person, Question
from civflow.services import following
from civflow.services.advance import advance
from civflow.services.questions import ask
from tests.an_open_call import Call, open_call


@pytest.fixture
def call(session, now) -> Call:
    return open_call(session, now)


@pytest.fixture
def follower(session, call) -> Person:
    """Somebody who follows the challenge, and is told at once."""
    person = call.person("Fiona Gunn")
    follows(session, call, person)
    return person


def follows(session, call, person, delivery="at_once") -> Follow:
    made = Follow(person_id=person.id, challenge_id=call.challenge.id, delivery=delivery, begun_at=call.now,
                  token=secrets.token_urlsafe(24))  # fmt: skip
    session.add(made)
    session.flush()
    return made


def news_to(session, person) -> list[str]:
    """The subjects of the messages about what the person follows, in the order in which they were written."""
    query = select(col(Message.subject)).where(col(Message.person_id) == person.id, col(Message.key).like("news-%"))
    return list(session.scalars(query.order_by(col(Message.id))))


def answered(session, call, asker) -> Question:
    """A question of somebody, with a published answer."""
    question = ask(session, call.challenge, text="May a person apply?", actor=call.actor(asker), now=call.now)
    advance(session, question, "draft", actor=call.actor(call.owner), now=call.now, answer="Yes.")
    advance(session, question, "publish", actor=call.actor(call.manager), now=call.now)
    return question


def test_who_follows_is_told_of_answers_new_dates_and_the_close(session, call, follower):
    answered(session, call, call.person("Asker"))
    later = call.closes_at + timedelta(days=7)
    advance(session, call.challenge, "extend", actor=call.actor(call.manager), now=call.now, reason="Snow.",
            closes_at=later)  # fmt: skip
    call.wait_until(later)

    assert news_to(session, follower) == [
        "A question is answered: Flooding impact", "A date has moved: Flooding impact",
        "Closed for applications: Flooding impact",
    ]  # fmt: skip


def test_a_message_says_what_happened_why_it_came_and_how_to_end_it(session, call):
    person = call.person("Fiona Gunn")
    follow = follows(session, call, person)
    advance(session, call.challenge, "extend", actor=call.actor(call.manager), now=call.now, reason="Snow.",
            closes_at=call.closes_at + timedelta(days=7))  # fmt: skip

    [message] = session.scalars(select(Message).where(col(Message.person_id) == person.id))
    assert message.body.split("\n\n") == [
        "Hello Fiona Gunn,",
        "The closing date has moved for everybody, to Monday 9 February 2026, 12 noon (UK time). The reason given: Snow.",
        "You are told because you follow “Flooding impact”.",
    ]
    assert (message.about, message.unsubscribe) == ("/challenges/11-2-flooding-impact", f"/unsubscribe/{follow.token}")


def test_nobody_is_told_the_same_twice(session, call, follower):
    first = following.tell(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)
    second = following.tell(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)

    assert (first is not None, second) == (True, None)
    assert news_to(session, follower) == ["The text has changed: Flooding impact"]


def test_who_is_told_another_way_is_not_told_again(session, call, follower):
    lead = call.person("Lewis Shaw")
    follows(session, call, lead)
    call.application(call.team("Burn Watch", lead))
    advance(session, call.challenge, "extend", actor=call.actor(call.manager), now=call.now, reason="Snow.",
            closes_at=call.closes_at + timedelta(days=7))  # fmt: skip
    answered(session, call, follower)

    assert news_to(session, lead) == []
    assert news_to(session, follower) == ["A date has moved: Flooding impact"]


def test_who_has_stopped_following_or_closed_the_account_is_not_told(session, call, follower):
    gone = call.person("Gone Person")
    follows(session, call, gone)
    gone.closed_at = call.now
    session.scalars(select(Follow).where(col(Follow.person_id) == follower.id)).one().ended_at = call.now
    session.flush()
    following.tell(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)

    assert (news_to(session, follower), news_to(session, gone)) == ([], [])


def test_what_is_told_once_a_day_waits(session, call):
    person = call.person("Daily Reader")
    follows(session, call, person, "daily")
    following.tell(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)

    assert news_to(session, person) == []
    assert [alert.told_at for alert in session.scalars(select(Alert))] == [None]
