"""What follows when an interview is booked, given back or moved."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import (
    Application,
    Challenge,
    Person,
    Slot,
    SlotPanel,
)
from civflow.services.engine.effects import Move, effect
from civflow.services.formatting import moment
from civflow.services.notifications.outbox import post
from civflow.services.notifications.recipients import members
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import title_of


@effect
def give_the_slot_to_the_team(session: Session, move: Move) -> None:
    slot: Slot = move.record
    slot.team_id = session.get_one(Application, slot.application_id).team_id
    session.flush()


@effect
def empty_the_slot(session: Session, move: Move) -> None:
    move.record.application_id = move.record.team_id = None
    session.flush()


@effect
def tell_the_team_and_the_panel(session: Session, move: Move) -> None:
    slot: Slot = move.record
    panel = select(Person).join(SlotPanel, col(SlotPanel.person_id) == col(Person.id))
    people = {p.id: p for p in session.scalars(panel.where(col(SlotPanel.slot_id) == slot.id))}
    people |= {p.id: p for p in members(session, slot.team_id)} if slot.team_id else {}
    challenge = session.get_one(Challenge, slot.challenge_id)
    zone = programme_of(session, challenge).timezone
    team = title_of(session, session.get_one(Application, slot.application_id)) if slot.application_id else "No team"
    for person in people.values():
        post(
            session,
            person=person,
            kind="interview",
            key=f"slot-{slot.id}-{slot.revision}-{person.id}",
            now=move.now,
            about=f"/cases/slot/{slot.id}",
            challenge=challenge.title,
            team=team,
            where=slot.where or "online",
            when=moment(slot.starts_at, zone, begins=True),
            state=move.workflow.states[move.to_state].staff,
            reason=move.reason,
        )
