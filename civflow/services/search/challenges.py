"""Finding challenges: who may know of which, search, filters, counts; a page of them in three statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Programme, Round
from civflow.services.formatting import DEFAULT_ZONE
from civflow.services.search import fulltext
from civflow.services.search.index import index, searched, supporter_names, words_of
from civflow.services.search.query import GROUPS, HEADINGS, Wanted, address_of, in_words, search_at, wanted_of
from civflow.services.search.sql import (
    IN_ORDER,
    PUBLIC,
    READS_BEFORE_IT_OPENS,
    Shape,
    Sight,
    choosing,
    listing,
    may_know_of,
    numbering,
    paging,
    reading,
    sight_of,
)
from civflow.workflows.challenges.page import challenge_workflow
from civflow.workflows.engine import Actor, NotFound, State, Workflow
from civflow.workflows.themes import THEMES

__all__ = [
    "EACH",
    "GROUPS",
    "HEADINGS",
    "READS_BEFORE_IT_OPENS",
    "Choices",
    "Found",
    "Numbers",
    "Page",
    "Wanted",
    "address_of",
    "every",
    "find",
    "fits",
    "in_words",
    "index",
    "joinable",
    "known",
    "numbers",
    "one",
    "search_at",
    "sponsor_name",
    "supporter_names",
    "wanted_of",
    "words_of",
    "workflow_with",
]

EACH = 50  # challenges on a page
MOST = 100_000  # challenges of a list without pages


class Found(NamedTuple):
    """One challenge of a list, as anybody may read it."""

    id: int
    slug: str
    reference: str
    title: str
    question: str
    sponsor: str
    group: str
    label: str
    tone: str
    opens_at: datetime | None
    closes_at: datetime | None
    stage_ends_at: datetime | None
    money_pounds: int
    round_title: str
    result: str
    source: str
    themes: tuple[str, ...]
    place: str
    decision_promised_at: datetime | None
    is_readable: bool  # an announced challenge shows no more than its title, its sponsor and its opening date


@dataclass(frozen=True)
class Choices:
    """What the filters offer: rounds as slug and title, the newest first; the names of sponsors and places; keys of THEMES."""

    rounds: list[tuple[str, str]]
    sponsors: list[str]
    places: list[str]
    themes: list[str]


@dataclass(frozen=True)
class Page:
    """One page of a list, how many there are in all and in each group, and what can be chosen, where it was asked."""

    rows: list[Found]
    total: int
    counts: dict[str, int]
    choices: Choices


def find(session: Session, wanted: Wanted, *, actor: Actor, with_choices: bool = True) -> Page:
    """The page of challenges that `wanted` describes, out of those that the actor may know of."""
    sight, run = sight_of(actor), session.connection().execute
    choices = _choices(run(choosing(sight)).all() if with_choices else [])
    asked = _asked(session, wanted)
    if asked is None:
        return Page([], 0, dict.fromkeys(GROUPS, 0), choices)
    shape, values = asked
    found = run(paging(sight, shape), values).all()
    counts = _by_group(row for row in found if row.place is None)
    order = [row.number for row in sorted((row for row in found if row.place), key=attrgetter("place"))]
    total = counts[wanted.group] if wanted.group else sum(counts.values())
    return Page(_whole(session, sight, order), total, counts, choices)


def _by_group(rows: Iterable[Any]) -> dict[str, int]:
    """How many are in each group, of rows that begin with the number of a group and how many are in it."""
    found = {IN_ORDER[standing]: number for standing, number, *_ in rows}
    return {group: found.get(group, 0) for group in GROUPS}


def known(session: Session, slug: str, *, actor: Actor) -> Challenge:
    """The challenge at this address, if the actor may know of it. Raises NotFound otherwise, in the same words."""
    query = select(Challenge).join(Round, col(Round.id) == col(Challenge.round_id)).where(col(Challenge.slug) == slug)
    found = session.scalars(query.where(may_know_of(sight_of(actor)))).first()
    if found is None:
        raise NotFound("There is no such challenge, or it is not public yet.")
    return found


def one(session: Session, challenge_id: int) -> list[Found]:
    """A challenge as the public may read it, for one that the public may know of."""
    return _whole(session, PUBLIC, [challenge_id])


def every(session: Session, wanted: Wanted, *, actor: Actor, most: int = MOST) -> list[Found]:
    """Every challenge that `wanted` describes, without pages: for a download, a feed or a calendar."""
    asked = _asked(session, wanted)
    if asked is None:
        return []
    return _rows(session, sight_of(actor), asked[0], {**asked[1], "least": 0, "most": most})


def fits(session: Session, wanted: Wanted, challenge_id: int) -> bool:
    """Whether a search of the public, in whatever group, finds this challenge."""
    asked = _asked(session, replace(wanted, group="", page=1))
    if asked is None:
        return False
    listed = listing(PUBLIC, asked[0]._replace(one=True))
    return bool(session.connection().execute(listed, {**asked[1], "challenge_id": challenge_id}).all())


def joinable(session: Session, *, most: int) -> list[Found]:
    """What is open to everybody, closing soonest first, then what opens soon, opening soonest first."""
    return _rows(session, PUBLIC, Shape(session.get_bind().dialect.name), {"least": 0, "most": most})


class Numbers(NamedTuple):
    """How many challenges the public can read, by group, and of how many it is known what became of them."""

    groups: dict[str, int]
    known: int

    @property
    def all(self) -> int:
        return sum(self.groups.values())


def numbers(session: Session) -> Numbers:
    """The public's numbers, for the home page."""
    rows = session.connection().execute(numbering()).all()
    return Numbers(_by_group(rows), sum(known or 0 for *_, known in rows))


