"""Programme versions: store a file's text as it is, with the states it gives a challenge, and read it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Programme, ProgrammeState, Round
from civflow.workflows.challenges.page import challenge_workflow
from civflow.workflows.engine import NotFound, Refusal
from civflow.workflows.programme import Loaded, read_programme, shipped_programmes
from civflow.workflows.programme import Programme as Contents
from civflow.workflows.rounds import OPEN


def store(session: Session, loaded: Loaded, *, now: datetime) -> Programme:
    """The stored version with this content; made with the states of its challenges where there is none yet."""
    known = session.scalars(select(Programme).where(col(Programme.content_hash) == loaded.content_hash)).first()
    if known:
        return known
    contents = loaded.programme
    stored = Programme(
        name=contents.programme,
        version=contents.version,
        content_hash=loaded.content_hash,
        source=loaded.source,
        stored_at=now,
    )
    session.add(stored)
    session.flush()
    states = challenge_workflow(loaded.source).states
    session.add_all(ProgrammeState(programme_id=stored.id or 0, state=state) for state in states)
    session.flush()
    return stored


def store_shipped(session: Session, *, now: datetime) -> list[Programme]:
    """Store every programme that comes with civflow, as far as it is not stored yet; those that are new.

    Raises Refusal where a version is stored with another text: what a round has pinned by name never changes.
    """
    stored = stored_programmes(session)
    there, hashes = {(p.name, p.version): p for p in stored}, {p.content_hash for p in stored}
    new = [loaded for loaded in shipped_programmes().values() if loaded.content_hash not in hashes]
    changed = [p for p in (there.get((x.programme.programme, x.programme.version)) for x in new) if p]
    if changed:
        raise Refusal(
            *(
                f"The programme file of {p.name} says version {p.version}, and another text is stored as that version since "
                f"{p.stored_at:%-d %B %Y}. Give the file a new version, or restore the text that it had."
                for p in changed
            )
        )
    return [store(session, loaded, now=now) for loaded in new]


def stored_programmes(session: Session) -> Sequence[Programme]:
    """Every stored version, by name, the lowest version first: 9 before 10."""
    stored = session.scalars(select(Programme).order_by(col(Programme.id))).all()
    return sorted(stored, key=lambda p: (p.name, [int(number) for number in re.findall(r"[0-9]+", p.version)]))


def newest(session: Session, name: str) -> Programme:
    """The highest stored version of a programme. Raises NotFound with the names that there are."""
    named = [p for p in stored_programmes(session) if p.name == name]
    if not named:
        names = ", ".join(dict.fromkeys(p.name for p in stored_programmes(session))) or "none; run `civflow init`"
        raise NotFound(f"There is no programme '{name}'. Stored are: {names}.")
    return named[-1]


def current_programme(session: Session) -> Contents:
    """What newcomers read: the programme of the round that began last, or the one that comes with civflow."""
    pinned = select(Programme).join(Round, col(Round.programme_id) == col(Programme.id))
    begun = pinned.where(col(Round.rehearsal).is_(False), col(Round.state).in_(OPEN))
    stored = session.scalars(begun.order_by(col(Round.starts_at).desc(), col(Round.id).desc())).first()
    if stored:
        session.info.setdefault("programmes", {})[stored.id] = stored
    return contents_of(stored) if stored else shipped_programmes()["civtech"].programme


def programme_of(session: Session, record: Challenge | Round) -> Contents:
    """What the programme says that a challenge or a round runs under: the version that the round pinned."""
    stored = session.get_one(Programme, record.programme_id)
    # Kept by the session, which forgets what nobody holds and would ask for it again at every look at the rules.
    session.info.setdefault("programmes", {})[stored.id] = stored
    return contents_of(stored)


def contents_of(stored: Programme) -> Contents:
    """What a stored version says."""
    return read_programme(stored.source).programme


@cache
def shipped() -> dict[str, Loaded]:
    """Every programme file that comes with civflow, by name; read once per process."""
    return shipped_programmes()
