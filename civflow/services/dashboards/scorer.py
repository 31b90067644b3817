"""The dashboard of somebody who was named to score a challenge before it is approved."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.challenges.review_scores import to_score
from civflow.services.dashboards.tasks import Dashboard, Task
from civflow.workflows.engine import Actor


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:  # noqa: ARG001 - every dashboard gets the time
    """What is left to score; no dashboard for somebody of whom nobody wants that."""
    waiting = tuple(
        Task(
            f"Score a challenge: {challenge.title}",
            f"/challenges/{challenge.slug}/scoring",
            challenge.reply_promised_at,
            "The sponsor is promised an answer by then.",
        )
        for challenge in to_score(session, actor)
    )
    return Dashboard("scorer", "Scoring challenges", waiting) if waiting else None
