"""The desk of somebody who writes a challenge without owning it: the drafts that can be written."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge
from civflow.services.desks import Desk, Waiting
from civflow.services.facts import stands_before
from civflow.workflows.engine import Actor


def desk(session: Session, *, actor: Actor, now: datetime) -> Desk | None:  # noqa: ARG001 - every desk gets the time
    """The drafts of a writer, those that open first before the others; nothing once they have been sent."""
    ids = [held.scope_id for held in actor.roles if held.role == "challenge_writer" and held.scope == "challenge"]
    if not ids:
        return None
    query = select(Challenge).where(col(Challenge.id).in_(ids), stands_before(Challenge, "submit_for_review"))
    waiting = [
        Waiting(f"Write “{challenge.title}”", f"/challenges/{challenge.slug}/edit", challenge.opens_at)
        for challenge in session.scalars(query.order_by(col(Challenge.opens_at).nulls_last(), col(Challenge.id)))
    ]
    return Desk("writer", "Drafts that you write", tuple(waiting), "No draft can be written just now.")
