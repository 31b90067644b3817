"""What waits for somebody, of every noun, as the states of its page declare it: the lines of home pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select
from sqlmodel import Session

from civflow import features
from civflow.models import Challenge, Tracked
from civflow.services.engine.access import found_by
from civflow.services.engine.advance import cases_with, workflow_of
from civflow.services.engine.effects import own
from civflow.services.formatting import count, money
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import load_named, path_of, step_path, title_of, word_for
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import NOBODY, Actor, Case, Line, Rule, Workflow
from civflow.workflows.engine.waiting import CIVFLOW, NAME, finders, lines_of, name_of, needs_of


@dataclass(frozen=True)
class Task:
    """One thing that needs this person: a verb and its object, the page where it is done, and by when."""

    text: str  # "Answer 3 questions about Flooding impact"
    href: str
    due: datetime | None = None
    detail: str = ""  # "the oldest has waited for 4 days"


class OpenTask(NamedTuple):
    """A line of somebody's home page: as whom they read it, and about what: a noun, and the first of its records."""

    who: Rule
    noun: str
    record: Tracked
    task: Task


class Said(NamedTuple):
    """What a feature knows of a line beyond its words; None leaves as they are the moment, the number and the page."""

    detail: str = ""
    due: datetime | None = None
    number: int | None = None
    href: str | None = None


Says = Callable[[Session, Sequence[Case[Any]], datetime], Said | None]


def says(*, needs: tuple[str, ...] = ()) -> Callable[[Says], Says]:
    """Declare what the lines say that name the function: it is given the cases of one line, and the time.

    It answers None where nothing waits after all. `needs`: the facts that it looks at.
    """

    def declare(function: Says) -> Says:
        function.says, function.needs = function.__name__, needs  # type: ignore[attr-defined]
        return function

    return declare


@cache
def sayings() -> dict[str, Any]:
    """What features say of lines, by name. Raises FeatureError where a page names what nobody says, or lacks its facts."""
    known = features.collect("lines", own("says"))
    for page in HANDBOOK.values():
        for state in page.states.values():
            for _, line in lines_of(state):
                where = f"{page.name}, state '{state.name}'"
                if line.says and line.says not in known:
                    raise features.FeatureError(f"{where}: no service says “{line.says}”.")
                for name in known[line.says].needs if line.says else ():
                    if name not in page.declared:
                        raise features.FeatureError(
                            f"{where}: “{line.says}” needs the fact “{name}”, and the page has none."
                        )
    return known


def waiting_for(session: Session, *, actor: Actor, now: datetime, **within: int | None) -> list[OpenTask]:
    """Every line that somebody's home page has by declaration, noun by noun in the order of the handbook.

    `within`: only of records with these values in their columns, such as round_id=3. A noun of which nothing can wait
    for this actor costs nothing; the others a fixed number of statements, however much waits.
    """
    if actor.id is None:
        return []
    pages = (page for page in HANDBOOK.values() if all(column in page.table.c for column in within))
    return [line for page in pages for line in _of_noun(session, page, actor, now, within)]


def _of_noun(
    session: Session, page: Workflow, actor: Actor, now: datetime, within: Mapping[str, int | None]
) -> Iterator[OpenTask]:
    query = _candidates(page, actor)
    if query is None:
        return
    records = session.scalars(query.filter_by(**within).order_by(page.table.c.id)).all()
    lines = [(record, *one) for record in records for one in _lines(_page_of(session, record), record.state)]
    named = load_named(session, records, (text for _, _, line in lines for text in _texts(line)))
    cases = _cases(session, lines, actor, now)
    gathered: dict[tuple[Any, ...], list[Tracked]] = {}
    for record, who, line in lines:
        if is_turn(cases[record.id or 0], who, line):
            own = (record.id,) if line.gathers is None else tuple(getattr(record, c) for c in line.gathers)
            gathered.setdefault((who, line, own), []).append(record)
    for (who, line, _), some in gathered.items():
        task = _task(session, line, some, [cases[record.id or 0] for record in some], now)
        if task:
            yield OpenTask(who, page.name, some[0], task)
    named.clear()


@cache
def _lines(page: Workflow, state: str) -> tuple[tuple[Rule, Line], ...]:
    return tuple((who, line) for who, line in lines_of(page.states[state]) if not line.by_hand)


@cache
def _waiting_states(page: Workflow) -> Mapping[Rule, Sequence[str]]:
    """Rule -> the states that wait for whoever it admits."""
    found: dict[Rule, list[str]] = {}
    for state in sorted(page.states):
        for who in dict.fromkeys(who for who, _ in _lines(page, state)):
            found.setdefault(who, []).append(state)
    return found


