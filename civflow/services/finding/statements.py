"""What the lists of challenges ask of the database: statements that are built once, with parameters for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)  # fmt: skip
from sqlmodel import col

from civflow.db import UTCDateTime
from civflow.models import Application, Challenge, Organisation, Programme, Round, StageDates
from civflow.services.finding.matching import joins, matches, unindexed
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import WON
from civflow.workflows.engine import Actor

# The roles that read a challenge before it opens.
PREVIEWS = ("challenge_owner", "challenge_writer", "programme_manager", "approver", "auditor")
PAGE = HANDBOOK["challenge"]


def _sources(*steps: str) -> frozenset[str]:
    """Where these steps begin: every programme's challenge has them, whatever its stages are."""
    return frozenset(state for step in steps for state in PAGE.sources(step))


# The states of each group, by the steps that every programme has; whatever is in none is running.
HIDDEN = _sources("submit_for_review", "approve", "restore")
STATES = {
    "open": _sources("close"),
    "soon": _sources("open"),
    "preparing": HIDDEN,
    "finished": frozenset(s.name for s in PAGE.states.values() if s.final) - HIDDEN,
}
RUNNING, IN_ORDER = "running", ("open", "soon", "running", "finished", "preparing")


def group_of(state: str, announced: bool) -> str:
    """The group of a challenge in this state; before it opens, the public knows of it where it is announced."""
    if state in STATES["soon"] and not announced:
        return "preparing"
    return next((group for group, states in STATES.items() if state in states), RUNNING)


def _in_states(states: Iterable[str]) -> str:
    """Written out, without parameters: these are the handbook's own names, in every query of a list."""
    return f"challenge.state IN ({', '.join(sorted(repr(state) for state in states))})"


def _standing(*groups: str) -> str:
    return _in_states(state for group in groups for state in STATES[group])


IS_OPEN, IS_ANNOUNCED = _standing("open"), f"({_standing('soon')} AND challenge.announced)"
IS_PLANNED = f"({_standing('soon')} AND NOT challenge.announced)"
IN_GROUP = {
    "open": IS_OPEN, "soon": IS_ANNOUNCED, "finished": _standing("finished"), RUNNING: f"NOT {_standing(*STATES)}",
    "preparing": f"({_standing('preparing')} OR {IS_PLANNED})",
}  # fmt: skip
ORDER: ColumnElement[int] = literal_column(
    " ".join(["CASE", *(f"WHEN {IN_GROUP[group]} THEN {n}" for n, group in enumerate(IN_ORDER)), "END"]), Integer()
)
# An archive challenge was never published here: its facts are public elsewhere.
IS_PUBLISHED = f"(challenge.version > 0 OR (challenge.source_url <> '' AND {_in_states(_sources('resume'))}))"
IS_PUBLIC = and_(literal_column(f"({IS_PUBLISHED} OR {IS_ANNOUNCED})", Boolean()), col(Round.rehearsal).is_(False))
# What the source says became of it, or a team that has won: teams win when the last result is released.
HAS_WINNER = (
    select(col(Application.id))
    .where(col(Application.challenge_id) == col(Challenge.id), col(Application.state).in_(WON))
    .correlate(Challenge)
    .exists()
)
HAS_RESULT = or_(col(Challenge.earlier_result) != "", HAS_WINNER)


class Sight(NamedTuple):
    """Which challenges an actor may read before they open: all, or those of these rounds and these ones."""

    everything: bool = False
    rounds: tuple[int, ...] = ()
    challenges: tuple[int, ...] = ()

    @property
    def is_public(self) -> bool:
        return self == PUBLIC


PUBLIC = Sight()
HELD_FOR = ("round", "challenge")


def sight_of(actor: Actor) -> Sight:
    """What the actor's roles let them read before it opens."""
    held = [h for h in actor.roles if h.role in PREVIEWS]
    of = {scope: tuple(sorted(h.scope_id or 0 for h in held if h.scope == scope)) for scope in HELD_FOR}
    return Sight(any(h.scope == "site" for h in held), of["round"], of["challenge"])


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


def may_read(sight: Sight) -> ColumnElement[bool]:
    """Of those that the actor may know of: an announced challenge shows its title, its sponsor and its opening date."""
    return or_(literal_column(IS_PUBLISHED, Boolean()), previewed_by(sight))


