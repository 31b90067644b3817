"""What the lists of challenges ask of the database: statements that are built once, with parameters for the rest."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)  # fmt: skip
from sqlmodel import col

from civflow.models import Application, Challenge, Organisation, Programme, Round, StageDates
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import WON
from civflow.workflows.engine import Actor

# The roles that read a challenge before it opens.
PREVIEWS = ("challenge_owner", "programme_manager", "approver", "auditor")
PAGE = HANDBOOK["challenge"]


def _standing(*states: str) -> str:
    names = ", ".join(f"'{state}'" for state in states)
    return f"challenge.state IN ({names})"


def _before(*steps: str) -> str:
    """Where these steps begin: every programme's challenge has them, whatever its stages are."""
    return _standing(*sorted({state for step in steps for state in PAGE.sources(step)}))


# Written out once, without parameters: the handbook's own names, in every query of a list.
IS_OPEN, IS_ANNOUNCED = _before("close"), f"({_before('open')} AND challenge.announced)"
IS_HIDDEN = _before("submit_for_review", "approve", "restore", "open")
IS_FINISHED = _standing(*(s.name for s in PAGE.states.values() if s.final))
GROUP: ColumnElement[str] = literal_column(
    f"CASE WHEN {IS_OPEN} THEN 'open' WHEN {IS_ANNOUNCED} THEN 'soon' WHEN {IS_HIDDEN} THEN 'preparing' "
    f"WHEN {IS_FINISHED} THEN 'finished' ELSE 'running' END",
    String(),
)
ORDER: ColumnElement[int] = literal_column(
    f"CASE WHEN {IS_OPEN} THEN 0 WHEN {IS_ANNOUNCED} THEN 1 WHEN {IS_HIDDEN} THEN 4 "
    f"WHEN {IS_FINISHED} THEN 3 ELSE 2 END",
    Integer(),
)
# An archive challenge was never published here: its facts are public elsewhere.
IS_PUBLISHED = f"(challenge.version > 0 OR (challenge.source_url <> '' AND {_before('resume')}))"
IS_PUBLIC = and_(literal_column(f"({IS_PUBLISHED} OR {IS_ANNOUNCED})", Boolean()), col(Round.rehearsal).is_(False))
# What the source says became of it, or a team that has won: teams win when the last result is released.
HAS_WINNER = (
    select(col(Application.id))
    .where(col(Application.challenge_id) == col(Challenge.id), col(Application.state).in_(WON))
    .correlate(Challenge)
    .exists()
)
HAS_RESULT = or_(col(Challenge.earlier_result) != "", HAS_WINNER)
SPONSOR = func.coalesce(col(Organisation.legal_name), col(Challenge.sponsors_in_source))


class Sight(NamedTuple):
    """Which challenges an actor may read before they open: all, or those of these rounds and these ones."""

    everything: bool
    rounds: tuple[int, ...] = ()
    challenges: tuple[int, ...] = ()


def sight_of(actor: Actor) -> Sight:
    """What the actor's roles let them read before it opens."""
    held = [h for h in actor.roles if h.role in PREVIEWS]
    of = {scope: tuple(sorted(h.scope_id or 0 for h in held if h.scope == scope)) for scope in HELD_FOR}
    return Sight(any(h.scope == "site" for h in held), of["round"], of["challenge"])


HELD_FOR = ("round", "challenge")


def previewed_by(sight: Sight) -> ColumnElement[bool]:
    """Challenges that are in sight before they open."""
    if sight.everything:
        return true()
    mine = [col(Challenge.round_id).in_(sight.rounds)] if sight.rounds else []
    mine += [col(Challenge.id).in_(sight.challenges)] if sight.challenges else []
    return or_(false(), *mine)


def may_know_of(sight: Sight) -> ColumnElement[bool]:
    """Challenges that are public, and those that are in sight before they open."""
    return or_(IS_PUBLIC, previewed_by(sight))


class Shape(NamedTuple):
    """What a statement depends on; everything else is a parameter, so that statements are built once."""

    words: int
    group: bool
    round: bool
    sponsor: bool
    known: bool
    sort: str


