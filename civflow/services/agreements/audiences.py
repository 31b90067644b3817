"""Who is told of what happens to an agreement."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from civflow.models import Person
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience, staff_of


@audience
def tell_both_sides(session: Session, record: Any) -> list[Person]:
    people = {p.id: p for p in [*members(session, record.team_id), *staff_of(session, record, "challenge_owner")]}
    return list(people.values())
