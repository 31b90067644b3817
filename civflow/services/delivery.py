"""Delivery: places in work stages, agreements that both sides sign, sprints and deliverables."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import (
    Agreement,
    Application,
    Challenge,
    Deliverable,
    Gate,
    Organisation,
    Person,
    Place,
    Sprint,
    Team,
)
from civflow.services import documents
from civflow.services.advance import advance, begin, begin_many
from civflow.services.calendar import in_working_days, stage_dates
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.messages import members, post_all, write
from civflow.services.naming import path_of
from civflow.services.programmes import programme_of
from civflow.services.wording import day, moment, money
from civflow.workflows.applications import WON
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.places import FINISHED
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
    starts_at = max(dates.starts_at, now)
    place = Place(
        round_id=application.round_id, challenge_id=application.challenge_id, application_id=application.id or 0,
        team_id=application.team_id, stage=stage.id, starts_at=starts_at, ends_at=starts_at + stage.length,
        money_pounds=stage.money if dates.money_pounds is None else dates.money_pounds,
        respond_by=in_working_days(programme, now, stage.days_to_accept), state="", since=now,
    )  # fmt: skip
    begin(session, place, actor=CIVFLOW, now=now)
    _tell_of_the_place(session, place, programme, stage, now)
    return place


def _tell_of_the_place(session: Session, place: Place, programme: Programme, stage: Stage, now: datetime) -> None:
    challenge = session.get_one(Challenge, place.challenge_id)
    team, zone = session.get_one(Team, place.team_id).name, programme.timezone
    paid = f"{money(place.money_pounds)} excluding VAT" if place.money_pounds else ""
    respond_by = moment(place.respond_by, zone) if place.respond_by else "the stage begins"
    post_all(session, [
        write(person=person, kind="place", key=f"place-{place.id}-{place.revision}-{person.id}", now=now,
              about=path_of(place), team=team, title=f"{stage.title}: {challenge.title}", money=paid,
              starts=day(place.starts_at, zone), ends=day(place.ends_at, zone), respond_by=respond_by)
        for person in members(session, place.team_id)
    ], now=now)  # fmt: skip


@effect
def give_time_to_answer(session: Session, move: Move) -> None:
    """An offer that is made again may be answered for a week."""
    place: Place = move.record
    programme = programme_of(session, session.get_one(Challenge, place.challenge_id))
    place.respond_by = in_working_days(programme, move.now, 5)
    session.flush()


@effect
def draft_the_agreement(session: Session, move: Move) -> None:
    """The team has accepted: its agreement for the stage is drafted, with its document."""
    place: Place = move.record
    stage = programme_of(session, session.get_one(Challenge, place.challenge_id)).stage(place.stage)
    draft_agreement(session, place=place, stage=stage, price=place.money_pounds, starts_at=place.starts_at,
                    ends_at=place.ends_at, standstill_ends_at=None,
                    application=session.get_one(Application, place.application_id), now=move.now)  # fmt: skip


def draft_contracts(session: Session, challenge: Challenge, stage: Stage, *, now: datetime) -> None:
    """Draft the contract of every team that the challenge selected; nobody can sign before the standstill is over."""
    finished = (col(Place.stage) == _last_work_stage(session, challenge)) & col(Place.state).in_(FINISHED)
    won = select(Application).where(
        col(Application.challenge_id) == challenge.id, col(Application.state).in_(WON),
        col(Application.id).in_(select(col(Place.application_id)).where(finished)),
    )  # fmt: skip
    dates = stage_dates(session, challenge)[stage.id]
    starts_at = max(dates.starts_at, now)
    for application in session.scalars(won.order_by(col(Application.id))).all():
        draft_agreement(session, place=None, stage=stage, price=challenge.money_pounds or stage.money, starts_at=starts_at,
                        ends_at=starts_at + stage.length, application=application, now=now,
                        standstill_ends_at=standstill_end(session, challenge, stage))  # fmt: skip


def _last_work_stage(session: Session, challenge: Challenge) -> str:
    return [s.id for s in programme_of(session, challenge).stages if s.kind == "work"][-1]


def standstill_end(session: Session, challenge: Challenge, stage: Stage) -> datetime | None:
    """The end of the standstill: so many days after the last gate's result was released; midnight belongs to the last day.

    Ten calendar days where the notice is sent electronically: Public Contracts (Scotland) Regulations 2015, regulation 86.
    """
    if not stage.standstill_days:
        return None
    released = select(col(Gate.released_at)).where(
        col(Gate.challenge_id) == challenge.id, col(Gate.released_at).is_not(None)
    )
    last = max((at for at in session.scalars(released) if at), default=None)
    if last is None:
        return None
    zone = programme_of(session, challenge).zone
    over = last.astimezone(zone).date() + timedelta(days=stage.standstill_days + 1)
    return datetime.combine(over, time(), zone).astimezone(last.tzinfo)


def draft_agreement(
    session: Session, *, place: Place | None, application: Application, stage: Stage, price: int, starts_at: datetime,
    ends_at: datetime, standstill_ends_at: datetime | None, now: datetime,
) -> Agreement:  # fmt: skip
    """Draft an agreement for one stage and ask for its document; one that exists is taken back into use."""
    known = select(Agreement).where(col(Agreement.application_id) == application.id, col(Agreement.stage) == stage.id)
    agreement = session.scalars(known).first()
    if agreement:
        return agreement
    agreement = Agreement(
        round_id=application.round_id, challenge_id=application.challenge_id, application_id=application.id or 0,
        team_id=application.team_id, place_id=place.id if place else None, stage=stage.id, price_pounds=price,
        starts_at=starts_at, ends_at=ends_at, standstill_ends_at=standstill_ends_at, state="", since=now,
    )  # fmt: skip
    begin(session, agreement, actor=CIVFLOW, now=now)
    document = documents.ask(
        session, kind="agreement", key=f"agreement-{agreement.id}-{agreement.revision}", workflow="agreement",
        title=f"Agreement for {stage.title}: {application.reference}", record_id=agreement.id or 0,
        data=agreement_data(session, agreement), now=now,
    )  # fmt: skip
    agreement.document_id = document.id
    session.flush()
    return agreement


def agreement_data(session: Session, agreement: Agreement) -> dict[str, Any]:
    """What the agreement prints; every value is plain JSON."""
    challenge = session.get_one(Challenge, agreement.challenge_id)
    programme = programme_of(session, challenge)
    stage = programme.stage(agreement.stage)
    team = session.get_one(Team, agreement.team_id)
    organisation = session.get(Organisation, team.organisation_id) if team.organisation_id else None
    sponsor = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    lead = session.get_one(Person, team.lead_id).name
    return {
        "stage": stage.title, "title": f"{stage.title}: {challenge.title}", "programme": programme.title,
        "reference": session.get_one(Application, agreement.application_id).reference, "challenge": challenge.title,
        "question": challenge.question,
        "sponsor": {"legal_name": sponsor.legal_name if sponsor else challenge.sponsors_in_source,
                    "address": (sponsor.address if sponsor else "") or ""},
        "team": {"name": team.name, "legal_name": organisation.legal_name if organisation else lead,
                 "number": (organisation.number if organisation else "") or "",
                 "address": (organisation.address if organisation else "") or "", "lead": lead},
        "price_pounds": agreement.price_pounds, "excludes_vat": programme.money_excludes_vat,
        "starts_at": agreement.starts_at.isoformat(), "ends_at": agreement.ends_at.isoformat(), "zone": programme.timezone,
        "deliverables": [{"title": d.title, "done_when": d.done_when, "due_at": agreement.ends_at.isoformat()}
                         for d in stage.deliverables],
        "standstill_ends_at": agreement.standstill_ends_at.isoformat() if agreement.standstill_ends_at else None,
    }  # fmt: skip


@effect
def clear_the_signatures(session: Session, move: Move) -> None:
    """A new draft is a new document: signatures under the old one do not count, and the record keeps them."""
    agreement: Agreement = move.record
    agreement.team_signed_at = agreement.team_signed_by_id = None
    document = documents.ask(
        session, kind="agreement", key=f"agreement-{agreement.id}-{agreement.revision}", workflow="agreement",
        title=f"Agreement: {agreement.stage}, new draft", record_id=agreement.id or 0, now=move.now,
        data=agreement_data(session, agreement),
    )  # fmt: skip
    agreement.document_id = document.id
    session.flush()


@effect
def plan_the_work(session: Session, move: Move) -> None:
    """Sprints from the stage's start to its end, and the deliverables that the programme asks for."""
    place: Place = move.record
    stage = programme_of(session, session.get_one(Challenge, place.challenge_id)).stage(place.stage)
    keys: dict[str, Any] = {"round_id": place.round_id, "challenge_id": place.challenge_id, "team_id": place.team_id,
            "place_id": place.id or 0, "state": "", "since": move.now}  # fmt: skip
    sprints = [
        Sprint(number=number, starts_at=start, ends_at=min(start + timedelta(weeks=stage.sprint_weeks or 0), place.ends_at),
               **keys)
        for number, start in enumerate(_sprint_starts(place, stage), start=1)
    ]  # fmt: skip
    begin_many(session, sprints, actor=CIVFLOW, now=move.now)
    share = (place.ends_at - place.starts_at) / max(1, len(stage.deliverables))
    begin_many(session, [
        Deliverable(title=owed.title, done_when=owed.done_when, due_at=place.starts_at + share * number,
                    sprint_id=_sprint_at(sprints, place.starts_at + share * number), **keys)
        for number, owed in enumerate(stage.deliverables, start=1)
    ], actor=CIVFLOW, now=move.now)  # fmt: skip


def _sprint_starts(place: Place, stage: Stage) -> list[datetime]:
    starts, start = [], place.starts_at
    while stage.sprint_weeks and start < place.ends_at:
        starts.append(start)
        start += timedelta(weeks=stage.sprint_weeks)
    return starts


def _sprint_at(sprints: list[Sprint], at: datetime) -> int | None:
    return next((s.id for s in sprints if s.starts_at < at <= s.ends_at), None)


@effect
def complete_the_agreement(session: Session, move: Move) -> None:
    query = select(Agreement).where(col(Agreement.place_id) == move.record.id, stands_before(Agreement, "complete"))
    for agreement in session.scalars(query):
        advance(session, agreement, "complete", actor=CIVFLOW, now=move.now)
