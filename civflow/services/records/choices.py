"""What can be chosen where a step asks for a record: by name, and only what the step could be taken with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlmodel import Session

from civflow import features
from civflow.models import Tracked
from civflow.services.engine.advance import case_of, workflow_of
from civflow.services.records.titles import MODELS, NAMED, name_behind
from civflow.workflows.engine import Actor, Ask, Case, Step

Naming = Callable[[Session, Collection[int]], Mapping[int, str]]


class Choice(NamedTuple):
    """A record that can be chosen: its id, which nobody reads, and its name."""

    value: int
    words: str


@cache
def namings() -> dict[str, Naming]:
    """Kind of record that has no page of the handbook -> who names them, of every feature."""
    found: dict[str, Naming] = features.collect("names", lambda module: module.NAMES.items())
    return found


def names_of(session: Session, kind: str, ids: Collection[int]) -> Mapping[int, str]:
    """Id -> what people call each of these records, in one word or a line."""
    if kind in namings():
        return namings()[kind](session, ids)
    return {one: name_behind(session, kind, one) for one in ids}


def can_be_named(kind: str) -> bool:
    """Whether people have a name for records of this kind."""
    return kind in MODELS or kind in NAMED or kind in namings()


def choices_of(
    session: Session, record: Tracked, step: Step, *, actor: Actor, now: datetime
) -> dict[str, list[Choice]]:
    """Ask -> what can be chosen for it, by name; of whatever a rule of the step would refuse, nothing is listed."""
    asks = [ask for ask in step.asks if ask.kind == "record"]
    if not asks:
        return {}
    case = case_of(session, record, actor=actor, now=now)
    return {ask.name: _choices(session, case, step, ask) for ask in asks}


def is_permitted(session: Session, record: Tracked, step: Step, *, actor: Actor, now: datetime) -> bool:
    """Whether the actor may take the step from where the record stands, whatever else has to be true."""
    page = workflow_of(session, record)
    here = page.steps_from(record.state).get(step.name)
    return here is not None and page.permits(case_of(session, record, actor=actor, now=now), here)


def _choices(session: Session, case: Case, step: Step, ask: Ask) -> list[Choice]:
    fitting = [one for one in _ids(getattr(case.facts, ask.among)) if _fits(case, step, ask, one)]
    named = names_of(session, ask.of, fitting)
    return sorted(
        (Choice(one, named[one]) for one in fitting), key=lambda choice: (choice.words.casefold(), choice.value)
    )


def _ids(found: Iterable[int | tuple[int, int]]) -> set[int]:
    """The ids of a fact: of pairs the first."""
    return {one if isinstance(one, int) else one[0] for one in found}


def _fits(case: Case, step: Step, ask: Ask, one: int) -> bool:
    """Whether no rule that holds before anything is named fails with this one."""
    named = replace(case, inputs={ask.name: one})
    if not case.workflow.permits(named, step):
        return False
    return all(rule.claim(named) or not rule.claim(case) for rule in step.requires)
