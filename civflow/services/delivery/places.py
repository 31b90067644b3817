"""Delivery: places in work stages, sprints and deliverables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Place, Team
from civflow.services.challenges.calendar import in_working_days, stage_dates, whole_days
from civflow.services.engine.advance import begin
from civflow.services.formatting import day, moment, money
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import members
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import path_of
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
