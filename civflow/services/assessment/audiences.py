"""Who is told of what happens at a gate."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Panellist, Person
from civflow.services.notifications.registry import audience


@audience
def tell_the_assessor(session: Session, record: Any) -> list[Person]:
    return [session.get_one(Person, record.assessor_id)]


@audience
def tell_the_panel(session: Session, record: Any) -> list[Person]:
    query = select(Person).join(Panellist, col(Panellist.person_id) == col(Person.id))
    return list(session.scalars(query.where(col(Panellist.gate_id) == record.id).order_by(col(Person.id))))
