"""What moving the closing date does, before it is moved."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.challenges.calendar import later_dates
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.notifications.preview import preview
from civflow.services.notifications.registry import Shown
from civflow.workflows.engine import Actor, Step


class ClosePreview(NamedTuple):
    """What moving the closing date does: until when one can apply, the later dates, and the letter to the teams, if there are some."""

    closes_at: datetime
    later: list[str]
    letter: Shown | None


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
    page, given = workflow_of(session, challenge), {"closes_at": closes_at}
    shown = preview(session, page, step, challenge, actor=actor, now=now, reason=reason, inputs=given)
    advance(session, challenge, step.name, actor=actor, now=now, seen=seen, reason=reason, closes_at=closes_at)
    return ClosePreview(closes_at, later_dates(session, challenge), shown.to_people if shown else None)
