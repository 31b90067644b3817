"""An approver's desk: results and challenges that wait for a decision, and the limit in pounds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Gate
from civflow.services.attention import stake_of
from civflow.services.desks import Desk, Waiting, by_urgency
from civflow.services.facts import stands_before
from civflow.services.naming import title_of
from civflow.services.wording import money
from civflow.workflows.engine import Actor


def desk(session: Session, *, actor: Actor, now: datetime) -> Desk | None:
    """The desk of somebody who approves, in any scope."""
    limits = [held.limit or 0 for held in actor.roles if held.role == "approver"]
    if not limits:
        return None
    waiting = [
        Waiting(
            f"Approve a result: {title_of(session, gate)}",
            f"/gates/{gate.id}",
            detail=f"{money(gate.stake_pounds)} at stake",
        )
        for gate in session.scalars(select(Gate).where(stands_before(Gate, "approve")).order_by(col(Gate.since)))
    ]
    waiting += [
        Waiting(f"Approve a challenge: {challenge.title}", f"/challenges/{challenge.slug}", challenge.reply_promised_at,
                stake_of(challenge, now=now))
        for challenge in session.scalars(select(Challenge).where(stands_before(Challenge, "approve")).order_by(col(Challenge.since)))
    ]  # fmt: skip
    return Desk(
        "approver", "Approving", by_urgency(waiting), "Nothing waits for your approval.", {"limit": max(limits)}
    )
