"""Deadlines that move, for everybody or for one team; the seal that moves with them, and what a move does before it is made."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion, Message, Person, Team
from civflow.services.challenges.applicants import applicants
from civflow.services.challenges.calendar import later_dates, move_the_calendar, promised_later
from civflow.services.challenges.seal import last_deadline
from civflow.services.engine.advance import advance, advance_many
from civflow.services.engine.effects import Move, effect
from civflow.services.formatting import moment
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import SOMEBODY, members
from civflow.services.programmes.store import programme_of
from civflow.workflows.applications import HANDED_IN, TAKEN_IN
from civflow.workflows.engine import CIVFLOW, CLOCK, Actor, Step


def _seal(session: Session, move: Move, challenge: Challenge) -> None:
    """No application is opened before the last deadline; what was opened already is sealed again."""
    taken_in = select(col(Application.id)).where(
        col(Application.challenge_id) == challenge.id, col(Application.state).in_(TAKEN_IN)
    )
    ids = [i for i in session.scalars(taken_in.order_by(col(Application.id))) if i]
    advance_many(session, Application, ids, "seal_again", actor=CIVFLOW, now=move.now, reason=move.reason)
    session.flush()
    until = last_deadline(session, challenge)
    session.execute(update(Application).where(col(Application.challenge_id) == challenge.id).values(sealed_until=until))


@effect
def move_the_deadline(session: Session, move: Move) -> None:
    """The applications' own deadlines and the calendar follow; every team with a draft or a submission is told."""
    challenge: Challenge = move.record
    shorter = col(Application.closes_at).is_(None) | (col(Application.closes_at) < challenge.closes_at)
    session.execute(
        update(Application)
        .where(col(Application.challenge_id) == challenge.id, shorter)
        .values(closes_at=challenge.closes_at)
    )
    _seal(session, move, challenge)
    _move_the_promise(session, challenge, closed=move.row.closes_at)
    move_the_calendar(session, challenge)
    when = moment(move.inputs["closes_at"], programme_of(session, challenge).timezone)
    people = {a.person.id: a.person for a in applicants(session, challenge)}
    post_all(
        session,
        [closing_letter(challenge, person, when=when, reason=move.reason, now=move.now) for person in people.values()],
        now=move.now,
    )


def closing_letter(challenge: Challenge, person: Person, *, when: str, reason: str, now: datetime) -> Message:
    """What a member of a team reads when the closing date has moved for everybody; `when` is in words."""
    return write(
        person=person,
        kind="deadline",
        key=f"deadline-{challenge.id}-{challenge.revision}-{person.id}",
        now=now,
        about=f"/challenges/{challenge.slug}",
        challenge=challenge.title,
        when=when,
        reason=reason,
        team="",
    )


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


@effect
def move_one_deadline(session: Session, move: Move) -> None:
    """One team has more time: everybody's application stays sealed until then, and the team is told."""
    application: Application = move.record
    challenge = session.get_one(Challenge, application.challenge_id)
    application.extension_reason = move.reason[:500]
    _seal(session, move, challenge)
    when = moment(move.inputs["closes_at"], programme_of(session, challenge).timezone)
    post_all(
        session,
        [
            deadline_letter(session, application, person, when=when, reason=move.reason, now=move.now)
            for person in members(session, application.team_id)
        ],
        now=move.now,
    )


def deadline_letter(
    session: Session, application: Application, person: Person, *, when: str, reason: str, now: datetime
) -> Message:
    """What a member of the team reads whose deadline alone is moved; `when` is in words."""
    challenge = session.get_one(Challenge, application.challenge_id)
    return write(
        person=person,
        kind="deadline",
        key=f"deadline-of-{application.id}-{application.revision}-{person.id}",
        about=f"/applications/{application.id}",
        now=now,
        challenge=challenge.title,
        reason=reason,
        when=when,
        team=session.get_one(Team, application.team_id).name,
    )


@effect
def take_in_the_applications(session: Session, move: Move) -> None:
    """The seal opens for every application, unless one team has a later deadline: then it opens at that."""
    due = select(col(Application.id)).where(
        col(Application.challenge_id) == move.record.id,
        col(Application.state).in_(HANDED_IN),
        col(Application.sealed_until) <= move.now,
    )
    ids = [i for i in session.scalars(due.order_by(col(Application.id))) if i]
    advance_many(session, Application, ids, "take_in", actor=CLOCK, now=move.now)


class ClosePreview(NamedTuple):
    """What moving the closing date does: until when one can apply, the later dates, and the letter to the teams."""

    closes_at: datetime
    later: list[str]
    letter: Message


def preview_the_close(
    session: Session,
    challenge: Challenge,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None,
    reason: str,
    closes_at: datetime,
) -> ClosePreview:
    """The step taken and looked at, so that what is said before the button is what it does; the caller takes it back.

    `closes_at` is the new date. Raises Forbidden, Refused and Conflicted as the step itself does.
    """
    when = moment(closes_at, programme_of(session, challenge).timezone)
    letter = closing_letter(challenge, SOMEBODY, when=when, reason=reason, now=now)
    advance(session, challenge, step.name, actor=actor, now=now, seen=seen, reason=reason, closes_at=closes_at)
    return ClosePreview(closes_at, later_dates(session, challenge), letter)
