"""Following: who follows is told once of each thing that happens to a challenge, and nobody else is."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Alert, Follow, Message, Person, Question, Round
from civflow.services import following
from civflow.services.engine.advance import advance
from civflow.services.following.jobs import TellFollowers
from civflow.services.notifications import smtp
from civflow.services.questions.questions import ask
from civflow.worker import Worker
from tests.services.test_search import opened


@pytest.fixture
def follower(session, call) -> Person:
    """Somebody who follows the challenge, and is told at once."""
    person = call.person("Fiona Gunn")
    follows(session, call, person)
    return person


def follows(session, call, person, delivery="at_once") -> Follow:
    made = Follow(
        person_id=person.id,
        workflow="challenge",
        record_id=call.challenge.id,
        delivery=delivery,
        begun_at=call.now,
        token=secrets.token_urlsafe(24),
    )
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
    advance(
        session, call.challenge, "extend", actor=call.actor(call.manager), now=call.now, reason="Snow.", closes_at=later
    )
    call.wait_until(later)

    assert news_to(session, follower) == [
        "A question is answered: Flooding impact",
        "A date has moved: Flooding impact",
        "Closed for applications: Flooding impact",
    ]


def test_a_message_says_what_happened_why_it_came_and_how_to_end_it(session, call):
    person = call.person("Fiona Gunn")
    follow = follows(session, call, person)
    advance(
        session,
        call.challenge,
        "extend",
        actor=call.actor(call.manager),
        now=call.now,
        reason="Snow.",
        closes_at=call.closes_at + timedelta(days=7),
    )

    [message] = session.scalars(select(Message).where(col(Message.person_id) == person.id))
    assert message.body.split("\n\n") == [
        "Hello Fiona Gunn,",
        "The closing date has moved for everybody, to Monday 9 February 2026, 12 noon (UK time). The reason given: Snow.",
        "You are told because you follow “Flooding impact”.",
    ]
    assert (message.about, message.unsubscribe) == ("/challenges/11-2-flooding-impact", f"/unsubscribe/{follow.token}")


def test_nobody_is_told_the_same_twice(session, call, follower):
    first = following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)
    second = following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)

    assert (first is not None, second) == (True, None)
    assert news_to(session, follower) == ["The text has changed: Flooding impact"]


def test_who_is_told_another_way_is_not_told_again(session, call, follower):
    lead = call.person("Lewis Shaw")
    follows(session, call, lead)
    application = call.application(call.team("Burn Watch", lead))
    advance(
        session,
        call.challenge,
        "extend",
        actor=call.actor(call.manager),
        now=call.now,
        reason="Snow.",
        closes_at=call.closes_at + timedelta(days=7),
    )
    answered(session, call, follower)
    assert news_to(session, lead) == []
    assert news_to(session, follower) == ["A date has moved: Flooding impact"]

    one_more = call.closes_at + timedelta(days=2)  # so that the seal holds when the call is reopened
    manager = call.actor(call.manager)
    advance(session, application, "extend", actor=manager, now=call.now, reason="Ill.", closes_at=one_more)
    call.wait_until(call.closes_at)
    advance(
        session,
        call.challenge,
        "reopen",
        actor=call.actor(call.manager),
        now=call.now,
        reason="Snow.",
        closes_at=call.closes_at + timedelta(days=7),
    )
    closed, moved = "Closed for applications: Flooding impact", "A date has moved: Flooding impact"
    assert (news_to(session, lead), news_to(session, follower)) == ([closed], [moved, closed, moved])


def test_who_has_stopped_following_or_closed_the_account_is_not_told(session, call, follower):
    gone = call.person("Gone Person")
    follows(session, call, gone)
    gone.closed_at = call.now
    session.scalars(select(Follow).where(col(Follow.person_id) == follower.id)).one().ended_at = call.now
    session.flush()
    following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)

    assert (news_to(session, follower), news_to(session, gone)) == ([], [])


def test_what_is_told_once_a_day_waits(session, call):
    person = call.person("Daily Reader")
    follows(session, call, person, "daily")
    following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)

    assert news_to(session, person) == []
    assert [alert.told_at for alert in session.scalars(select(Alert))] == [None]


def test_a_challenge_that_opens_is_told_to_its_followers_and_to_those_whose_search_finds_it(session, call):
    soon = opened(session, call, "Peat bogs", announced=True, question="How might we?", themes=["nature"])
    people = {name: call.person(name) for name in ("Follower", "Searcher", "Both", "Another", "Stopped", "Gone")}
    for name in ("Follower", "Both"):
        following.follow(session, people[name], record=soon, now=call.now)
    for name in ("Searcher", "Both"):
        following.follow(session, people[name], search="q=peat&theme=nature", now=call.now)
    following.follow(session, people["Searcher"], search="q=bog", now=call.now)
    following.follow(session, people["Another"], search="q=seaweed", now=call.now)
    stopped = following.follow(session, people["Stopped"], search="q=peat", now=call.now)
    following.end(session, [stopped], now=call.now)
    following.follow(session, people["Gone"], search="q=peat", now=call.now)
    people["Gone"].closed_at = call.now

    following.compare_with_searches(session, now=call.now)  # with the challenge that was open before
    advance(session, soon, "open", actor=call.actor(call.manager), now=call.now)
    assert following.is_waiting(session, now=call.now)
    assert [following.compare_with_searches(session, now=call.now) for _ in range(2)] == [1, 0]
    assert not following.is_waiting(session, now=call.now)
    assert {name: news_to(session, person) for name, person in people.items()} == {
        "Follower": ["Open for applications: Peat bogs"],
        "Both": ["Open for applications: Peat bogs"],
        "Searcher": ["A new challenge: Peat bogs"],
        "Another": [],
        "Stopped": [],
        "Gone": [],
    }


def test_a_message_about_a_search_says_which(session, call):
    person = call.person("Searcher")
    following.follow(session, person, search="q=peat", now=call.now)
    opened(session, call, "Peat bogs")
    following.compare_with_searches(session, now=call.now)

    [message] = session.scalars(select(Message).where(col(Message.person_id) == person.id))
    assert message.body.endswith("You are told because it fits your search for “peat”.")


def test_a_rehearsal_is_told_to_no_search(session, call):
    person = call.person("Searcher")
    following.follow(session, person, search="q=peat", now=call.now)
    session.get_one(Round, call.challenge.round_id).rehearsal = True
    opened(session, call, "Peat bogs")
    following.compare_with_searches(session, now=call.now)

    assert news_to(session, person) == []


def daily_to(session, person) -> list[Message]:
    query = select(Message).where(col(Message.person_id) == person.id, col(Message.key).like("daily-%"))
    return list(session.scalars(query.order_by(col(Message.id))))


def test_the_daily_message_holds_what_has_gathered_and_comes_once(session, call):
    person = call.person("Daily Reader")
    following.follow(session, person, record=call.challenge, delivery="daily", now=call.now)
    for number in (2, 3):
        following.publish_news(
            session, call.challenge, "changes", f"Version {number}.", key=f"version-{number}", now=call.now
        )
    before, due = call.now.replace(hour=23), call.now.replace(day=6, hour=8)

    def send(at) -> int:
        return following.send_daily(session, base_url="https://example.org", now=at)

    assert [send(at) for at in (call.now, before, due, due, due + timedelta(days=1))] == [0, 0, 1, 0, 0]
    [message] = daily_to(session, person)
    assert message.subject == "What happened to 1 challenge that you follow"
    assert message.body.split("\n\n")[1] == (
        "Flooding impact\nThe text has changed. Version 2.\nThe text has changed. Version 3.\n"
        "https://example.org/challenges/11-2-flooding-impact"
    )
    assert re.fullmatch(r"/unsubscribe/[\w-]{43}/daily", message.unsubscribe)


def test_what_happens_after_eight_comes_the_next_day(session, call):
    person = call.person("Daily Reader")
    following.follow(session, person, record=call.challenge, delivery="daily", now=call.now)
    eight = call.now.replace(day=6, hour=8)
    following.publish_news(
        session, call.challenge, "changes", "A new text.", key="version-2", now=eight + timedelta(minutes=1)
    )

    following.compare_with_searches(session, now=call.now)
    assert [following.is_waiting(session, now=eight + timedelta(hours=h)) for h in (0, 1, 23, 24)] == [
        False,
        False,
        False,
        True,
    ]
    assert following.send_daily(session, base_url="", now=eight + timedelta(hours=23)) == 0
    assert following.send_daily(session, base_url="", now=eight + timedelta(hours=24)) == 1


def test_eight_is_by_the_clock_in_london():
    assert following.due_at(datetime(2026, 7, 1, 7, 0, tzinfo=UTC)) == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)
    assert following.due_at(datetime(2026, 7, 1, 6, 59, tzinfo=UTC)) == datetime(2026, 6, 30, 7, 0, tzinfo=UTC)
    assert following.due_at(datetime(2026, 1, 1, 8, 0, tzinfo=UTC)) == datetime(2026, 1, 1, 8, 0, tzinfo=UTC)


def test_what_is_ended_before_eight_is_not_told(session, call):
    person = call.person("Daily Reader")
    one = following.follow(session, person, record=call.challenge, delivery="daily", now=call.now)
    following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)
    following.end(session, [one], now=call.now)

    assert following.send_daily(session, base_url="", now=call.now + timedelta(days=2)) == 0


def test_the_worker_tells_in_its_tick(session, settings, engine, call):
    person = call.person("Searcher")
    following.follow(session, person, search="q=peat", delivery="daily", now=call.now)
    opened(session, call, "Peat bogs")
    session.commit()
    worker = Worker(settings, engine, now=lambda: call.now)
    worker.job(TellFollowers).run()
    call.now += timedelta(days=1)

    assert (worker.job(TellFollowers).run(), worker.job(TellFollowers).run()) == (1, 0)
    assert [message.subject for message in daily_to(session, person)] == [
        "What happened to 1 challenge that you follow"
    ]


def test_mail_says_how_to_end_it_where_mail_programmes_look(session, settings, call):
    follow = follows(session, call, call.person("Fiona Gunn"))
    following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)
    [message] = session.scalars(select(Message).where(col(Message.key).like("news-%")))
    written = smtp.write(session, message, settings=settings, now=call.now)

    address = f"http://127.0.0.1:8000/unsubscribe/{follow.token}"
    assert written["List-Unsubscribe"] == f"<{address}>"
    assert written["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert written.get_content().splitlines()[-1] == f"Stop these messages: {address}"
