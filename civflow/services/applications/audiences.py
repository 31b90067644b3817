"""Who is told as somebody who applies."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Person
from civflow.services.challenges.seal import are_sealed
from civflow.services.notifications.recipients import members
from civflow.services.notifications.registry import audience, hidden_while
from civflow.services.notifications.taken import Taken
from civflow.workflows.applications import OVER, UNDECIDED


@hidden_while(lambda session, step: are_sealed(session, step.record, now=step.now))
@audience
def the_applicants(session: Session, step: Taken) -> list[Person]:
    """Every member of every team whose application has not ended: of those that write, wait, work or have won."""
    query = select(col(Application.team_id)).where(col(Application.challenge_id) == step.record.id)
    query = query.where(col(Application.state).not_in(OVER)).order_by(col(Application.team_id))
    return list({p.id: p for team in session.scalars(query) for p in members(session, team)}.values())


@audience
def who_is_left(session: Session, step: Taken) -> list[Person]:
    """Every member of every team whose application still waits for an answer when the challenge comes to its end."""
    query = select(col(Application.team_id)).where(col(Application.challenge_id) == step.record.id)
    query = query.where(col(Application.state).in_(UNDECIDED)).order_by(col(Application.team_id))
    return list({p.id: p for team in session.scalars(query) for p in members(session, team)}.values())
