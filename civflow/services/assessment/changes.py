"""What was changed at a gate after the assessors had submitted: by whom, why, and whether the panel stands behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Gate, History, Panellist, Person, Score
from civflow.services.assessment.gates import scorecard_of
from civflow.services.engine.history import history_of
from civflow.workflows.assessment.assignments import LOCKED

RANKED_ANEW = ("moderate", "adjust")  # steps after which no tie that was settled before stays settled
UNDECIDED_AGAIN = ("score_again", "reopen")


def in_whose_name(session: Session, gate: Gate, person_id: int | None) -> str:
    """'Ailsa Chair, in the chair of the panel', or 'Morag Sinclair, programme manager, without the panel'."""
    if person_id is None:
        return "the panel"
    name = session.get_one(Person, person_id).name
    seats = select(col(Panellist.chairs)).where(
        col(Panellist.gate_id) == gate.id, col(Panellist.person_id) == person_id
    )
    chairs = session.scalars(seats).first()
    if chairs is None:
        return f"{name}, programme manager, without the panel"
    return f"{name}, in the chair of the panel" if chairs else f"{name}, of the panel"


def changes(session: Session, gate: Gate) -> list[str]:
    """A sentence for each adjusted score, settled tie, late assessor left out, and another number than declared."""
    return [*_late_ones(gate), *_adjusted(session, gate), *_settled(session, gate), *_another_number(gate)]


def _late_ones(gate: Gate) -> Iterator[str]:
    if gate.proceed_reason:
        yield f"The scoring ended without late assessors: {gate.proceed_reason}"


def _adjusted(session: Session, gate: Gate) -> Iterator[str]:
    titles = {criterion.id: criterion.title for criterion in scorecard_of(session, gate).criteria}
    query = (
        select(Score, col(Application.reference), col(Person.name))
        .join(Assignment, col(Assignment.id) == col(Score.assignment_id))
        .join(Application, col(Application.id) == col(Assignment.application_id))
        .join(Person, col(Person.id) == col(Assignment.assessor_id))
        .where(col(Assignment.gate_id) == gate.id, col(Assignment.state).in_(LOCKED))
        .where(col(Score.moderated_value).is_not(None))
        .order_by(col(Application.reference), col(Score.id))
    )
    for score, reference, assessor in session.execute(query):
        who = in_whose_name(session, gate, score.moderated_by_id)
        yield (
            f"{reference}, “{titles.get(score.criterion, score.criterion)}” by {assessor}: {score.moderated_value} "
            f"instead of {score.value}. Changed by {who}: {score.moderated_reason}"
        )


def _settled(session: Session, gate: Gate) -> Iterator[str]:
    """What was settled since the ranking was made last."""
    entries: list[History] = []
    for entry in sorted(history_of(session, "gate", gate.id or 0), key=lambda entry: entry.number):
        if entry.step in (*RANKED_ANEW, *UNDECIDED_AGAIN):
            entries.clear()
        elif entry.step == "settle":
            entries.append(entry)
    for entry in entries:
        application = session.get_one(Application, json.loads(entry.inputs)["application_id"])
        who = in_whose_name(session, gate, entry.actor_id)
        yield f"{application.reference} comes first among its equals. Settled by {who}: {entry.reason}"


def _another_number(gate: Gate) -> Iterator[str]:
    if gate.number_reason:
        yield f"{gate.going_on} {'goes' if gate.going_on == 1 else 'go'} on instead of {gate.cap}: {gate.number_reason}"
