"""Who was told of a gate's result: each team's letter, and whether its messages have left."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from civflow.models import Application, Document, Gate, Message, Outcome, Team
from civflow.services.facts import stands_before


class Told(NamedTuple):
    """One application that the gate decided on. `told` counts messages to its members; `waiting` those not sent yet."""

    application: Application
    team: Team
    outcome: Outcome
    document_id: int | None
    is_made: bool
    told: int
    waiting: int


def told(session: Session, gate: Gate) -> list[Told]:
    """Every application with its letter, best first. Two statements."""
    rows = session.execute(
        select(Outcome, Application, Team)
        .join(Application, col(Application.id) == col(Outcome.application_id))
        .join(Team, col(Team.id) == col(Application.team_id))
        .where(col(Outcome.gate_id) == gate.id)
        .order_by(col(Outcome.rank), col(Application.reference))
    ).all()
    letters = _letters(session, gate, [application.id or 0 for _, application, _ in rows])
    return [
        Told(application, team, outcome, *letters.get(application.id or 0, (None, False, 0, 0)))
        for outcome, application, team in rows
    ]


def _letters(session: Session, gate: Gate, ids: list[int]) -> dict[int, tuple[int, bool, int, int]]:
    """Application id -> its letter, whether that is made, and how many messages carry it, and wait to be sent."""
    waits = func.sum(case((stands_before(Message, "send") | stands_before(Message, "retry"), 1), else_=0))
    query = (
        select(col(Document.record_id), col(Document.id), col(Document.made_at), func.count(col(Message.id)), waits)
        .outerjoin(Message, col(Message.document_id) == col(Document.id))
        .where(col(Document.key).in_([f"letter-{gate.id}-{key}" for key in ids]))
        .group_by(col(Document.record_id), col(Document.id), col(Document.made_at))
    )
    return {
        key: (document, made is not None, number, wait or 0)
        for key, document, made, number, wait in session.execute(query)
    }
