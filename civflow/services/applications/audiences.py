"""Who is told as somebody who applies."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Person
from civflow.services.challenges.seal import are_sealed
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience, hidden_while
from civflow.workflows.applications import OVER


@hidden_while(lambda session, challenge, now: are_sealed(session, challenge, now=now))
@audience
def tell_the_applicants(session: Session, record: Any) -> list[Person]:
    """Every member of every team whose application has not ended: of those that write, wait, work or have won."""
    query = select(col(Application.team_id)).where(col(Application.challenge_id) == record.id)
    query = query.where(col(Application.state).not_in(OVER)).order_by(col(Application.team_id))
    return list({p.id: p for team in session.scalars(query) for p in members(session, team)}.values())
