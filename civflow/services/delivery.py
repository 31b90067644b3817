"""Delivery: places in work stages, sprints and deliverables."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import (
    Application,
    Challenge,
    Deliverable,
    Place,
    Sprint,
    Team,
)
from civflow.services.advance import advance, begin, begin_many
from civflow.services.calendar import due_dates, in_working_days, later, stage_dates, whole_days
from civflow.services.effects import Move, effect
from civflow.services.history import last_entry
from civflow.services.messages import members, post_all, write
from civflow.services.naming import path_of
from civflow.services.programmes import programme_of
from civflow.services.wording import day, moment, money
from civflow.workflows.applications import STILL_IN, WON
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.programme import Programme, Stage


def offer_place(session: Session, application: Application, stage: Stage, *, now: datetime) -> Place:
    """Offer a team its place in a work stage, and tell its members; an offer that stands is left as it is."""
    known = select(Place).where(col(Place.application_id) == application.id, col(Place.stage) == stage.id)
    place = session.scalars(known).first()
    if place:
        return place
    challenge = session.get_one(Challenge, application.challenge_id)
    programme = programme_of(session, challenge)
    dates = stage_dates(session, challenge)[stage.id]
    starts_at, ends_at = whole_days(programme, max(dates.starts_at, now), stage.length)
    place = Place(
        round_id=application.round_id,
        challenge_id=application.challenge_id,
        application_id=application.id or 0,
        team_id=application.team_id,
        stage=stage.id,
        starts_at=starts_at,
        ends_at=ends_at,
        money_pounds=stage.money if dates.money_pounds is None else dates.money_pounds,
        respond_by=in_working_days(programme, now, stage.days_to_accept),
        state="",
        since=now,
    )
    begin(session, place, actor=CIVFLOW, now=now)
    _tell_of_the_place(session, place, programme, stage, now)
    return place


def _tell_of_the_place(session: Session, place: Place, programme: Programme, stage: Stage, now: datetime) -> None:
    challenge = session.get_one(Challenge, place.challenge_id)
    team, zone = session.get_one(Team, place.team_id).name, programme.timezone
    paid = f"{money(place.money_pounds)} excluding VAT" if place.money_pounds else ""
    respond_by = moment(place.respond_by, zone) if place.respond_by else "the stage begins"
    post_all(
        session,
        [
            write(
                person=person,
                kind="place",
                key=f"place-{place.id}-{place.revision}-{person.id}",
                now=now,
                about=path_of(place),
                team=team,
                title=f"{stage.title}: {challenge.title}",
                money=paid,
                starts=day(place.starts_at, zone),
                ends=day(place.ends_at, zone),
                respond_by=respond_by,
            )
            for person in members(session, place.team_id)
        ],
        now=now,
    )


@effect
def give_time_to_answer(session: Session, move: Move) -> None:
    """An offer that is made again may be answered for a week."""
    place: Place = move.record
    programme = programme_of(session, session.get_one(Challenge, place.challenge_id))
    place.respond_by = in_working_days(programme, move.now, 5)
    session.flush()


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
