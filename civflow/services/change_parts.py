"""The pages of a change: the same fields as in the draft, each part saved without losing anybody's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Challenge, ChallengeVersion, History
from civflow.services.challenges import VERSIONED
from civflow.services.drafting import DATES, QUESTION, TEXT, Field, Part, parts_of
from civflow.services.saving import Store, is_written
from civflow.services.versions import in_hand, write_change
from civflow.workflows.engine import Actor
from civflow.workflows.programme import Programme


def _versioned(part: Part) -> tuple[Field, ...]:
    return tuple(field for field in part.fields if field.name in VERSIONED)


HEAD = Part("question", "Title and question", _versioned(QUESTION))
TERMS = Part("terms", "Money and promises", _versioned(DATES))


def parts_of_a_change(programme: Programme) -> list[Part]:
    """Title and question, each section of the brief, money and promises; dates move by a step of their own."""
    return [HEAD, *(part for part in parts_of(programme) if part.id.startswith(TEXT)), TERMS]


def stored_in(text: ChallengeVersion, part: Part) -> dict[str, Any]:
    """What a version says in a part: field -> text, aware datetime or whole pounds."""
    if part.id.startswith(TEXT):
        return {field.name: text.sections.get(field.name, "") for field in part.fields}
    return {field.name: getattr(text, field.name) for field in part.fields}


def _read(session: Session, challenge: Challenge, part: Part) -> dict[str, Any]:
    text = in_hand(session, challenge)
    session.refresh(text)
    return stored_in(text, part)


def _write(
    session: Session, challenge: Challenge, part: Part, values: dict[str, Any], actor: Actor, now: datetime
) -> None:
    columns: dict[str, Any] = {"sections": values} if part.id.startswith(TEXT) else values
    write_change(session, challenge, actor=actor, now=now, **columns)


def _is_about(entry: History, part: Part) -> bool:
    """A part is written, is there anew in another change, or holds the promise that moves with the closing date."""
    moved = part is TERMS and entry.step in ("extend", "reopen")
    return moved or entry.step == "change" or is_written(entry, part, "write_change")


THE_CHANGE = Store(_read, _write, _is_about)
