"""What ends where somebody loses a role: their seats on panels, with the assessments and interviews that are still open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Gate, Panellist, Person
from civflow.models.people import ROLES
from civflow.services.assessment.panel import FITTING, fits
from civflow.services.engine.advance import advance
from civflow.workflows.assessment.gates import NOT_BEGUN, SCORING
from civflow.workflows.engine import CIVFLOW


def role_taken_back(session: Session, person: Person, role: str, *, now: datetime) -> None:
    """Take somebody off every panel on which nothing else than the role had put them; what they submitted counts."""
    if role not in FITTING:
        return
    seats = select(Gate).join(Panellist, col(Panellist.gate_id) == col(Gate.id))
    seats = seats.where(col(Panellist.person_id) == person.id, col(Gate.state).in_((*NOT_BEGUN, *SCORING)))
    reason = f"The role of {ROLES[role].lower()} was taken back."
    for gate in session.scalars(seats.order_by(col(Gate.id))).all():
        if not fits(session, gate, person):
            advance(
                session, gate, "unseat", actor=CIVFLOW, now=now, reason=reason, person_id=person.id, why_off="other"
            )
