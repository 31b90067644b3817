"""Play acts: each is one transaction, done once however often the demonstration is stopped and started again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlmodel import Session, col

from civflow.models import Act as Done
from civflow.models import (
    Agreement,
    Application,
    Assignment,
    Challenge,
    Document,
    History,
    Person,
    Score,
    Team,
    Tracked,
)
from civflow.services.engine.advance import PAGES
from civflow.services.people import actor_of
from civflow.services.people.invented import BEGUN, holds_demonstration
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor


@cache
def _with(model: Any, *columns: str) -> Any:
    """The rows with given values in these columns; made once, since the story asks for rows thousands of times."""
    return select(model).where(*(getattr(model, name) == bindparam(name) for name in columns))


@dataclass
class Scene:
    """What an act has at hand: the session, its moment, its own generator, and the folder of the files."""

    session: Session
    now: datetime
    random: Random
    files: Path

    def one(self, model: Any, **columns: Any) -> Any:
        """The only row with these values; raises NoResultFound or MultipleResultsFound."""
        return self.session.scalars(_with(model, *columns), columns).one()

    def all(self, model: Any, *where: Any) -> list[Any]:
        """The rows in the order in which they were made."""
        return list(self.session.scalars(select(model).where(*where).order_by(col(model.id))))

    def person(self, email: str) -> Person:
        return self.one(Person, email=email)  # type: ignore[no-any-return]

    def actor(self, person: Person | int) -> Actor:
        found = person if isinstance(person, Person) else self.session.get_one(Person, person)
        return actor_of(self.session, found, now=self.now)

    def lead(self, team_id: int) -> Actor:
        return self.actor(self.session.get_one(Team, team_id).lead_id)


def can_take(model: type[Tracked], trigger: str) -> ColumnElement[bool]:
    """Records from whose state a step of this name leads on."""
    page = PAGES[model]
    return page.table.c.state.in_(page.sources(trigger))


@dataclass(frozen=True)
class Act:
    """Something that happens at a moment of the story."""

    name: str
    at: datetime
    do: Callable[[Scene], None]
    asks_for_documents: bool = False  # which somebody has to read before the story goes on
    needs_documents: bool = False  # those are made before it


def is_free(session: Session) -> bool:
    """Whether nobody has an account here, or only the people of the demonstration."""
    return holds_demonstration(session) or session.scalar(select(col(Person.id)).limit(1)) is None


def begun_at(session: Session, *, end: datetime) -> datetime:
    """The moment that the whole story leads up to: set by the first start, kept by every later one."""
    done = session.get(Done, BEGUN)
    if done is None:
        session.add(done := Done(name=BEGUN, at=end))
        session.flush()
    return done.at


def not_done(session: Session, acts: list[Act]) -> list[Act]:
    """The acts that are still to be played."""
    done = set(session.scalars(select(col(Done.name))))
    return [act for act in acts if act.name not in done]


def play(session: Session, act: Act, *, seed: int, files: Path) -> bool:
    """Do an act unless it was done before, and mark it done; the caller commits. Whether it was done now."""
    if session.get(Done, act.name) is not None:
        return False
    act.do(Scene(session, act.at, Random(f"{seed}:{act.name}"), files))
    session.add(Done(name=act.name, at=act.at))
    session.flush()
    return True


@dataclass(frozen=True)
class Summary:
    """What `civflow demo --once --json` prints, but for its seconds."""

    challenges: int
    applications: int
    assignments: int
    scores: int
    letters: int
    agreements: int
    history: int
    documents: list[str]
    states: dict[str, dict[str, int]]


def summary(session: Session, *, files: Path) -> Summary:
    """Count what the round left behind; `documents` are the paths of the finished PDFs."""

    def count(model: Any) -> int:
        return session.scalar(select(func.count()).select_from(model)) or 0

    letters = select(func.count()).where(col(Document.kind) == "outcome_letter", col(Document.made_at).is_not(None))
    paths = select(col(Document.path)).where(col(Document.made_at).is_not(None)).order_by(col(Document.id))
    return Summary(
        challenges=count(Challenge),
        applications=count(Application),
        assignments=count(Assignment),
        scores=count(Score),
        letters=session.scalar(letters) or 0,
        agreements=count(Agreement),
        history=count(History),
        documents=[str(files / path) for path in session.scalars(paths)],
        states=states(session),
    )


def states(session: Session) -> dict[str, dict[str, int]]:
    """Workflow -> state -> number of records, in the order of the handbook; states without records are left out."""
    found = {}
    for name, page in HANDBOOK.items():
        query = select(page.table.c.state, func.count()).group_by(page.table.c.state)
        counts = {row[0]: row[1] for row in session.connection().execute(query)}
        found[name] = {state: counts[state] for state in sorted(counts, key=_order(page.states))}
    return found


def _order(states: Any) -> Callable[[str], int]:
    names = list(states)
    return lambda state: names.index(state) if state in names else len(names)
