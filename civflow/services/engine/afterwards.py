"""A record as a step would leave it in its own row: for what is said before the step is taken."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlmodel import Session

from civflow.models import Tracked
from civflow.services.engine import sql
from civflow.services.engine.advance import workflow_of
from civflow.workflows.engine import Actor, Case, Step


def case_after(session: Session, record: Tracked, step: Step, *, actor: Actor, now: datetime) -> Case[Any]:
    """The case in the state to which the step leads, with the facts that the steps from there need, as they are now.

    What follows the step elsewhere is not foreseen. Nothing is written.
    """
    session.flush()
    page = workflow_of(session, record)
    needs = tuple(dict.fromkeys(name for one in page.steps_from(step.target).values() for name in one.needs))
    (row,) = sql.read(session.connection(), page, needs, [record.id or 0])
    sets = {**dict.fromkeys(step.stamps, now), **dict.fromkeys(step.signs, actor.id), "state": step.target}
    return Case(page, SimpleNamespace(**{**row._asdict(), **sets}), actor, now)