class Shape(NamedTuple):
    """What a statement depends on; everything else is a parameter, so that statements are built once."""

    dialect: str
    words: int = 0
    filters: tuple[str, ...] = ()
    group: str = ""
    sort: str = ""
    one: bool = False  # only one challenge is asked about


NO_MOMENT = cast(null(), UTCDateTime)


def _text(name: str) -> ColumnElement[str]:
    return bindparam(name, type_=String())


def _money(name: str) -> ColumnElement[int]:
    return bindparam(name, type_=Integer())


def _moment(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=UTCDateTime())


# A challenge whose money is not said has 0, and is found by no sum.
KNOWN_MONEY = col(Challenge.money_pounds) > 0
OPEN_FILTERS: dict[str, ColumnElement[bool]] = {
    "sponsor": func.coalesce(col(Organisation.legal_name), col(Challenge.sponsors_in_source)) == _text("sponsor"),
    "round": col(Round.slug) == _text("round"),
    "known": HAS_RESULT,
}
# These ask for what an announced challenge does not show yet.
CLOSED_FILTERS: dict[str, ColumnElement[bool]] = {
    "theme": literal_column("CAST(challenge.themes AS TEXT)", String()).like(_text("theme")),
    "place": col(Challenge.place) == _text("place"),
    "money_from": and_(KNOWN_MONEY, col(Challenge.money_pounds) >= _money("money_from")),
    "money_to": and_(KNOWN_MONEY, col(Challenge.money_pounds) <= _money("money_to")),
    # A call that closes at midnight closes on the day that ends.
    "closes_from": col(Challenge.closes_at) > _moment("closes_from"),
    "closes_to": col(Challenge.closes_at) <= _moment("closes_to"),
}


def _conditions(sight: Sight, shape: Shape, matched: FromClause | None) -> list[ColumnElement[bool]]:
    """What is asked for, but for its group: the counts of the groups are of everything else."""
    where = [may_know_of(sight), *(OPEN_FILTERS[name] for name in shape.filters if name in OPEN_FILTERS)]
    closed = [CLOSED_FILTERS[name] for name in shape.filters if name in CLOSED_FILTERS]
    if closed:
        where += [may_read(sight), *closed]
    if matched is not None and not sight.is_public:
        where.append(or_(matched.c.inside == 0, previewed_by(sight)))
    if shape.one:
        where.append(col(Challenge.id) == bindparam("challenge_id", type_=Integer()))
    return where


def _matched(sight: Sight, shape: Shape) -> FromClause | None:
    return matches(shape.dialect, shape.words, insiders=not sight.is_public) if shape.words else None


def _joined(*columns: Any, matched: FromClause | None = None, dialect: str = "", sponsor: bool = True) -> Select[Any]:
    query, round_id = select(*columns).select_from(Challenge), col(Challenge.round_id)
    if matched is not None:
        query = query.join(matched, joins(dialect, matched, col(Challenge.id)))
        round_id = unindexed(dialect, round_id)
    query = query.join(Round, col(Round.id) == round_id)
    return query.outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id)) if sponsor else query


STANDING = (col(Challenge.state), col(Challenge.announced))


@lru_cache(maxsize=256)
def counting(sight: Sight, shape: Shape) -> Select[Any]:
    """How many fit, by state and announcement."""
    matched, with_sponsor = _matched(sight, shape), "sponsor" in shape.filters
    query = _joined(*STANDING, func.count(), matched=matched, dialect=shape.dialect, sponsor=with_sponsor)
    return query.where(*_conditions(sight, shape, matched)).group_by(*STANDING)


@lru_cache(maxsize=1)
def numbering() -> Select[Any]:
    """How many the public can read, by state and announcement, and of how many it is known what became of them."""
    known = func.sum(case((HAS_RESULT, 1), else_=0))
    query = _joined(*STANDING, func.count(), known, sponsor=False)
    return query.where(IS_PUBLIC).group_by(*STANDING)


