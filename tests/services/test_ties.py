"""Equal totals at a gate: what stands beside each application and in its letter is true of that one."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Assignment, Document, Outcome, Person
from civflow.services.applications.submission import submit
from civflow.services.assessment.ranking import outcomes_of
from civflow.services.assessment.scores import record_score
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from tests.scenes.open_call import grant


def sift_of_three(call):
    """The sift of three teams, with a panel of three; nobody has scored."""
    session = call.session
    for name in ("Ash", "Birch", "Cedar"):
        lead = call.person(f"{name} Lead")
        submit(session, call.application(call.team(name, lead), complete=True), actor=call.actor(lead), now=call.now)
    call.wait_until(call.closes_at)
    manager = call.actor(call.manager)
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    gate = gate_of(session, call.challenge, "sift")
    for position, side in enumerate(("sponsor", "programme", "sponsor")):
        person = call.person(f"Assessor {position}")
        grant(session, person, "assessor", call.now)
        advance(
            session, gate, "seat", actor=manager, now=call.now, person_id=person.id, side=side, chairs=position == 0
        )
    advance(session, gate, "match", actor=manager, now=call.now)
    advance(session, gate, "start", actor=manager, now=call.now)
    return gate


@pytest.fixture
def sift(scenes, call):
    return scenes.play(sift_of_three)


def score_all(call, gate, sheets):
    """Every assessor gives application n the scores of `sheets[n]`, and the chair ends the scoring."""
    session = call.session
    for assignment in session.scalars(select(Assignment).where(col(Assignment.gate_id) == gate.id)).all():
        actor = call.actor(session.get_one(Person, assignment.assessor_id))
        advance(session, assignment, "accept", actor=actor, now=call.now, no_conflict=True)
        for criterion, value in sheets[assignment.application_id - 1].items():
            record_score(
                session, assignment, criterion=criterion, value=value, why="Because.", actor=actor, now=call.now
            )
        advance(session, assignment, "submit", actor=actor, now=call.now)
    advance(session, gate, "moderate", actor=call.actor(call.manager), now=call.now)


def words(session, gate):
    return {o.application_id: (o.rank, o.tie_break) for o in outcomes_of(session, gate)}


WIDE = {"solves": 2, "innovation": 2, "commercial": 2, "commitment": 2}  # 80 + 50 + 40 + 30 of 400
DEEP = {"solves": 3, "innovation": 2, "commercial": 0, "commitment": 2}  # 120 + 50 + 0 + 30: the same total


def test_only_the_one_ahead_is_called_ahead(call, session, sift):
    score_all(call, sift, [WIDE, DEEP, WIDE])
    behind = "Behind rank 1 by “Solves the challenge”"
    assert words(session, sift) == {
        1: (2, behind),
        2: (1, "Ahead of rank 2 by “Solves the challenge”"),
        3: (2, behind),
    }


def test_what_the_panel_settles_stands_beside_both(call, session, sift):
    score_all(call, sift, [WIDE, DEEP, WIDE])
    chair = session.scalars(select(Person).where(col(Person.name) == "Assessor 0")).one()
    advance(session, sift, "settle", actor=call.actor(chair), now=call.now, application_id=3, reason="Clear steps.")
    behind = "Behind rank 1 by “Solves the challenge”"
    assert words(session, sift) == {
        1: (3, f"{behind}, behind rank 2 by the panel's decision: Clear steps"),
        2: (1, "Ahead of rank 2 by “Solves the challenge”"),
        3: (2, f"{behind}, ahead of rank 3 by the panel's decision: Clear steps"),
    }


def test_totals_are_rounded_as_people_round_them(call, session, sift):
    score_all(call, sift, [WIDE, DEEP, WIDE])
    session.scalars(select(Outcome).where(col(Outcome.application_id) == 1)).one().total = 4225
    manager = call.actor(call.manager)
    advance(session, sift, "propose", actor=manager, now=call.now, going_on=3, number_reason="")
    advance(session, sift, "approve", actor=manager, now=call.now)
    advance(session, sift, "release", actor=manager, now=call.now)
    letters = session.scalars(select(Document).where(col(Document.kind) == "outcome_letter"))
    assert {d.record_id: d.data["own_total"] for d in letters} == {1: "42.3", 2: "50.0", 3: "50.0"}
