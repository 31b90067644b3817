"""Who is told of a step: each feature declares its audiences, and an audience is the effect that tells them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlmodel import Session

from civflow import features
from civflow.models import Challenge, Person, Round, Team
from civflow.services.engine.effects import Move, declare
from civflow.services.notifications.outbox import post_all, write
from civflow.services.notifications.recipients import holders
from civflow.services.notifications.texts import words
from civflow.services.records.titles import path_of

Audience = Callable[[Session, Any], list[Person]]
Hidden = Callable[[Session, Any, datetime], bool]
LETTERS = {("challenge", "cancel"): "cancelled"}  # steps with a letter of their own: the name of its template


def audience(who: Audience) -> Audience:
    """Make an effect of a function that says who is told of a record's step; the effect has the function's name."""

    def send(session: Session, move: Move) -> None:
        context = words(session, move.workflow, move.step, move.record, move.actor, move.reason, who.__name__)
        about = path_of(move.record)
        key = f"{move.workflow.name}-{move.record.id}-{move.record.revision}-{move.step.name}"
        kind = LETTERS.get((move.workflow.name, move.step.name), "step")
        post_all(
            session,
            [
                write(person=person, kind=kind, about=about, now=move.now, key=f"{key}-{person.id}", **context)
                for person in who(session, move.record)
                if person.id != move.actor.id
            ],
            now=move.now,
        )

    def send_all(session: Session, moves: Sequence[Move]) -> None:
        for move in moves:
            send(session, move)

    who.is_audience = True  # type: ignore[attr-defined]
    return declare(who, send_all)


def hidden_while(hidden: Hidden) -> Callable[[Audience], Audience]:
    """Say of an audience while when nobody may read its names beforehand: for a record, at a moment."""

    def mark(who: Audience) -> Audience:
        who.hidden = hidden  # type: ignore[attr-defined]
        return who

    return mark


@cache
def audiences() -> dict[str, Audience]:
    """Every audience that a feature declares, by the name that pages give it."""
    return {
        name: who
        for module in features.modules("audiences")
        for name, who in vars(module).items()
        if getattr(who, "is_audience", False)
    }


def is_hidden(who: Audience, session: Session, record: Any, now: datetime) -> bool:
    """Whether nobody may read at present who belongs to this audience of the record."""
    hidden: Hidden | None = getattr(who, "hidden", None)
    return hidden is not None and hidden(session, record, now)


def staff_of(session: Session, record: Any, role: str) -> list[Person]:
    round_id = record.id if isinstance(record, Round) else getattr(record, "round_id", None)
    challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
    return holders(session, role, round_id=round_id, challenge_id=challenge_id)


def team_id_of(record: Any) -> int:
    found: int = (record.id or 0) if isinstance(record, Team) else record.team_id
    return found
