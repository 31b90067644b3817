"""Scores: each with a reason, kept until the assignment is submitted, and locked then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import (
    Assignment,
    Gate,
    Score,
)
from civflow.services.assessment.gates import scorecard_of
from civflow.services.engine.advance import advance
from civflow.workflows.assessment.assignments import LOCKED
from civflow.workflows.engine import Actor, Refused


def scores_of(session: Session, assignment: Assignment) -> dict[str, Score]:
    """Criterion id -> the score that the assessor gave."""
    query = select(Score).where(col(Score.assignment_id) == assignment.id)
    return {score.criterion: score for score in session.scalars(query.order_by(col(Score.id)))}


def record_score(
    session: Session,
    assignment: Assignment,
    *,
    criterion: str,
    value: int | None,
    why: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Give or change one score. Raises Refused for a value off the scale or a missing reason, a sentence per field."""
    card = scorecard_of(session, session.get_one(Gate, assignment.gate_id))
    if criterion not in {c.id for c in card.criteria}:
        raise Refused("The scorecard has no such criterion.")
    fields = {}
    if value is None or not card.scale.least <= value <= card.scale.most:
        fields[f"{criterion}-value"] = f"Choose a score from {card.scale.least} to {card.scale.most}."
    if not why.strip():
        fields[f"{criterion}-why"] = "Say in a sentence why: the team reads your reason without your name."
    if fields:
        raise Refused(*fields.values(), fields=fields)
    advance(session, assignment, "score", actor=actor, now=now, criterion=criterion, value=value, why=why.strip())


def sheets(session: Session, gate: Gate) -> dict[int, dict[int, dict[str, int]]]:
    """Application id -> assessor id -> criterion id -> score, of submitted assignments; moderated values count."""
    query = select(col(Assignment.application_id), col(Assignment.assessor_id), Score).join(
        Score, col(Score.assignment_id) == col(Assignment.id)
    )
    query = query.where(col(Assignment.gate_id) == gate.id, col(Assignment.state).in_(LOCKED))
    found: dict[int, dict[int, dict[str, int]]] = {}
    for application, assessor, score in session.execute(query.order_by(col(Assignment.id), col(Score.id))):
        value = score.value if score.moderated_value is None else score.moderated_value
        found.setdefault(application, {}).setdefault(assessor, {})[score.criterion] = value
    return found
