"""Can this be undone? The answer for a step, from the handbook: which step leads back, for whom, and what is left."""

from __future__ import annotations

from typing import NamedTuple

from civflow.workflows.engine.language import Case, Step
from civflow.workflows.engine.workflow import Workflow
from civflow.workflows.rules import by_itself


class Undoing(NamedTuple):
    """A sentence or two for the confirmation page; `possible` when some step leads back to where the record stood."""

    sentence: str
    possible: bool


def undoing(page: Workflow, step: Step, source: str, after: Case | None = None) -> Undoing:
    """What `step`, taken from the state `source`, can be undone by. A step's own words (`undo`) come first.

    `after` is the record as the step would leave it: then only steps are named that the next page offers, and those first
    that the actor may take.
    """
    onwards = [s for s in page.steps_from(step.target).values() if by_itself not in s.permits or len(s.permits) > 1]
    if after is not None and onwards:
        possible = [s for s in onwards if not page.unmet(after, s)]
        if not possible and not step.undo and step.target != source:
            return Undoing(f"No. As things stand, nothing leads on from “{page.states[step.target].staff}”.", False)
        onwards = sorted(possible, key=lambda s: not page.permits(after, s))
    exact = next((s for s in onwards if s.target == source != step.target), None)
    if step.undo:
        return Undoing(step.undo, exact is not None or step.undo.startswith("Yes"))
    if step.target == source:
        return Undoing("What it does stays in the record. It can be taken again.", True)
    own = _own_way(page, step, onwards)
    if exact and own and not _is_for_all_of(step, exact):
        return Undoing(f"Yes, to “{page.states[own.target].staff}”: “{own.button}”{_how(step, own)}", True)
    if exact:
        return Undoing(f"Yes: “{exact.button}”{_how(step, exact)}", True)
    back = next((s for s in onwards if page.is_backward(s, step.target)), None)
    if back:
        leads = f"“{back.button}” leads to “{page.states[back.target].staff}”"
        return Undoing(f"Not as it was: {leads}{_how(step, back)}", False)
    if not onwards:
        return Undoing(f"No. Nothing follows “{page.states[step.target].staff}”.", False)
    return Undoing(f"No. What is possible then: {', '.join(f'“{s.button}”' for s in onwards[:4])}.", False)


def _own_way(page: Workflow, step: Step, onwards: list[Step]) -> Step | None:
    """A way back that needs nothing and is open to all who take the step: it comes before one that is not."""
    backward = (s for s in onwards if page.is_backward(s, step.target) and not s.requires)
    return next((s for s in backward if _is_for_all_of(step, s)), None)


def _is_for_all_of(step: Step, back: Step) -> bool:
    return set(step.permits) - {by_itself} <= set(back.permits)


def _how(step: Step, back: Step) -> str:
    """Whether the way back wants a reason, for whom it is where that is somebody else, and what must be true."""
    words = ", with a reason." if back.reason else "."
    if not set(back.permits) & set(step.permits):
        who = (f"“{rule.sentence.rstrip('.')}”" for rule in back.permits if rule is not by_itself)
        words += f" It is for those who can say: {', or '.join(who)}."
    if back.requires:
        words += " It needs: " + " ".join(rule.sentence for rule in back.requires)
    return words
