"""A gate as the services meet it: its stage, its scorecard, who sits there, and which applications stand before it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlmodel import Session, col

from civflow.models import (
    Application,
    Challenge,
    Gate,
    Panellist,
    Person,
)
from civflow.services.programmes.store import programme_of
from civflow.workflows.applications import TAKEN_IN
from civflow.workflows.programme import Programme, Scorecard, Stage

# An application stands at a gate, in a query that names both. One in reserve does not: the gate has decided on it, and
# its outcome says so; it is neither matched nor ranked again, and books no interview.
AT_THE_GATE = and_(
    col(Application.challenge_id) == col(Gate.challenge_id),
    col(Application.stage) == col(Gate.stage),
    col(Application.state).in_(TAKEN_IN),
)


def stage_of(session: Session, gate: Gate) -> tuple[Programme, Stage]:
    """The programme of a gate's challenge, and the stage that the gate is for."""
    challenge = session.get_one(Challenge, gate.challenge_id)
    # Kept by the session, which would otherwise ask for it again at every score.
    session.info.setdefault("challenges", {})[challenge.id] = challenge
    programme = programme_of(session, challenge)
    return programme, programme.stage(gate.stage)


def scorecard_of(session: Session, gate: Gate) -> Scorecard:
    programme, stage = stage_of(session, gate)
    return programme.card(stage)


def applications_at(session: Session, gate: Gate) -> Sequence[Application]:
    """The applications that stand at the gate, by reference."""
    query = select(Application).join(Gate, AT_THE_GATE).where(col(Gate.id) == gate.id)
    return session.scalars(query.order_by(col(Application.reference))).all()


def panel_of(session: Session, gate: Gate) -> list[tuple[Panellist, Person]]:
    """The members of the panel with their seats, the chair first."""
    query = select(Panellist, Person).join(Person, col(Person.id) == col(Panellist.person_id))
    query = query.where(col(Panellist.gate_id) == gate.id)
    rows = session.execute(query.order_by(col(Panellist.chairs).desc(), col(Person.name), col(Person.id)))
    return [(seat, person) for seat, person in rows]
