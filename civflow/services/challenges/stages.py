"""A challenge on its way through the stages of the programme."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Gate
from civflow.services.engine.advance import advance
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import CIVFLOW, Refused

TIME_TO_IMPROVE = 2  # working days at least for an improved proposal, once its stage has begun


def gate_of(session: Session, challenge: Challenge, stage: str) -> Gate:
    """The gate of a challenge at a stage; raises NoResultFound for a stage that is none."""
    query = select(Gate).where(col(Gate.challenge_id) == challenge.id, col(Gate.stage) == stage)
    return session.scalars(query).one()


def move_on(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Begin the next stage if nothing stands against it; whether it began."""
    programme = programme_of(session, challenge)
    here = [s for s in programme.stages if s.id == challenge.state]
    following = programme.after(here[0]) if here else None
    if following is None:
        return False
    try:
        advance(session, challenge, f"begin_{following.id}", actor=CIVFLOW, now=now)
    except Refused:
        return False
    return True
