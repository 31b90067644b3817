"""A step as records take it: judged by the handbook, what it writes into their rows, and how it is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from civflow.services.engine import history
from civflow.services.engine.effects import Move, Records
from civflow.workflows.engine import NOBODY, Actor, Case, Step, Workflow
from civflow.workflows.engine.endings import Along


class Transition(NamedTuple):
    """A step of one record, or of several that stand in the same state; `columns` are what it sets in each row."""

    workflow: Workflow
    step: Step
    from_state: str
    to_state: str
    actor: Actor
    now: datetime
    reason: str
    inputs: Mapping[str, Any]
    columns: dict[str, Any]

    def record(self, fixed: Mapping[str, Any] | None = None) -> history.HistoryRecord:
        """What the history keeps of it; `fixed` is what the step makes binding (effects.fixed)."""
        inputs = {**self.inputs, **fixed} if fixed else self.inputs
        return history.new_record(
            workflow=self.workflow.name,
            at=self.now,
            actor=self.actor,
            step=self.step.name,
            from_state=self.from_state,
            to_state=self.to_state,
            reason=self.reason,
            inputs=inputs,
        )

    def move(self, row: Any, records: Records) -> Move:
        """The transition of one of the records, for what follows."""
        return Move(
            self.workflow,
            self.step,
            row,
            records,
            self.from_state,
            self.to_state,
            self.actor,
            self.now,
            self.reason,
            self.inputs,
        )


class Moves(Sequence[Move]):
    """The moves of some turns, each made when somebody looks at it: thousands cost nothing until then."""

    def __init__(self) -> None:
        self._parts: list[tuple[Transition, Sequence[Any], Records]] = []

    def add(self, transition: Transition, rows: Sequence[Any], records: Records) -> None:
        self._parts.append((transition, rows, records))

    def extend(self, others: Moves) -> None:
        self._parts.extend(others._parts)

    def __len__(self) -> int:
        return sum(len(rows) for _, rows, _ in self._parts)

    def __iter__(self) -> Iterator[Move]:
        return (transition.move(row, records) for transition, rows, records in self._parts for row in rows)

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]


def judge(
    workflow: Workflow,
    row: Any,
    trigger: str,
    actor: Actor,
    now: datetime,
    reason: str,
    inputs: Mapping[str, Any],
    known: Transition | None = None,
) -> Transition:
    """Ask the handbook; `known` is the transition of another record in the same state. Raises Forbidden or Refused."""
    case = Case(workflow, row, actor, now, reason, inputs)
    if known:
        workflow.judge(case, trigger)  # the same inputs were looked at for the first of them
        return known
    step = workflow.judge(case, trigger, lambda step: wrong_inputs(workflow, step, row, reason, inputs))
    to_state = _leads_to(workflow, trigger, row.state)
    columns = _columns(workflow, step, actor, now, inputs)
    if to_state != row.state:
        columns["since"] = now
    return Transition(workflow, step, row.state, to_state, actor, now, reason, inputs, columns)


def _columns(workflow: Workflow, step: Step, actor: Actor, now: datetime, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the step sets in the row: its stamps, its signatures, and the asks that are columns."""
    columns: dict[str, Any] = {**dict.fromkeys(step.stamps, now), **dict.fromkeys(step.signs, actor.id)}
    for ask in step.asks:
        if ask.name in inputs and ask.name in workflow.table.c:
            columns[ask.name] = inputs[ask.name]
    return columns


@lru_cache(4096)
def _leads_to(workflow: Workflow, trigger: str, state: str) -> str:
    """Where the page's machine leads; it holds no conditions of its own, so it is asked once."""
    return workflow.fire(
        Case(workflow, SimpleNamespace(state=state), NOBODY, datetime.min.replace(tzinfo=UTC)), trigger
    )


MISSING = {"yes": "Tick “{}”.", "choice": "Choose one of the answers to “{}”.", "record": "Choose “{}”."}


def wrong_inputs(workflow: Workflow, step: Step, row: Any, reason: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Input -> a sentence, for what the step asks for and did not get, or got too much of; `row` is the record's."""
    wrong = {}
    if step.reason and not reason:
        wrong["reason"] = "Give a reason: it is kept with the step."
    for ask in step.asks:
        value = inputs.get(ask.name)
        least, most = _bound(row, ask.least), _bound(row, ask.most)
        room = most or _room_for(workflow, ask.name)
        if ask.required and (value is None or value == "" or value is False):
            wrong[ask.name] = MISSING.get(ask.kind, "Fill in “{}”.").format(ask.label)
        elif isinstance(value, str) and room and len(value) > room:
            wrong[ask.name] = f"“{ask.label}” may have {room} characters; it has {len(value)}."
        elif isinstance(value, int) and least is not None and most is not None and not least <= value <= most:
            wrong[ask.name] = f"“{ask.label}” must be from {least} to {most}."
        elif isinstance(value, int) and least is not None and value < least:
            wrong[ask.name] = f"“{ask.label}” must be at least {least}."
        elif ask.choices and value and value not in dict(ask.choices):
            wrong[ask.name] = f"Choose one of the answers to “{ask.label}”."
    return wrong


def _bound(row: Any, bound: int | str | None) -> int | None:
    """A bound of an ask: a number, or what the record's column of this name holds."""
    return getattr(row, bound) if isinstance(bound, str) else bound


def _room_for(workflow: Workflow, name: str) -> int | None:
    """How many characters the record's column of this name has room for, if it is such a column."""
    column = workflow.table.c.get(name)
    return getattr(column.type, "length", None) if column is not None else None


class Looks(NamedTuple):
    """What the gate looks at before a step: facts, other records that it locks, and what goes along and is locked too."""

    needs: tuple[str, ...]
    locks: tuple[str, ...]
    along: tuple[Along, ...]


@lru_cache(1024)
def looks_at(workflow: Workflow, trigger: str) -> Looks:
    """What the steps of this name look at, from wherever they are taken."""
    steps = [step for step in workflow.steps if step.name == trigger]
    needs, locks = (name for s in steps for name in s.needs), (name for s in steps for name in s.locks)
    along = (one for (name, _), entries in workflow.along.items() if name == trigger for one in entries)
    return Looks(tuple(dict.fromkeys(needs)), tuple(dict.fromkeys(locks)), tuple(dict.fromkeys(along)))
