"""Submitting an application: with a fingerprint, a receipt, and every version kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Submission, Team
from civflow.services.applications.answers import form_in_hand
from civflow.services.engine.advance import advance
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Actor


def submit(
    session: Session, application: Application, *, actor: Actor, now: datetime, seen: int | None = None
) -> Submission:
    """Submit the form in hand: the application, or the improved proposal. Returns the snapshot that was kept.

    Raises Refused with every sentence that stands against it.
    """
    trigger = "improve" if application.stage else "submit"
    advance(session, application, trigger, actor=actor, now=now, seen=seen)
    return last_submission(session, application)


def submissions(session: Session, application: Application) -> Sequence[Submission]:
    """What was submitted, oldest first."""
    query = select(Submission).where(col(Submission.application_id) == application.id)
    return session.scalars(query.order_by(col(Submission.number))).all()


def last_submission(session: Session, application: Application) -> Submission:
    """The newest snapshot; raises IndexError when nothing has been submitted."""
    return submissions(session, application)[-1]


def content_hash(answers: Mapping[str, Any]) -> str:
    """SHA-256 of the answers as JSON with sorted keys: the fingerprint that the receipt prints."""
    text = json.dumps(answers, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def answers_in_hand(session: Session, application: Application) -> dict[str, Any]:
    """What is written in the form that the application's stage asks for: question id -> words."""
    programme = programme_of(session, session.get_one(Challenge, application.challenge_id))
    name, _ = form_in_hand(programme, application)
    return dict(application.answers.get(name, {}))


def receipt_data(
    session: Session, application: Application, submission: Submission, *, submitted_by: str
) -> dict[str, Any]:
    """What the receipt prints; every value is plain JSON."""
    challenge = session.get_one(Challenge, application.challenge_id)
    programme = programme_of(session, challenge)
    _, form = form_in_hand(programme, application)
    return {
        "reference": application.reference,
        "challenge": challenge.title,
        "programme": programme.title,
        "challenge_reference": challenge.reference,
        "team": session.get_one(Team, application.team_id).name,
        "title": application.title,
        "submitted_at": submission.submitted_at.isoformat(),
        "zone": programme.timezone,
        "submitted_by": submitted_by,
        "number": submission.number,
        "version": submission.challenge_version,
        "content_hash": submission.content_hash,
        "answers": [{"title": q.title, "words": submission.answers.get(q.id, "")} for q in form.questions],
        "closes_at": application.closes_at.isoformat() if application.closes_at else None,
        "sealed_until": application.sealed_until.isoformat() if application.sealed_until else None,
    }
