"""The dashboard of somebody who was named to score a challenge before it is approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from civflow.services.dashboards.tasks import Dashboard, OpenTask, tasks_of
from civflow.workflows.challenges.readiness import a_named_scorer
from civflow.workflows.engine import Actor

WAITS = (a_named_scorer,)


def dashboard(
    session: Session,  # noqa: ARG001 - every dashboard gets the same
    *,
    actor: Actor,  # noqa: ARG001
    now: datetime,  # noqa: ARG001
    lines: Sequence[OpenTask] = (),
) -> Dashboard | None:
    """What is left to score; no dashboard for somebody of whom nobody wants that."""
    return Dashboard("scorer", "Scoring challenges", tuple(tasks_of(lines))) if lines else None
