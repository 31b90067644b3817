"""What follows a step: the handbook names it (`then`), a service does it, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.workflows.engine import Actor, Step, Workflow


@dataclass(frozen=True)
class Move:
    """A step that one record has just taken. `record` is the loaded row, already in its new state."""

    workflow: Workflow
    step: Step
    record: Any
    from_state: str
    to_state: str
    actor: Actor
    now: datetime
    reason: str
    inputs: Mapping[str, Any]


OneByOne = Callable[[Session, Move], None]
AllAtOnce = Callable[[Session, Sequence[Move]], None]
EFFECTS: dict[str, AllAtOnce] = {}


def effect(function: OneByOne) -> OneByOne:
    """Register a function under its own name: it is called for each record that moved."""

    def for_each(session: Session, moves: Sequence[Move]) -> None:
        for move in moves:
            function(session, move)

    _register(function.__name__, for_each)
    return function


def effect_for_all(function: AllAtOnce) -> AllAtOnce:
    """Register a function under its own name: it is called once with all the records that moved together."""
    _register(function.__name__, function)
    return function


def _register(name: str, function: AllAtOnce) -> None:
    if name in EFFECTS:
        raise ValueError(f"Two effects are called {name}.")
    EFFECTS[name] = function


def follow(session: Session, moves: Sequence[Move]) -> None:
    """Do everything that the handbook says follows; all moves are of one step."""
    if moves:
        for name in moves[0].step.then:
            EFFECTS[name](session, moves)