def _conditions(sight: Sight, shape: Shape) -> list[ColumnElement[bool]]:
    """What is asked for, but for its group: the counts of the groups are of everything else."""
    where = [
        may_know_of(sight),
        *(_has_word(bindparam(f"word_{n}", type_=String())) for n in range(shape.words)),
    ]
    if shape.round:
        where.append(col(Round.slug) == bindparam("wanted_round"))
    if shape.sponsor:
        where.append(SPONSOR.op("=", is_comparison=True)(bindparam("wanted_sponsor", type_=String())))
    if shape.known:
        where.append(HAS_RESULT)
    return where


def _has_word(word: ColumnElement[str]) -> ColumnElement[bool]:
    """A word is in the title, the sponsor's name, the reference or, once it is public, the question."""
    texts = (Challenge.reference, Challenge.title, Challenge.sponsors_in_source, Organisation.legal_name)
    escaped = func.replace(func.replace(func.replace(word, "/", "//"), "%", "/%"), "_", "/_")
    pattern = "%" + escaped + "%"
    question = and_(
        literal_column(f"NOT ({IS_ANNOUNCED})", Boolean()),
        func.lower(col(Challenge.question)).like(pattern, escape="/"),
    )
    return or_(question, *(func.lower(col(text)).like(pattern, escape="/") for text in texts))


def _joined(*columns: Any) -> Select[Any]:
    query = select(*columns).select_from(Challenge).join(Round, col(Round.id) == col(Challenge.round_id))
    return query.outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id))


@lru_cache(maxsize=256)
def counting(sight: Sight, shape: Shape) -> Select[Any]:
    where = _conditions(sight, shape)
    return _joined(GROUP.label("standing"), func.count()).where(*where).group_by("standing")


@lru_cache(maxsize=1)
def numbering() -> Select[Any]:
    known = func.sum(case((HAS_RESULT, 1), else_=0))
    return _joined(GROUP.label("standing"), func.count(), known).where(IS_PUBLIC).group_by("standing")


@lru_cache(maxsize=256)
def choosing(sight: Sight) -> Select[Any]:
    columns = (col(Round.slug), col(Round.title), col(Round.starts_at), SPONSOR)
    return _joined(*columns).where(may_know_of(sight)).distinct()


COLUMNS: tuple[Any, ...] = (
    col(Challenge.id), col(Challenge.slug), col(Challenge.reference), col(Challenge.title),
    col(Challenge.question), col(Organisation.legal_name), col(Challenge.sponsors_in_source),
    GROUP.label("standing"), col(Challenge.state), col(Challenge.opens_at), col(Challenge.closes_at),
    col(StageDates.ends_at), col(Challenge.money_pounds), col(Round.title).label("round_title"),
    col(Challenge.earlier_result), col(Challenge.source_url), col(Programme.content_hash),
)  # fmt: skip


@lru_cache(maxsize=256)
def listing(sight: Sight, shape: Shape) -> Select[Any]:
    same_challenge = col(StageDates.challenge_id) == col(Challenge.id)
    here = and_(same_challenge, col(StageDates.stage) == col(Challenge.state))
    readable = or_(literal_column(IS_PUBLISHED, Boolean()), previewed_by(sight))
    query = _joined(*COLUMNS, case((readable, 1), else_=0).label("is_readable")).join(
        Programme, col(Programme.id) == col(Challenge.programme_id)
    )
    query = query.outerjoin(StageDates, here).where(*_conditions(sight, shape)).order_by(*_order(shape.sort))
    if shape.group:
        query = query.where(GROUP.op("=", is_comparison=True)(bindparam("wanted_group", type_=String())))
    return query.limit(bindparam("most", type_=Integer())).offset(bindparam("least", type_=Integer()))


def _order(sort: str) -> list[Any]:
    closes, opens = col(Challenge.closes_at), col(Challenge.opens_at)
    last = (col(Round.starts_at).desc(), closes.desc().nulls_last(), col(Challenge.title), col(Challenge.id))
    first: dict[str, tuple[Any, ...]] = {
        "closes": (closes.asc().nulls_last(),),
        "-closes": (closes.desc().nulls_last(),),
        "title": (func.lower(col(Challenge.title)),),
        "-money": (col(Challenge.money_pounds).desc(),),
        "-round": (col(Round.starts_at).desc(),),
    }
    is_open, is_announced = literal_column(IS_OPEN, Boolean()), literal_column(IS_ANNOUNCED, Boolean())
    joinable = (ORDER, case((is_open, closes), (is_announced, opens)).asc().nulls_last())
    return [*first.get(sort, joinable), *last]
