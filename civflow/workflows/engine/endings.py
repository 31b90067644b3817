"""Endings: what becomes of the records that refer to one that is over, and what a step back takes up again.

    ends={"closed": {"hub_membership": "leave", "event": "cancel", "hub_post": keeps("What was said stays to be read.")}}

A page says it by state, for every noun that refers to its own. civflow takes these steps, in the transaction of the step
that leads to the state; what a record's own rules hold back stays as it is. A step back names under `restores` the steps
that take up again what that ending has ended, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from civflow.workflows.engine.actors import CIVFLOW
from civflow.workflows.engine.language import Case, Step
from civflow.workflows.engine.refusals import HandbookError

if TYPE_CHECKING:
    from civflow.workflows.engine.workflow import Workflow


class Keeps(NamedTuple):
    """Records stay as they are; the sentence says why."""

    why: str


def keeps(why: str) -> Keeps:
    """Say that what refers to a record stays as it is when the record is over, and why."""
    return Keeps(why)


Restores = Mapping[str, str | tuple[str, ...]]  # noun -> the step that takes up again what has ended along
Becomes = str | tuple[str, ...] | Keeps  # a step, several of which each record takes the first that fits, or none
Entries = Mapping[str | tuple[str, ...], Becomes]  # noun -> what becomes of it
Ends = Mapping[str | tuple[str, ...], Entries]  # by state


class Along(NamedTuple):
    """Steps that records of a noun take along with one that they refer to, each where it fits.

    `again`: they take up again what one of these steps had ended along with it; without any they end.
    """

    noun: str
    steps: tuple[str, ...]
    again: tuple[str, ...] = ()


def by_state(name: str, ends: Ends) -> dict[str, dict[str, Becomes]]:
    """State -> noun -> what becomes of it, each by itself. Raises HandbookError where one is said twice."""
    found: dict[str, dict[str, Becomes]] = {}
    for states, entries in ends.items():
        for state in _several(states):
            for nouns, becomes in entries.items():
                for noun in _several(nouns):
                    if noun in found.setdefault(state, {}):
                        raise HandbookError(f"{name}: it says twice what becomes of its {noun} in '{state}'.")
                    found[state][noun] = becomes
    return found


def steps_in(becomes: Becomes) -> tuple[str, ...]:
    """The steps that records take; none where they stay."""
    return () if isinstance(becomes, Keeps) else _several(becomes)


def along(page: Workflow) -> dict[tuple[str, str], tuple[Along, ...]]:
    """(Step, state from which it is taken) -> what goes along with it, for the steps with which anything does."""
    found = {}
    for step in page.steps:
        for source in step.sources:
            entries = tuple(_along(page, step, source))
            if entries:
                found[step.name, source] = entries
    return found


def _along(page: Workflow, step: Step, source: str) -> Iterator[Along]:
    for noun, becomes in page.ends.get(step.target, {}).items():
        if step.target != source and steps_in(becomes):
            yield Along(noun, steps_in(becomes))
    for noun, back in step.restores.items():
        ended_by = steps_in(page.ends.get(source, {}).get(noun, ()))
        if ended_by:
            yield Along(noun, _several(back), ended_by)


def _several(one_or_more: str | tuple[str, ...]) -> tuple[str, ...]:
    return (one_or_more,) if isinstance(one_or_more, str) else one_or_more


def referring(child: Workflow, page: Workflow) -> tuple[str, ...]:
    """The columns by which records of one noun refer to records of another."""
    return tuple(column for column in child.table.c.keys() if child.refers(column) is page.table)  # noqa: SIM118


def ending_with(page: Workflow) -> set[str]:
    """The nouns whose records take steps along with a record of this page."""
    return {one.noun for entries in page.along.values() for one in entries}


def in_words(page: Workflow, state: str) -> str:
    """Why civflow takes the steps, as the history keeps it and people read it: “The application was withdrawn.”"""
    return f"The {page.called.lower()} was {page.states[state].staff.lower()}."


# What is wrong ---------------------------------------------------------------------------------------------------------


def faults_in(page: Workflow) -> Iterator[str]:
    """What a page says wrongly of its own states and steps, in sentences."""
    for state in page.ends:
        if state not in page.states:
            yield f"{page.name}: it says what ends with it in '{state}', and that is no state."
    for step in page.steps:
        for noun in step.restores:
            if not any(steps_in(page.ends.get(source, {}).get(noun, ())) for source in step.sources):
                yield f"{page.name}.{step.name}: it restores its {noun}, and none has ended where it begins."


def check_endings(pages: Mapping[str, Workflow], of: Iterable[Workflow] | None = None) -> None:
    """Raises HandbookError where a page, one of `of` or any, does not fit the others: with the first sentence about it."""
    for page in pages.values() if of is None else of:
        for sentence in (*_unsaid(page, pages), *_said_wrongly(page, pages)):
            raise HandbookError(sentence)


def _unsaid(page: Workflow, pages: Mapping[str, Workflow]) -> Iterator[str]:
    """Each noun that refers to this one needs an entry for each state in which this one is over."""
    for child in pages.values():
        for state in page.states.values() if referring(child, page) else ():
            if state.final and child.name not in page.ends.get(state.name, {}):
                what = f"it does not say what becomes of its {child.name} in '{state.name}'"
                yield f"{page.name}: {what}: name a step, or keeps with a sentence why, under ends."


def _said_wrongly(page: Workflow, pages: Mapping[str, Workflow]) -> Iterator[str]:
    for state, entries in page.ends.items():
        for noun, becomes in entries.items():
            yield from _misfits(page, f"{page.name}: in '{state}'", noun, steps_in(becomes), pages)
    for step in page.steps:
        for noun, back in step.restores.items():
            yield from _misfits(page, f"{page.name}.{step.name}:", noun, _several(back), pages, back=True)


def _misfits(
    page: Workflow, where: str, noun: str, steps: tuple[str, ...], pages: Mapping[str, Workflow], *, back: bool = False
) -> Iterator[str]:
    child = pages.get(noun)
    if child is None:
        yield f"{where} something becomes of its {noun}, and there is no page of that name."
        return
    if not referring(child, page):
        yield f"{where} something becomes of its {noun}, and no {noun} refers to a {page.name}."
    for name in steps:
        if noun == "challenge":
            yield f"{where} its challenge takes a step, and which steps there are depends on the programme of each."
        elif not any(step.name == name for step in child.steps):
            yield f"{where} its {noun} takes the step '{name}', and a {noun} has none of that name."
        taken = [step for step in child.steps if step.name == name]
        faults = [[*_not_for_civflow(child, step, f"{where} civflow takes the step {noun}.{name}")] for step in taken]
        if not (back and [] in faults):  # of what has ended, each stands where one of the steps of this name begins
            yield from (fault for found in faults for fault in found)


def _not_for_civflow(child: Workflow, step: Step, where: str) -> Iterator[str]:
    from civflow.workflows.engine.check import NOW, record_of  # noqa: PLC0415 - it imports the page, which imports this

    case = Case(child, record_of(child, state=step.sources[0]), CIVFLOW, NOW)
    if not any(rule.claim(case) for rule in step.permits):
        yield f"{where}, and none of the rules under by admits civflow."
    for ask in step.asks:
        if ask.required:
            yield f"{where}, and that asks for '{ask.name}', which nobody answers."
