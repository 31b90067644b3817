"""Deadlines that move, for everybody or for one team: what a move does, said before it is made."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from civflow.models import Application, Challenge
from civflow.services.challenges.moved_dates import Moved, calendar_of, moved
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.notifications.preview import preview
from civflow.services.notifications.registry import Shown
from civflow.workflows.engine import Actor, Step


class DeadlinePreview(NamedTuple):
    """What moving a deadline does: until when one can apply, the dates that move, and the letter to the teams, if any."""

    closes_at: datetime
    dates: Moved
    letter: Shown | None


def preview_the_move(
    session: Session,
    record: Challenge | Application,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None,
    reason: str,
    closes_at: datetime,
) -> DeadlinePreview:
    """The step taken and looked at, so that what is said before the button is what it does; the caller takes it back.

    `record` is the challenge, whose deadline is everybody's, or one team's application; `closes_at` is the new date.
    Raises Forbidden, Refused and Conflicted as the step itself does.
    """
    challenge = record if isinstance(record, Challenge) else session.get_one(Challenge, record.challenge_id)
    page, given = workflow_of(session, record), {"closes_at": closes_at}
    shown = preview(session, page, step, record, actor=actor, now=now, reason=reason, inputs=given)
    before = calendar_of(session, challenge)
    advance(session, record, step.name, actor=actor, now=now, seen=seen, reason=reason, closes_at=closes_at)
    return DeadlinePreview(
        closes_at, moved(before, calendar_of(session, challenge)), shown.to_people if shown else None
    )
