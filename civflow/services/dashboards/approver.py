"""An approver's dashboard: results and challenges that wait for a decision, and the limit in pounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from civflow.services.dashboards.tasks import Dashboard, OpenTask, by_urgency, tasks_of
from civflow.workflows.engine import Actor
from civflow.workflows.rules import the_approver

ROLE = "approver"
WAITS = (the_approver,)


def dashboard(
    session: Session,  # noqa: ARG001 - every dashboard gets the same
    *,
    actor: Actor,
    now: datetime,  # noqa: ARG001
    lines: Sequence[OpenTask] = (),
) -> Dashboard | None:
    """The dashboard of somebody who approves, in any scope."""
    limits = [held.limit or 0 for held in actor.roles if held.role == ROLE]
    if not limits:
        return None
    waiting = by_urgency(tasks_of(lines))
    return Dashboard("approver", "Approving", waiting, "Nothing waits for your approval.", {"limit": max(limits)})
