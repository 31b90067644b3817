"""What a step asks for, as people type it, and as values for the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlmodel import Session

from civflow.services import people
from civflow.services.records.choices import Choice
from civflow.web.shared.moments import parse_day, parse_moment
from civflow.workflows.engine import Ask, Refused, Step

LONGEST_REASON = 500
LARGEST = 2_000_000_000  # what every database can keep as a whole number


class NotReadable(ValueError):
    """What was typed cannot be read; the text says what to type."""


def plain(typed: str) -> str:
    """Words as they are kept: one kind of line end, nothing around them, and no characters that databases refuse."""
    return typed.replace("\r\n", "\n").replace("\x00", "").strip()


def whole_number(typed: str) -> int | None:
    """The whole number that was typed, if it is one that fits."""
    typed = typed.strip().replace(",", "")
    digits = typed.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(LARGEST))):
        return None
    number = int(typed)
    return number if abs(number) <= LARGEST else None


def read_inputs(
    session: Session, step: Step, typed: Mapping[str, str], *, zone: str, choices: Mapping[str, Sequence[Choice]]
) -> dict[str, Any]:
    """The step's asks as values. Moments are typed in `zone`; a record is one of the `choices` of its ask.

    Raises Refused with a sentence for each field that cannot be read, the reason among them.
    """
    reads = {ask.name: partial(_read, session, ask, plain(typed.get(ask.name, "")), zone, choices) for ask in step.asks}
    inputs, faults = read_each(reads)
    length = len(plain(typed.get("reason", "")))
    if length > LONGEST_REASON:
        faults["reason"] = f"The reason may have {LONGEST_REASON} characters; it has {length:,}."
    refuse(faults)
    return inputs


def read_each(reads: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Name -> value, and name -> sentence for what cannot be read; a read that fails raises ValueError with the sentence."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, read in reads.items():
        try:
            values[name] = read()
        except ValueError as sentence:  # and on: whoever typed it is told of every fault at once
            faults[name] = str(sentence)
    return values, faults


def refuse(faults: Mapping[str, str]) -> None:
    """Raises Refused with a sentence for each field, where there is one."""
    if faults:
        raise Refused(*faults.values(), fields=faults)


def _read(session: Session, ask: Ask, typed: str, zone: str, choices: Mapping[str, Sequence[Choice]]) -> Any:
    """One value from its text: nothing typed is None, or no words."""
    if not typed and ask.kind != "yes":
        return "" if ask.kind in ("text", "line") else None
    read: dict[str, Callable[[], Any]] = {
        "text": lambda: typed,
        "line": lambda: " ".join(typed.split()),
        "choice": lambda: typed,
        "yes": lambda: typed == "yes",
        "number": lambda: _number(ask, typed),
        "moment": lambda: parse_moment(typed, zone),
        "date": lambda: parse_day(typed),
        "person": lambda: _person(session, typed),
        "record": lambda: _chosen(choices.get(ask.name, ()), typed),
    }
    return read[ask.kind]()


def _number(ask: Ask, typed: str) -> int:
    number = whole_number(typed)
    if number is None:
        raise NotReadable(f"“{ask.label}” must be a whole number, such as 3.")
    return number


def _person(session: Session, typed: str) -> int | None:
    found = people.person_by_email(session, typed)
    if found is None:
        raise NotReadable(f"Nobody has an account with the address {typed}. Ask them to make one first.")
    return found.id


def _chosen(choices: Sequence[Choice], typed: str) -> int:
    found = next((choice.value for choice in choices if str(choice.value) == typed), None)
    if found is None:
        raise NotReadable("Choose one of those that are listed.")
    return found
