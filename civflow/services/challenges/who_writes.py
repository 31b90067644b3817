"""Who writes a challenge, or did: for which body, and who took the right back."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Grant, Organisation, Person
from civflow.services.people.roles import OF_A_CHALLENGE


class Writer(NamedTuple):
    """Somebody who writes, or wrote, a challenge: for which body, and who took the right back when."""

    person: Person
    role: str
    body: str
    grant: Grant
    taken_by: str


def writers(session: Session, challenge: Challenge) -> list[Writer]:
    """Everybody who writes this challenge or did: those who still do first, owners (of the round too) before writers."""
    lead = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    query = select(Grant, Person).join(Person, col(Person.id) == col(Grant.person_id))
    here = (
        (col(Grant.scope) == "challenge") & (col(Grant.scope_id) == challenge.id) & col(Grant.role).in_(OF_A_CHALLENGE)
    )
    whole_round = (col(Grant.scope) == "round") & (col(Grant.scope_id) == challenge.round_id)
    whole_round = whole_round & (col(Grant.role) == "challenge_owner") & col(Grant.revoked_at).is_(None)
    query = query.where(here | whole_round)
    rows = session.execute(query.order_by(col(Grant.revoked_at).is_not(None), col(Grant.role), col(Person.name))).all()
    bodies_of = _names(session, Organisation, {_body(grant, person, lead) for grant, person in rows})
    takers = _names(session, Person, {row[0].revoked_by_id for row in rows})
    return [
        Writer(
            person,
            grant.role,
            bodies_of.get(_body(grant, person, lead), ""),
            grant,
            takers.get(grant.revoked_by_id, ""),
        )
        for grant, person in rows
    ]


def _body(grant: Grant, person: Person, lead: Organisation | None) -> int | None:
    """For whom somebody writes: an owner for the sponsor that leads, wherever else they work."""
    stands_for = lead.id if lead and grant.role == "challenge_owner" else person.organisation_id
    return grant.organisation_id or stands_for


def _names(session: Session, model: type[Organisation | Person], ids: set[int | None]) -> dict[int | None, str]:
    name = col(Organisation.legal_name) if model is Organisation else col(Person.name)
    query = select(col(model.id), name).where(col(model.id).in_({key for key in ids if key}))
    return {row[0]: row[1] for row in session.execute(query)}
