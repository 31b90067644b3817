"""Applying: one application of the same people to one challenge, however often they press and under whatever name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Membership, Person, Round, Team
from civflow.services.challenges.seal import seal_ends
from civflow.services.engine.advance import begin
from civflow.services.people import actor_of
from civflow.services.people.conflicts import takes_part
from civflow.services.teams.teams import create_team, create_team_of_one
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.teams.memberships import MEMBERS
from civflow.workflows.teams.teams import TOGETHER

RUNS_IT = "You run this challenge, so you cannot apply to it."


class AppliedAlready(Refused):
    """The same people have an application to the challenge: `application`."""

    def __init__(self, sentence: str, application: Application) -> None:
        super().__init__(sentence)
        self.application = application


def apply_alone(session: Session, challenge: Challenge, person: Person, *, now: datetime) -> Application:
    """Begin an application of a person alone, with their own team of one. Raises as `begin_application` does."""
    _one_at_a_time(session, challenge.round_id)
    actor = actor_of(session, person, now=now)
    _not_twice(session, challenge, {person.id}, "You have")
    team = create_team_of_one(session, person, actor=actor, now=now)
    return begin_application(session, challenge, team, actor=actor_of(session, person, now=now), now=now)


def apply_with_a_new_team(
    session: Session, challenge: Challenge, person: Person, *, name: str, now: datetime
) -> Application:
    """Found a team and begin its application. Raises Refused for a name that will not do, and as below."""
    _one_at_a_time(session, challenge.round_id)
    _not_twice(session, challenge, {person.id}, "You have")
    team = create_team(session, name=name, lead=person, actor=actor_of(session, person, now=now), now=now)
    return begin_application(session, challenge, team, actor=actor_of(session, person, now=now), now=now)


def begin_application(
    session: Session, challenge: Challenge, team: Team, *, actor: Actor, now: datetime, title: str = ""
) -> Application:
    """Begin a team's application.

    Raises AppliedAlready where the team, or another one of the same people, has one; Refused for a call that is not
    open and for a team with somebody in it who runs the challenge.
    """
    _one_at_a_time(session, challenge.round_id)
    _refuse_a_second(session, challenge, team)
    count = session.scalar(
        select(func.count()).select_from(Application).where(col(Application.round_id) == challenge.round_id)
    )
    application = Application(
        round_id=challenge.round_id,
        challenge_id=challenge.id or 0,
        team_id=team.id or 0,
        title=title,
        reference=f"{challenge.round_id}-{(count or 0) + 1:04d}",
        closes_at=challenge.closes_at,
        sealed_until=seal_ends(session, challenge),
        challenge_version=challenge.version,
        state="",
        since=now,
    )
    try:
        with session.begin_nested():  # the database is the judge
            begin(session, application, actor=actor, now=now, closes_at=challenge.closes_at)
    except IntegrityError:
        _refuse_a_second(session, challenge, team)
        raise
    return application


def _one_at_a_time(session: Session, round_id: int) -> None:
    """References count up within a round, so applications of a round begin one after the other."""
    session.execute(select(col(Round.id)).where(col(Round.id) == round_id).with_for_update())


def _refuse_a_second(session: Session, challenge: Challenge, team: Team) -> None:
    own = select(Application).where(col(Application.challenge_id) == challenge.id, col(Application.team_id) == team.id)
    known = session.scalars(own).first()
    if known:
        sentence = f"{team.name} has an application to this challenge already: {known.reference}."
        raise AppliedAlready(sentence, known)
    people = select(col(Membership.person_id)).where(
        col(Membership.team_id) == team.id, col(Membership.state).in_(MEMBERS)
    )
    _not_twice(session, challenge, set(session.scalars(people)), f"The people of {team.name} have")


def _not_twice(session: Session, challenge: Challenge, people: set[int | None], who: str) -> None:
    """Raises AppliedAlready where a team of exactly these people has an application to the challenge."""
    query = select(Application, Team, col(Membership.person_id)).join(Team, col(Team.id) == col(Application.team_id))
    query = query.join(Membership, col(Membership.team_id) == col(Team.id)).where(
        col(Application.challenge_id) == challenge.id,
        col(Team.state).in_(TOGETHER),
        col(Membership.state).in_(MEMBERS),
    )
    found: dict[int | None, tuple[Application, Team, set[int | None]]] = {}
    for application, team, person in session.execute(query.order_by(col(Application.id))):
        found.setdefault(application.id, (application, team, set()))[2].add(person)
    for application, team, theirs in found.values():
        if theirs == people:
            sentence = f"{who} an application to this challenge already, as {team.name}: {application.reference}."
            raise AppliedAlready(sentence, application)


def runs_it(session: Session, challenge: Challenge, person_id: int | None) -> bool:
    """Whether the person runs the challenge, decides on it or sits on one of its panels."""
    return bool(session.scalars(select(takes_part(person_id, challenge.id, challenge.round_id))).one())
