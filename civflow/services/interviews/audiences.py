"""Who is told of an interview."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Person, SlotPanel
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience
from civflow.services.notifications.taken import Taken


@audience
def the_team_and_the_panel(session: Session, step: Taken) -> list[Person]:
    """Whoever hears the team, and the members of the team that has the slot, or takes it now."""
    panel = select(Person).join(SlotPanel, col(SlotPanel.person_id) == col(Person.id))
    people = {p.id: p for p in session.scalars(panel.where(col(SlotPanel.slot_id) == step.record.id))}
    application = session.get(Application, step.value("application_id") or 0)
    people |= {p.id: p for p in members(session, application.team_id)} if application else {}
    return list(people.values())
