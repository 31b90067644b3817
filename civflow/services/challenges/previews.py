"""What approving a challenge, or handing it in, would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.services.challenges.calendar import begun_at, stage_dates
from civflow.services.challenges.moved_dates import calendar_of, moved
from civflow.services.challenges.review import why_answered_late
from civflow.services.challenges.review_scores import standing
from civflow.services.formatting import count, moment, money, tenths
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import Decision, Previewer, StepPreview
from civflow.workflows.engine import NOBODY, Actor, Step


def approving(session: Session, step: Step, challenge: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    """What it binds, when it opens, and what it scores where somebody has scored it."""
    found = standing(session, challenge, actor=NOBODY)
    scored = ""
    if found is not None and found.total is not None:
        asked = f"the programme asks for at least {found.scoring.least}"
        people = count(len(found.sheets), "person", "people")
        scored = f" {people} scored it: {tenths(float(found.total))} of 100, and {asked}."
    zone = programme_of(session, challenge).timezone
    opens = f"It opens by itself {moment(challenge.opens_at, zone)}." if challenge.opens_at else "It opens at its time."
    scopes = {"round": challenge.round_id, "challenge": challenge.id}
    limit = money(actor.limit("approver", scopes))
    return Decision(
        what=f"“{challenge.title}” is approved as it stands.{scored}",
        costs=f"It binds {money(challenge.money_pounds or 0)} of the round's budget. Your limit is {limit}.",
        follows=f"{opens} Anybody may then apply.",
    )


def ending(session: Session, step: Step, challenge: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    return Decision(
        what=f"“{challenge.title}” ends, and no team wins it.",
        costs=f"Nothing more is spent of its {money(challenge.money_pounds or 0)}; what was agreed with teams stays agreed.",
        follows="Every application in the selection goes no further, and everybody who applied is told your reason.",
    )


def handing_in(
    session: Session,
    step: Step,
    challenge: Any,
    actor: Actor,
    now: datetime,
    reason: str,
) -> StepPreview | None:
    """That the promised answer comes too late for the opening, where it does."""
    late = why_answered_late(session, challenge, now=now)
    return StepPreview([late]) if late else None


def beginning_a_stage(
    session: Session, step: Step, challenge: Any, actor: Actor, now: datetime, reason: str
) -> StepPreview | None:
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
    ("challenge", "end_without_winner"): ending,
    ("challenge", "cancel"): ending,
}
