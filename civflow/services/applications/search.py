"""Finding applications: those whose seal is open, for whoever may read them by role; searched, filtered, sorted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Round, Team
from civflow.services.challenges.seal import is_readable, number_sealed
from civflow.services.engine.access import in_sight
from civflow.services.programmes.store import programme_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, State
from civflow.workflows.engine.sight import roles_that_see

EACH = 50  # applications on a page
MOST_WORDS = 10  # of a search
SORTS = ("reference", "team", "challenge", "state", "submitted")


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for: words, a round's id, a challenge's id, a state, a key of SORTS (with - the other way)."""

    words: str = ""
    round: int = 0
    challenge: int = 0
    state: str = ""
    sort: str = ""
    page: int = 1


class Found(NamedTuple):
    """One application of the list."""

    id: int
    reference: str
    title: str
    team: str
    team_id: int
    challenge: Challenge
    stage: str
    state: State
    submitted_at: datetime | None


@dataclass(frozen=True)
class Page:
    """One page of the list, how many there are altogether, and what can be chosen."""

    rows: list[Found]
    total: int
    rounds: list[tuple[int, str]]
    challenges: list[tuple[int, str]]
    sealed: int  # challenges in sight whose applications nobody can read yet


def may_look(actor: Actor) -> bool:
    """Whether one of the actor's granted roles reads applications at all."""
    roles = roles_that_see(HANDBOOK["application"])
    return any(held.role in roles for held in actor.roles)


def find(session: Session, wanted: Wanted, *, actor: Actor, now: datetime) -> Page:
    """The page of applications that `wanted` describes, out of those that the actor reads. Four statements."""
    mine = in_sight(actor, Application), is_readable(now)
    rounds, challenges = _choices(session, mine)
    where = (*mine, *_conditions(wanted))
    total = session.scalar(_joined(func.count()).where(*where)) or 0
    query = _joined(Application, Challenge, col(Team.name)).where(*where).order_by(*_order(wanted.sort))
    rows = session.execute(query.limit(EACH).offset((max(wanted.page, 1) - 1) * EACH)) if total else ()
    sealed = number_sealed(session, in_sight(actor, Challenge), now=now)
    return Page([_found(session, *row) for row in rows], total, rounds, challenges, sealed)


def _joined(*columns: Any) -> Select[Any]:
    query = (
        select(*columns).select_from(Application).join(Challenge, col(Challenge.id) == col(Application.challenge_id))
    )
    query = query.join(Round, col(Round.id) == col(Application.round_id))
    return query.join(Team, col(Team.id) == col(Application.team_id))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    where = [_has_word(word) for word in wanted.words.split()[:MOST_WORDS]]
    if wanted.round:
        where.append(col(Application.round_id) == wanted.round)
    if wanted.challenge:
        where.append(col(Application.challenge_id) == wanted.challenge)
    if wanted.state:
        where.append(col(Application.state) == wanted.state)
    return where


def _has_word(word: str) -> ColumnElement[bool]:
    """A word is in the reference, the application's title, the team's name, or the challenge's number or title."""
    like = "%" + word.lower().replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"
    texts = (Application.reference, Application.title, Team.name, Challenge.title, Challenge.reference)
    return or_(*(func.lower(col(text)).like(like, escape="/") for text in texts))


def _order(sort: str) -> tuple[Any, ...]:
    name = sort.removeprefix("-")
    columns: dict[str, Any] = {
        "reference": col(Application.reference),
        "team": func.lower(col(Team.name)),
        "challenge": func.lower(col(Challenge.title)),
        "state": col(Application.state),
        "submitted": col(Application.submitted_at),
    }
    if name not in columns:
        return col(Challenge.closes_at).desc().nulls_last(), col(Application.reference)
    first = columns[name].desc() if sort.startswith("-") else columns[name].asc()
    return first, col(Application.reference)


def _choices(session: Session, mine: tuple[ColumnElement[bool], ...]) -> tuple[list[tuple[int, str]], ...]:
    """The rounds, newest first, and the challenges, by number, that have an application in the list."""
    columns = (
        col(Round.id),
        col(Round.title),
        col(Round.starts_at),
        col(Challenge.id),
        col(Challenge.reference),
        col(Challenge.title),
    )
    rows = session.execute(_joined(*columns).where(*mine).distinct()).all()
    rounds = {row[0]: row[1] for row in sorted(rows, key=lambda row: (row[2], row[0]), reverse=True)}
    challenges = {row[3]: f"{row[4]} {row[5]}".strip() for row in rows}
    return list(rounds.items()), sorted(challenges.items(), key=lambda pair: pair[1].casefold())


def _found(session: Session, application: Application, challenge: Challenge, team: str) -> Found:
    stages = {stage.id: stage.title for stage in programme_of(session, challenge).stages}
    return Found(
        application.id or 0,
        application.reference,
        application.title,
        team,
        application.team_id,
        challenge,
        stages.get(application.stage, ""),
        HANDBOOK["application"].states[application.state],
        application.submitted_at,
    )
