"""Interviews as a team sees them: the times that it may choose from, and the one that it has booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Application, Gate, Slot, SlotPanel
from civflow.services.assessment.gates import AT_THE_GATE
from civflow.services.engine.advance import advance
from civflow.services.interviews.slots import book_slot
from civflow.services.people.conflicts import has_conflict
from civflow.workflows.engine import Actor, Conflicted, NotFound, Refused
from civflow.workflows.interviews import BOOKED, FREE


def gate_here(session: Session, application: Application) -> Gate | None:
    """The gate at which the application stands; None before the selection, in a work stage and in reserve."""
    return session.scalars(
        select(Gate).join(Application, AT_THE_GATE).where(col(Application.id) == application.id)
    ).first()


def booked_slot(session: Session, application: Application) -> Slot | None:
    """The interview that lies ahead or was not recorded yet."""
    mine = col(Slot.application_id) == application.id, col(Slot.state).in_(BOOKED)
    return session.scalars(select(Slot).where(*mine).order_by(col(Slot.starts_at))).first()


def open_slots(session: Session, application: Application, *, now: datetime) -> Sequence[Slot]:
    """The times that the team may book, earliest first: offered, ahead, and heard by two who have no conflict with it."""
    gate = gate_here(session, application)
    if gate is None:
        return []
    hears = col(SlotPanel.slot_id) == col(Slot.id), ~has_conflict(col(SlotPanel.person_id), application.team_id)
    hearing = select(func.count()).select_from(SlotPanel).where(*hears).correlate(Slot).scalar_subquery()
    query = select(Slot).where(
        col(Slot.gate_id) == gate.id, col(Slot.state).in_(FREE), col(Slot.starts_at) > now, hearing >= 2
    )
    return session.scalars(query.order_by(col(Slot.starts_at), col(Slot.id))).all()


def book(session: Session, application: Application, slot_id: int | None, *, actor: Actor, now: datetime) -> Slot:
    """Book one of the times offered. Raises Conflicted where another team was first, Refused, NotFound."""
    if slot_id is None:
        raise Refused("Choose a time.", fields={"slot": "Choose a time."})
    gate = gate_here(session, application)
    if gate is not None:  # the gate first and the slot then, as every step at the gate does it
        session.refresh(gate, with_for_update={"key_share": True})
    slot = session.get(Slot, slot_id, with_for_update={"key_share": True})
    if slot is None or gate is None or slot.gate_id != gate.id:
        raise NotFound("There is no such interview, or it is not yours to book.")
    if slot.application_id not in (None, application.id):
        raise Conflicted("Another team was first: this time is booked. Choose another one.", who="", when=None)
    book_slot(session, slot, application, actor=actor, now=now)
    return slot


def give_back(session: Session, application: Application, *, reason: str, actor: Actor, now: datetime) -> None:
    """Give the booked time back. Raises NotFound where none is booked, and Refused."""
    slot = booked_slot(session, application)
    if slot is None:
        raise NotFound("Your team has booked no interview.")
    advance(session, slot, "give_back", actor=actor, now=now, reason=reason)
