"""Two people at once: one wins and the other reads why, and no two can each make the other's rule untrue."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Challenge, Gate, Organisation, Person, Round, Team
from civflow.services.applications.submission import submit
from civflow.services.assessment.gates import scorecard_of
from civflow.services.assessment.scores import record_score
from civflow.services.challenges.drafts import draft, write_challenge
from civflow.services.challenges.stages import gate_of
from civflow.services.challenges.versions import begin_change, publish_change, write_change
from civflow.services.engine import history, sql
from civflow.services.engine.advance import advance, advance_by_id, advance_many
from civflow.services.interviews.booking import book
from civflow.services.interviews.slots import offer_slots
from civflow.services.programmes.store import programme_of
from civflow.services.teams.teams import invite
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Conflicted, Refused
from tests.scenes.open_call import Call
from tests.two_at_once import Other, Press

# One record ----------------------------------------------------------------------------------------------------------


def test_of_eight_who_press_at_once_one_wins_and_the_others_read_who(engine, call, session):
    lead = call.person("Priya Raeburn")
    team, actor, now = call.team("Otter Works", lead), call.actor(lead), call.now
    session.commit()
    start = Barrier(8)

    def press(other: Session) -> None:
        start.wait()
        advance_by_id(other, Team, team.id, "form", actor=actor, now=now, seen=0)

    others = [Other(engine, press).start() for _ in range(8)]
    refusals = [refusal for refusal in (other.ends() for other in others) if refusal]
    assert [(type(r), r.who, r.when) for r in refusals] == [(Conflicted, "Priya Raeburn", now)] * 7
    assert refusals[0].sentences == ("Priya Raeburn was first: this team is now “Formed”. Look at it again.",)
    session.expire_all()
    assert (team.state, team.revision) == ("formed", 1)
    assert [e.step for e in history.history_of(session, "team", team.id)] == ["form", "begin"]
    assert history.verify(session).broken is None


def test_many_and_one_at_once_move_each_record_once(engine, call, session):
    lead = call.person("Priya Raeburn")
    teams = [call.team(f"Team {n}", lead) for n in range(6)]
    actor, now, ids = call.actor(lead), call.now, [team.id for team in teams]
    session.commit()
    start = Barrier(3)

    def many(other: Session) -> None:
        start.wait()
        advance_many(other, Team, ids, "form", actor=actor, now=now)

    def backwards(other: Session) -> None:
        start.wait()
        advance_many(other, Team, ids[::-1], "form", actor=actor, now=now)

    def one(other: Session) -> None:
        start.wait()
        advance_by_id(other, Team, ids[3], "form", actor=actor, now=now)

    others = [Other(engine, press).start() for press in (many, backwards, one)]
    for other in others:
        other.ends()
    session.expire_all()
    assert [(t.state, t.revision) for t in teams] == [("formed", 1)] * 6
    assert history.verify(session).broken is None


# A rule about another record -----------------------------------------------------------------------------------------


def test_nobody_submits_past_a_change_that_is_being_published(engine, call, session):
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    lead, manager, now, mine = call.actor(priya), call.actor(call.manager), call.now, application.id
    begin_change(session, call.challenge, why="A second gauge.", actor=manager, now=now)
    write_change(session, call.challenge, title="Floods", actor=manager, now=now)
    session.commit()

    publish_change(session, call.challenge, actor=manager, now=now)
    other = Other(engine, lambda own: submit(own, own.get_one(Application, mine), actor=lead, now=now)).start()
    assert other.waits
    session.commit()
    refusal = other.ends()
    assert (type(refusal), refusal.sentences) == (Refused, ("You have read the latest text of the challenge.",))
    session.expire_all()
    assert (application.state, application.challenge_version) == ("draft", 1)


def scored_but_for_one(call: Call) -> Gate:
    """The first gate in scoring: one application, three assessors, of whom the last has not submitted."""
    session = call.session
    lead = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", lead), complete=True)
    submit(session, application, actor=call.actor(lead), now=call.now)
    call.wait_until(call.closes_at)
    gate, manager = gate_of(session, call.challenge, "sift"), call.actor(call.manager)
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    for n, side in enumerate(("programme", "sponsor", "expert")):
        advance(
            session, gate, "seat", actor=manager, now=call.now, person_id=call.person(f"Assessor {n}").id, side=side
        )
    advance(session, gate, "match", actor=manager, now=call.now)
    advance(session, gate, "start", actor=manager, now=call.now)
    assignments = session.scalars(select(Assignment).order_by(col(Assignment.id))).all()
    for assignment in assignments:
        _score(call, assignment)
    for assignment in assignments[:-1]:
        advance(session, assignment, "submit", actor=_assessor(call, assignment), now=call.now)
    return gate


@pytest.fixture
def gate(scenes, call) -> Gate:
    return scenes.play(scored_but_for_one)


def _assessor(call: Call, assignment: Assignment):
    return call.actor(call.session.get_one(Person, assignment.assessor_id))


def _score(call: Call, assignment: Assignment) -> None:
    actor = _assessor(call, assignment)
    advance(call.session, assignment, "accept", actor=actor, now=call.now, no_conflict=True)
    for criterion in scorecard_of(call.session, call.session.get_one(Gate, assignment.gate_id)).criteria:
        record_score(call.session, assignment, criterion=criterion.id, value=3, why="Good.", actor=actor, now=call.now)


@pytest.fixture
def last(session, gate) -> Assignment:
    return session.scalars(select(Assignment).order_by(col(Assignment.id).desc())).first()


def test_scores_that_are_submitted_while_scoring_ends_count_or_are_refused(engine, call, session, gate, last):
    """The panel goes on without a late assessor, who presses Submit at the same moment."""
    manager, late, now = call.actor(call.manager), _assessor(call, last), call.now
    advance(session, gate, "proceed", actor=manager, now=now, proceed_reason="Time is up.")
    session.commit()
    advance(session, gate, "moderate", actor=manager, now=now)
    other = Other(engine, lambda s: advance(s, s.get_one(Assignment, last.id), "submit", actor=late, now=now)).start()
    assert other.waits
    session.commit()
    assert other.ends().sentences == ("The gate takes scores now.",)
    session.expire_all()
    assert (gate.state, last.state) == ("moderating", "scoring")


def test_scoring_ends_after_the_submission_that_was_first(engine, call, session, gate, last):
    manager, late, now = call.actor(call.manager), _assessor(call, last), call.now
    advance(session, last, "submit", actor=late, now=now)
    other = Other(engine, lambda s: advance(s, s.get_one(Gate, gate.id), "moderate", actor=manager, now=now)).start()
    assert other.waits
    session.commit()
    assert other.ends() is None
    session.expire_all()
    assert (gate.state, last.state) == ("moderating", "submitted")


def test_scores_are_not_opened_again_under_a_panel_that_ends_the_scoring(engine, call, session, gate, last):
    """Each makes the other's rule untrue: every assessor has submitted, and the gate takes scores."""
    manager, now = call.actor(call.manager), call.now
    advance(session, last, "submit", actor=_assessor(call, last), now=now)
    session.commit()
    advance(session, last, "reopen", actor=manager, now=now, reason="A score is missing.")
    other = Other(engine, lambda s: advance(s, s.get_one(Gate, gate.id), "moderate", actor=manager, now=now)).start()
    assert other.waits
    session.commit()
    why = ("Every assessor has submitted, or the panel has decided to proceed without them.",)
    assert other.ends().sentences == why
    session.expire_all()
    assert (gate.state, last.state) == ("scoring", "scoring")