@lru_cache(maxsize=256)
def choosing(sight: Sight) -> CompoundSelect[Any]:
    """What the filters offer: kind, value, title and, of a round, its beginning; only what leads to a challenge.

    Each is asked whether it has one, and not each challenge what it has: there are far fewer of them.
    """
    here = select(col(Challenge.id)).join(Round, col(Round.id) == col(Challenge.round_id))
    mine = select(col(Challenge.id)).where(col(Challenge.round_id) == col(Round.id), may_know_of(sight))
    rounds: Any = select(
        literal_column("'round'").label("kind"), col(Round.slug), col(Round.title), col(Round.starts_at)
    )
    name = col(Organisation.legal_name)
    theirs = here.where(col(Challenge.sponsor_id) == col(Organisation.id), may_know_of(sight))
    sponsors: Any = select(literal_column("'sponsor'"), name, name, NO_MOMENT)
    places = select(col(Challenge.place).label("name")).where(col(Challenge.place) != "").distinct().subquery("places")
    there = here.where(col(Challenge.place) == places.c.name, may_know_of(sight), may_read(sight))
    return union_all(
        rounds.where(mine.correlate(Round).exists()), sponsors.where(theirs.correlate(Organisation).exists()),
        select(literal_column("'place'"), places.c.name, places.c.name, NO_MOMENT).where(
            there.correlate(places).exists()),
    )  # fmt: skip


COLUMNS: tuple[Any, ...] = (
    col(Challenge.id), col(Challenge.slug), col(Challenge.reference), col(Challenge.title),
    col(Challenge.question), col(Organisation.legal_name), col(Challenge.sponsors_in_source),
    *STANDING, col(Challenge.opens_at), col(Challenge.closes_at),
    col(StageDates.ends_at), col(Challenge.money_pounds), col(Round.title).label("round_title"),
    col(Challenge.earlier_result), col(Challenge.source_url), col(Programme.content_hash), col(Challenge.themes),
    col(Challenge.place), col(Challenge.decision_promised_at),
)  # fmt: skip


@lru_cache(maxsize=256)
def listing(sight: Sight, shape: Shape) -> Select[Any]:
    """The numbers of the challenges that fit, in their order: so that few rows are read whole."""
    matched = _matched(sight, shape)
    where = _conditions(sight, shape, matched)
    if shape.group:
        where.append(literal_column(IN_GROUP[shape.group], Boolean()))
    with_sponsor = "sponsor" in {*shape.filters, shape.sort.removeprefix("-")}
    numbers = _joined(col(Challenge.id), matched=matched, dialect=shape.dialect, sponsor=with_sponsor).where(*where)
    numbers = numbers.order_by(*_order(sight, shape, matched))
    return numbers.limit(bindparam("most", type_=Integer())).offset(bindparam("least", type_=Integer()))


@lru_cache(maxsize=256)
def reading(sight: Sight) -> Select[Any]:
    """The challenges with these numbers, whole, in no order."""
    same_challenge = col(StageDates.challenge_id) == col(Challenge.id)
    here = and_(same_challenge, col(StageDates.stage) == col(Challenge.state))
    query = _joined(*COLUMNS, case((may_read(sight), 1), else_=0).label("is_readable"))
    query = query.join(Programme, col(Programme.id) == col(Challenge.programme_id)).outerjoin(StageDates, here)
    return query.where(col(Challenge.id).in_(bindparam("numbers", expanding=True)))


def _order(sight: Sight, shape: Shape, matched: FromClause | None) -> list[Any]:
    """By the heading that is chosen, or else by how well the words fit; then by what can still be joined."""
    closes = case((may_read(sight), col(Challenge.closes_at)))
    money = case((and_(may_read(sight), KNOWN_MONEY), col(Challenge.money_pounds)))
    sponsor = func.lower(func.coalesce(col(Organisation.legal_name), col(Challenge.sponsors_in_source)))
    keys: dict[str, Any] = {
        "title": func.lower(col(Challenge.title)), "sponsor": sponsor, "closes": closes, "money": money,
        "opens": col(Challenge.opens_at), "round": col(Round.starts_at),
    }  # fmt: skip
    first = []
    if shape.sort:
        key = keys[shape.sort.removeprefix("-")]
        first = [(key.desc() if shape.sort.startswith("-") else key.asc()).nulls_last()]
    elif matched is not None:
        first = [matched.c.tier]
    is_open, is_announced = literal_column(IS_OPEN, Boolean()), literal_column(IS_ANNOUNCED, Boolean())
    joinable = case((is_open, col(Challenge.closes_at)), (is_announced, col(Challenge.opens_at)))
    ended = case((not_(or_(is_open, is_announced)), col(Challenge.closes_at)))
    last = (col(Round.starts_at).desc(), ended.desc().nulls_last(), col(Challenge.id))
    return [*first, ORDER, joinable.asc().nulls_last(), *last]
