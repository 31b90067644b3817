"""Teams: found them, invite people, ask to join, and form many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Membership, Organisation, Person, Team
from civflow.services.advance import advance, begin
from civflow.services.messages import post
from civflow.workflows.engine import CIVFLOW, Actor, Refused

TIME_TO_ANSWER = timedelta(days=14)


def found(
    session: Session, *, name: str, lead: Person, actor: Actor, now: datetime, organisation: Organisation | None = None,
    about: str = "", looking_for: Sequence[str] = (),
) -> Team:  # fmt: skip
    """Found a team with its lead as the first member. Raises Refused where the name is empty or taken."""
    name = name.strip()
    if not name:
        raise Refused("Give the team a name.", fields={"name": "Give the team a name."})
    if session.scalars(select(Team.id).where(col(Team.name) == name)).first():
        sentence = f"Another team is called “{name}”. Choose another name."
        raise Refused(sentence, fields={"name": sentence})
    team = Team(name=name, lead_id=lead.id or 0, organisation_id=organisation.id if organisation else None,
                about=about.strip(), looking_for=list(looking_for), state="", since=now)  # fmt: skip
    begin(session, team, actor=actor, now=now)
    _join(session, team, lead, now=now)
    return team


def _join(session: Session, team: Team, person: Person, *, now: datetime) -> None:
    """The founder is a member at once: there is nobody else to say yes."""
    membership = Membership(team_id=team.id or 0, person_id=person.id or 0, state="", since=now)
    begin(session, membership, actor=CIVFLOW, now=now)
    advance(session, membership, "accept", actor=Actor(person.id, person.name), now=now)


def invite(session: Session, team: Team, person: Person, *, actor: Actor, now: datetime) -> Membership:
    """Ask a person to join. Raises Forbidden for anybody but the lead, Refused where the person is asked already."""
    _refuse_twice(session, team, person)
    membership = Membership(team_id=team.id or 0, person_id=person.id or 0, respond_by=now + TIME_TO_ANSWER, state="",
                            since=now)  # fmt: skip
    begin(session, membership, actor=actor, now=now)
    post(session, person=person, kind="invitation", key=f"invitation-{membership.id}", about=f"/teams/{team.id}", now=now,
         inviter=actor.name, team=team.name)  # fmt: skip
    return membership


def ask_to_join(session: Session, team: Team, *, actor: Actor, now: datetime) -> Membership:
    """Ask a team to be let in. Raises Refused where the person is in it or has asked already."""
    person = session.get_one(Person, actor.id)
    _refuse_twice(session, team, person)
    membership = Membership(team_id=team.id or 0, person_id=person.id or 0, respond_by=now + TIME_TO_ANSWER, state="",
                            since=now)  # fmt: skip
    begin(session, membership, actor=actor, now=now, state="requested")
    return membership


def _refuse_twice(session: Session, team: Team, person: Person) -> None:
    query = select(Membership.id).where(col(Membership.team_id) == team.id, col(Membership.person_id) == person.id)
    if session.scalars(query).first():
        raise Refused(
            f"{person.name} is on the team's list already. Look at the list: an earlier invitation can be sent again.",
            fields={"email": f"{person.name} is on the team's list already."},
        )
