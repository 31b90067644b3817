"""Find every step that is due, and take it. May run twice at once: the gate lets each step happen once."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Programme, Tracked
from civflow.services.advance import Bulk, advance, advance_many
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges import challenge_workflow
from civflow.workflows.engine import CLOCK, Refused, Step, Workflow


class Tick(NamedTuple):
    """What one tick did: how many records moved, and why others that are due could not."""

    moved: int
    stuck: list[Stuck]


class Stuck(NamedTuple):
    """A record whose time has come and whose rules say no."""

    workflow: str
    record_id: int
    step: str
    sentences: tuple[str, ...]


def take_due_steps(session: Session, *, now: datetime) -> Tick:
    """Take every step whose time has come, for every workflow of the handbook."""
    moved, stuck = 0, []
    for name, page in HANDBOOK.items():
        for step in page.steps:
            if step.due:
                bulk = _take_challenges(session, step.name, now) if name == "challenge" else _take(session, page, step, now)
                moved += len(bulk.moved)
                stuck += [Stuck(name, record, step.name, why) for record, why in bulk.refused.items()]
    return Tick(moved, stuck)


def due_ids(session: Session, page: Workflow, step: Step, now: datetime) -> list[int]:
    """The records that stand where the step begins and whose time has come."""
    table = page.table
    query = select(table.c.id).where(table.c.state.in_(step.sources), table.c[step.due] <= now)
    return list(session.connection().execute(query.order_by(table.c.id)).scalars())


def _take(session: Session, page: Workflow, step: Step, now: datetime) -> Bulk:
    model: type[Tracked] = page.record
    return advance_many(session, model, due_ids(session, page, step, now), step.name, actor=CLOCK, now=now)


def _take_challenges(session: Session, trigger: str, now: datetime) -> Bulk:
    """Challenges one by one: their page depends on the programme of their round."""
    bulk = Bulk([], {})
    for programme in session.scalars(select(Programme)):
        page = challenge_workflow(programme.source)
        for step in (s for s in page.steps if s.name == trigger):
            ids = due_ids(session, page, step, now)
            wanted = select(Challenge).where(col(Challenge.id).in_(ids), col(Challenge.programme_id) == programme.id)
            for challenge in session.scalars(wanted.order_by(col(Challenge.id))).all():
                try:
                    bulk.moved.append(advance(session, challenge, trigger, actor=CLOCK, now=now))
                except Refused as refused:
                    bulk.refused[challenge.id or 0] = refused.sentences
    return bulk
