"""What approving a challenge, or handing it in, would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.services.challenges.calendar import begun_at, stage_dates
from civflow.services.challenges.moved_dates import calendar_of, moved
from civflow.services.challenges.review import why_answered_late
from civflow.services.challenges.review_scores import standing
from civflow.services.formatting import count, tenths
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import Previewer, StepPreview
from civflow.workflows.engine import NOBODY, Step


def approving(session: Session, step: Step, challenge: Any, now: datetime, reason: str) -> StepPreview | None:  # noqa: ARG001
    """What the challenge scores, where somebody has scored it."""
    found = standing(session, challenge, actor=NOBODY)
    if found is None or found.total is None:
        return None
    asked = f"the programme asks for at least {found.scoring.least}"
    people = count(len(found.sheets), "person", "people")
    return StepPreview([f"{people} scored it: {tenths(float(found.total))} of 100, and {asked}."])


def handing_in(session: Session, step: Step, challenge: Any, now: datetime, reason: str) -> StepPreview | None:  # noqa: ARG001
    """That the promised answer comes too late for the opening, where it does."""
    late = why_answered_late(session, challenge, now=now)
    return StepPreview([late]) if late else None


def beginning_a_stage(session: Session, step: Step, challenge: Any, now: datetime, reason: str) -> StepPreview | None:  # noqa: ARG001
    """The dates that move where a stage of work begins later than planned."""
    programme = programme_of(session, challenge)
    planned = begun_at(programme, stage_dates(session, challenge), programme.stage(step.target), now)
    if not planned:
        return None
    dates = moved(calendar_of(session, challenge), calendar_of(session, challenge, planned))
    return StepPreview(["It begins later than planned, and what follows it moves."], dates.lines, "date")


PREVIEWS: dict[tuple[str, str], Previewer] = {
    ("challenge", "submit_for_review"): handing_in,
    ("challenge", "approve"): approving,
    ("challenge", "begin_*"): beginning_a_stage,
}
