"""The dashboard of somebody who writes a challenge without owning it: the drafts that can be written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge
from civflow.services.dashboards.tasks import Dashboard, OpenTask, by_urgency, tasks_of
from civflow.services.engine.advance import workflow_of
from civflow.workflows.engine import Actor
from civflow.workflows.rules import the_challenge_writer

WAITS = (the_challenge_writer,)


def dashboard(
    session: Session,
    *,
    actor: Actor,
    now: datetime,  # noqa: ARG001 - every dashboard gets the time
    lines: Sequence[OpenTask] = (),
) -> Dashboard | None:
    """The challenges of a writer, those that open first before the others; nothing waits once they have been sent."""
    ids = [held.scope_id for held in actor.roles if held.role == "challenge_writer" and held.scope == "challenge"]
    if not ids:
        return None
    query = select(Challenge).where(col(Challenge.id).in_(ids))
    found = session.scalars(query.order_by(col(Challenge.opens_at).nulls_last(), col(Challenge.id))).all()
    theirs = [(challenge, workflow_of(session, challenge).states[challenge.state]) for challenge in found]
    nothing, parts = "No draft can be written just now.", {"challenges": theirs}
    return Dashboard("writer", "Challenges that you write", by_urgency(tasks_of(lines)), nothing, parts)
