"""Who else is at a record: where they are and when they were last seen there. Forgotten after some minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from civflow.models import Organisation, Person, Presence, Tracked
from civflow.services.engine.about import about, keys

SEEN_FOR = timedelta(minutes=5)  # a page that is open says so every 20 seconds, or 8 while somebody else is here
STILL = timedelta(seconds=15)  # whoever was seen at the same place since is not written down again
WRITES_FOR = timedelta(minutes=2)  # since words were last saved


class Here(NamedTuple):
    """Somebody else at the record; `body` is where they work, and empty where nobody knows."""

    person_id: int
    name: str
    body: str
    part: str
    writes: bool
    at: datetime


def come(session: Session, record: Tracked, person_id: int, part: str, *, now: datetime, writes: bool = False) -> None:
    """The person is in this part now (or at the list of parts, ''); what was known of them before is overwritten.

    Of two requests of one person at once either may be the last: both are true.
    """
    mine = about(Presence, record) & (col(Presence.person_id) == person_id)
    moved = update(Presence).where(mine).values(part=part, at=now, writes=writes)
    connection = session.connection()
    if connection.execute(moved).rowcount == 0:
        try:
            with session.begin_nested():
                session.add(Presence(**keys(record), person_id=person_id, part=part, at=now, writes=writes))
        except IntegrityError:
            connection.execute(moved)
    connection.execute(delete(Presence).where(about(Presence, record), col(Presence.at) < now - SEEN_FOR))


def stay(session: Session, record: Tracked, person_id: int, part: str, *, now: datetime, asks: bool = False) -> None:
    """Somebody opens a page, or a page that is open `asks` who else is here.

    Whoever wrote there a moment ago still counts as writing; a page that only asks, perhaps in another window, does not
    move them away from where they write.
    """
    query = select(Presence).where(about(Presence, record), col(Presence.person_id) == person_id)
    known = session.scalars(query).first()
    is_there = known is not None and known.part == part
    if known and known.writes and (is_there or asks) and now - known.at < WRITES_FOR:
        return
    if known and is_there and not known.writes and now - known.at < STILL:
        return
    come(session, record, person_id, part, now=now)


def others(session: Session, record: Tracked, person_id: int | None, *, now: datetime) -> list[Here]:
    """Everybody else who is at the record, by name."""
    query = select(Presence, Person, col(Organisation.legal_name)).join(
        Person, col(Person.id) == col(Presence.person_id)
    )
    query = query.outerjoin(Organisation, col(Organisation.id) == col(Person.organisation_id)).where(
        about(Presence, record),
        col(Presence.at) >= now - SEEN_FOR,
        col(Presence.person_id) != person_id,
    )
    rows = session.execute(query.order_by(col(Person.name), col(Person.id))).all()
    return [Here(person.id, person.name, name or "", seen.part, seen.writes, seen.at) for seen, person, name in rows]


def gathering(here: Sequence[Here]) -> str:
    """Eight hexadecimal digits that change when somebody comes, goes or moves to another part."""
    where = ";".join(f"{one.person_id}:{one.part}" for one in here)
    return hashlib.sha256(where.encode()).hexdigest()[:8]
