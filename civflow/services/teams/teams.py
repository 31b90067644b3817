"""Teams: found them, alone or with others, invite people, ask to join, and see who belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from civflow.models import Membership, Organisation, Person, Team
from civflow.services.engine.advance import advance, begin
from civflow.services.formatting import on_one_line
from civflow.services.notifications.outbox import post
from civflow.workflows.engine import CIVFLOW, Actor, Forbidden, Refused
from civflow.workflows.rules import the_team_lead
from civflow.workflows.sizes import SIZES
from civflow.workflows.teams.memberships import INVITATIONS, MEMBERS, REQUESTS
from civflow.workflows.teams.teams import FORMING, TOGETHER

TIME_TO_ANSWER = timedelta(days=14)
LONGEST_NAME, LONGEST_ABOUT = 120, 1000  # characters
MOST_SKILLS = 12


def create_team(
    session: Session,
    *,
    name: str,
    lead: Person,
    actor: Actor,
    now: datetime,
    organisation: Organisation | None = None,
    about: str = "",
    looking_for: Sequence[str] = (),
    alone: bool = False,
) -> Team:
    """Found a team with its lead as the first member; `alone` makes it the lead's own team of one.

    Raises Refused with a sentence per field.
    """
    team = Team(
        name=on_one_line(name),
        lead_id=lead.id or 0,
        organisation_id=organisation.id if organisation else None,
        about=about.strip(),
        looking_for=list(looking_for),
        alone_id=lead.id if alone else None,
        state="",
        since=now,
    )
    _check(team)
    _begin_with_a_free_name(session, team, actor=actor, now=now)
    _join(session, team, lead, now=now)
    return team


def _check(team: Team) -> None:
    fields = {}
    if not team.name:
        fields["name"] = "Give the team a name."
    elif len(team.name) > LONGEST_NAME:
        fields["name"] = f"The name has {len(team.name)} characters; it may have {LONGEST_NAME}."
    if len(team.about) > LONGEST_ABOUT:
        fields["about"] = f"The text about the team has {len(team.about)} characters; it may have {LONGEST_ABOUT}."
    if len(team.looking_for) > MOST_SKILLS or any(len(skill) > 40 for skill in team.looking_for):
        fields["looking_for"] = f"Name at most {MOST_SKILLS} skills, each in a word or two."
    if fields:
        raise Refused(*fields.values(), fields=fields)


def _begin_with_a_free_name(session: Session, team: Team, *, actor: Actor, now: datetime) -> None:
    same = select(col(Team.name)).where(func.lower(col(Team.name)) == team.name.lower())
    if taken := session.scalars(same).first():
        sentence = f"Another team is called “{taken}”. Choose another name."
        raise Refused(sentence, fields={"name": sentence})
    try:
        with session.begin_nested():  # the database is the judge: two people may choose the name at once
            begin(session, team, actor=actor, now=now)
    except IntegrityError:
        sentence = f"Another team is called “{team.name}”. Choose another name."
        raise Refused(sentence, fields={"name": sentence}) from None


def create_team_of_one(session: Session, person: Person, *, actor: Actor, now: datetime) -> Team:
    """The person's team of one, under their own name: nobody needs a company or partners to apply.

    It is founded once; when others have come into it, the person gets another one.
    """
    known = _alone(session, person)
    if known and _has_others(session, known):
        known.alone_id = None
        session.flush()
    elif known:
        return known
    taken = set(session.scalars(select(col(Team.name)).where(col(Team.name).startswith(person.name, autoescape=True))))
    names = (person.name if n == 1 else f"{person.name} {n}" for n in range(1, len(taken) + 2))
    name = next(n for n in names if n not in taken)
    try:
        return create_team(session, name=name, lead=person, actor=actor, now=now, alone=True)
    except Refused:  # the same person pressed twice, and the database took one
        first = _alone(session, person)
        if first is None:
            raise
        return first


def _alone(session: Session, person: Person) -> Team | None:
    return session.scalars(select(Team).where(col(Team.alone_id) == person.id)).first()


def _has_others(session: Session, team: Team) -> bool:
    """Whether the team is no longer its lead's alone: others are in it, invited or ask, or it has come to an end."""
    others = select(col(Membership.id)).where(
        col(Membership.team_id) == team.id,
        col(Membership.person_id) != team.alone_id,
        col(Membership.state).in_((*MEMBERS, *INVITATIONS, *REQUESTS)),
    )
    is_there = select(col(Team.id)).where(
        col(Team.id) == team.id, col(Team.lead_id) == team.alone_id, col(Team.state).in_(TOGETHER)
    )
    return session.scalars(is_there).first() is None or session.scalars(others).first() is not None


def company(
    session: Session, *, legal_name: str, number: str = "", address: str = "", size: str = ""
) -> Organisation | None:
    """The applicant's company, or None without a name; one that is known by the same number is used again.

    `size` is one of workflows/sizes.py; what a company has said of itself before stays. Raises Refused where the name
    belongs to somebody with another number, and without a size.
    """
    legal_name, number = legal_name.strip(), number.strip().upper()
    if not legal_name:
        return None
    if len(legal_name) > 200 or len(number) > 20:
        raise Refused(
            "Shorten the company's name or number.",
            fields={"company": "Shorten the company's name or number."},
        )
    known = session.scalars(select(Organisation).where(col(Organisation.legal_name) == legal_name)).first()
    if known and (known.kind == "public_body" or (known.number or "") != number):
        sentence = f"“{legal_name}” is here already with another number. Check the name and the number."
        raise Refused(sentence, fields={"company": sentence})
    if size not in SIZES and not (known and known.size):
        sentence = "Say how many people work for the company."
        raise Refused(sentence, fields={"size": sentence})
    made = known or Organisation(
        legal_name=legal_name, number=number or None, kind="company", address=address.strip() or None
    )
    made.size = made.size or size
    session.add(made)
    session.flush()
    return made


