"""What the lists of challenges ask of the database: statements that are built once, with parameters for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
)
from sqlmodel import col

from civflow.db import UTCDateTime
from civflow.models import Application, Challenge, Organisation, Programme, Round, StageDates
from civflow.services.search.fulltext import joins, matches, unindexed
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import WON
from civflow.workflows.challenges.readiness import (
    APPROVED,
    BEING_DRAFTED,
    CALL_IS_OPEN,
    COMPLETED,
    WAITS_FOR_APPROVAL,
    WITHDRAWN,
)
from civflow.workflows.engine import Actor
from civflow.workflows.engine.sight import roles_that_see
from civflow.workflows.themes import THEMES as KEYS

PAGE = HANDBOOK["challenge"]
READS_BEFORE_IT_OPENS = roles_that_see(PAGE)  # these read it before it opens
# The states of each group, which every programme's challenge has; whatever is in none is running.
HIDDEN = frozenset((*BEING_DRAFTED, *WAITS_FOR_APPROVAL, *WITHDRAWN))
STATES = {
    "open": frozenset(CALL_IS_OPEN),
    "soon": frozenset(APPROVED),
    "preparing": HIDDEN,
    "finished": frozenset(s.name for s in PAGE.states.values() if s.final) - HIDDEN,
}
RUNNING, IN_ORDER = "running", ("open", "soon", "running", "finished", "preparing")


def _in_states(states: Iterable[str]) -> str:
    """Written out, without parameters: these are the handbook's own names, in every query of a list."""
    return f"challenge.state IN ({', '.join(sorted(repr(state) for state in states))})"


def _standing(*groups: str) -> str:
    return _in_states(state for group in groups for state in STATES[group])


IS_OPEN, IS_ANNOUNCED = _standing("open"), f"({_standing('soon')} AND challenge.announced)"
IS_PLANNED = f"({_standing('soon')} AND NOT challenge.announced)"
# Most challenges of a long list are finished, so that they are asked about first; what is in no other group is running.
WHEN = {
    "finished": _standing("finished"),
    "open": IS_OPEN,
    "soon": IS_ANNOUNCED,
    "preparing": f"({_standing('preparing')} OR {IS_PLANNED})",
}
STANDING: ColumnElement[int] = literal_column(
    " ".join(
        [
            "CASE",
            *(f"WHEN {condition} THEN {IN_ORDER.index(group)}" for group, condition in WHEN.items()),
            f"ELSE {IN_ORDER.index(RUNNING)} END",
        ]
    ),
    Integer(),
)
# An archive challenge was never published here: its facts are public elsewhere.
IS_PUBLISHED = f"(challenge.version > 0 OR (challenge.source_url <> '' AND {_in_states(COMPLETED)}))"
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
    asleep: tuple[int, ...] = ()  # towards these challenges the roles sleep

    @property
    def is_public(self) -> bool:
        return self == PUBLIC


PUBLIC = Sight()
HELD_FOR = ("round", "challenge")


def sight_of(actor: Actor) -> Sight:
    """What the actor's roles let them read before it opens."""
    held = [h for h in actor.roles if h.role in READS_BEFORE_IT_OPENS]
    of = {scope: tuple(sorted(h.scope_id or 0 for h in held if h.scope == scope)) for scope in HELD_FOR}
    asleep = tuple(sorted(actor.applies_to)) if held else ()
    return Sight(any(h.scope == "site" for h in held), of["round"], of["challenge"], asleep)


def previewed_by(sight: Sight) -> ColumnElement[bool]:
    """Challenges that are in sight before they open."""
    awake = col(Challenge.id).not_in(sight.asleep) if sight.asleep else true()
    if sight.everything:
        return awake
    mine = [col(Challenge.round_id).in_(sight.rounds)] if sight.rounds else []
    mine += [col(Challenge.id).in_(sight.challenges)] if sight.challenges else []
    return and_(or_(false(), *mine), awake)


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


class Key(NamedTuple):
    """One thing that a list is sorted by; whatever has none of it comes last."""

    name: str
    of: Any
    descending: bool = False


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
# Not LIKE: PostgreSQL would take it for something that hardly any challenge has, and look the others up one by one.
THEMES = literal_column("CAST(challenge.themes AS TEXT)", String())
# These ask for what an announced challenge does not show yet.
CLOSED_FILTERS: dict[str, ColumnElement[bool]] = {
    "theme": func.replace(THEMES, _text("theme"), "") != THEMES,
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


@lru_cache(maxsize=1)
def numbering() -> Select[Any]:
    """How many the public can read, by group, and of how many it is known what became of them."""
    known = func.sum(case((HAS_RESULT, 1), else_=0))
    standing = STANDING.label("standing")
    return _joined(standing, func.count(), known, sponsor=False).where(IS_PUBLIC).group_by(standing)


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
        rounds.where(mine.correlate(Round).exists()),
        sponsors.where(theirs.correlate(Organisation).exists()),
        select(literal_column("'place'"), places.c.name, places.c.name, NO_MOMENT).where(
            there.correlate(places).exists()
        ),
        _themes(here.where(may_know_of(sight), may_read(sight))),
    )


