"""Who hears of a challenge's steps in letters of their own, and so not once more as a follower."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Membership, Person
from civflow.services.challenges.seal import are_sealed
from civflow.services.notifications.registry import audience, hidden_while
from civflow.services.notifications.taken import Taken
from civflow.workflows.teams.memberships import MEMBERS


def _challenge_of(session: Session, step: Taken) -> Challenge:
    record = step.record
    return record if isinstance(record, Challenge) else session.get_one(Challenge, record.challenge_id)


@hidden_while(lambda session, step: are_sealed(session, _challenge_of(session, step), now=step.now))
@audience
def everybody_who_applied(session: Session, step: Taken) -> list[Person]:
    """The active members of every team that has begun an application to the challenge, whatever came of it."""
    teams = select(col(Application.team_id)).where(col(Application.challenge_id) == _challenge_of(session, step).id)
    people = select(col(Membership.person_id)).where(col(Membership.team_id).in_(teams))
    query = select(Person).where(col(Person.id).in_(people.where(col(Membership.state).in_(MEMBERS))))
    return list(session.scalars(query.order_by(col(Person.id))))
