"""Who is told of an interview."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Person, SlotPanel
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience
from civflow.services.notifications.taken import Taken
from civflow.services.people.conflicts import has_conflict


@audience
def the_team_and_the_panel(session: Session, step: Taken) -> list[Person]:
    """The members of the team that has the slot, or takes it now, and whoever hears it: nobody with a conflict does."""
    panel = select(Person).join(SlotPanel, col(SlotPanel.person_id) == col(Person.id))
    panel = panel.where(col(SlotPanel.slot_id) == step.record.id)
    application = session.get(Application, step.value("application_id") or 0)
    if application:
        panel = panel.where(~has_conflict(col(Person.id), application.team_id))
    people = {p.id: p for p in session.scalars(panel)}
    people |= {p.id: p for p in members(session, application.team_id)} if application else {}
    return list(people.values())
