"""A finance officer's desk: the agreements that bind money."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Agreement, Team
from civflow.services.desks import Desk
from civflow.services.facts import stands_before
from civflow.workflows.engine import Actor

SHOWN = 50


def desk(session: Session, *, actor: Actor, now: datetime) -> Desk | None:  # noqa: ARG001 - every desk gets the time
    """The desk of a finance officer, in any scope."""
    if not any(held.role == "finance_officer" for held in actor.roles):
        return None
    in_force = stands_before(Agreement, "complete")
    query = select(Agreement, col(Team.name)).join(Team, col(Team.id) == col(Agreement.team_id)).where(in_force)
    rows = [
        (agreement, team) for agreement, team in session.execute(query.order_by(col(Agreement.starts_at)).limit(SHOWN))
    ]
    total = session.scalar(select(func.coalesce(func.sum(Agreement.price_pounds), 0)).where(in_force)) or 0
    number = session.scalar(select(func.count()).select_from(Agreement).where(in_force)) or 0
    return Desk("finance", "Agreements in force", (), "Nothing waits for you.",
                {"agreements": rows, "total": total, "number": number})  # fmt: skip
