"""The sponsors of a challenge: one public body leads, any number of others support it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Grant, Organisation, SupportingSponsor
from civflow.services.challenges.form import may_name_sponsors, sponsor_called
from civflow.services.engine.advance import advance
from civflow.services.formatting import on_one_line
from civflow.services.search.index import index
from civflow.workflows.engine import Actor, Forbidden, NotFound, Refused
from civflow.workflows.people import WHO_NAMES


def check_may_name(challenge: Challenge, actor: Actor) -> None:
    """Say nothing to whoever may. Raises Forbidden."""
    if not may_name_sponsors(challenge, actor):
        raise Forbidden(WHO_NAMES)


def supporters(session: Session, challenge: Challenge) -> list[Organisation]:
    """The bodies that support it, by name; not the one that leads."""
    query = select(Organisation).join(SupportingSponsor, col(SupportingSponsor.organisation_id) == col(Organisation.id))
    query = query.where(col(SupportingSponsor.challenge_id) == challenge.id)
    if challenge.sponsor_id:
        query = query.where(col(Organisation.id) != challenge.sponsor_id)
    return list(session.scalars(query.order_by(col(Organisation.legal_name))))


def bodies(session: Session, challenge: Challenge) -> list[Organisation]:
    """Everybody for whom somebody can write: the lead sponsor first."""
    lead = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    return [*([lead] if lead else []), *supporters(session, challenge)]


def add_supporter(session: Session, challenge: Challenge, name: str, *, actor: Actor, now: datetime) -> Organisation:
    """Name a body that supports the challenge.

    Raises Forbidden, and Refused for a name that nobody knows, for the lead sponsor and for one that is named already.
    """
    check_may_name(challenge, actor)
    name = on_one_line(name)
    if not name or len(name) > 200:
        raise _at_the_field("Write the name of a public body, with at most 200 characters.")
    try:
        body = sponsor_called(session, name, actor=actor, round_id=challenge.round_id)
    except Refused as unknown:
        raise _at_the_field(*unknown.sentences) from None
    session.refresh(challenge, with_for_update=True)  # two people may name the same one at once
    if body in bodies(session, challenge):
        raise _at_the_field(f"{body.legal_name} is a sponsor of this challenge already.")
    session.add(
        SupportingSponsor(
            challenge_id=challenge.id or 0, organisation_id=body.id or 0, added_by_id=actor.id, added_at=now
        )
    )
    session.flush()
    _note(session, challenge, actor=actor, now=now)
    return body


def remove_supporter(
    session: Session, challenge: Challenge, organisation_id: int, *, actor: Actor, now: datetime
) -> None:
    """Take a supporting sponsor off. Raises Forbidden, NotFound, and Refused while somebody writes for it."""
    check_may_name(challenge, actor)
    query = select(SupportingSponsor).where(
        col(SupportingSponsor.challenge_id) == challenge.id, col(SupportingSponsor.organisation_id) == organisation_id
    )
    found = session.scalars(query).first()
    if found is None:
        raise NotFound("This body does not support the challenge.")
    writes = select(col(Grant.id)).where(
        col(Grant.role) == "challenge_writer",
        col(Grant.scope) == "challenge",
        col(Grant.scope_id) == challenge.id,
        col(Grant.organisation_id) == organisation_id,
        col(Grant.revoked_at).is_(None),
    )
    if session.scalars(writes).first() is not None:
        raise _at_the_field("Somebody writes for this body. Take that right back first, below.")
    session.delete(found)
    session.flush()
    _note(session, challenge, actor=actor, now=now)


def _note(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> None:
    """The record keeps who named whom, and the list is found by the names."""
    names = [body.legal_name for body in supporters(session, challenge)]
    advance(
        session, challenge, "write", actor=actor, now=now, changed=["supporting_sponsors"], supporting_sponsors=names
    )
    index(session, [challenge.id or 0])


def _at_the_field(*sentences: str) -> Refused:
    return Refused(*sentences, fields={"supporter": " ".join(sentences)})
