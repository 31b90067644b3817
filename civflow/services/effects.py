"""What follows a step: the handbook names it (`then`), a service does it, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from civflow.models import Tracked
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
EFFECTS: dict[str, AllAtOnce] = {}
IN_ROW: dict[str, InRow] = {}
FIXED: dict[str, InRow] = {}
BEFORE: set[str] = set()  # the effects that have a say in what is written: most steps have none of them


def effect(function: OneByOne) -> OneByOne:
    """Register a function under its own name: it is called for each record that moved."""

    effect_named(function.__name__, function)
    return function


def effect_named(name: str, function: OneByOne) -> None:
    """Register a function under another name than its own."""

    def for_each(session: Session, moves: Sequence[Move]) -> None:
        for move in moves:
            function(session, move)

    _register(name, for_each)


def effect_in_row(function: InRow) -> InRow:
    """Register a function that sets columns of the moving records themselves, and does nothing else.

    It is given their rows, as `Move.row` has them, and answers the columns for each, in their order; they are written
    in one statement with the new state.
    """
    _register(function.__name__, lambda _session, _moves: None)
    IN_ROW[function.__name__] = function
    BEFORE.add(function.__name__)
    return function


def fixed_by(name: str) -> Callable[[InRow], InRow]:
    """Register what the history keeps of the effect `name`, so that nobody changes unseen what it makes binding.

    The function is given the rows as they are before the step, and answers for each, in their order, what its entry
    holds beside the step's own inputs.
    """

    def fix(function: InRow) -> InRow:
        FIXED[name] = function
        BEFORE.add(name)
        return function

    return fix


def _register(name: str, function: AllAtOnce) -> None:
    if name in EFFECTS:
        raise ValueError(f"Two effects are called {name}.")
    EFFECTS[name] = function


def in_rows(session: Session, step: Step, rows: Sequence[Any]) -> Iterable[tuple[Columns, Columns, Sequence[Any]]]:
    """What the step's effects set in the records' own rows, and what the history keeps of them: rows alike together."""
    names = [name for name in step.then if name in BEFORE]
    if not names:
        return [({}, {}, rows)]
    answers = [IN_ROW[name](session, rows) for name in names if name in IN_ROW]
    fixed = [FIXED[name](session, rows) for name in names if name in FIXED]
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
    for name in step.then:
        EFFECTS[name](session, moves)
