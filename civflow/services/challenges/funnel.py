"""The funnel of a challenge: its stages in time, and how many came to each gate and went on from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Select, case, exists, func, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Gate, History, Outcome, StageDates
from civflow.services.challenges.calendar import plan
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import BEING_WRITTEN
from civflow.workflows.challenges.readiness import APPROVED, BEING_DRAFTED, CALL_IS_OPEN, WAITS_FOR_APPROVAL
from civflow.workflows.programme import Programme, Stage

RELEASED = sorted({step.target for step in HANDBOOK["gate"].steps if step.name == "release"})


class StageOf(NamedTuple):
    """One stage of one challenge. `came` and `went_on` count applications; None while nobody may know."""

    id: str
    title: str
    kind: str
    sentence: str
    starts_at: datetime
    ends_at: datetime
    cap: int | None
    money_pounds: int
    is_now: bool
    came: int | None = None
    went_on: int | None = None
    released_at: datetime | None = None
    number_reason: str = ""  # why another number than declared went on
    applied: int | None = None  # at the first gate: how many were submitted, and how many of them left before it
    withdrew: int = 0
    ruled_out: int = 0

    @property
    def left(self) -> str:
        """'1 withdrew': who left before the first gate; '' where nobody did."""
        return who_left(self.withdrew, self.ruled_out)


def who_left(withdrew: int, ruled_out: int) -> str:
    """'1 withdrew, 2 were ruled out', of the applications that no gate has ranked."""
    out = f"{ruled_out:,} {'was' if ruled_out == 1 else 'were'} ruled out" if ruled_out else ""
    return ", ".join(filter(None, [f"{withdrew:,} withdrew" if withdrew else "", out]))


def funnels(
    session: Session, challenges: Sequence[Challenge], programmes: Sequence[Programme], *, staff: bool = False
) -> dict[int, list[StageOf]]:
    """Challenge id -> its stages in order, for any number of challenges in three statements.

    `programmes` are in the order of the challenges. The public's numbers are those of released results;
    `staff` also learn how many applications were sent, once the call has closed. A draft has the stages that
    its dates lead to; stages that are over have the dates of the record.
    """
    ids = [c.id or 0 for c in challenges]
    dates: dict[int, dict[str, StageDates]] = {}
    for row in session.scalars(select(StageDates).where(col(StageDates.challenge_id).in_(ids))):
        dates.setdefault(row.challenge_id, {})[row.stage] = row
    gates: dict[int, dict[str, Result]] = {}
    for key, stage, *result in session.execute(_results(ids)):
        gates.setdefault(key, {})[stage] = Result(*result)
    found, moves = {}, moves_of(session, [c.id or 0 for c in challenges if has_closed(c)])
    for challenge, programme in zip(challenges, programmes, strict=True):
        planned = _stages(challenge, programme, dates.get(challenge.id or 0, {}))
        stages = _as_they_were(planned, moves.get(challenge.id or 0, []))
        results = gates.get(challenge.id or 0, {})
        decided = any(result.released_at for result in results.values())
        shows = decided or (staff and has_closed(challenge))
        found[challenge.id or 0] = _with_numbers(stages, results) if shows else stages
    return found


def moves_of(session: Session, ids: Sequence[int]) -> dict[int, list[tuple[str, datetime]]]:
    """Challenge id -> every state that it came into, with the moment, in order."""
    if not ids:
        return {}
    query = select(col(History.record_id), col(History.to_state), col(History.at)).where(
        col(History.workflow) == "challenge",
        col(History.record_id).in_(ids),
        col(History.from_state) != col(History.to_state),
    )
    found: dict[int, list[tuple[str, datetime]]] = {}
    for key, state, at in session.execute(query.order_by(col(History.record_id), col(History.number))):
        found.setdefault(key, []).append((state, at))
    return found


def _as_they_were(stages: list[StageOf], moves: Sequence[tuple[str, datetime]]) -> list[StageOf]:
    """A stage begins and ends when the challenge came and left; the call with its deadline, what lies ahead as planned."""
    began = dict(reversed(moves))
    left = {state: at for (state, _), (_, at) in pairwise(moves)}
    here = next((number for number, stage in enumerate(stages) if stage.is_now), len(stages))

    def dated(number: int, stage: StageOf) -> StageOf:
        if stage.kind == "call" or number > here or stage.id not in began:
            return stage
        ends_at = stage.ends_at if number == here else left.get(stage.id, stage.ends_at)
        return stage._replace(starts_at=began[stage.id], ends_at=ends_at)

    return [dated(number, stage) for number, stage in enumerate(stages)]


class Result(NamedTuple):
    """What a gate says: how many go on, when that was released, how many it ranked; and the challenge's applications.

    `sent` were submitted; `withdrew` and `ruled_out` of them left before any gate ranked them.
    """

    going_on: int
    released_at: datetime | None
    number_reason: str
    ranked: int
    sent: int
    withdrew: int
    ruled_out: int


def _results(ids: Sequence[int]) -> Select[Any]:
    sent = select(func.count()).where(
        col(Application.challenge_id) == col(Gate.challenge_id),
        col(Application.submitted_at).is_not(None),
        ~col(Application.state).in_(BEING_WRITTEN),
    )
    unranked = ~exists().where(col(Outcome.application_id) == col(Application.id))
    left = [sent.where(unranked, col(Application.state).in_(_targets(step))) for step in ("withdraw", "rule_out")]
    ranked = select(func.count()).where(col(Outcome.gate_id) == col(Gate.id))
    numbers = [counted.correlate(Gate).scalar_subquery() for counted in (ranked, sent, *left)]
    released = case((col(Gate.state).in_(RELEASED), col(Gate.released_at)))
    columns = (col(Gate.challenge_id), col(Gate.stage), col(Gate.going_on), released, col(Gate.number_reason))
    query = select(*columns, *numbers)
    return query.where(col(Gate.challenge_id).in_(ids))


def _targets(trigger: str) -> list[str]:
    """Where a step of an application leads."""
    return sorted({step.target for step in HANDBOOK["application"].steps if step.name == trigger})


def has_closed(challenge: Challenge) -> bool:
    """Whether the call is over, so that numbers of applications give nothing away."""
    return challenge.state not in (*BEING_DRAFTED, *WAITS_FOR_APPROVAL, *APPROVED, *CALL_IS_OPEN)


def _stages(challenge: Challenge, programme: Programme, dates: dict[str, StageDates]) -> list[StageOf]:
    if not dates:
        if challenge.opens_at is None or challenge.closes_at is None:
            return []
        return [
            _stage(challenge, *planned)
            for planned in plan(programme, challenge.opens_at, challenge.closes_at, challenge.decision_promised_at)
        ]
    return [
        _stage(challenge, stage, dates[stage.id].starts_at, dates[stage.id].ends_at, dates[stage.id])
        for stage in programme.stages
        if stage.id in dates
    ]


def _stage(
    challenge: Challenge, stage: Stage, starts_at: datetime, ends_at: datetime, own: StageDates | None = None
) -> StageOf:
    money = stage.money if own is None or own.money_pounds is None else own.money_pounds
    if stage.kind == "award":
        money = challenge.money_pounds or money
    is_call_now = stage.kind == "call" and challenge.state in CALL_IS_OPEN
    return StageOf(
        stage.id,
        stage.title,
        stage.kind,
        stage.sentence,
        starts_at,
        ends_at,
        (own and own.cap) or stage.cap,
        money,
        is_now=challenge.state == stage.id or is_call_now,
    )


def _with_numbers(stages: list[StageOf], results: dict[str, Result]) -> list[StageOf]:
    """Who leaves a gate comes to the next one; to the first come all who applied and neither withdrew nor were ruled out."""
    found: list[StageOf] = []
    any_result = next(iter(results.values()), None)
    here = any_result and any_result.sent - any_result.withdrew - any_result.ruled_out
    first = next((stage.id for stage in stages if stage.kind == "gate"), "")
    for stage in stages:
        if any_result and stage.id == first:
            stage = stage._replace(  # noqa: PLW2901
                applied=any_result.sent, withdrew=any_result.withdrew, ruled_out=any_result.ruled_out
            )
        if stage.kind != "gate":
            found.append(stage)
            continue
        result = results.get(stage.id)
        if result is None or result.released_at is None:
            found.append(stage._replace(came=here))
            here = None
            continue
        here, came = result.going_on, result.ranked
        found.append(
            stage._replace(came=came, went_on=here, released_at=result.released_at, number_reason=result.number_reason)
        )
    return found
