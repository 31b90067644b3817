"""The record as an auditor reads it: every entry of every noun, searched, filtered, and by pages that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select
from sqlmodel import Session, col

from civflow.models import Grant, History, Person, Seal
from civflow.models.people import ROLES
from civflow.services.formatting import DEFAULT_ZONE
from civflow.services.records.inputs import Input, in_a_line, inputs_read
from civflow.services.records.titles import MODELS, name_behind, title_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Workflow

EACH = 50  # on a page
COLUMNS = (
    "entry", "at", "noun", "record_id", "record", "number", "step", "from_state", "to_state", "who", "reason", "inputs",
    "previous", "hash",
)  # fmt: skip


class Wanted(NamedTuple):
    """What is looked for; what is empty is not asked for."""

    words: str = ""
    noun: str = ""
    step: str = ""
    who: str = ""
    since: date | None = None
    until: date | None = None


class Line(NamedTuple):
    """One entry in words; `path` leads to its record."""

    entry: History
    noun: str
    title: str
    path: str
    step: str
    was: str
    now_is: str
    inputs: list[Input]


class Page(NamedTuple):
    """A page of entries, the newest first; `older` is the key of the next one."""

    lines: list[Line]
    total: int
    older: int | None


def find(session: Session, wanted: Wanted, *, before: int | None = None) -> Page:
    """The newest entries that fit, of those that are older than the entry `before`."""
    total = session.scalar(_fitting(select(func.count()).select_from(History), wanted)) or 0
    query = _fitting(select(History), wanted)
    if before is not None:
        query = query.where(col(History.id) < before)
    entries = session.scalars(query.order_by(col(History.id).desc()).limit(EACH + 1)).all()
    shown = entries[:EACH]
    older = shown[-1].id if len(entries) > EACH else None
    return Page(lines(session, shown), total, older)


def every(session: Session, wanted: Wanted) -> Iterator[Line]:
    """All that fit, the oldest first; they are read by and by."""
    last = 0
    while True:
        query = _fitting(select(History), wanted).where(col(History.id) > last)
        some = session.scalars(query.order_by(col(History.id)).limit(500)).all()
        if not some:
            return
        yield from lines(session, some)
        last = some[-1].id or 0


def _fitting(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.words:
        query = query.where(or_(*(_has(c, wanted.words) for c in (History.reason, History.inputs, History.actor_name))))
    if wanted.noun:
        query = query.where(col(History.workflow) == wanted.noun)
    if wanted.step:
        query = query.where(col(History.step) == wanted.step)
    if wanted.who:
        query = query.where(_has(History.actor_name, wanted.who))
    if wanted.since:
        query = query.where(col(History.at) >= _begin_of(wanted.since))
    if wanted.until:
        query = query.where(col(History.at) < _begin_of(wanted.until + timedelta(days=1)))
    return query


def _has(column: Any, words: str) -> Any:
    return func.lower(col(column)).contains(words.lower(), autoescape=True)


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(DEFAULT_ZONE))


def lines(session: Session, entries: Sequence[History]) -> list[Line]:
    """Entries in words: the record, the step, the states, and everything that was given with it."""
    return [_line(session, entry) for entry in entries]


def _line(session: Session, entry: History) -> Line:
    page = HANDBOOK.get(entry.workflow)
    if page is None:  # a noun that this version does not have any more
        return Line(entry, entry.workflow, f"{entry.record_id}", "", entry.step, entry.from_state, entry.to_state, [])
    record = session.get(MODELS[page.table.name], entry.record_id)
    title = title_of(session, record) if record else "One that is not there any more"
    path = f"/cases/{page.name}/{entry.record_id}" if record else ""
    was, now_is = ("", "") if entry.from_state == entry.to_state else (entry.from_state, entry.to_state)
    return Line(
        entry,
        page.called,
        title,
        path,
        step_in_words(page, entry.step),
        _state(page, was),
        _state(page, now_is),
        inputs_read(session, page, entry),
    )


def step_in_words(page: Workflow, step: str) -> str:
    """What the button says; 'Begun' for the first entry of a record."""
    if step == "begin" and not any(one.name == step for one in page.steps):
        return "Begun"
    return next((one.button for one in page.steps if one.name == step), step.replace("_", " ").capitalize())


def _state(page: Workflow, state: str) -> str:
    known = page.states.get(state)
    return known.staff if known else state.replace("_", " ").capitalize()


def row_of(line: Line) -> tuple[Any, ...]:
    """A line as plain values, in the order of COLUMNS."""
    entry = line.entry
    given = "\n".join(in_a_line(line.inputs))
    return (
        entry.id, entry.at.isoformat(), line.noun, entry.record_id, line.title, entry.number, line.step, entry.from_state,
        entry.to_state, entry.actor_name, entry.reason, given, entry.previous, entry.hash,
    )  # fmt: skip


def seals(session: Session, *, before: date | None = None) -> list[Seal]:
    """The sealed days, the newest first, of those before a day: as many as fit on a page, and one more."""
    query = select(Seal).order_by(col(Seal.day).desc()).limit(EACH + 1)
    return list(session.scalars(query if before is None else query.where(col(Seal.day) < before)))


class GrantLine(NamedTuple):
    """A role that somebody holds or held: where, from when until when, and who gave and took it."""

    person: str
    email: str
    role: str
    where: str
    grant: Grant
    given_by: str
    taken_by: str


def roles_held(session: Session, *, words: str = "", role: str = "", on: date | None = None) -> list[GrantLine]:
    """Who held which role when: of people whose name or address has these words, on a day if one is given."""
    query = select(Grant, Person).join(Person, col(Person.id) == col(Grant.person_id))
    if words:
        query = query.where(or_(_has(Person.name, words), _has(Person.email, words)))
    if role:
        query = query.where(col(Grant.role) == role)
    if on:
        still = or_(col(Grant.revoked_at).is_(None), col(Grant.revoked_at) >= _begin_of(on))
        query = query.where(col(Grant.granted_at) < _begin_of(on + timedelta(days=1)), still)
    query = query.order_by(col(Person.name), col(Grant.granted_at), col(Grant.id))
    return [
        GrantLine(
            person.name,
            person.email,
            ROLES.get(grant.role, grant.role),
            _where(session, grant),
            grant,
            _somebody(session, grant.granted_by_id),
            _somebody(session, grant.revoked_by_id),
        )
        for grant, person in session.execute(query)
    ]


def _where(session: Session, grant: Grant) -> str:
    """For what a role is held, in words."""
    if grant.scope_id is None:
        return "The whole site"
    if session.get(MODELS[grant.scope], grant.scope_id) is None:
        return f"A {grant.scope} that is not there any more"
    return name_behind(session, grant.scope, grant.scope_id)


def _somebody(session: Session, person_id: int | None) -> str:
    person = session.get(Person, person_id) if person_id else None
    return person.name if person else ""