def test_one_application_does_not_book_two_interviews_at_once(engine, call, session, gate):
    """Two members of a team press at the same moment, each on another time."""
    manager, now = call.actor(call.manager), call.now
    application = session.scalars(select(Application)).one()
    lead = call.actor(session.get_one(Person, session.get_one(Team, application.team_id).lead_id))
    panel = [a.assessor_id for a in session.scalars(select(Assignment))]
    starts = [now + timedelta(days=1), now + timedelta(days=2)]
    slots = offer_slots(session, gate, starts=starts, where="", panel=panel, actor=manager, now=now)
    ids, mine = [slot.id for slot in slots], application.id
    session.commit()
    book(session, application, ids[0], actor=lead, now=now)
    other = Other(engine, lambda s: book(s, s.get_one(Application, mine), ids[1], actor=lead, now=now)).start()
    assert other.waits
    session.commit()
    sentence = "The team has no other interview booked at this gate. One that it has is given back first."
    assert other.ends().sentences == (sentence,)
    session.expire_all()
    assert [(slot.state, slot.application_id) for slot in slots] == [("booked", mine), ("offered", None)]


def test_two_challenges_do_not_spend_the_same_money(engine, call, session):
    """Each fits into what is left of the round's budget, and both together do not."""
    manager, now = call.actor(call.manager), call.now
    session.get_one(Round, call.challenge.round_id).budget_pounds = 650_000 + 500_000
    first, second = (_in_review(call, title, money=400_000) for title in ("First", "Second"))
    session.commit()
    advance(session, first, "approve", actor=manager, now=now)
    other = Other(
        engine, lambda s: advance(s, s.get_one(Challenge, second.id), "approve", actor=manager, now=now)
    ).start()
    assert other.waits
    session.commit()
    assert other.ends().sentences == ("Its money is within the round's budget.",)


def _in_review(call: Call, title: str, *, money: int) -> Challenge:
    session, now, manager = call.session, call.now, call.actor(call.manager)
    round_, sponsor = session.get_one(Round, call.challenge.round_id), session.scalars(select(Organisation)).first()
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
    opens = now + timedelta(days=7)
    write_challenge(
        session,
        challenge,
        actor=manager,
        now=now,
        opens_at=opens,
        closes_at=opens + timedelta(days=28),
        sections={section.id: "Words." for section in programme_of(session, challenge).brief},
        money_pounds=money,
        decision_promised_at=opens + timedelta(days=60),
        budget_holder="A director",
        sponsor_time="A day a week.",
        data_access="There is none.",
        exit_if_too_expensive="The sponsor keeps what was learnt.",
        route_to_adoption="It is taken over.",
    )
    advance(session, challenge, "submit_for_review", actor=manager, now=now)
    return challenge


