"""Until when a call is sealed: one place says it for every page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN
from civflow.workflows.challenges.readiness import CALL_IS_OPEN

_WAITS = col(Application.state).in_(BEING_WRITTEN) | col(Application.state).in_(HANDED_IN)  # not taken in yet


def last_deadline(session: Session, challenge: Challenge) -> datetime | None:
    """When the seal of every application opens: the latest deadline that anybody has."""
    query = select(func.max(col(Application.closes_at))).where(_can_be_handed_in(challenge))
    latest = [at for at in (challenge.closes_at, session.scalar(query)) if at]
    return max(latest, default=None)


def sealed_until(session: Session, challenges: Sequence[Challenge]) -> dict[int, datetime]:
    """Challenge id -> until when its applications are sealed, for every page: the end of the last application's seal.

    A call that has not opened, or whose applications are all taken in, has none. One statement.
    """
    open_ids = {c.id or 0 for c in challenges if c.state in CALL_IS_OPEN}
    found = {c.id or 0: c.closes_at for c in challenges if c.id in open_ids and c.closes_at}
    key = col(Application.challenge_id)
    query = select(key, func.max(col(Application.sealed_until))).where(key.in_([c.id for c in challenges]), _WAITS)
    for challenge_id, until in session.execute(query.group_by(key)):
        if until:
            found[challenge_id] = max(until, found.get(challenge_id, until))
    return found


def seals(session: Session, challenges: Sequence[Challenge], *, now: datetime) -> dict[int, datetime]:
    """Challenge id -> until when, of those whose applications nobody outside the teams can read or count yet."""
    return {key: until for key, until in sealed_until(session, challenges).items() if now < until}


def number_sealed(session: Session, *where: ColumnElement[bool], now: datetime) -> int:
    """How many challenges of those that `where` describes `seals` names."""
    open_still = col(Challenge.state).in_(CALL_IS_OPEN) & (col(Challenge.closes_at) > now)
    mine: ColumnElement[bool] = col(Application.challenge_id) == col(Challenge.id)
    waits = select(col(Application.id)).where(mine, _WAITS, col(Application.sealed_until) > now).exists()
    return session.scalar(select(func.count()).select_from(Challenge).where(*where, open_still | waits)) or 0


def are_sealed(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Whether nobody but the teams may learn yet who applies, or how many do."""
    return bool(seals(session, [challenge], now=now))


def _can_be_handed_in(challenge: Challenge) -> ColumnElement[bool]:
    here: ColumnElement[bool] = col(Application.challenge_id) == challenge.id
    return here & _WAITS
