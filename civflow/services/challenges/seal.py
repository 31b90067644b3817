"""Until when a call is sealed, and which applications can be read: one place says it for every page and list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge
from civflow.services.programmes.store import programme_of
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN
from civflow.workflows.challenges.readiness import CALL_IS_OPEN


def is_readable(now: datetime) -> ColumnElement[bool]:
    """Applications whose seal is open: `the_seal_is_open` of workflows/applications.py in SQL."""
    kept = col(Application.state).in_((*BEING_WRITTEN, *HANDED_IN))
    return and_(col(Application.stage) != "", ~kept, seal_has_ended(now))


def seal_has_ended(now: datetime) -> ColumnElement[bool]:
    """Applications of calls whose seal is over, those that nobody has taken in too: `its_seal_ends` in SQL."""
    return and_(col(Application.sealed_until).is_not(None), col(Application.sealed_until) <= now)


def seal_ends(session: Session, challenge: Challenge) -> datetime | None:
    """When the seal of every application opens: the time for late access after the last deadline that anybody has.

    The column `sealed_until` of its applications keeps it. One that is withdrawn counts: its team can take it up again.
    """
    query = select(func.max(col(Application.closes_at))).where(col(Application.challenge_id) == challenge.id)
    latest = [at for at in (challenge.closes_at, session.scalar(query)) if at]
    return max(latest) + programme_of(session, challenge).call.late_access if latest else None


def sealed_until(session: Session, challenges: Sequence[Challenge]) -> dict[int, datetime]:
    """Challenge id -> until when its applications are sealed, for every page.

    A call that has not opened has none, nor has one that has closed without an application. One statement.
    """
    key = col(Application.challenge_id)
    query = select(key, func.max(col(Application.sealed_until))).where(key.in_([c.id for c in challenges]))
    kept = {challenge_id: until for challenge_id, until in session.execute(query.group_by(key)) if until}
    empty = [c for c in challenges if c.id not in kept and c.state in CALL_IS_OPEN and c.closes_at]
    return kept | {c.id or 0: c.closes_at + programme_of(session, c).call.late_access for c in empty if c.closes_at}


def seals(session: Session, challenges: Sequence[Challenge], *, now: datetime) -> dict[int, datetime]:
    """Challenge id -> until when, of those whose applications nobody outside the teams can read or count yet."""
    return {key: until for key, until in sealed_until(session, challenges).items() if now < until}


def number_sealed(session: Session, *where: ColumnElement[bool], now: datetime) -> int:
    """How many challenges of those that `where` describes `seals` names."""
    open_still = col(Challenge.state).in_(CALL_IS_OPEN) & (col(Challenge.closes_at) > now)
    mine: ColumnElement[bool] = col(Application.challenge_id) == col(Challenge.id)
    sealed = select(col(Application.id)).where(mine, ~seal_has_ended(now)).exists()
    return session.scalar(select(func.count()).select_from(Challenge).where(*where, open_still | sealed)) or 0


def are_sealed(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Whether nobody but the teams may learn yet who applies, or how many do."""
    return bool(seals(session, [challenge], now=now))
