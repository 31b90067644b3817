"""Who is told of what happens in a team."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Person, Team
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience, team_id_of
from civflow.services.notifications.taken import Taken


@audience
def the_members(session: Session, step: Taken) -> list[Person]:
    return members(session, team_id_of(step.record))


@audience
def the_team(session: Session, step: Taken) -> list[Person]:
    return members(session, team_id_of(step.record))


@audience
def the_team_lead(session: Session, step: Taken) -> list[Person]:
    return [session.get_one(Person, session.get_one(Team, team_id_of(step.record)).lead_id)]
