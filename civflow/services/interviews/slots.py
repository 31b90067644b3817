"""Interview times: offered one after the other, and booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from civflow.models import (
    Application,
    Gate,
    Slot,
    SlotPanel,
)
from civflow.services.assessment.gates import panel_of, stage_of
from civflow.services.engine.advance import advance, begin_many
from civflow.workflows.engine import Actor, Refused

NOT_SEATED = "Only people who sit on the panel of this gate hear its teams: seat them first."


def offer_slots(
    session: Session,
    gate: Gate,
    *,
    starts: Sequence[datetime],
    where: str,
    panel: Sequence[int],
    actor: Actor,
    now: datetime,
) -> list[Slot]:
    """Offer interviews at these times to the teams of a gate; `panel` are the ids of the people who hear them."""
    _, stage = stage_of(session, gate)
    if len(set(panel)) < 2:
        raise Refused("A panel has at least two people.", fields={"panel": "Choose at least two people."})
    if set(panel) - {person.id for _, person in panel_of(session, gate)}:
        raise Refused(NOT_SEATED, fields={"panel": NOT_SEATED})
    if any(start <= now for start in starts):
        raise Refused("An interview must lie ahead.", fields={"starts_at": "Choose a time that lies ahead."})
    length = timedelta(minutes=stage.interview_minutes or 30)
    slots = [
        Slot(
            round_id=gate.round_id,
            challenge_id=gate.challenge_id,
            gate_id=gate.id or 0,
            starts_at=start,
            ends_at=start + length,
            where=where,
            state="",
            since=now,
        )
        for start in starts
    ]
    begin_many(session, slots, actor=actor, now=now)
    session.add_all(
        SlotPanel(slot_id=slot.id or 0, person_id=person) for slot in slots for person in sorted(set(panel))
    )
    session.flush()
    return slots


def book_slot(session: Session, slot: Slot, application: Application, *, actor: Actor, now: datetime) -> None:
    """Book a slot for an application; one application has one booking at a gate. Raises Refused."""
    advance(session, slot, "book", actor=actor, now=now, application_id=application.id)
