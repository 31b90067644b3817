"""Saving a part of a challenge's text: of the draft, unless another store is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Challenge, History, Organisation
from civflow.services.challenges.drafts import text_in_hand, write_challenge
from civflow.services.challenges.form import TEXT, columns_of, may_name_sponsors, sponsor_called, stored
from civflow.services.collaboration import saving
from civflow.services.collaboration.parts import Part
from civflow.services.collaboration.saving import Store
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.people import WHO_NAMES


def save(
    session: Session,
    challenge: Challenge,
    part: Part,
    values: Mapping[str, Any],
    *,
    seen: str,
    actor: Actor,
    now: datetime,
    store: Store[Challenge] | None = None,
) -> bool:
    """Save one part as `collaboration.saving.save` does. Raises Conflicted, or Refused with a sentence per field."""
    return saving.save(session, challenge, part, values, seen=seen, store=store or DRAFT, actor=actor, now=now)


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
