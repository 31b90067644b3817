"""What follows in the review of a challenge: asked changes, promised answers, named scorers and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import AskedChange, Challenge, Person, Scorer
from civflow.services.challenges.calendar import in_working_days
from civflow.services.challenges.review import _was_only_taken_back
from civflow.services.challenges.review_scores import _named
from civflow.services.engine.effects import Columns, Move, effect, effect_in_row
from civflow.services.programmes.store import programme_of


@effect
def name_the_scorer(session: Session, move: Move) -> None:
    """Somebody is named, or named again."""
    challenge: Challenge = move.record
    person = session.get_one(Person, move.inputs["person_id"])
    known = session.scalars(_named(challenge, person.id)).first()
    if known:
        known.taken_off_at, known.named_at, known.named_by_id = None, move.now, move.actor.id or 0
    else:
        session.add(
            Scorer(
                challenge_id=challenge.id or 0,
                review=challenge.review,
                person_id=person.id or 0,
                named_by_id=move.actor.id or 0,
                named_at=move.now,
            )
        )
    session.flush()


@effect
def take_the_scorer_off(session: Session, move: Move) -> None:
    session.scalars(_named(move.record, move.inputs["person_id"])).one().taken_off_at = move.now


@effect
def lock_the_scores(session: Session, move: Move) -> None:
    """From now on they stay as they are."""
    session.scalars(_named(move.record, move.actor.id)).one().scored_at = move.now
    session.flush()


@effect_in_row
def promise_the_answer(session: Session, rows: Sequence[Any], now: datetime) -> Sequence[Columns]:
    """A sponsor who sends a challenge for approval is promised an answer, in the working days of the programme file.

    Where the same words were only taken back, the review goes on: its scores and the promised answer stay.
    """
    return [{"low_score_reason": "", **_a_new_review(session, row, now)} for row in rows]


def _a_new_review(session: Session, row: Any, now: datetime) -> Columns:
    """Its number and its promise, unless an earlier one goes on."""
    challenge = session.get_one(Challenge, row.id)
    if _was_only_taken_back(session, challenge):
        return {}
    programme = programme_of(session, challenge)
    by = in_working_days(programme, now, programme.readiness.working_days)
    return {"review": row.review + 1, "reply_promised_at": by}


@effect
def keep_the_asked_changes(session: Session, move: Move) -> None:
    """Each part that is to be changed keeps the reason until the sponsor says that it is dealt with."""
    for part, reason in move.inputs.get("parts", {}).items():
        session.add(
            AskedChange(
                challenge_id=move.record_id,
                review=move.row.review,
                part=part,
                reason=reason,
                asked_by_id=move.actor.id or 0,
                asked_at=move.now,
            )
        )
    session.flush()


@effect
def keep_what_was_done(session: Session, move: Move) -> None:
    """How it was dealt with: in words, or by what was written in that part since it was asked for."""
    change = session.get_one(AskedChange, move.inputs["change_id"])
    change.dealt_at, change.dealt_by_id, change.how = move.now, move.actor.id, move.inputs.get("how") or ""
