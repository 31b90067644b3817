"""An assessor's dashboard: how many are left, how long that takes, and the next one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from civflow.services.assessment.assessor_page import gates_of
from civflow.services.dashboards.tasks import Dashboard, OpenTask, by_urgency, tasks_of
from civflow.workflows.engine import Actor
from civflow.workflows.rules import the_assessor, the_panel_chair

WAITS = (the_assessor, the_panel_chair)


def dashboard(session: Session, *, actor: Actor, now: datetime, lines: Sequence[OpenTask] = ()) -> Dashboard | None:
    """The dashboard of somebody who sits on a panel or has been asked to assess."""
    if not any(held.role in ("panel_member", "assessor") for held in actor.roles):
        return None
    parts = {"gates": gates_of(session, actor, now=now)}
    nothing = "Nothing is left to assess. Thank you."
    return Dashboard("assessor", "Assessing", by_urgency(tasks_of(lines)), nothing, parts)
