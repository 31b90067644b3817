"""Find every step that is due, and take it. May run twice at once: the gate lets each step happen once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from sqlalchemy import Integer, Table, select
from sqlmodel import Session, col

from civflow.models import Challenge, Programme
from civflow.services.engine.advance import advance, advance_many
from civflow.services.engine.facts import finals
from civflow.services.engine.sql import Prepared, parameter
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges.page import challenge_workflow
from civflow.workflows.engine import CLOCK, Refusal, Step, Workflow

Why = tuple[str, ...]
Taken = tuple[int, dict[int, Why]]  # how many moved; why others could not
Take = Callable[[list[int]], Taken]
Find = Callable[[], list[int]]  # the records whose time has come, as they stand now


class Tick(NamedTuple):
    """What one tick did: how many records moved, and why others that are due could not."""

    moved: int
    stuck: list[Stuck]


class Stuck(NamedTuple):
    """A record whose time has come and whose rules say no."""

    workflow: str
    record_id: int
    step: str
    sentences: Why


def take_due_steps(session: Session, *, now: datetime) -> Tick:
    """Take every step whose time has come, for every workflow of the handbook.

    A record whose step is refused, by a rule or by what follows, stays where it is and holds up nobody else.
    """
    moved, stuck = 0, []
    for page, step, find, take in _due_steps(session, now):
        count, refused = _take(session, find, take)
        moved += count
        stuck += [Stuck(page.name, record, step.name, why) for record, why in refused.items()]
    return Tick(moved, stuck)


def _due_steps(session: Session, now: datetime) -> Iterator[tuple[Workflow, Step, Find, Take]]:
    """Each step that the clock can take, with the functions that find its records and that take it for some."""
    for name, page in HANDBOOK.items():
        if name == "challenge":
            yield from _due_steps_of_challenges(session, now)
            continue
        for step in page.steps:
            if step.due:
                find = partial(due_ids, session, page, step, now)
                yield page, step, find, _together(session, page, step, now)


def _together(session: Session, page: Workflow, step: Step, now: datetime) -> Take:
    def take(ids: list[int]) -> Taken:
        bulk = advance_many(session, page.record, ids, step.name, actor=CLOCK, now=now)
        return len(bulk.moved), bulk.refused

    return take


def _due_steps_of_challenges(session: Session, now: datetime) -> Iterator[tuple[Workflow, Step, Find, Take]]:
    """Each programme has a page of its own for its challenges; one whose challenges have all ended has nothing to do."""
    used = select(col(Challenge.programme_id)).where(col(Challenge.state).not_in(finals("challenge")))
    running = select(Programme).where(col(Programme.id).in_(used)).order_by(col(Programme.id))
    for programme in session.scalars(running).all():
        page = challenge_workflow(programme.source)
        for step in page.steps:
            if step.due:
                find = partial(due_ids, session, page, step, now, programme.id)
                yield page, step, find, _one_by_one(session, step, now)


def _one_by_one(session: Session, step: Step, now: datetime) -> Take:
    def take(ids: list[int]) -> Taken:
        wanted = select(Challenge).where(col(Challenge.id).in_(ids))
        challenges = session.scalars(wanted.order_by(col(Challenge.id))).all()
        for challenge in challenges:
            advance(session, challenge, step.name, actor=CLOCK, now=now)
        return len(challenges), {}

    return take


def due_ids(session: Session, page: Workflow, step: Step, now: datetime, programme_id: int | None = None) -> list[int]:
    """The records, of one programme or of all, that stand where the step begins and whose time has come."""
    connection = session.connection()
    due = _due(connection.dialect.name, page.table, step.sources, str(step.due), programme_id is not None)
    return [record_id for (record_id,) in due.run(connection, {"now": now, "programme_id": programme_id})]


@lru_cache(256)
def _due(database: str, table: Table, sources: tuple[str, ...], column: str, of_one: bool) -> Prepared:
    query = select(table.c.id).where(
        table.c.state.in_(sources), table.c[column] <= parameter("now", table.c[column].type)
    )
    if of_one:
        query = query.where(table.c.programme_id == parameter("programme_id", Integer()))
    return Prepared(query.order_by(table.c.id), database)


def _take(session: Session, find: Find, take: Take) -> Taken:
    """Take the step with everybody that is due: all together, or one by one where it is refused for all of them."""
    ids = find()
    if not ids:
        return 0, {}
    try:
        moved, refused = _attempt(session, take, ids)
    except Refusal:
        moved, refused = _take_one_by_one(session, take, ids)
    if refused:  # another tick, or a person, may have taken the step meanwhile
        still = set(find())
        refused = {record: why for record, why in refused.items() if record in still}
    return moved, refused


def _take_one_by_one(session: Session, take: Take, ids: list[int]) -> Taken:
    moved, refused = 0, {}
    for record_id in ids:
        try:
            count, why = _attempt(session, take, [record_id])
        except Refusal as refusal:
            count, why = 0, {record_id: refusal.sentences}
        moved += count
        refused.update(why)
    return moved, refused


def _attempt(session: Session, take: Take, ids: list[int]) -> Taken:
    """Take the step; where what follows is refused, undo all of it and raise the refusal."""
    try:
        with session.begin_nested():
            return take(ids)
    except Refusal:
        session.expire_all()
        raise
