"""The dashboard of somebody who writes a challenge without owning it: the drafts that can be written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge
from civflow.services.challenges.calendar import send_by
from civflow.services.dashboards.tasks import Dashboard, Task
from civflow.services.engine.advance import workflow_of
from civflow.services.formatting import moment
from civflow.services.programmes.store import programme_of
from civflow.workflows.challenges.readiness import BEING_DRAFTED
from civflow.workflows.engine import Actor


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:  # noqa: ARG001 - every dashboard gets the time
    """The challenges of a writer, those that open first before the others; nothing waits once they have been sent."""
    ids = [held.scope_id for held in actor.roles if held.role == "challenge_writer" and held.scope == "challenge"]
    if not ids:
        return None
    writable = col(Challenge.state).in_(BEING_DRAFTED)
    query = select(Challenge, writable).where(col(Challenge.id).in_(ids))
    rows = session.execute(query.order_by(col(Challenge.opens_at).nulls_last(), col(Challenge.id))).all()
    waiting = [_waiting(session, challenge) for challenge, is_writable in rows if is_writable]
    theirs = [(challenge, workflow_of(session, challenge).states[challenge.state]) for challenge, _ in rows]
    nothing = "No draft can be written just now."
    return Dashboard("writer", "Challenges that you write", tuple(waiting), nothing, {"challenges": theirs})


def _waiting(session: Session, challenge: Challenge) -> Task:
    what, href = f"Write “{challenge.title}”", f"/challenges/{challenge.slug}/edit"
    if challenge.opens_at is None:
        return Task(what, href)
    programme = programme_of(session, challenge)
    opens = moment(challenge.opens_at, programme.timezone)
    detail = f"It has to be sent for approval by then, so that it is answered before it opens on {opens}."
    return Task(what, href, send_by(programme, challenge.opens_at), detail)
