"""What follows when an interview is booked or given back."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Application, Slot
from civflow.services.engine.effects import Move, effect


@effect
def give_the_slot_to_the_team(session: Session, move: Move) -> None:
    slot: Slot = move.record
    slot.team_id = session.get_one(Application, slot.application_id).team_id
    session.flush()


@effect
def empty_the_slot(session: Session, move: Move) -> None:
    move.record.application_id = move.record.team_id = None
    session.flush()
