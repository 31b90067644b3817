"""The challenge owner's dashboard: drafts, questions, deliverables, signatures, and each challenge's funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, func, or_, select
from sqlmodel import Session, col

from civflow.models import Assignment, Challenge, Gate
from civflow.services.assessment.progress import counted
from civflow.services.challenges.funnel import StageOf, funnels
from civflow.services.dashboards.tasks import Dashboard, OpenTask, by_urgency, tasks_of
from civflow.services.engine.advance import workflow_of
from civflow.services.programmes.store import programme_of
from civflow.workflows.assessment.assignments import LOCKED
from civflow.workflows.assessment.gates import MODERATING, SCORING
from civflow.workflows.challenges.readiness import COMPLETED
from civflow.workflows.engine import Actor, State
from civflow.workflows.rules import the_challenge_owner

ROLE = "challenge_owner"


class Selection(NamedTuple):
    """A gate at work: how far the assessors are."""

    gate_id: int
    title: str
    label: str
    done: int
    asked: int
    due_at: datetime | None


@dataclass
class Mine:
    """One challenge of the owner."""

    challenge: Challenge
    state: State
    stages: list[StageOf]
    zone: str
    selection: list[Selection] = field(default_factory=list)


WAITS = (the_challenge_owner,)


def dashboard(
    session: Session,
    *,
    actor: Actor,
    now: datetime,  # noqa: ARG001 - every dashboard gets the same
    lines: Sequence[OpenTask] = (),
) -> Dashboard | None:
    """What waits for a challenge owner, and their challenges; a fixed number of statements."""
    held = [h for h in actor.roles if h.role == ROLE]
    if not held:
        return None
    challenges = _challenges(session, actor)
    return Dashboard(
        "owner",
        "Your challenges",
        by_urgency(tasks_of(lines)),
        nothing="No draft, question, deliverable or signature waits for you.",
        parts={"challenges": _mine(session, challenges), "may_draft": any(h.scope != "challenge" for h in held)},
    )


def _challenges(session: Session, actor: Actor) -> list[Challenge]:
    """The challenges that the actor owns, those that run first; earlier ones of the archive are left out."""
    held = [h for h in actor.roles if h.role == ROLE]
    of = {scope: [h.scope_id or 0 for h in held if h.scope == scope] for scope in ("round", "challenge")}
    mine = or_(col(Challenge.round_id).in_(of["round"]), col(Challenge.id).in_(of["challenge"]))
    query = select(Challenge).where(~col(Challenge.state).in_(COMPLETED), col(Challenge.id).not_in(actor.applies_to))
    if not any(h.scope == "site" for h in held):
        query = query.where(mine)
    return list(
        session.scalars(query.order_by(col(Challenge.closes_at).desc().nulls_last(), col(Challenge.id)).limit(MOST))
    )


MOST = 50  # challenges on one dashboard


def _mine(session: Session, challenges: Sequence[Challenge]) -> list[Mine]:
    """Each challenge with its funnel, and the gate that is at work."""
    programmes = [programme_of(session, challenge) for challenge in challenges]
    stages = funnels(session, challenges, programmes, staff=True)
    selections = _selections(session, {c.id or 0: p for c, p in zip(challenges, programmes, strict=True)})
    return [
        Mine(
            c,
            workflow_of(session, c).states[c.state],
            stages[c.id or 0],
            p.timezone,
            selections.get(c.id or 0, []),
        )
        for c, p in zip(challenges, programmes, strict=True)
    ]


def _selections(session: Session, programmes: dict[int, Any]) -> dict[int, list[Selection]]:
    """Challenge id -> its gates at work, with how many assessments are submitted out of those asked for."""
    done = func.sum(case((col(Assignment.state).in_(LOCKED), 1), else_=0))
    asked = func.sum(case((counted(), 1), else_=0))
    query = select(Gate, done, asked).outerjoin(Assignment, col(Assignment.gate_id) == col(Gate.id))
    query = query.where(
        col(Gate.challenge_id).in_(programmes),
        or_(col(Gate.state).in_(SCORING), col(Gate.state).in_(MODERATING)),
    )
    found: dict[int, list[Selection]] = {}
    for gate, finished, total in session.execute(query.group_by(col(Gate.id)).order_by(col(Gate.id))):
        title = programmes[gate.challenge_id].stage(gate.stage).title
        label = workflow_of(session, gate).states[gate.state].staff
        selection = Selection(gate.id, title, label, finished or 0, total or 0, gate.scoring_due_at)
        found.setdefault(gate.challenge_id, []).append(selection)
    return found
