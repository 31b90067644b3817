"""Who is told of a challenge's steps beside those who run it: who applies, and who is named to score it."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Membership, Person
from civflow.services.challenges.applicants import applicants
from civflow.services.challenges.seal import are_sealed
from civflow.services.notifications.registry import audience, hidden_while
from civflow.services.notifications.taken import Taken, challenge_of
from civflow.workflows.teams.memberships import MEMBERS


@hidden_while(lambda session, step: are_sealed(session, challenge_of(session, step), now=step.now))
@audience
def everybody_who_applied(session: Session, step: Taken) -> list[Person]:
    """The active members of every team that has begun an application to the challenge, whatever came of it."""
    teams = select(col(Application.team_id)).where(col(Application.challenge_id) == challenge_of(session, step).id)
    people = select(col(Membership.person_id)).where(col(Membership.team_id).in_(teams))
    query = select(Person).where(col(Person.id).in_(people.where(col(Membership.state).in_(MEMBERS))))
    return list(session.scalars(query.order_by(col(Person.id))))


@hidden_while(lambda session, step: are_sealed(session, challenge_of(session, step), now=step.now))
@audience
def those_with_an_application(session: Session, step: Taken) -> list[Person]:
    """The members of every team that writes an application to the challenge, or has handed one in; each once."""
    found = applicants(session, challenge_of(session, step))
    return list({one.person.id: one.person for one in found}.values())


@audience
def whom_it_names(session: Session, step: Taken) -> list[Person]:
    """Whoever is named to score the challenge; nobody while nobody is named."""
    person = session.get(Person, step.inputs.get("person_id") or 0)
    return [person] if person else []