def _themes(readable: Select[Any]) -> Select[Any]:
    """The themes under which somebody finds one of the `readable`; where none has any, each is looked at once."""
    keys: list[Any] = [
        select(literal_column(f"'{key}'").label("name"), literal_column(f"'\"{key}\"'").label("quoted")) for key in KEYS
    ]
    themes = union_all(*keys).subquery("themes")
    has = func.replace(THEMES, themes.c.quoted, "") != THEMES
    any_has = select(col(Challenge.id)).where(THEMES != "[]").correlate(None).exists()
    query: Select[Any] = select(literal_column("'theme'"), themes.c.name, themes.c.name, NO_MOMENT)
    return query.where(any_has, readable.where(has).correlate(themes).exists())


COLUMNS: tuple[Any, ...] = (
    col(Challenge.id),
    col(Challenge.slug),
    col(Challenge.reference),
    col(Challenge.title),
    col(Challenge.question),
    col(Organisation.legal_name),
    col(Challenge.sponsors_in_source),
    col(Challenge.state),
    STANDING.label("standing"),
    col(Challenge.opens_at),
    col(Challenge.closes_at),
    col(StageDates.ends_at),
    col(Challenge.money_pounds),
    col(Round.title).label("round_title"),
    col(Challenge.earlier_result),
    col(Challenge.source_url),
    col(Programme.content_hash),
    col(Challenge.themes),
    col(Challenge.place),
    col(Challenge.decision_promised_at),
)


@lru_cache(maxsize=256)
def paging(sight: Sight, shape: Shape) -> CompoundSelect[Any]:
    """How many fit, by group, and the numbers of the challenges on the page in their order: group, number, place.

    Both are asked at once, so that what fits is looked for once: most of a search is spent on that.
    """
    fitting, keys = _fitting(sight, shape)
    here = fitting.cte("fitting")
    page = _page(here, shape, keys).subquery("page")
    placed = func.row_number().over(order_by=_by(page, keys))
    return union_all(
        select(here.c.standing.label("standing"), func.count().label("number"), null().label("place")).group_by(
            here.c.standing
        ),
        select(null(), page.c.id, placed),
    )


@lru_cache(maxsize=256)
def listing(sight: Sight, shape: Shape) -> Select[Any]:
    """The numbers alone of the challenges that fit, in their order."""
    fitting, keys = _fitting(sight, shape)
    page = _page(fitting.subquery("fitting"), shape, keys)
    return page.with_only_columns(page.selected_columns.id)


def _fitting(sight: Sight, shape: Shape) -> tuple[Select[Any], list[Key]]:
    """What fits, in whatever group, with its number, its group and what it is sorted by."""
    matched = _matched(sight, shape)
    keys = _keys(sight, shape, matched)
    with_sponsor = "sponsor" in {*shape.filters, shape.sort.removeprefix("-")}
    columns = [col(Challenge.id), *(key.of.label(key.name) for key in keys)]
    query = _joined(*columns, matched=matched, dialect=shape.dialect, sponsor=with_sponsor)
    return query.where(*_conditions(sight, shape, matched)), keys


def _page(fitting: FromClause, shape: Shape, keys: Sequence[Key]) -> Select[Any]:
    """Few rows of what fits; they are read whole afterwards."""
    page = select(fitting).order_by(*_by(fitting, keys))
    if shape.group:
        page = page.where(fitting.c.standing == literal_column(str(IN_ORDER.index(shape.group))))
    return page.limit(bindparam("most", type_=Integer())).offset(bindparam("least", type_=Integer()))


@lru_cache(maxsize=256)
def reading(sight: Sight) -> Select[Any]:
    """The challenges with these numbers, whole, in no order."""
    same_challenge = col(StageDates.challenge_id) == col(Challenge.id)
    here = and_(same_challenge, col(StageDates.stage) == col(Challenge.state))
    query = _joined(*COLUMNS, case((may_read(sight), 1), else_=0).label("is_readable"))
    query = query.join(Programme, col(Programme.id) == col(Challenge.programme_id)).outerjoin(StageDates, here)
    return query.where(col(Challenge.id).in_(bindparam("numbers", expanding=True)))


def _by(fitting: FromClause, keys: Sequence[Key]) -> list[Any]:
    return [(c.desc() if key.descending else c.asc()).nulls_last() for key in keys for c in (fitting.c[key.name],)]


def _keys(sight: Sight, shape: Shape, matched: FromClause | None) -> list[Key]:
    """By the heading that is chosen, or else by how well the words fit; then by what can still be joined."""
    closes = case((may_read(sight), col(Challenge.closes_at)))
    money = case((and_(may_read(sight), KNOWN_MONEY), col(Challenge.money_pounds)))
    sponsor = func.lower(func.coalesce(col(Organisation.legal_name), col(Challenge.sponsors_in_source)))
    headings: dict[str, Any] = {
        "title": func.lower(col(Challenge.title)),
        "sponsor": sponsor,
        "closes": closes,
        "money": money,
        "opens": col(Challenge.opens_at),
        "round": col(Round.starts_at),
    }
    first = []
    if shape.sort:
        heading = shape.sort.removeprefix("-")
        first = [Key("heading", headings[heading], descending=shape.sort != heading)]
    elif matched is not None:
        first = [Key("tier", matched.c.tier)]
    is_open, is_announced = literal_column(IS_OPEN, Boolean()), literal_column(IS_ANNOUNCED, Boolean())
    joinable = case((is_open, col(Challenge.closes_at)), (is_announced, col(Challenge.opens_at)))
    ended = case((not_(or_(is_open, is_announced)), col(Challenge.closes_at)))
    newest = [Key("starts_at", col(Round.starts_at), descending=True), Key("ended", ended, descending=True)]
    return [*first, Key("standing", STANDING), Key("joinable", joinable), *newest, Key("number", col(Challenge.id))]
