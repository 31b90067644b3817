"""The desk of somebody who was named to score a challenge before it is approved."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.challenge_scoring import to_score
from civflow.services.desks import Desk, Waiting
from civflow.workflows.engine import Actor


def desk(session: Session, *, actor: Actor, now: datetime) -> Desk | None:  # noqa: ARG001 - every desk gets the time
    """What is left to score; no desk for somebody of whom nobody wants that."""
    waiting = tuple(
        Waiting(
            f"Score a challenge: {challenge.title}",
            f"/challenges/{challenge.slug}/scoring",
            challenge.reply_promised_at,
            "The sponsor is promised an answer by then.",
        )
        for challenge in to_score(session, actor)
    )
    return Desk("scorer", "Scoring challenges", waiting) if waiting else None
