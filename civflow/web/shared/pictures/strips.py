"""The flow picture of a challenge, drawn from what services/challenges/funnel.py knows of its stages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup
from sqlmodel import Session, col, select

from civflow.models import Challenge
from civflow.services.challenges.funnel import StageOf, funnels
from civflow.services.dashboards.round import Strip
from civflow.services.programmes.store import programme_of
from civflow.web.shared.pictures.flow import Board, Flow, FlowStage, board, picture


def strip_of(challenge: Challenge, stages: Sequence[StageOf], *, now: datetime, zone: str) -> Markup:
    """The picture of one challenge; nothing while it has no dates."""
    return picture(flow_of(challenge, stages, now=now, zone=zone))


def flow_of(challenge: Challenge, stages: Sequence[StageOf], *, now: datetime, zone: str) -> Flow:
    """What is drawn of a challenge.

    A survey lasts longer than everything before it, so it is drawn only once it has come.
    """
    drawn = [stage for stage in stages if stage.kind != "survey" or stage.is_now]
    here = next((number for number, stage in enumerate(drawn) if stage.is_now), None)
    parts = [
        FlowStage(s.id, s.title, s.kind, s.starts_at, s.ends_at, s.came, s.went_on, _state(s, n, here, now))
        for n, s in enumerate(drawn)
    ]
    applied = next((f"{s.applied:,} applied, {s.left}" for s in drawn if s.left), "")
    return Flow(challenge.title, parts, now, zone, applied)


def _state(stage: StageOf, number: int, here: int | None, now: datetime) -> str:
    """Whether a stage is over: by where the challenge stands; between two stages, by its dates."""
    if here is None:
        return "past" if stage.ends_at <= now else "future"
    return "past" if number < here else "current" if number == here else "future"


def strips_of(session: Session, challenge_ids: Sequence[int], *, now: datetime) -> dict[int, Markup]:
    """Challenge id -> its picture with the public's numbers, in a fixed number of statements."""
    return {key: picture(found) for key, found in _flows(session, challenge_ids, now=now, staff=False).items()}


def board_of(session: Session, challenge_ids: Sequence[int], *, now: datetime, public: Sequence[int] = ()) -> Board:
    """Challenges on one axis of time with the numbers for staff, and others with those for the `public`.

    In a fixed number of statements.
    """
    flows = _flows(session, challenge_ids, now=now, staff=True) | _flows(session, public, now=now, staff=False)
    return board(flows)


def board_of_round(session: Session, strips: Sequence[Strip], *, now: datetime) -> Board:
    """The challenges of a round on one axis of time; of other people's only what the public may know."""
    ours, others = ([s.challenge.id or 0 for s in strips if s.is_ours is own] for own in (True, False))
    return board_of(session, ours, now=now, public=others)


def _flows(session: Session, challenge_ids: Sequence[int], *, now: datetime, staff: bool) -> dict[int, Flow]:
    if not challenge_ids:
        return {}
    challenges = session.exec(select(Challenge).where(col(Challenge.id).in_(challenge_ids))).all()
    programmes = [programme_of(session, challenge) for challenge in challenges]
    stages = funnels(session, challenges, programmes, staff=staff)
    return {
        challenge.id or 0: flow_of(challenge, stages[challenge.id or 0], now=now, zone=programme.timezone)
        for challenge, programme in zip(challenges, programmes, strict=True)
    }
