"""What follows where a deadline moves or comes: the seal, the calendar and the promise move with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion
from civflow.services.challenges.brief import ask_for_the_brief
from civflow.services.challenges.calendar import move_the_calendar, promised_later
from civflow.services.challenges.seal import seal_ends, seal_has_ended
from civflow.services.engine.advance import advance_many
from civflow.services.engine.effects import Move, effect
from civflow.services.programmes.store import programme_of
from civflow.workflows.applications import HANDED_IN
from civflow.workflows.engine import CLOCK


@effect
def move_the_deadline(session: Session, move: Move) -> None:
    """The applications' own deadlines, their seal, the promise and the calendar follow."""
    challenge: Challenge = move.record
    shorter = col(Application.closes_at).is_(None) | (col(Application.closes_at) < challenge.closes_at)
    session.execute(
        update(Application)
        .where(col(Application.challenge_id) == challenge.id, shorter)
        .values(closes_at=challenge.closes_at)
    )
    _seal(session, challenge)
    _move_the_promise(session, challenge, closed=move.row.closes_at)
    move_the_calendar(session, challenge)


@effect
def move_one_deadline(session: Session, move: Move) -> None:
    """One team has more time: everybody's application stays sealed until then, and the calendar follows."""
    application: Application = move.record
    challenge = session.get_one(Challenge, application.challenge_id)
    application.extension_reason = move.reason[:500]
    _seal(session, challenge)
    move_the_calendar(session, challenge)
    ask_for_the_brief(session, challenge, now=move.now, because=f"-{application.id}-{application.revision}")


@effect
def take_in_the_applications(session: Session, move: Move) -> None:
    """The seal opens for every application, unless one team has a later deadline: then it opens at that."""
    due = select(col(Application.id)).where(
        col(Application.challenge_id) == move.record.id,
        col(Application.state).in_(HANDED_IN),
        seal_has_ended(move.now),
    )
    ids = [i for i in session.scalars(due.order_by(col(Application.id))) if i]
    advance_many(session, Application, ids, "take_in", actor=CLOCK, now=move.now)


def _seal(session: Session, challenge: Challenge) -> None:
    """No application is opened before the seal of all of them ends, which moves with the last deadline."""
    session.flush()
    until = seal_ends(session, challenge)
    session.execute(update(Application).where(col(Application.challenge_id) == challenge.id).values(sealed_until=until))


def _move_the_promise(session: Session, challenge: Challenge, *, closed: datetime | None) -> None:
    """The promise that binds follows the closing date, and so does that of a change in hand; what is published stays."""
    in_hand = select(ChallengeVersion).where(
        col(ChallengeVersion.challenge_id) == challenge.id,
        col(ChallengeVersion.published_at).is_(None),
        col(ChallengeVersion.dropped_at).is_(None),
    )
    programme = programme_of(session, challenge)
    for record in (challenge, *session.scalars(in_hand)):
        if record.decision_promised_at and closed and challenge.closes_at:
            record.decision_promised_at = promised_later(
                programme, record.decision_promised_at, closed=closed, closes=challenge.closes_at
            )
        record.closes_at = challenge.closes_at
    session.flush()
