"""Saving a part of a text, wherever it is kept: nobody's words are overwritten unseen, and none is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlmodel import Session

from civflow.models import History, Tracked
from civflow.services.collaboration.parts import Part, check_lengths, fingerprint
from civflow.services.engine.advance import PAGES
from civflow.services.engine.history import history_of
from civflow.workflows.engine import Actor, Conflicted

Record = TypeVar("Record", bound=Tracked)


class Store(NamedTuple, Generic[Record]):
    """Where the parts of a text are kept: what is saved of one, how it is written, and whether an entry is about it."""

    read: Callable[[Session, Record, Part], dict[str, Any]]
    write: Callable[[Session, Record, Part, dict[str, Any], Actor, datetime], None]
    is_about: Callable[[History, Part], bool]


def save(
    session: Session,
    record: Record,
    part: Part,
    values: Mapping[str, Any],
    *,
    seen: str,
    store: Store[Record],
    actor: Actor,
    now: datetime,
) -> bool:
    """Save one part of the record's text in its `store`; whether anything changed.

    `seen` is the fingerprint of what the writer had before their eyes: where the part was changed meanwhile, nothing
    is saved and Conflicted says who it was. Words that only go on from the saved ones are no exception: what they go on
    from may be what a colleague has cut them down to. Raises Refused with a sentence per field.
    """
    # Writers of other parts wait for each other here, and are not told that somebody was first.
    session.refresh(record, with_for_update=True)
    current = store.read(session, record, part)
    new = {name: values[name] for name in current}
    if new != current and fingerprint(current) != seen:
        raise _somebody_else(session, record, part, actor, store)
    check_lengths(part, new)
    if new == current:
        return False
    store.write(session, record, part, new, actor, now)
    return True


def _somebody_else(session: Session, record: Record, part: Part, actor: Actor, store: Store[Record]) -> Conflicted:
    """A refusal that says who changed the part, and when."""
    entries = history_of(session, PAGES[type(record)].name, record.id or 0)
    last = next((entry for entry in entries if store.is_about(entry, part)), None)
    who = f"{last.actor_name} has changed this part" if last else "This part was changed"
    if last and last.actor_id == actor.id:
        who = "You have changed this part in another window"
    sentence = f"{who} while you were writing. Nothing is lost: what is saved now stands above your own words."
    return Conflicted(sentence, who=last.actor_name if last else "", when=last.at if last else None)
