"""What follows a step: the handbook names it (`then`, `tells`, `fixes`), a service does it, in the same transaction."""

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
InRow = Callable[[Session, Sequence[Any], datetime], Sequence[Columns]]
Fixed = Callable[[Session, Sequence[Any]], Sequence[Columns]]
Fixes = TypeVar("Fixes", bound=Callable[[Session, Sequence[Any]], Sequence[Columns]])
Declared = TypeVar("Declared", bound=Callable[..., Any])
Send = Callable[[], None]
Teller = Callable[[Session, Sequence[Move]], Send]


class Registered(NamedTuple):
    """What the features declare, by name: effects, the columns that some of them set in the moving rows, who tells
    those whom a step tells, and what the history keeps."""

    effects: dict[str, AllAtOnce]
    in_row: dict[str, InRow]
    tellers: dict[str, Teller]
    fixed: dict[str, Fixed]


@cache
def registered() -> Registered:
    """What the features declare, loaded when the first step is taken. Raises FeatureError where two share a name."""
    declared = features.collect("effects", own("effect"))
    return Registered(
        {name: f.run for name, f in declared.items()},
        {name: f.in_row for name, f in declared.items() if f.in_row},
        {name: f.teller for name, f in features.collect("audiences", own("teller")).items()},
        features.collect("fixes", own("fixed")),
    )


def own(mark: str) -> Callable[[ModuleType], Iterator[tuple[str, Any]]]:
    """Finds the functions with a mark that a module declares itself, by their names."""

    def find(module: ModuleType) -> Iterator[tuple[str, Any]]:
        for function in vars(module).values():
            if hasattr(function, mark) and function.__module__ == module.__name__:
                yield function.__name__, function

    return find


def check_names(verb: str, known: Mapping[str, Any], named: Callable[[Step], Iterable[str]]) -> None:
    """Say nothing if the steps of the handbook name all of these functions and no others; `verb`: what they do with them.

    Raises FeatureError with the step, or with the function's module.
    """
    used: set[str] = set()
    for page in HANDBOOK.values():
        for step in page.steps:
            check_known(f"{page.name}.{step.name}", verb, known, named(step))
            used.update(named(step))
    for name in sorted(known.keys() - used):
        raise features.FeatureError(f"{known[name].__module__}: no step of the handbook {verb} “{name}”.")


def check_known(place: str, verb: str, known: Mapping[str, Any], names: Iterable[str]) -> None:
    """Raises FeatureError for the first of these names that no service declares."""
    for name in names:
        if name not in known:
            raise features.FeatureError(f"{place}: it {verb} “{name}”, and no service declares that.")


def effect(function: OneByOne) -> OneByOne:
    """Declare an effect under the function's own name: it is called for each record that moved."""

    def for_each(session: Session, moves: Sequence[Move]) -> None:
        for move in moves:
            function(session, move)

    return declare(function, for_each)


def effect_in_row(function: InRow) -> InRow:
    """Declare an effect that sets columns of the moving records themselves, and does nothing else.

    It is given their rows, as `Move.row` has them, and the time, and answers the columns for each, in their order; they
    are written in one statement with the new state. A preview asks it too, so that people read what they will be told.
    """
    return declare(function, lambda _session, _moves: None, in_row=function)


def declare(function: Declared, run: AllAtOnce, in_row: InRow | None = None) -> Declared:
    """Say on a function that it stands for the effect of its name, which `run` does, or that sets columns `in_row`."""
    function.effect, function.run, function.in_row = function.__name__, run, in_row  # type: ignore[attr-defined]
    return function


def fixed(function: Fixes) -> Fixes:
    """Declare what the history keeps of the steps that name the function (`fixes`), so that nobody changes it unseen.

    It is given the rows as they are before the step, and answers for each, in their order, what its entry holds beside
    the step's own inputs.
    """
    function.fixed = True  # type: ignore[attr-defined]
    return function


def check_steps(part: str, keys: Iterable[tuple[str, str]]) -> None:
    """Raises FeatureError for a noun and a step that the handbook does not have; "leave_*" is every step that begins so."""
    for noun, step in keys:
        names = {one.name for one in HANDBOOK[noun].steps} if noun in HANDBOOK else set()
        if step not in names and not (step.endswith("*") and any(name.startswith(step[:-1]) for name in names)):
            raise features.FeatureError(f"{part}: the handbook has no step “{step}” of a {noun}.")


def sets_in_rows(session: Session, step: Step, rows: Sequence[Any], now: datetime) -> list[Sequence[Columns]]:
    """What each effect of the step that sets columns of the records themselves sets in each of these rows."""
    known = registered().in_row
    return [known[name](session, rows, now) for name in step.then if name in known]


def in_rows(
    session: Session, step: Step, rows: Sequence[Any], now: datetime
) -> Iterable[tuple[Columns, Columns, Sequence[Any]]]:
    """What the step's effects set in the records' own rows, and what the history keeps of them: rows alike together."""
    answers = sets_in_rows(session, step, rows, now)
    fixed = [registered().fixed[name](session, rows) for name in step.fixes]
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
    """Do everything that the handbook says follows a step.

    Whom it tells, and what they read, is settled before anything follows, as a preview shows it; it is sent at the end.
    """
    known = registered()
    letters = [known.tellers[name](session, moves) for name in step.tells]
    for name in step.then:
        known.effects[name](session, moves)
    for send in letters:
        send()
