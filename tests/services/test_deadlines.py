"""What happens by itself when its time has come: once, and nobody holds up anybody else."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from civflow.db import new_session
from civflow.models import Application, Challenge, History, Membership, Organisation, Place, Round
from civflow.services.applications.submission import submit
from civflow.services.challenges.drafts import draft, write_challenge
from civflow.services.engine import history
from civflow.services.engine.advance import advance, begin_many
from civflow.services.engine.deadlines import Stuck, Tick, take_due_steps
from civflow.services.engine.effects import registered
from civflow.services.programmes.store import programme_of, store
from civflow.workflows.engine import CIVFLOW, Refused
from civflow.workflows.programme import read_programme, shipped_programmes
from tests.scenes.open_call import Call
from tests.web.visitor import statements

WEEK = timedelta(days=7)


@pytest.fixture
def invited(call, session) -> list[Membership]:
    """Six people who were asked into a team and have a week to answer."""
    team = call.team("Otter Works", call.person("Priya Raeburn"))
    memberships = [
        Membership(
            team_id=team.id,
            person_id=call.person(f"Person {n}").id,
            respond_by=call.now + WEEK,
            state="",
            since=call.now,
        )
        for n in range(6)
    ]
    begin_many(session, memberships, actor=CIVFLOW, now=call.now)
    session.commit()
    return memberships


def steps_of(session, workflow: str, step: str) -> int:
    """How often a step stands in the history."""
    query = select(func.count()).where(col(History.workflow) == workflow, col(History.step) == step)
    return session.scalar(query)


def test_a_step_is_taken_at_its_time_and_not_before(call, session, invited):
    assert take_due_steps(session, now=call.now + WEEK - timedelta(seconds=1)) == Tick(0, [])
    assert {m.state for m in invited} == {"invited"}
    at = call.now + WEEK
    assert take_due_steps(session, now=at) == Tick(6, [])
    assert {(m.state, m.since) for m in invited} == {("lapsed", at)}
    entry = history.last_entry(session, "membership", invited[0].id)
    assert (entry.actor_id, entry.actor_name, entry.at) == (None, "The clock", at)


def test_a_second_tick_finds_nothing_to_do(call, session, invited):
    take_due_steps(session, now=call.now + WEEK)
    assert take_due_steps(session, now=call.now + WEEK) == Tick(0, [])
    assert steps_of(session, "membership", "lapse") == 6


def test_two_ticks_at_once_take_each_step_once(engine, call, session, invited):
    start, ticks = Barrier(2), []

    def tick() -> None:
        with new_session(engine) as other:
            start.wait()
            ticks.append(take_due_steps(other, now=call.now + WEEK))
            other.commit()

    workers = [Thread(target=tick) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(ticks) == [Tick(0, []), Tick(6, [])]
    session.expire_all()
    assert {m.revision for m in invited} == {1}
    assert steps_of(session, "membership", "lapse") == 6
    assert history.verify(session).broken is None


@pytest.fixture
def place(call, session) -> Place:
    """A place that was accepted and begins in a week; its agreement is not signed."""
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(application, "interview", "exploration")
    place = session.scalars(select(Place)).one()
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    return place


def test_a_step_that_its_rules_refuse_is_told_as_stuck(call, session, place):
    tick = take_due_steps(session, now=place.starts_at)
    why = ("The agreement for this stage is signed by both sides.",)
    assert tick.stuck == [Stuck("place", place.id, "begin", why)]
    assert place.state == "accepted"


def test_what_follows_can_be_refused_for_one_and_holds_up_nobody(call, session, monkeypatch, now):
    """The applications of three teams are due; what follows fails for one of them, and nothing of it is left."""
    people = [call.person(f"Lead {n}") for n in range(3)]
    for n, person in enumerate(people):
        application = call.application(call.team(f"Team {n}", person), complete=True)
        submit(session, application, actor=call.actor(person), now=call.now)
    applications = session.scalars(select(Application).order_by(col(Application.id))).all()
    unlucky = applications[1].id

    def refuses(_session, moves) -> None:
        if any(move.record_id == unlucky for move in moves):
            raise Refused("The first gate is full.")

    monkeypatch.setitem(registered().effects, "enter_the_first_gate", refuses)
    # the challenge's own close would take in its applications: here each has its own, earlier deadline
    for application in applications:
        application.closes_at = application.sealed_until = call.now + WEEK
    session.flush()
    tick = take_due_steps(session, now=call.now + WEEK)
    assert tick == Tick(2, [Stuck("application", unlucky, "take_in", ("The first gate is full.",))])
    assert [a.state for a in applications] == ["in_progress", "submitted", "in_progress"]
    session.commit()
    assert history.verify(session).broken is None
    assert steps_of(session, "application", "take_in") == 2


def test_a_challenge_follows_its_own_programme(call, session):
    assert take_due_steps(session, now=call.closes_at).stuck == []
    assert call.challenge.state == "closed"
    assert steps_of(session, "challenge", "close") == 1


def test_a_tick_asks_the_same_however_many_programmes_are_stored(call, session, engine):
    def asked() -> int:
        with statements(engine) as found:
            take_due_steps(session, now=call.now)
        return len(found)

    of_one, source = asked(), shipped_programmes()["civtech"].source
    for number in range(9):
        store(session, read_programme(f"{source}\n# {number}\n"), now=call.now)
    assert asked() == of_one


def test_a_challenge_that_cannot_open_holds_up_no_other(call, session):
    ready, _ = [_approved(call, f"Challenge {n}", call.now + WEEK) for n in range(2)]
    blocked = session.scalars(select(Challenge).order_by(col(Challenge.id).desc())).first()
    blocked.closes_at = call.now + WEEK + timedelta(seconds=1)
    session.flush()
    tick = take_due_steps(session, now=call.now + WEEK + timedelta(minutes=1))
    why = ("It has an opening and a closing date, and the closing date lies ahead.",)
    assert tick.stuck == [Stuck("challenge", blocked.id, "open", why)]
    assert (ready.state, blocked.state) == ("open", "approved")


def _approved(call: Call, title: str, opens_at) -> Challenge:
    """A challenge that opens at a moment, beside the one that is open."""
    session, now = call.session, call.now
    round_, sponsor = session.get_one(Round, call.challenge.round_id), session.scalars(select(Organisation)).first()
    manager = call.actor(call.manager)
    challenge = draft(
        session,
        round_=round_,
        sponsor=sponsor,
        title=title,
        reference=title,
        question="How might we?",
        actor=manager,
        now=now,
    )
    write_challenge(
        session,
        challenge,
        actor=manager,
        now=now,
        opens_at=opens_at,
        sections={section.id: "Words." for section in programme_of(session, challenge).brief},
        closes_at=opens_at + 4 * WEEK,
        decision_promised_at=opens_at + 8 * WEEK,
        money_pounds=10_000,
        budget_holder="A director",
        route_to_adoption="It is taken over.",
        sponsor_time="A day a week.",
        data_access="There is none.",
        exit_if_too_expensive="The sponsor keeps what was learnt.",
    )
    advance(session, challenge, "submit_for_review", actor=manager, now=now)
    advance(session, challenge, "approve", actor=manager, now=now)
    return challenge
