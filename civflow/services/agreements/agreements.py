"""Agreements: drafted for one stage, signed by both sides, and kept as signed."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Agreement, Application, Challenge, Document, Gate, Organisation, Person, Place, Team
from civflow.services.challenges.calendar import due_dates, stage_dates, whole_days
from civflow.services.documents import store as documents
from civflow.services.engine.advance import advance, begin
from civflow.services.programmes.store import programme_of
from civflow.workflows.agreements import ENDED_EARLY
from civflow.workflows.applications import WON
from civflow.workflows.delivery.places import FINISHED
from civflow.workflows.engine import CIVFLOW
from civflow.workflows.programme import Stage


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


_SIGNED = "signed-agreement-"


def signed_copy(session: Session, agreement: Agreement) -> Document | None:
    """The newest document with both signatures, or None before both have signed."""
    query = select(Document).where(col(Document.key).startswith(f"{_SIGNED}{agreement.id}-"))
    return session.scalars(query.order_by(col(Document.id).desc())).first()