def test_a_team_is_not_complete_while_somebody_is_asked_again(engine, call, session):
    lead = call.person("Priya Raeburn")
    team, actor, now = call.team("Otter Works", lead), call.actor(lead), call.now
    membership = invite(session, team, call.person("Tom Baird"), actor=actor, now=now)
    advance(
        session,
        membership,
        "decline",
        actor=call.actor(call.session.get_one(type(lead), membership.person_id)),
        now=now,
    )
    session.commit()
    advance(session, membership, "invite_again", actor=actor, now=now, reason="Do come.")
    other = Other(engine, lambda s: advance(s, s.get_one(Team, team.id), "form", actor=actor, now=now)).start()
    assert other.waits
    session.commit()
    assert other.ends().sentences == ("No invitation or request of the team is waiting for an answer.",)


def test_an_application_is_in_before_the_call_closes_or_not_at_all(engine, call, session):
    """A programme manager cancels the call while a team submits."""
    lead = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", lead), complete=True)
    manager, member, now = call.actor(call.manager), call.actor(lead), call.now
    session.commit()
    advance(session, call.challenge, "cancel", actor=manager, now=now, reason="The money is gone.")
    other = Other(engine, lambda s: submit(s, s.get_one(Application, application.id), actor=member, now=now)).start()
    assert other.waits
    session.commit()
    assert isinstance(other.ends(), Refused)
    session.expire_all()
    assert application.submitted_at is None


def test_those_who_lock_the_same_things_wait_and_do_not_deadlock(engine, call, session, gate):
    """Assessors score while the panel is seated: everybody locks the gate first and their own record then."""
    manager, now = call.actor(call.manager), call.now
    assignments = session.scalars(select(Assignment)).all()
    ids = [(assignment.id, _assessor(call, assignment)) for assignment in assignments]
    people = [call.person(f"Reserve {n}").id for n in range(4)]
    session.commit()
    start = Barrier(4)

    def reopen(other: Session) -> None:
        start.wait()
        for assignment_id, _ in ids:
            if other.get_one(Assignment, assignment_id).state == "submitted":
                advance_by_id(other, Assignment, assignment_id, "reopen", actor=manager, now=now, reason="Again.")

    def seat(side: str, mine: list[int]) -> Press:
        def press(other: Session) -> None:
            start.wait()
            for person_id in mine:
                advance_by_id(other, Gate, gate.id, "seat", actor=manager, now=now, person_id=person_id, side=side)

        return press

    presses = (reopen, seat("expert", people[:2]), seat("sponsor", people[2:]), reopen)
    for other in [Other(engine, press).start() for press in presses]:
        other.ends()
    session.expire_all()
    assert {a.state for a in assignments} == {"scoring"}
    assert gate.revision == max(e.number for e in history.history_of(session, "gate", gate.id))
    assert history.verify(session).broken is None


# What the handbook declares ------------------------------------------------------------------------------------------

ABOVE = {  # facts that tell of a record above the case's own, and which
    "challenge_state": "challenge",
    "challenge_version_now": "challenge",
    "resubmit_by": "challenge",
    "round_state": "round",
    "round_budget": "round",
    "round_money_committed": "round",
    "gate_state": "gate",
    "criteria": "gate",
    "scale_least": "gate",
    "scale_most": "gate",
    "team_state": "team",
    "lead_id": "team",
    "application_state": "application",
    "place_state": "place",
    "invited_applications": "gate",
    "booked_applications": "gate",
}
UNLOCKED = {("application", "write"): "Words are saved while somebody types; only what is submitted counts."}


def test_a_step_locks_the_records_above_it_that_its_rules_look_at():
    lacking = [
        (page.name, step.name, fact)
        for page in HANDBOOK.values()
        for step in page.steps
        for fact in step.needs
        if fact in ABOVE and ABOVE[fact] not in step.locks and (page.name, step.name) not in UNLOCKED
    ]
    assert lacking == []


def test_no_two_steps_lock_in_different_orders():
    """A step locks what is above its record in one order, and its record last."""
    for page in HANDBOOK.values():
        for step in page.steps:
            above = sorted(step.locks, key=sql.LOCK_ORDER.index)
            assert [*above, page.name] == sorted([*above, page.name], key=sql.LOCK_ORDER.index), (page.name, step.name)


def test_postgresql_locks_the_records_above_first_and_in_one_order():
    asked = sql._locking("postgresql", HANDBOOK["application"], ("challenge", "team"), many=True)
    parts = " ".join(asked.sql.split()).split("FOR NO KEY UPDATE OF ")
    assert [part.split()[0].strip("),") for part in parts[1:]] == ["challenge", "team", "application"]
    assert "FROM locked_challenge) >= 0" in parts[1]
    assert "FROM locked_team) >= 0" in parts[2]
