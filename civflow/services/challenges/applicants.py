"""Applicants: the people of the teams that have begun an application to a challenge, and who of them still writes."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Membership, Person
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import RUNNING
from civflow.workflows.teams.memberships import MEMBERS

PAGE = HANDBOOK["application"]


class Applicant(NamedTuple):
    """A member of a team, with the team's application; somebody in two teams is found twice."""

    person: Person
    application: Application

    @property
    def writes(self) -> bool:
        """Whether the application is a draft that can be handed in."""
        return "submit" in PAGE.steps_from(self.application.state)


def applicants(session: Session, challenge: Challenge) -> list[Applicant]:
    """The active members of every team whose application is a draft or handed in and not withdrawn, by name."""
    query = (
        select(Person, Application)
        .join(Membership, col(Membership.person_id) == col(Person.id))
        .join(Application, col(Application.team_id) == col(Membership.team_id))
        .where(
            col(Application.challenge_id) == challenge.id,
            col(Membership.state).in_(MEMBERS),
            col(Application.state).in_(RUNNING),
            col(Person.closed_at).is_(None),
        )
        .order_by(col(Person.name), col(Person.id), col(Application.id))
    )
    return [Applicant(person, application) for person, application in session.execute(query)]


def application_called(session: Session, challenge: Challenge, reference: str) -> Application | None:
    """The application to this challenge with this reference, if it is a draft or handed in."""
    query = select(Application).where(
        col(Application.challenge_id) == challenge.id,
        col(Application.reference) == reference,
        col(Application.state).in_(RUNNING),
    )
    return session.scalars(query).first()
