"""Saving a part of a text, of a draft or of a change of it: nobody's words are overwritten unseen, and none is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from civflow.models import Challenge, History, Organisation
from civflow.services.challenges.drafts import text_in_hand, write_challenge
from civflow.services.challenges.form import (
    TEXT,
    Part,
    check_lengths,
    columns_of,
    fingerprint,
    may_name_sponsors,
    sponsor_called,
    stored,
)
from civflow.services.engine.history import history_of
from civflow.workflows.engine import Actor, Conflicted, Refused
from civflow.workflows.people import WHO_NAMES


class Store(NamedTuple):
    """Where the parts of a text are kept: what is saved of one, how it is written, and whether an entry is about it."""

    read: Callable[[Session, Challenge, Part], dict[str, Any]]
    write: Callable[[Session, Challenge, Part, dict[str, Any], Actor, datetime], None]
    is_about: Callable[[History, Part], bool]


def save(
    session: Session,
    challenge: Challenge,
    part: Part,
    values: Mapping[str, Any],
    *,
    seen: str,
    actor: Actor,
    now: datetime,
    store: Store | None = None,
) -> bool:
    """Save one part, of the draft or of another `store`; whether anything changed.

    `seen` is the fingerprint of what the writer had before their eyes: where the part was changed meanwhile, nothing
    is saved and Conflicted says who it was. Words that only go on from the saved ones are no exception: what they go on
    from may be what a colleague has cut them down to. Raises Refused with a sentence per field.
    """
    # Writers of other parts wait for each other here, and are not told that somebody was first.
    session.refresh(challenge, with_for_update=True)
    store = store or DRAFT
    current = store.read(session, challenge, part)
    new = {name: values[name] for name in current}
    if new != current and fingerprint(current) != seen:
        raise _somebody_else(session, challenge, part, actor, store)
    check_lengths(part, new)
    if new == current:
        return False
    store.write(session, challenge, part, new, actor, now)
    return True


def _read(session: Session, challenge: Challenge, part: Part) -> dict[str, Any]:
    text = text_in_hand(session, challenge)
    session.refresh(text)
    return stored(session, challenge, text, part)


def _write(
    session: Session, challenge: Challenge, part: Part, values: dict[str, Any], actor: Actor, now: datetime
) -> None:
    if part.id.startswith(TEXT):
        write_challenge(session, challenge, sections=values, actor=actor, now=now)
        return
    columns = {name: value for name, value in values.items() if name != "sponsor"}
    if "sponsor" in values:
        columns["sponsor_id"] = _sponsor_id(session, challenge, values["sponsor"], actor)
    write_challenge(session, challenge, actor=actor, now=now, **columns)


def _sponsor_id(session: Session, challenge: Challenge, name: str, actor: Actor) -> int | None:
    """The sponsor of this name. Raises Refused where it is another one and the actor may not name it."""
    known = session.get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    if name == (known.legal_name if known else ""):
        return challenge.sponsor_id
    if not may_name_sponsors(challenge, actor):
        raise Refused(WHO_NAMES, fields={"sponsor": WHO_NAMES})
    return sponsor_called(session, name, actor=actor, round_id=challenge.round_id).id if name else None


def is_written(entry: History, part: Part, step: str = "write") -> bool:
    """Whether an entry of the history says that something in the part was written."""
    return entry.step == step and bool(columns_of(part) & set(json.loads(entry.inputs or "{}").get("changed", [])))


DRAFT = Store(_read, _write, is_written)


def _somebody_else(session: Session, challenge: Challenge, part: Part, actor: Actor, store: Store) -> Conflicted:
    """A refusal that says who changed the part, and when."""
    last = next((e for e in history_of(session, "challenge", challenge.id or 0) if store.is_about(e, part)), None)
    who = f"{last.actor_name} has changed this part" if last else "This part was changed"
    if last and last.actor_id == actor.id:
        who = "You have changed this part in another window"
    sentence = f"{who} while you were writing. Nothing is lost: what is saved now stands above your own words."
    return Conflicted(sentence, who=last.actor_name if last else "", when=last.at if last else None)