def _asked(session: Session, wanted: Wanted) -> tuple[Shape, dict[str, Any]] | None:
    """The shape of the statements and the values for them; None for a search without any word that could be found."""
    dialect, words = session.get_bind().dialect.name, searched(wanted.words)
    if wanted.words and not words:
        return None
    values: dict[str, Any] = {name: getattr(wanted, name) for name in wanted.filters}
    if wanted.theme:
        values["theme"] = f'"{wanted.theme}"'
    if wanted.closes_from:
        values["closes_from"] = _midnight(wanted.closes_from)
    if wanted.closes_to:
        values["closes_to"] = _midnight(wanted.closes_to + timedelta(days=1))
    values |= fulltext.parameters(dialect, words) if words else {}
    values |= {"least": (max(wanted.page, 1) - 1) * EACH, "most": EACH}
    return Shape(dialect, len(words), wanted.filters, wanted.group, wanted.sort), values


def _midnight(day: date) -> datetime:
    """The instant at which a day begins, for those who look for dates."""
    return datetime.combine(day, time(), ZoneInfo(DEFAULT_ZONE))


def _choices(rows: Sequence[Any]) -> Choices:
    rounds = sorted((row for row in rows if row.kind == "round"), key=lambda row: (row[3], row[2]), reverse=True)
    names = {
        kind: sorted((row[1] for row in rows if row.kind == kind), key=str.casefold) for kind in ("sponsor", "place")
    }
    themes = {row[1] for row in rows if row.kind == "theme"}
    return Choices(
        [(slug, title) for _, slug, title, _ in rounds],
        names["sponsor"],
        names["place"],
        [key for key in THEMES if key in themes],
    )


def _rows(session: Session, sight: Sight, shape: Shape, values: Mapping[str, Any]) -> list[Found]:
    """First the numbers of the challenges in their order, then these challenges whole."""
    return _whole(session, sight, session.connection().execute(listing(sight, shape), values).scalars().all())


def _whole(session: Session, sight: Sight, order: Sequence[int]) -> list[Found]:
    run = session.connection().execute
    rows = {row.id: row for part in _parts(order) for row in run(reading(sight), {"numbers": part})}
    pages = {key: workflow_with(session, key) for key in {row.content_hash for row in rows.values()}}
    return [_found(row, pages[row.content_hash].states[row.state]) for row in map(rows.__getitem__, order)]


def _parts(numbers: Sequence[int], each: int = 5000) -> list[Sequence[int]]:
    """No database takes any number of parameters."""
    return [numbers[start : start + each] for start in range(0, len(numbers), each)]


def _found(row: Any, state: State) -> Found:
    """What may be shown of a row: of an announced challenge its title, its sponsor and its opening date."""
    readable, group = bool(row.is_readable), IN_ORDER[row.standing]
    return Found(
        id=row.id,
        slug=row.slug,
        reference=row.reference,
        title=row.title,
        question=row.question if readable else "",
        sponsor=sponsor_name(row.legal_name, row.sponsors_in_source),
        group=group,
        label=state.staff if group == "preparing" else state.public,
        tone=state.tone,
        opens_at=row.opens_at,
        closes_at=row.closes_at if readable else None,
        stage_ends_at=row.ends_at if readable else None,
        money_pounds=row.money_pounds if readable else 0,
        round_title=row.round_title,
        result=row.earlier_result,
        source=row.source_url,
        themes=tuple(row.themes) if readable else (),
        place=row.place if readable else "",
        decision_promised_at=row.decision_promised_at if readable else None,
        is_readable=readable,
    )


def sponsor_name(legal_name: str | None, in_source: str) -> str:
    """The sponsor's name; of an imported challenge with several, all of them."""
    if legal_name and not in_source.startswith(legal_name):
        return legal_name
    return in_source.replace(";", ",")


_WORKFLOWS: dict[str, Workflow] = {}  # by content hash; a version's content never changes


def workflow_with(session: Session, content_hash: str) -> Workflow:
    """The challenge's workflow under the programme version with this hash."""
    known = _WORKFLOWS.get(content_hash)
    if known is None:
        source = session.scalars(select(col(Programme.source)).where(col(Programme.content_hash) == content_hash))
        known = _WORKFLOWS[content_hash] = challenge_workflow(source.one())
    return known
