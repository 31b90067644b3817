"""Who has a conflict of interest with which team, and who runs which challenge: one definition for every rule.

A person has a conflict with a team that they lead, work in or have worked in, with a team of their own organisation,
and where one is on record. An invitation alone is none: else a team could choose who assesses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, exists, or_, select, union_all
from sqlmodel import Session

from civflow.models import Application, Challenge, Conflict, Gate, Grant, Membership, Panellist, Person, Scorer, Team
from civflow.services.engine.facts import ids
from civflow.workflows.applications import WITHDRAWN
from civflow.workflows.challenges.readiness import ENDED
from civflow.workflows.engine import Ids
from civflow.workflows.teams.memberships import MEMBERS

Column = ColumnElement[Any]


def _named(model: Any, name: str) -> Table:
    """The table under a name of its own, so that no query around it is taken for its rows."""
    return model.__table__.alias(name)  # type: ignore[no-any-return]


DECLARED, WORKED = _named(Conflict, "declared"), _named(Membership, "worked_in")
LED, EMPLOYED, EMPLOYER = _named(Team, "led"), _named(Person, "employed"), _named(Team, "employer")
HELD, SEAT, SEATED_AT = _named(Grant, "held"), _named(Panellist, "seat"), _named(Gate, "seated_at")
DECIDES, SCORES = _named(Person, "decides"), _named(Scorer, "scores_it")
BELONGS, SENT, SENT_TO = _named(Membership, "belongs"), _named(Application, "sent"), _named(Challenge, "sent_to")
WAYS: tuple[tuple[str, Column, Column, tuple[ColumnElement[bool], ...]], ...] = (
    ("leads the team", LED.c.lead_id, LED.c.id, ()),
    ("is or was a member of the team", WORKED.c.person_id, WORKED.c.team_id, (WORKED.c.joined_at.is_not(None),)),
    (
        "belongs to the team's organisation",
        EMPLOYED.c.id,
        EMPLOYER.c.id,
        (EMPLOYED.c.organisation_id == EMPLOYER.c.organisation_id,),
    ),
    ("has put a conflict on record", DECLARED.c.person_id, DECLARED.c.team_id, ()),
)
RUNNING = (
    "programme_manager",
    "challenge_owner",
    "challenge_writer",
    "approver",
)  # roles that run a challenge or decide on it


def has_conflict(person: Any, team: Any) -> ColumnElement[bool]:
    """Whether the person has a conflict of interest with the team; each is a column of a query around it, or an id."""
    return or_(*(found for _, found in _ways(person, team)))


def why(person: Any, team: Any) -> Column:
    """What the conflict is, as in “Una Galbraith leads the team”; NULL where there is none."""
    return case(*((found, words) for words, found in _ways(person, team)), else_=None)


def conflict_of(session: Session, person_id: int, team_id: int) -> str | None:
    """What the person's conflict with the team is, as in “is or was a member of the team”; None where there is none."""
    return session.scalars(select(why(person_id, team_id))).one()  # type: ignore[no-any-return]


def _ways(person: Any, team: Any) -> list[tuple[str, ColumnElement[bool]]]:
    return [
        (words, exists().where(who == person, whom == team, *when).correlate_except(who.table, whom.table))
        for words, who, whom, when in WAYS
    ]


def pairs(people: Iterable[int | None], teams: Iterable[int | None]) -> list[Select[Any]]:
    """Person and team of every conflict between some people and some teams: a statement for each kind of conflict."""
    people, teams = list(people), list(teams)
    return [select(who, whom).where(who.in_(people), whom.in_(teams), *when) for _, who, whom, when in WAYS]


def person_and_record(of: Column, team: Column, *where: ColumnElement[bool]) -> tuple[Column, Column]:
    """A person and a record, for each conflict with the records' teams; `where` may name the query around it."""
    found = union_all(
        *(
            select(who.label("person"), of.label("record"))
            .where(whom == team, *when, *where)
            .correlate_except(*{column.table for column in (who, whom, of, team)})
            for _, who, whom, when in WAYS
        )
    ).subquery("conflicting")
    return found.c.person, found.c.record


def runs(person: Any, challenge_id: Any, round_id: Any) -> ColumnElement[bool]:
    """Whether the person owns, manages or approves the challenge, or may for its round or the whole site."""
    here = or_(
        HELD.c.scope == "site",
        and_(HELD.c.scope == "round", HELD.c.scope_id == round_id),
        and_(HELD.c.scope == "challenge", HELD.c.scope_id == challenge_id),
    )
    holds = (HELD.c.person_id == person, HELD.c.revoked_at.is_(None), HELD.c.role.in_(RUNNING))
    return exists().where(*holds, here).correlate_except(HELD)


def conflicted(team: Column, *, gate: Column | None = None) -> ColumnElement[Ids]:
    """A fact of a record with a team: who has been given a role, or a seat at the gate, and has a conflict with it."""
    given = select(HELD.c.person_id).where(HELD.c.revoked_at.is_(None))
    deciding: ColumnElement[bool] = DECIDES.c.id.in_(given)
    if gate is not None:
        seated = select(SEAT.c.person_id).where(SEAT.c.gate_id == gate).correlate_except(SEAT)
        deciding |= DECIDES.c.id.in_(seated)
    return ids(DECIDES.c.id, deciding, has_conflict(DECIDES.c.id, team))


def applied_to(person: Any) -> Select[Any]:
    """The ids of the challenges to which a team of the person applies, until the application is withdrawn or they end.

    It is asked of one person, or of a column of the query around it. What was ruled out or not selected can be taken up
    again, and the challenge goes on among rivals: only its end, or leaving it, makes somebody free to run it.
    """
    mine = BELONGS.c.person_id == person, BELONGS.c.state.in_(MEMBERS)
    running = SENT.c.state.not_in(WITHDRAWN), SENT_TO.c.state.not_in(ENDED)
    query = select(SENT.c.challenge_id).where(
        *mine, SENT.c.team_id == BELONGS.c.team_id, *running, SENT_TO.c.id == SENT.c.challenge_id
    )
    return query.correlate_except(BELONGS, SENT, SENT_TO)


def takes_part(person: Any, challenge_id: Any, round_id: Any) -> ColumnElement[bool]:
    """Whether the person runs the challenge, has a say in its approval as a scorer, or sits on a panel of it."""
    sits = exists().where(
        SEAT.c.person_id == person, SEAT.c.gate_id == SEATED_AT.c.id, SEATED_AT.c.challenge_id == challenge_id
    )
    scores = exists().where(
        SCORES.c.person_id == person, SCORES.c.challenge_id == challenge_id, SCORES.c.taken_off_at.is_(None)
    )
    return or_(
        runs(person, challenge_id, round_id), sits.correlate_except(SEAT, SEATED_AT), scores.correlate_except(SCORES)
    )
