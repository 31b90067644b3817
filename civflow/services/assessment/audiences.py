"""Who is told of what happens at a gate."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Panellist, Person
from civflow.services.notifications.registry import audience
from civflow.services.notifications.taken import Taken


@audience
def the_assessor(session: Session, step: Taken) -> list[Person]:
    return [session.get_one(Person, step.record.assessor_id)]


@audience
def the_panel(session: Session, step: Taken) -> list[Person]:
    query = select(Person).join(Panellist, col(Panellist.person_id) == col(Person.id))
    return list(session.scalars(query.where(col(Panellist.gate_id) == step.record.id).order_by(col(Person.id))))


@audience
def whom_it_unseats(session: Session, step: Taken) -> list[Person]:
    """Whoever is named to leave the panel; nobody while nobody is named."""
    person = session.get(Person, step.inputs.get("person_id") or 0)
    return [person] if person else []
