"""Checks of the record as people ask for them: one waits or runs at a time, and each report is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlmodel import Session, col

from civflow.models import Person, Verification
from civflow.services.engine.history import Audit
from civflow.services.jobs.queue import enqueue
from civflow.workflows.engine import Actor, Forbidden, Refused

KEPT = 50  # reports that are listed


def may_ask(actor: Actor) -> bool:
    """Whether the actor reads the record of the whole site."""
    return actor.id is not None and actor.holds("auditor", {})


def ask(session: Session, *, actor: Actor, now: datetime) -> Verification:
    """Ask for a check. Raises Forbidden for all but an auditor of the whole site, and Refused while another one waits."""
    if not may_ask(actor) or actor.id is None:
        raise Forbidden("An auditor of the whole site has the record checked.")
    if are_waiting(session):
        raise Refused("The record is being checked already. Its report will stand here.")
    asked = Verification(asked_by_id=actor.id, asked_at=now)
    session.add(asked)
    session.flush()
    enqueue(session, "verify_record", str(asked.id))
    return asked


def are_waiting(session: Session) -> bool:
    """Whether a check has been asked for and has no report yet."""
    return bool(session.scalar(select(exists().where(col(Verification.ended_at).is_(None)))))


def next_one(session: Session) -> Verification | None:
    """The check that was asked for first and has no report yet."""
    query = select(Verification).where(col(Verification.ended_at).is_(None)).order_by(col(Verification.id))
    return session.scalars(query.limit(1)).first()


def report(session: Session, verification_id: int, found: Audit, *, now: datetime) -> None:
    """Keep what a check has found."""
    asked = session.get_one(Verification, verification_id)
    asked.ended_at, asked.broken = now, found.broken or ""
    asked.entries, asked.records, asked.seals = found.entries, found.records, found.seals
    session.flush()


def reports(session: Session) -> Sequence[tuple[Verification, str]]:
    """The checks with the names of who asked for them, the newest first."""
    query = select(Verification, col(Person.name)).join(Person, col(Person.id) == col(Verification.asked_by_id))
    return [(row[0], row[1]) for row in session.execute(query.order_by(col(Verification.id).desc()).limit(KEPT))]
