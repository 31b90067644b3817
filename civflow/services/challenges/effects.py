"""What follows when a challenge is published, changed, moved on or ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion, Gate, StageDates
from civflow.services.challenges.brief import make_the_brief
from civflow.services.challenges.calendar import (
    follow_the_stage,
    in_working_days,
    move_the_calendar,
    plan,
    stage_dates,
    the_dates,
)
from civflow.services.challenges.drafts import (
    VERSIONED,
    published_text,
    text_in_hand,
)
from civflow.services.challenges.stages import TIME_TO_IMPROVE, gate_of
from civflow.services.challenges.versions import LONGEST_WHY, in_hand
from civflow.services.engine.advance import begin
from civflow.services.engine.effects import Move, effect, effect_in_row
from civflow.services.programmes.store import programme_of
from civflow.services.search.index import index
from civflow.workflows.applications import IN_SELECTION
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.programme import Programme, Stage


@effect
def prepare_the_stages(session: Session, move: Move) -> None:
    """Write the calendar and make a gate for each gate stage; a second approval moves the dates."""
    challenge: Challenge = move.record
    programme = programme_of(session, challenge)
    known = stage_dates(session, challenge)
    have = set(session.scalars(select(col(Gate.stage)).where(col(Gate.challenge_id) == challenge.id)))
    for stage, starts_at, ends_at in plan(programme, *the_dates(challenge), challenge.decision_promised_at):
        dates = known.get(stage.id) or StageDates(
            challenge_id=challenge.id or 0, stage=stage.id, starts_at=starts_at, ends_at=ends_at
        )
        dates.starts_at, dates.ends_at = starts_at, ends_at
        session.add(dates)
        if stage.kind == "gate" and stage.id not in have:
            _make_gate(session, challenge, programme, stage, dates, move.now)
    session.flush()


def _make_gate(
    session: Session, challenge: Challenge, programme: Programme, stage: Stage, dates: StageDates, now: datetime
) -> None:
    card = programme.card(stage)
    gate = Gate(
        round_id=challenge.round_id,
        challenge_id=challenge.id or 0,
        stage=stage.id,
        cap=dates.cap or stage.cap or 1,
        criteria=",".join(c.id for c in card.criteria),
        scale_least=card.scale.least,
        scale_most=card.scale.most,
        scoring_due_at=dates.ends_at,
        state="",
        since=now,
    )
    begin(session, gate, actor=CIVFLOW, now=now)


@effect
def publish_the_text(session: Session, move: Move) -> None:
    """The text in hand becomes the first published version, with the challenge's own columns as they are now."""
    challenge: Challenge = move.record
    text = text_in_hand(session, challenge)
    for name in VERSIONED:
        setattr(text, name, getattr(challenge, name))
    text.closes_at, text.published_at = challenge.closes_at, move.now
    challenge.version = text.number or 0
    index(session, [challenge.id or 0])


@effect
def keep_it_findable(session: Session, move: Move) -> None:
    """An earlier challenge is found by all that its source says, and one that is resumed by what is published."""
    index(session, [move.record_id])


@effect_in_row
def show_the_announcement(_session: Session, rows: Sequence[Any], _now: datetime) -> list[dict[str, Any]]:
    """It is announced, and no longer planned."""
    return [{"announced": True, "announce_at": None} for _ in rows]


@effect_in_row
def take_the_announcement_back(_session: Session, rows: Sequence[Any], _now: datetime) -> list[dict[str, Any]]:
    """Whoever approves it again decides again whether it is announced."""
    return [{"announced": False, "announce_at": None} for _ in rows]


@effect
def begin_the_stage(session: Session, move: Move) -> None:
    """Applications that have reached the challenge's new stage stand there."""
    challenge: Challenge = move.record
    programme = programme_of(session, challenge)
    stage = programme.stage(move.to_state)
    before = programme.before(stage)
    if follow_the_stage(session, challenge, stage, now=move.now):
        make_the_brief(session, move)
    if before and before.kind == "work":
        arrived = select(Application).where(
            col(Application.challenge_id) == challenge.id,
            col(Application.stage) == before.id,
            col(Application.state).in_(IN_SELECTION),
        )
        for application in session.scalars(arrived):
            application.stage = stage.id
        session.flush()
    if stage.kind == "gate" and stage.form:
        gate, dates = gate_of(session, challenge, stage.id), stage_dates(session, challenge)[stage.id]
        gate.resubmit_by = in_working_days(programme, max(dates.starts_at, move.now), TIME_TO_IMPROVE)
        session.flush()


# What follows


@effect
def begin_the_change(session: Session, move: Move) -> None:
    """A copy of the published text is written beside it."""
    challenge: Challenge = move.record
    before = published_text(session, challenge)
    if before is None:
        raise ValueError(f"Challenge {challenge.id} is open, and nothing of it is published.")
    text = ChallengeVersion(
        challenge_id=challenge.id or 0,
        number=challenge.version + 1,
        sections=dict(before.sections),
        why=move.reason[:LONGEST_WHY],
        complete=before.complete,
        written_by_id=move.actor.id,
        written_at=move.now,
        closes_at=challenge.closes_at,
        **{name: getattr(challenge, name) for name in VERSIONED},
    )
    session.add(text)
    session.flush()


@effect
def publish_the_change(session: Session, move: Move) -> None:
    """The change becomes the published version, and its columns the challenge's own."""
    challenge: Challenge = move.record
    text, promised = in_hand(session, challenge), challenge.decision_promised_at
    for name in VERSIONED:
        setattr(challenge, name, getattr(text, name))
    if challenge.decision_promised_at != promised:
        move_the_calendar(session, challenge)
    text.published_at, challenge.version = move.now, text.number or 0
    index(session, [challenge.id or 0])


@effect
def drop_the_change(session: Session, move: Move) -> None:
    """A dropped change has no number: the next one takes it."""
    text = in_hand(session, move.record)
    text.dropped_at, text.number = move.now, None
    session.flush()
