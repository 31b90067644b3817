"""An auditor's dashboard: where to read, how much there is, and what was sealed last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import History, Reading, Seal
from civflow.services.dashboards.round import rounds
from civflow.services.dashboards.tasks import Dashboard
from civflow.workflows.engine import Actor


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:  # noqa: ARG001 - every dashboard gets the time
    """The dashboard of an auditor: everything to read, nothing to change."""
    if not any(held.role == "auditor" for held in actor.roles):
        return None
    parts = {
        "entries": session.scalar(select(func.count()).select_from(History)) or 0,
        "seal": session.scalars(select(Seal).order_by(col(Seal.day).desc()).limit(1)).first(),
        "readings": session.scalar(select(func.count()).where(col(Reading.person_id) == actor.id)) or 0,
        "rounds": rounds(session, actor=actor),
    }
    return Dashboard(
        "auditor", "Auditing", (), "You read everything and change nothing. What you read is recorded.", parts
    )
