"""A round from above: where each challenge stands, what is stuck and why, and what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Gate, Message, Outcome, Round
from civflow.services.advance import options, workflow_of
from civflow.services.naming import path_of, title_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor

SOON = timedelta(days=7)


@dataclass
class Strip:
    """One challenge of the round, and what its state is called."""

    challenge: Challenge
    label: str
    tone: str


@dataclass
class Due:
    """Something that happens by itself, or should, at a moment."""

    title: str
    what: str
    at: datetime
    href: str


@dataclass
class Stuck:
    """Something whose time has come and that the rules hold back."""

    title: str
    what: str
    why: tuple[str, ...]
    href: str


@dataclass
class Overview:
    """What the page of a round shows."""

    round: Round
    strips: list[Strip] = field(default_factory=list)
    to_release: list[tuple[Gate, str, int]] = field(default_factory=list)
    to_approve: list[tuple[Any, str]] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    failed_messages: int = 0


def rounds(session: Session) -> Sequence[tuple[Round, int]]:
    """Every round with the number of its challenges, the newest first."""
    number = select(func.count()).where(col(Challenge.round_id) == col(Round.id)).scalar_subquery()
    query = select(Round, number).order_by(col(Round.starts_at).desc(), col(Round.id).desc())
    return [(found, count) for found, count in session.execute(query)]


def overview(session: Session, round_: Round, *, actor: Actor, now: datetime) -> Overview:
    """Everything about a round; a fixed number of queries, and one more for each thing that waits."""
    found = Overview(round_)
    challenges = session.scalars(
        select(Challenge)
        .where(col(Challenge.round_id) == round_.id)
        .order_by(col(Challenge.reference), col(Challenge.id))
    ).all()
    found.strips = [_strip(session, challenge) for challenge in challenges]
    gates = session.scalars(select(Gate).where(col(Gate.round_id) == round_.id).order_by(col(Gate.id))).all()
    _decisions(session, found, gates, challenges)
    for record in (*challenges, *gates):
        _add_dates(session, found, record, actor, now)
    found.due.sort(key=lambda due: due.at)
    failed = select(func.count()).where(col(Message.state).in_(HANDBOOK["message"].sources("retry")))
    found.failed_messages = session.scalar(failed) or 0
    return found


def _strip(session: Session, challenge: Challenge) -> Strip:
    state = workflow_of(session, challenge).states[challenge.state]
    return Strip(challenge, state.staff, state.tone)


def _decisions(session: Session, found: Overview, gates: Sequence[Gate], challenges: Sequence[Challenge]) -> None:
    """What waits for an approver or for the release."""
    page = HANDBOOK["gate"]
    for gate in gates:
        if gate.state in page.sources("release"):
            letters = session.scalar(select(func.count()).where(col(Outcome.gate_id) == gate.id)) or 0
            found.to_release.append((gate, title_of(session, gate), letters))
        if gate.state in page.sources("approve"):
            found.to_approve.append((gate, title_of(session, gate)))
    for challenge in challenges:
        if challenge.state in workflow_of(session, challenge).sources("approve"):
            found.to_approve.append((challenge, title_of(session, challenge)))


def _add_dates(session: Session, found: Overview, record: Any, actor: Actor, now: datetime) -> None:
    """What is due within a week, and what is late with the reasons."""
    page = workflow_of(session, record)
    late = getattr(record, "scoring_due_at", None)
    if late and late < now and not page.states[record.state].final:
        _add_stuck(session, found, record, actor, now, only={"moderate"})
    for step in page.steps_from(record.state).values():
        at = getattr(record, step.due) if step.due else None
        if at is None:
            continue
        if now <= at <= now + SOON:
            found.due.append(Due(title_of(session, record), step.button, at, path_of(record)))
        elif at < now:
            _add_stuck(session, found, record, actor, now, only={step.name})


def _add_stuck(session: Session, found: Overview, record: Any, actor: Actor, now: datetime, *, only: set[str]) -> None:
    for option in options(session, record, actor=actor, now=now):
        if option.step.name in only and not option.allowed:
            found.stuck.append(Stuck(title_of(session, record), option.step.button, option.sentences, path_of(record)))
