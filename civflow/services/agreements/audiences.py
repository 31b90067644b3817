"""Who is told of what happens to an agreement."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Person
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience, staff_of
from civflow.services.notifications.taken import Taken


@audience
def both_sides(session: Session, step: Taken) -> list[Person]:
    team, sponsor = members(session, step.record.team_id), staff_of(session, step.record, "challenge_owner")
    return list({person.id: person for person in [*team, *sponsor]}.values())
