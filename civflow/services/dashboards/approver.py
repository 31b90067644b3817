"""An approver's dashboard: results and challenges that wait for a decision, and the limit in pounds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Gate
from civflow.services.dashboards.gates import stake_of
from civflow.services.dashboards.tasks import Dashboard, Task, by_urgency
from civflow.services.engine.access import in_sight
from civflow.services.formatting import money
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import title_of
from civflow.workflows.assessment.gates import TO_APPROVE
from civflow.workflows.challenges.readiness import WAITS_FOR_APPROVAL
from civflow.workflows.engine import Actor

ROLE = "approver"


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:
    """The dashboard of somebody who approves, in any scope."""
    limits = [held.limit or 0 for held in actor.roles if held.role == ROLE]
    if not limits:
        return None
    waiting = [
        Task(
            f"Approve a result: {_title(session, gate, challenge)}",
            f"/gates/{gate.id}",
            gate.scoring_due_at,
            f"{money(gate.stake_pounds)} at stake",
        )
        for gate, challenge in _gates(session, actor)
    ]
    waiting += [
        Task(
            f"Approve a challenge: {title_of(session, challenge)}",
            f"/challenges/{challenge.slug}",
            challenge.reply_promised_at,
            stake_of(challenge, now=now),
        )
        for challenge in _challenges(session, actor)
    ]
    return Dashboard(
        "approver", "Approving", by_urgency(waiting), "Nothing waits for your approval.", {"limit": max(limits)}
    )


def _gates(session: Session, actor: Actor) -> list[tuple[Gate, Challenge]]:
    """Results that wait, the oldest first, each with its challenge."""
    query = select(Gate, Challenge).join(Challenge, col(Challenge.id) == col(Gate.challenge_id))
    query = query.where(col(Gate.state).in_(TO_APPROVE), in_sight(actor, Gate, role=ROLE))
    return [(gate, challenge) for gate, challenge in session.execute(query.order_by(col(Gate.since), col(Gate.id)))]


def _title(session: Session, gate: Gate, challenge: Challenge) -> str:
    stage = programme_of(session, challenge).stage(gate.stage)
    return f"{stage.title} of {f'{challenge.reference} {challenge.title}'.strip()}"


def _challenges(session: Session, actor: Actor) -> Sequence[Challenge]:
    """Challenges that wait, the oldest first."""
    query = select(Challenge).where(col(Challenge.state).in_(WAITS_FOR_APPROVAL), in_sight(actor, Challenge, role=ROLE))
    return session.scalars(query.order_by(col(Challenge.since), col(Challenge.id))).all()