def _candidates(page: Workflow, actor: Actor) -> Any:
    """The records among which something may wait for the actor, by SQL alone; None where there can be none."""
    column: Any = page.table.c.state
    found = []
    for who, states in _waiting_states(page).items():
        theirs = found_by(actor, page, who)
        if theirs is None:
            continue
        stands = column.in_(states)
        if page.record is Challenge:  # other programmes have stages of their own, which are asked at the record
            stands = or_(stands, column.not_in(sorted(page.states)))
        found.append(and_(stands, theirs))
    return select(page.record).where(or_(*found)) if found else None


def _page_of(session: Session, record: Tracked) -> Workflow:
    """The page of a record; a challenge's programme is kept for all of them."""
    if isinstance(record, Challenge):
        programme_of(session, record)
    return workflow_of(session, record)


def _cases(
    session: Session, lines: Iterable[tuple[Tracked, Rule, Line]], actor: Actor, now: datetime
) -> dict[int, Case[Any]]:
    """Record's id -> its case with the facts that its lines look at: one statement for each page."""
    by_page: dict[int, tuple[Workflow, dict[int, Tracked], set[str]]] = {}
    for record, who, line in lines:
        page = workflow_of(session, record)
        _, records, needs = by_page.setdefault(id(page), (page, {}, set()))
        records[record.id or 0] = record
        needs.update(needs_of(page, record.state, who, line), sayings()[line.says].needs if line.says else ())
    found: dict[int, Case[Any]] = {}
    for page, records, needs in by_page.values():
        found.update(cases_with(session, page, list(records.values()), needs, actor=actor, now=now))
    return found


def is_turn(case: Case[Any], who: Rule | None, line: Line) -> bool:
    """Whether the line is the actor's at this moment: with `who` None, somebody's."""
    if who is not None and not who.claim(case):
        return False
    if not all(one.claim(case) for one in line.when):
        return False
    step = case.workflow.steps_from(case.state).get(line.step)
    return step is None or ((who is None or case.workflow.permits(case, step)) and not case.workflow.unmet(case, step))


def now_with(session: Session, record: Tracked, *, now: datetime) -> list[str]:
    """The people whom a record waits for at this moment, in words; nobody where it may stand, or goes on by itself."""
    page = workflow_of(session, record)
    lines = [(who, line) for who, line in lines_of(page.states[record.state]) if CIVFLOW not in finders(who)]
    needs = {name for who, line in lines for name in needs_of(page, record.state, who, line)}
    case = cases_with(session, page, [record], needs, actor=NOBODY, now=now)[record.id or 0]
    return list(dict.fromkeys(name_of(who) for who, line in lines if is_turn(case, None, line)))


# Words ---------------------------------------------------------------------------------------------------------------


def _texts(line: Line) -> tuple[str, ...]:
    return (line.words, line.detail, line.path, line.path_of_many)


def _task(
    session: Session, line: Line, records: Sequence[Tracked], cases: Sequence[Case[Any]], now: datetime
) -> Task | None:
    said = sayings()[line.says](session, cases, now) if line.says else Said()
    if said is None:
        return None
    first, case = records[0], cases[0]
    number = len(records) if said.number is None else said.number

    def fill(text: str) -> str:
        return NAME.sub(lambda found: _value(session, first, case, found, number, line.one), text)

    moments = [at for one in cases if (at := getattr(one.record, line.due, None))] if line.due else []
    return Task(
        fill(line.words),
        said.href or fill(_path(line, len(records))) or _own_path(session, first, line),
        said.due or min(moments, default=None),
        said.detail or fill(line.detail),
    )


def _path(line: Line, number: int) -> str:
    return line.path_of_many if line.path_of_many and number > 1 else line.path


def _own_path(session: Session, record: Tracked, line: Line) -> str:
    return (step_path(session, record, line.step) if line.step else None) or path_of(record)


def _value(session: Session, record: Any, case: Case[Any], found: re.Match[str], number: int, one: str) -> str:
    """What a name in braces stands for."""
    name, of_that, noun, plural = found.groups()
    if name == "record":
        return title_of(session, record)
    if name == "count" and number == 1 and one:
        return one
    if noun:
        value = number if name == "count" else getattr(case.record, name)
        return money(value) if noun == "£" else count(value, noun, plural)
    return (
        str(getattr(case.record, name)) if name in case.workflow.declared else word_for(session, record, name, of_that)
    )
