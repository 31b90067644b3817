"""Agreements: drafted for one stage, signed by both sides, and kept as signed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Agreement, Application, Challenge, Document, Gate, Organisation, Person, Place, Team
from civflow.services import documents
from civflow.services.advance import advance, begin
from civflow.services.calendar import due_dates, stage_dates, whole_days
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.programmes import programme_of
from civflow.workflows.agreements import ENDED_EARLY
from civflow.workflows.applications import WON
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.places import FINISHED
from civflow.workflows.programme import Stage


@effect
def draft_the_agreement(session: Session, move: Move) -> None:
    """The team has accepted: its agreement for the stage is drafted, with its document."""
    place: Place = move.record
    stage = programme_of(session, session.get_one(Challenge, place.challenge_id)).stage(place.stage)
    draft_agreement(
        session,
        place=place,
        stage=stage,
        price=place.money_pounds,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        standstill_ends_at=None,
        application=session.get_one(Application, place.application_id),
        now=move.now,
    )


def draft_contracts(session: Session, challenge: Challenge, stage: Stage, *, now: datetime) -> None:
    """Draft the contract of every team that the challenge selected; nobody can sign before the standstill is over."""
    finished = (col(Place.stage) == _last_work_stage(session, challenge)) & col(Place.state).in_(FINISHED)
    won = select(Application).where(
        col(Application.challenge_id) == challenge.id,
        col(Application.state).in_(WON),
        col(Application.id).in_(select(col(Place.application_id)).where(finished)),
    )
    dates = stage_dates(session, challenge)[stage.id]
    starts_at, ends_at = whole_days(programme_of(session, challenge), max(dates.starts_at, now), stage.length)
    for application in session.scalars(won.order_by(col(Application.id))).all():
        draft_agreement(
            session,
            place=None,
            stage=stage,
            price=challenge.money_pounds or stage.money,
            starts_at=starts_at,
            ends_at=ends_at,
            application=application,
            now=now,
            standstill_ends_at=standstill_end(session, challenge, stage),
        )


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
    session: Session,
    *,
    place: Place | None,
    application: Application,
    stage: Stage,
    price: int,
    starts_at: datetime,
    ends_at: datetime,
    standstill_ends_at: datetime | None,
    now: datetime,
) -> Agreement:
    """Draft an agreement for one stage and ask for its document.

    One that exists stays as it is, except that one that ended before both had signed is drafted anew with what is given.
    """
    known = select(Agreement).where(col(Agreement.application_id) == application.id, col(Agreement.stage) == stage.id)
    agreement = session.scalars(known).first()
    if agreement:
        if agreement.state in ENDED_EARLY and not (agreement.team_signed_at and agreement.sponsor_signed_at):
            agreement.price_pounds, agreement.standstill_ends_at = price, standstill_ends_at
            agreement.starts_at, agreement.ends_at = starts_at, ends_at
            advance(
                session, agreement, "redraft", actor=CIVFLOW, now=now, reason="It is needed again: the team goes on."
            )
        return agreement
    agreement = Agreement(
        round_id=application.round_id,
        challenge_id=application.challenge_id,
        application_id=application.id or 0,
        team_id=application.team_id,
        place_id=place.id if place else None,
        stage=stage.id,
        price_pounds=price,
        starts_at=starts_at,
        ends_at=ends_at,
        standstill_ends_at=standstill_ends_at,
        state="",
        since=now,
    )
    begin(session, agreement, actor=CIVFLOW, now=now)
    document = documents.ask(
        session,
        kind="agreement",
        key=f"agreement-{agreement.id}-{agreement.revision}",
        workflow="agreement",
        title=f"Agreement for {stage.title}: {application.reference}",
        record_id=agreement.id or 0,
        data=agreement_data(session, agreement),
        now=now,
    )
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
    due = due_dates(programme, agreement.starts_at, agreement.ends_at, len(stage.deliverables))
    return {
        "stage": stage.title,
        "kind": stage.kind,
        "sprint_weeks": stage.sprint_weeks,
        "title": f"{stage.title}: {challenge.title}",
        "programme": programme.title,
        "reference": session.get_one(Application, agreement.application_id).reference,
        "challenge": challenge.title,
        "question": challenge.question,
        "sponsor": {
            "legal_name": sponsor.legal_name if sponsor else challenge.sponsors_in_source,
            "address": (sponsor.address if sponsor else "") or "",
        },
        "team": {
            "name": team.name,
            "legal_name": organisation.legal_name if organisation else lead,
            "number": (organisation.number if organisation else "") or "",
            "address": (organisation.address if organisation else "") or "",
            "lead": lead,
        },
        "price_pounds": agreement.price_pounds,
        "excludes_vat": programme.money_excludes_vat,
        "starts_at": agreement.starts_at.isoformat(),
        "ends_at": agreement.ends_at.isoformat(),
        "zone": programme.timezone,
        "deliverables": [
            {"title": owed.title, "done_when": owed.done_when, "due_at": at.isoformat()}
            for owed, at in zip(stage.deliverables, due, strict=True)
        ],
        "standstill_ends_at": agreement.standstill_ends_at.isoformat() if agreement.standstill_ends_at else None,
    }


@effect
def clear_the_signatures(session: Session, move: Move) -> None:
    """A new draft is a new document: signatures under the old one do not count, and the record keeps them."""
    agreement: Agreement = move.record
    agreement.team_signed_at = agreement.team_signed_by_id = None
    document = documents.ask(
        session,
        kind="agreement",
        key=f"agreement-{agreement.id}-{agreement.revision}",
        workflow="agreement",
        title=f"Agreement: {agreement.stage}, new draft",
        record_id=agreement.id or 0,
        now=move.now,
        data=agreement_data(session, agreement),
    )
    agreement.document_id = document.id
    session.flush()


@effect
def make_the_signed_copy(session: Session, move: Move) -> None:
    """Both sides have signed: the same text with names and times is a document of its own; the unsigned one stays.

    The agreement begins when both have signed at the earliest.
    """
    agreement: Agreement = move.record
    agreement.starts_at = max(agreement.starts_at, move.now)
    read = session.get_one(Document, agreement.document_id)
    documents.ask(
        session,
        kind="agreement",
        key=f"{_SIGNED}{agreement.id}-{agreement.revision}",
        workflow="agreement",
        title=f"Signed: {read.title}",
        record_id=agreement.id or 0,
        data=_signed_data(session, agreement, read),
        now=move.now,
    )
    session.flush()


_SIGNED = "signed-agreement-"


def _signed_data(session: Session, agreement: Agreement, read: Document) -> Mapping[str, Any]:
    """What both sides read when they signed, with who signed it and when."""
    signed = (
        ("team", agreement.team_signed_by_id, agreement.team_signed_at),
        ("sponsor", agreement.sponsor_signed_by_id, agreement.sponsor_signed_at),
    )
    signatures = [
        {"side": side, "name": session.get_one(Person, who).name, "signed_at": at.isoformat()}
        for side, who, at in signed
        if who and at
    ]
    return {
        **read.data,
        "starts_at": agreement.starts_at.isoformat(),
        "signatures": signatures,
        "text_hash": read.content_hash or "",
    }


def signed_copy(session: Session, agreement: Agreement) -> Document | None:
    """The newest document with both signatures, or None before both have signed."""
    query = select(Document).where(col(Document.key).startswith(f"{_SIGNED}{agreement.id}-"))
    return session.scalars(query.order_by(col(Document.id).desc())).first()


@effect
def complete_the_agreement(session: Session, move: Move) -> None:
    query = select(Agreement).where(col(Agreement.place_id) == move.record.id, stands_before(Agreement, "complete"))
    for agreement in session.scalars(query):
        advance(session, agreement, "complete", actor=CIVFLOW, now=move.now)