def change_about(
    session: Session, team: Team, *, about: str, looking_for: Sequence[str], actor: Actor, size: str = ""
) -> None:
    """What the team says of itself and whom it looks for, and its company's size where one is given.

    Raises Forbidden for all but the lead, Refused.
    """
    if not actor.holds("team_lead", {"team": team.id}):
        raise Forbidden(the_team_lead.sentence, claims=[the_team_lead.sentence])
    team.about, team.looking_for = about.strip(), list(looking_for)
    _check(team)
    if size in SIZES and team.organisation_id:
        session.get_one(Organisation, team.organisation_id).size = size
    session.flush()


def _join(session: Session, team: Team, person: Person, *, now: datetime) -> None:
    """The founder is a member at once: there is nobody else to say yes."""
    membership = Membership(team_id=team.id or 0, person_id=person.id or 0, state="", since=now)
    begin(session, membership, actor=CIVFLOW, now=now)
    advance(session, membership, "accept", actor=Actor(person.id, person.name), now=now)


def invite(session: Session, team: Team, person: Person, *, actor: Actor, now: datetime) -> Membership:
    """Ask a person to join. Raises Forbidden for all but the lead, Refused for who is on the list."""
    membership = Membership(
        team_id=team.id or 0, person_id=person.id or 0, respond_by=now + TIME_TO_ANSWER, state="", since=now
    )
    _begin_once(session, membership, person, actor=actor, now=now)
    post(
        session,
        person=person,
        kind="invitation",
        key=f"invitation-{membership.id}",
        about=f"/teams/{team.id}",
        now=now,
        inviter=actor.name,
        team=team.name,
    )
    return membership


def ask_to_join(session: Session, team: Team, *, actor: Actor, now: datetime) -> Membership:
    """Ask a team to be let in; its lead is told. Raises Refused where the person is on the list."""
    person = session.get_one(Person, actor.id)
    membership = Membership(
        team_id=team.id or 0, person_id=person.id or 0, respond_by=now + TIME_TO_ANSWER, state="", since=now
    )
    _begin_once(session, membership, person, actor=actor, now=now, state="requested")
    post(
        session,
        person=session.get_one(Person, team.lead_id),
        kind="request",
        key=f"request-{membership.id}",
        about=f"/teams/{team.id}",
        now=now,
        asker=person.name,
        team=team.name,
        skills=", ".join(person.skills),
    )
    return membership


def _begin_once(
    session: Session,
    membership: Membership,
    person: Person,
    *,
    actor: Actor,
    now: datetime,
    state: str | None = None,
) -> None:
    try:
        with session.begin_nested():
            begin(session, membership, actor=actor, now=now, state=state)
    except IntegrityError:
        who = "You are" if person.id == actor.id else f"{person.name} is"
        sentence = f"{who} on the team's list already, below."
        raise Refused(sentence, fields={"email": sentence}) from None


def roster(session: Session, team: Team) -> list[tuple[Membership, Person]]:
    """Everybody who is or was on the team's list, the lead first, then by name."""
    query = select(Membership, Person).join(Person, col(Person.id) == col(Membership.person_id))
    query = query.where(col(Membership.team_id) == team.id)
    rows = [(membership, person) for membership, person in session.execute(query)]
    return sorted(rows, key=lambda row: (row[1].id != team.lead_id, row[1].name, row[1].id))


def sizes(session: Session, teams: Sequence[Team]) -> dict[int, int]:
    """Team's id -> how many people work in it."""
    query = select(col(Membership.team_id), func.count()).where(
        col(Membership.team_id).in_([team.id for team in teams]), col(Membership.state).in_(MEMBERS)
    )
    counted = {row[0]: row[1] for row in session.execute(query.group_by(col(Membership.team_id)))}
    return {team.id or 0: counted.get(team.id, 0) for team in teams}


def membership_of(session: Session, team: Team, person_id: int | None) -> Membership | None:
    """The person's place on the team's list, whatever became of it."""
    query = select(Membership).where(col(Membership.team_id) == team.id, col(Membership.person_id) == person_id)
    return session.scalars(query).first()


def teams_of(session: Session, person_id: int | None) -> Sequence[Team]:
    """The teams in which the person works, by name."""
    query = select(Team).join(Membership, col(Membership.team_id) == col(Team.id))
    query = query.where(col(Membership.person_id) == person_id, col(Membership.state).in_(MEMBERS))
    return session.scalars(query.order_by(col(Team.name))).all()


def waiting_for_me(session: Session, person_id: int | None) -> list[tuple[Membership, Team, Person]]:
    """Invitations to the person, requests to teams that the person leads, with who is meant; oldest first."""
    query = select(Membership, Team, Person).join(Team, col(Team.id) == col(Membership.team_id))
    query = query.join(Person, col(Person.id) == col(Membership.person_id))
    invited = (col(Membership.person_id) == person_id) & col(Membership.state).in_(INVITATIONS)
    asked = (col(Team.lead_id) == person_id) & col(Membership.state).in_(REQUESTS)
    rows = session.execute(query.where(invited | asked).order_by(col(Membership.since), col(Membership.id)))
    return [(membership, team, person) for membership, team, person in rows]


def looking(session: Session) -> Sequence[Team]:
    """The teams that say whom they look for and can take members, the newest first."""
    query = select(Team).where(col(Team.state).in_(FORMING)).order_by(col(Team.since).desc(), col(Team.id).desc())
    return [team for team in session.scalars(query) if team.looking_for]
