"""Who is told of a step: each feature declares its audiences, and a page names them under `tells`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session

from civflow import features
from civflow.models import Challenge, Person, Round, Team
from civflow.services.engine.effects import Move, Send, Teller, own
from civflow.services.notifications.letters import letter_faults, written
from civflow.services.notifications.outbox import post_all
from civflow.services.notifications.recipients import SOMEBODY, holders
from civflow.services.notifications.taken import Taken, taken
from civflow.workflows.engine import Letter

Audience = Callable[[Session, Taken], list[Person]]
Hidden = Callable[[Session, Taken], bool]
Declared = TypeVar("Declared", bound=Callable[..., Any])


class Shown(NamedTuple):
    """What an audience would be sent of a step: who it is, and the words to the first; followers are not named."""

    audience: str
    people: list[Person]
    subject: str
    body: str


Shows = Callable[[Session, Taken, Collection[int | None]], Shown | None]
Faults = Callable[[Any], Iterator[str]]


def mark_told(function: Declared, takes: type, *, teller: Teller, shows: Shows, faults: Faults) -> Declared:
    """Say on a function that pages name it under `tells`, with what it `takes`: a Letter, or News.

    `teller` writes it and answers what sends it. `shows` is what a preview shows, beside people who are told already.
    `faults` says what is wrong with what a page gives, in the middle of a sentence.
    """
    function.takes, function.teller = takes, teller  # type: ignore[attr-defined]
    function.shows, function.faults = shows, faults  # type: ignore[attr-defined]
    return function


def audience(who: Audience) -> Audience:
    """Declare whom a page tells that names the function under `tells`."""
    name = who.__name__

    def write_to_all(session: Session, moves: Sequence[Move]) -> Send:
        steps = [taken(move) for move in moves]
        messages = [m for step in steps for m in written(session, step, step.letter(name), readers(session, step))]
        return lambda: post_all(session, messages, now=moves[0].now)

    def readers(session: Session, step: Taken) -> list[Person]:
        return [person for person in who(session, step) if step.letter(name).to_all or person.id != step.actor.id]

    def show(session: Session, step: Taken, known: Collection[int | None]) -> Shown | None:
        people = [SOMEBODY] if is_hidden(who, session, step) else readers(session, step)
        people = [person for person in people if person is SOMEBODY or person.id not in known]
        letters = written(session, step, step.letter(name), people[:1])
        return Shown(name, people, letters[0].subject, letters[0].body) if letters else None

    return mark_told(who, Letter, teller=write_to_all, shows=show, faults=letter_faults)


def hidden_while(hidden: Hidden) -> Callable[[Audience], Audience]:
    """Say of an audience while when nobody may read its names beforehand."""

    def mark(who: Audience) -> Audience:
        who.hidden = hidden  # type: ignore[attr-defined]
        return who

    return mark


@cache
def all_told() -> dict[str, Any]:
    """Every function that pages may name under `tells`, by name. Raises FeatureError where two share one."""
    return features.collect("audiences", own("teller"))


@cache
def audiences() -> dict[str, Audience]:
    """Those of them that say who they are: all but the followers."""
    return {name: who for name, who in all_told().items() if who.takes is Letter}


def is_hidden(who: Audience, session: Session, step: Taken) -> bool:
    """Whether nobody may read at present who belongs to this audience of the record."""
    hidden: Hidden | None = getattr(who, "hidden", None)
    return hidden is not None and hidden(session, step)


def staff_of(session: Session, record: Any, role: str) -> list[Person]:
    round_id = record.id if isinstance(record, Round) else getattr(record, "round_id", None)
    challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
    return holders(session, role, round_id=round_id, challenge_id=challenge_id)


def team_id_of(record: Any) -> int:
    found: int = (record.id or 0) if isinstance(record, Team) else record.team_id
    return found
