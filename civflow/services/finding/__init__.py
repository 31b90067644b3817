"""Finding challenges: who may know of which, search, filters, counts; a page of them in three statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlmodel import Session, col

from civflow.models import Programme
from civflow.services.finding.statements import PREVIEWS, Shape, Sight, choosing, counting, listing, numbering, sight_of
from civflow.workflows.challenges import challenge_workflow
from civflow.workflows.engine import Actor, State, Workflow

__all__ = [
    "EACH", "GROUPS", "PREVIEWS", "SORTS", "Found", "Numbers", "Page", "Wanted", "every", "find", "joinable", "numbers",
    "sponsor_name", "workflow_with",
]  # fmt: skip

EACH = 50  # challenges on a page
MOST_WORDS = 10  # of a search
GROUPS = {
    "open": "Open for applications",
    "soon": "Opening soon",
    "running": "In progress",
    "finished": "Finished",
    "preparing": "Not public yet",
}
SORTS = {
    "": "What you can still join first",
    "closes": "Closing date, earliest first",
    "-closes": "Closing date, latest first",
    "title": "Title, A to Z",
    "-money": "Money, largest first",
    "-round": "Round, newest first",
}


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for: words, a key of GROUPS, a round's slug, a sponsor's name, a key of SORTS."""

    words: str = ""
    group: str = ""
    round: str = ""
    sponsor: str = ""
    known: bool = False  # only those of which it is known what became of them
    sort: str = ""
    page: int = 1


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
    is_readable: bool  # an announced challenge shows no more than its title, its sponsor and its opening date


@dataclass(frozen=True)
class Page:
    """One page of a list, how many there are in each group, and what can be chosen."""

    rows: list[Found]
    total: int
    counts: dict[str, int]
    rounds: list[tuple[str, str]]
    sponsors: list[str]


def find(session: Session, wanted: Wanted, *, actor: Actor) -> Page:
    """The page of challenges that `wanted` describes, out of those that the actor may know of."""
    sight, shape, values = sight_of(actor), _shape(wanted), _values(wanted)
    run = session.connection().execute
    counts: dict[str, int] = dict(run(counting(sight, shape._replace(sort="")), values).all())
    rounds, sponsors = _choices(run(choosing(sight)).all())
    total = counts.get(wanted.group, 0) if wanted.group else sum(counts.values())
    rows = _rows(session, listing(sight, shape), values) if total else []
    return Page(rows, total, {name: counts.get(name, 0) for name in GROUPS}, rounds, sponsors)


def every(session: Session, wanted: Wanted, *, actor: Actor) -> list[Found]:
    """Every challenge that `wanted` describes, without pages: for a download."""
    values = {**_values(wanted), "least": 0, "most": 100_000}
    return _rows(session, listing(sight_of(actor), _shape(wanted)), values)


def joinable(session: Session, *, most: int) -> list[Found]:
    """What is open to everybody, closing soonest first, then what opens soon, opening soonest first."""
    values = {**_values(Wanted()), "most": most}
    return _rows(session, listing(Sight(False), _shape(Wanted())), values)


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
    groups = {name: number for name, number, _ in rows}
    return Numbers({name: groups.get(name, 0) for name in GROUPS}, sum(known or 0 for _, _, known in rows))


def _shape(wanted: Wanted) -> Shape:
    words = min(len(wanted.words.split()), MOST_WORDS)
    return Shape(words, wanted.group in GROUPS, bool(wanted.round), bool(wanted.sponsor), wanted.known, wanted.sort)


def _values(wanted: Wanted) -> dict[str, Any]:
    words = {f"word_{n}": word.lower() for n, word in enumerate(wanted.words.split()[:MOST_WORDS])}
    least = (max(wanted.page, 1) - 1) * EACH
    chosen = {"wanted_group": wanted.group, "wanted_round": wanted.round, "wanted_sponsor": wanted.sponsor}
    return {**words, **chosen, "least": least, "most": EACH}


def _choices(rows: Sequence[Any]) -> tuple[list[tuple[str, str]], list[str]]:
    """The rounds, newest first, and the sponsors by name, that have a challenge in the list."""
    newest_first = sorted(rows, key=lambda row: (row[2], row[1]), reverse=True)
    rounds = {slug: title for slug, title, _, _ in newest_first}
    return list(rounds.items()), sorted({name for *_, name in rows if name}, key=str.casefold)


def _rows(session: Session, statement: Select[Any], values: Mapping[str, Any]) -> list[Found]:
    rows = session.connection().execute(statement, values).all()
    pages = {key: workflow_with(session, key) for key in {row.content_hash for row in rows}}
    return [_found(row, pages[row.content_hash].states[row.state]) for row in rows]


def _found(row: Any, state: State) -> Found:
    readable = bool(row.is_readable)
    return Found(
        id=row.id, slug=row.slug, reference=row.reference, title=row.title,
        question=row.question if readable else "",
        sponsor=sponsor_name(row.legal_name, row.sponsors_in_source), group=row.standing,
        label=state.staff if row.standing == "preparing" else state.public, tone=state.tone,
        opens_at=row.opens_at, closes_at=row.closes_at, stage_ends_at=row.ends_at,
        money_pounds=row.money_pounds if readable else 0, round_title=row.round_title,
        result=row.earlier_result, source=row.source_url, is_readable=readable,
    )  # fmt: skip


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
