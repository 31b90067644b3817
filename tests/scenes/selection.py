"""A selection that runs: teams have applied to an open call, it has closed, and panels sit at the gates."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Assignment, Gate, Person
from civflow.services.applications.submission import submit
from civflow.services.assessment.gates import scorecard_of
from civflow.services.assessment.scores import record_score
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.workflows.assessment.assignments import INVITED
from tests.scenes.open_call import Call

TEAMS = ("Otter Works", "Heron Labs", "Plover Studio")


def applied(call: Call, *names: str) -> list[Application]:
    """Each of these teams has submitted an application."""
    found = []
    for name in names or TEAMS:
        lead = call.person(f"Lead of {name}")
        application = call.application(call.team(name, lead), complete=True)
        submit(call.session, application, actor=call.actor(lead), now=call.now)
        found.append(application)
    return found


def closed(call: Call) -> None:
    """The call has closed, and the selection begins."""
    call.wait_until(call.closes_at)
    advance(call.session, call.challenge, "begin_sift", actor=call.actor(call.manager), now=call.now)


def three_applied(call: Call) -> None:
    """Three teams have applied, and the call has closed."""
    applied(call)
    closed(call)


def seat(call: Call, gate: Gate, *names: str) -> list[Person]:
    """People of this name sit on the panel, the first in the chair, from both sides in turn."""
    people = [call.person(name) for name in names]
    for number, person in enumerate(people):
        advance(
            call.session,
            gate,
            "seat",
            actor=call.actor(call.manager),
            now=call.now,
            person_id=person.id,
            side=("sponsor", "programme")[number % 2],
            chairs=number == 0,
        )
    return people


def sift(call: Call, *panel: str) -> Gate:
    """The sift with its panel, matched and started."""
    gate = gate_of(call.session, call.challenge, "sift")
    seat(call, gate, *(panel or ("Ailsa Chair", "Brodie Second", "Catriona Third")))
    for step in ("match", "start"):
        advance(call.session, gate, step, actor=call.actor(call.manager), now=call.now)
    return gate


def score(call: Call, gate: Gate, *, values: dict[int, int] | None = None, leave: int = 0) -> None:
    """Every assignment is accepted, scored and submitted but for the last `leave`; `values`: application id -> score."""
    session = call.session
    query = select(Assignment).where(col(Assignment.gate_id) == gate.id, col(Assignment.state).in_(INVITED))
    assignments = session.scalars(query.order_by(col(Assignment.id))).all()
    for assignment in assignments[: len(assignments) - leave]:
        actor = call.actor(session.get_one(Person, assignment.assessor_id))
        advance(session, assignment, "accept", actor=actor, now=call.now, no_conflict=True)
        for criterion in scorecard_of(session, gate).criteria:
            record_score(
                session,
                assignment,
                criterion=criterion.id,
                why="A reason.",
                actor=actor,
                now=call.now,
                value=(values or {}).get(assignment.application_id, 2),
            )
        advance(session, assignment, "submit", actor=actor, now=call.now)


def decided(call: Call, gate: Gate, *, going_on: int) -> None:
    """The panel has proposed the result, and it is approved; nobody has been told."""
    manager = call.actor(call.manager)
    advance(call.session, gate, "moderate", actor=manager, now=call.now)
    advance(
        call.session, gate, "propose", actor=manager, now=call.now, going_on=going_on, number_reason="As many as fit."
    )
    advance(call.session, gate, "approve", actor=manager, now=call.now)


def released(call: Call, gate: Gate) -> None:
    advance(call.session, gate, "release", actor=call.actor(call.manager), now=call.now)
    call.session.expire_all()
