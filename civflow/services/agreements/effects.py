"""What follows when an agreement is issued, signed, taken back or fulfilled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from civflow.models import Agreement, Application, Challenge, Document, Person, Place
from civflow.services.agreements.agreements import _SIGNED, agreement_data, draft_agreement, draft_contracts
from civflow.services.documents import store as documents
from civflow.services.engine.effects import Move, effect
from civflow.services.programmes.store import programme_of


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


@effect
def draft_the_contracts(session: Session, move: Move) -> None:
    """The challenge stands at its award: the contract of every team that it selected is drafted."""
    challenge: Challenge = move.record
    stage = programme_of(session, challenge).stage(move.to_state)
    if stage.kind == "award":
        draft_contracts(session, challenge, stage, now=move.now)
