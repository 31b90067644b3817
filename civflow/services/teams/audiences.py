"""Who is told of what happens in a team."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from civflow.models import Person, Team
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience, team_id_of


@audience
def tell_the_members(session: Session, record: Any) -> list[Person]:
    return members(session, team_id_of(record))


@audience
def tell_the_team(session: Session, record: Any) -> list[Person]:
    return members(session, team_id_of(record))


@audience
def tell_the_team_lead(session: Session, record: Any) -> list[Person]:
    return [session.get_one(Person, session.get_one(Team, team_id_of(record)).lead_id)]
