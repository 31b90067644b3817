"""The pages of a change: the same fields as in the draft, each part saved without losing anybody's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Challenge, ChallengeVersion
from civflow.services.challenges import VERSIONED
from civflow.services.drafting import DATES, QUESTION, TEXT, Field, Part, check_lengths, fingerprint, parts_of
from civflow.services.history import last_entry
from civflow.services.versions import in_hand, write_change
from civflow.workflows.engine import Actor, Conflicted
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


def save_part(
    session: Session, challenge: Challenge, part: Part, values: Mapping[str, Any], *, seen: str, actor: Actor,
    now: datetime,
) -> bool:  # fmt: skip
    """Save one part of the change; whether anything changed.

    `seen` is the fingerprint of what the writer had before their eyes: where somebody else has changed this part
    meanwhile, nothing is saved and Conflicted says who. Raises Refused with a sentence per field.
    """
    current = stored_in(in_hand(session, challenge), part)
    new = {name: values[name].strip() if isinstance(values[name], str) else values[name] for name in current}
    if new == current:
        return False
    if fingerprint(current) != seen:
        last = last_entry(session, "challenge", challenge.id or 0)
        who = last.actor_name if last else "Somebody"
        sentence = f"{who} has changed this part while you were writing. Nothing is lost: what is saved now stands above your own words."
        raise Conflicted(sentence, who=who, when=last.at if last else None)
    check_lengths(part, new)
    if part.id.startswith(TEXT):
        write_change(session, challenge, sections=new, actor=actor, now=now)
    else:
        write_change(session, challenge, actor=actor, now=now, **new)
    return True
