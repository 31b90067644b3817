"""An assessor's dashboard: how many are left, how long that takes, and the next one."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.assessment.assessor_page import gates_of
from civflow.services.dashboards.tasks import Dashboard, Task
from civflow.services.formatting import count
from civflow.workflows.engine import Actor


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:
    """The dashboard of somebody who sits on a panel or has been asked to assess."""
    if not any(held.role in ("panel_member", "assessor") for held in actor.roles):
        return None
    gates = gates_of(session, actor, now=now)
    waiting = tuple(
        Task(
            f"Assess {count(len(gate.left), 'application')}: {gate.title}",
            f"/assignments/{gate.left[0].assignment.id}",
            gate.due_at,
            f"about {max(1, round(gate.minutes / 60))} h of work",
        )
        for gate in gates
        if gate.left
    )
    return Dashboard("assessor", "Assessing", waiting, "Nothing is left to assess. Thank you.", {"gates": gates})
