"""What follows a step: the handbook names it (`then`), a service does it, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session, col, select

from civflow import features
from civflow.models import Tracked
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Step, Workflow


class Records:
    """The loaded rows of records that moved together; read in one statement when the first of them is asked for."""

    def __init__(
        self, session: Session, model: type[Tracked], ids: Iterable[int], loaded: Tracked | None = None
    ) -> None:
        self._session, self._model, self._ids = session, model, ids
        self._loaded: dict[int, Any] = {} if loaded is None else {loaded.id or 0: loaded}

    def __getitem__(self, record_id: int) -> Any:
        if not self._loaded:
            query = select(self._model).where(col(self._model.id).in_(list(self._ids)))
            self._loaded = {record.id or 0: record for record in self._session.exec(query)}
        return self._loaded[record_id]


@dataclass(slots=True)
class Move:
    """A step that one record has just taken.

    `record` is the loaded row, already in its new state. `row` has its columns and the facts as they were read before
    the step, and costs no load; the long ones (`facts.HEAVY`) are missing.
    """

    workflow: Workflow
    step: Step
    row: Any
    records: Records
    from_state: str
    to_state: str
    actor: Actor
    now: datetime
    reason: str
    inputs: Mapping[str, Any]

    @property
    def record_id(self) -> int:
        return int(self.row.id)

    @property
    def record(self) -> Any:
        return self.records[self.row.id]


OneByOne = Callable[[Session, Move], None]
AllAtOnce = Callable[[Session, Sequence[Move]], None]
Columns = Mapping[str, Any]
InRow = Callable[[Session, Sequence[Any]], Sequence[Columns]]
Declared = TypeVar("Declared", bound=Callable[..., Any])


class Registered(NamedTuple):
    """Every effect by name; the columns that some set in the moving rows, and what the history keeps of some."""

    effects: dict[str, AllAtOnce]
    in_row: dict[str, InRow]
    fixed: dict[str, InRow]


@cache
def registered() -> Registered:
    """What the features declare, loaded when the first step is taken. Raises FeatureError where two share a name."""
    declared = features.collect("effects", _own)
    for name, function in features.collect("audiences", _own).items():
        if declared.setdefault(name, function) is not function:
            raise features.FeatureError(f"{function.__module__}: “{name}” is an audience and an effect.")
    fixed = features.collect("fixes", _own_fixes)
    known = Registered({name: f.run for name, f in declared.items()}, {}, fixed)
    known.in_row.update({name: f.in_row for name, f in declared.items() if f.in_row})
    for name in fixed.keys() - known.effects.keys():
        raise features.FeatureError(
            f"{fixed[name].__module__}: it fixes the effect “{name}”, and there is no such effect."
        )
    return known


def _own(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The effects that a module declares itself, by name."""
    for function in vars(module).values():
        if hasattr(function, "effect") and function.__module__ == module.__name__:
            yield function.effect, function


def _own_fixes(module: ModuleType) -> Iterator[tuple[str, InRow]]:
    for function in vars(module).values():
        if hasattr(function, "fixes") and function.__module__ == module.__name__:
            yield function.fixes, function


def effect(function: OneByOne) -> OneByOne:
    """Declare an effect under the function's own name: it is called for each record that moved."""

    def for_each(session: Session, moves: Sequence[Move]) -> None:
        for move in moves:
            function(session, move)

    return declare(function, for_each)


def effect_in_row(function: InRow) -> InRow:
    """Declare an effect that sets columns of the moving records themselves, and does nothing else.

    It is given their rows, as `Move.row` has them, and answers the columns for each, in their order; they are written
    in one statement with the new state.
    """
    return declare(function, lambda _session, _moves: None, in_row=function)


def declare(function: Declared, run: AllAtOnce, in_row: InRow | None = None) -> Declared:
    """Say on a function that it stands for the effect of its name, which `run` does, or that sets columns `in_row`."""
    function.effect, function.run, function.in_row = function.__name__, run, in_row  # type: ignore[attr-defined]
    return function


def fixed_by(name: str) -> Callable[[InRow], InRow]:
    """Declare what the history keeps of the effect `name`, so that nobody changes unseen what it makes binding.

    The function is given the rows as they are before the step, and answers for each, in their order, what its entry
    holds beside the step's own inputs.
    """

    def fix(function: InRow) -> InRow:
        function.fixes = name  # type: ignore[attr-defined]
        return function

    return fix


def check_steps(part: str, keys: Iterable[tuple[str, str]]) -> None:
    """Raises FeatureError for a noun and a step that the handbook does not have; "leave_*" is every step that begins so."""
    for noun, step in keys:
        names = {one.name for one in HANDBOOK[noun].steps} if noun in HANDBOOK else set()
        if step not in names and not (step.endswith("*") and any(name.startswith(step[:-1]) for name in names)):
            raise features.FeatureError(f"{part}: the handbook has no step “{step}” of a {noun}.")


def in_rows(session: Session, step: Step, rows: Sequence[Any]) -> Iterable[tuple[Columns, Columns, Sequence[Any]]]:
    """What the step's effects set in the records' own rows, and what the history keeps of them: rows alike together."""
    known = registered()
    answers = [known.in_row[name](session, rows) for name in step.then if name in known.in_row]
    fixed = [known.fixed[name](session, rows) for name in step.then if name in known.fixed]
    if not answers and not fixed:
        return [({}, {}, rows)]
    nothing: list[Sequence[Columns]] = [[{}] * len(rows)]
    new, kept = map(_merged, *(answers or nothing)), map(_merged, *(fixed or nothing))
    together: dict[tuple[tuple[str, Any], ...], tuple[Columns, Columns, list[Any]]] = {}
    for row, columns, inputs in zip(rows, new, kept, strict=True):
        key = (*columns.items(), *inputs.items())
        together.setdefault(key, (columns, inputs, []))[2].append(row)
    return together.values()


def _merged(first: Columns, *others: Columns) -> Columns:
    return {name: value for some in (first, *others) for name, value in some.items()} if others else first


def follow(session: Session, step: Step, moves: Sequence[Move]) -> None:
    """Do everything that the handbook says follows a step."""
    effects = registered().effects
    for name in step.then:
        effects[name](session, moves)
