"""Deadlines that move, for everybody or for one team: the letters about it, and what a move does before it is made."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from civflow.models import Application, Challenge, Message, Person, Team
from civflow.services.challenges.calendar import later_dates
from civflow.services.engine.advance import advance
from civflow.services.formatting import moment
from civflow.services.notifications.outbox import write
from civflow.services.notifications.recipients import SOMEBODY
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Actor, Step


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
