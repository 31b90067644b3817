"""What follows in the work stages: places are offered, given up and taken again, and the work is planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Application, Challenge, Deliverable, Place, Sprint
from civflow.services.challenges.calendar import due_dates, in_working_days, later
from civflow.services.delivery.places import offer_place
from civflow.services.engine.advance import advance, begin_many
from civflow.services.engine.effects import Columns, Move, effect, effect_in_row
from civflow.services.engine.history import last_entry
from civflow.services.programmes.store import programme_of
from civflow.workflows.applications import STILL_IN, WON
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.programme import Programme, Stage


@effect
def enter_the_next_stage(session: Session, move: Move) -> None:
    """The application stands in the stage after its gate; a work stage offers the team a place."""
    application: Application = move.record
    challenge = session.get_one(Challenge, application.challenge_id)
    programme = programme_of(session, challenge)
    stage = programme.stage(application.stage)
    following = programme.after(stage) if stage.kind == "gate" else stage
    if following is None:
        return
    application.stage, application.complete = following.id, False
    session.flush()
    if following.kind == "work":
        offer_place(session, application, following, now=move.now)


@effect_in_row
def give_time_to_answer(session: Session, rows: Sequence[Any], now: datetime) -> Sequence[Columns]:
    """An offer that is made again may be answered for a week."""
    programmes = (programme_of(session, session.get_one(Challenge, row.challenge_id)) for row in rows)
    return [{"respond_by": in_working_days(programme, now, 5)} for programme in programmes]


@effect
def give_the_place_up(session: Session, move: Move) -> None:
    """A team without its place does not go on, even where it had won: the application leaves the challenge."""
    _leave(session, move, STILL_IN)


@effect
def leave_the_selection(session: Session, move: Move) -> None:
    """A team that stops before its stage is finished does not go on; one that has won has won."""
    _leave(session, move, tuple(state for state in STILL_IN if state not in WON))


def _leave(session: Session, move: Move, from_states: tuple[str, ...]) -> None:
    application = session.get_one(Application, move.record.application_id)
    if application.state in from_states:
        reason = move.reason or "The team did not answer in time."
        advance(session, application, "leave", actor=CIVFLOW, now=move.now, reason=reason)


@effect
def take_the_team_in_again(session: Session, move: Move) -> None:
    """An application that left because of this place is again where it was; one that was withdrawn stays away."""
    application = session.get_one(Application, move.record.application_id)
    last = last_entry(session, "application", application.id or 0)
    if last and last.step == "leave":
        back = "come_back_as_winner" if last.from_state in WON else "come_back"
        advance(session, application, back, actor=CIVFLOW, now=move.now, reason=move.reason)


@effect
def plan_the_work(session: Session, move: Move) -> None:
    """Sprints from the stage's start to its end, and the deliverables that the programme asks for."""
    place: Place = move.record
    programme = programme_of(session, session.get_one(Challenge, place.challenge_id))
    stage = programme.stage(place.stage)
    keys: dict[str, Any] = {
        "round_id": place.round_id,
        "challenge_id": place.challenge_id,
        "team_id": place.team_id,
        "place_id": place.id or 0,
        "state": "",
        "since": move.now,
    }
    sprints = [
        Sprint(
            number=number,
            starts_at=start,
            ends_at=min(later(programme, start, stage.sprint_weeks or 0), place.ends_at),
            **keys,
        )
        for number, start in enumerate(_sprint_starts(programme, place, stage), start=1)
    ]
    begin_many(session, sprints, actor=CIVFLOW, now=move.now)
    due = due_dates(programme, place.starts_at, place.ends_at, len(stage.deliverables))
    begin_many(
        session,
        [
            Deliverable(
                title=owed.title, done_when=owed.done_when, due_at=at, sprint_id=_sprint_at(sprints, at), **keys
            )
            for owed, at in zip(stage.deliverables, due, strict=True)
        ],
        actor=CIVFLOW,
        now=move.now,
    )


def _sprint_starts(programme: Programme, place: Place, stage: Stage) -> list[datetime]:
    starts, start = [], place.starts_at
    while stage.sprint_weeks and start < place.ends_at:
        starts.append(start)
        start = later(programme, start, stage.sprint_weeks)
    return starts


def _sprint_at(sprints: list[Sprint], at: datetime) -> int | None:
    return next((s.id for s in sprints if s.starts_at < at <= s.ends_at), None)
