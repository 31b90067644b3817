"""How far gates are: who sits on the panel, what has come, how many assessments are in, when they are due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlmodel import Session, col

from civflow.models import Assignment, Challenge, Gate, Outcome, Panellist, Slot, StageDates
from civflow.services.assessment.gates import AT_THE_GATE
from civflow.services.engine.access import in_sight
from civflow.services.programmes.store import programme_of
from civflow.workflows import HANDBOOK
from civflow.workflows.assessment.assignments import ASKED_FOR, LOCKED
from civflow.workflows.engine import Actor, State
from civflow.workflows.interviews import STANDING
from civflow.workflows.programme import Stage


class GateAt(NamedTuple):
    """A gate of a challenge with its numbers; `asked` are the assessments that are not declined or withdrawn."""

    gate: Gate
    challenge: Challenge
    stage: Stage
    state: State
    starts_at: datetime | None
    seats: int
    here: int  # applications that stand at it
    asked: int
    done: int
    slots: int  # interviews that are offered, booked or held
    outcomes: int

    @property
    def title(self) -> str:
        """'Sift of 11.2 Flooding impact'."""
        return f"{self.stage.title} of {self.challenge.reference} {self.challenge.title}".replace("of  ", "of ")

    def is_late(self, now: datetime) -> bool:
        """Whether its scores were due and its result is not released."""
        due = self.gate.scoring_due_at
        return due is not None and due < now and not self.state.final


def gates_at(session: Session, challenges: Iterable[Challenge], *, actor: Actor) -> dict[int, list[GateAt]]:
    """Challenge id -> those of its gates that the actor's roles let them see, in the programme's order. One statement."""
    by_id = {challenge.id or 0: challenge for challenge in challenges}
    found: dict[int, list[GateAt]] = {key: [] for key in by_id}
    if not by_id:
        return found
    for gate, *numbers in session.execute(
        _with_numbers().where(col(Gate.challenge_id).in_(by_id), in_sight(actor, Gate))
    ):
        challenge = by_id[gate.challenge_id]
        stage = programme_of(session, challenge).stage(gate.stage)
        found[gate.challenge_id].append(GateAt(gate, challenge, stage, HANDBOOK["gate"].states[gate.state], *numbers))
    for key, gates in found.items():
        order = [stage.id for stage in programme_of(session, by_id[key]).stages]
        gates.sort(key=lambda at: order.index(at.stage.id))
    return found


def _with_numbers() -> Select[Any]:
    at_gate = (Assignment, Panellist, Slot, Outcome)
    assignment, panellist, slot, outcome = (col(model.gate_id) == col(Gate.id) for model in at_gate)
    taken = or_(col(Slot.state).in_(STANDING), col(Slot.attended) > 0)
    same = and_(col(StageDates.challenge_id) == col(Gate.challenge_id), col(StageDates.stage) == col(Gate.stage))
    return select(
        Gate,
        col(StageDates.starts_at),
        _number(panellist),
        _number(AT_THE_GATE),
        _number(and_(assignment, counted())),
        _number(and_(assignment, col(Assignment.state).in_(LOCKED))),
        _number(and_(slot, taken)),
        _number(outcome),
    ).outerjoin(StageDates, same)


def counted() -> ColumnElement[bool]:
    """Assignments that are asked for: open ones and submitted ones."""
    return col(Assignment.state).in_(ASKED_FOR)


def _number(where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.count()).where(where).correlate(Gate).scalar_subquery()


def outstanding(gates: Sequence[GateAt]) -> int:
    """How many assessments are still to come."""
    return sum(at.asked - at.done for at in gates)
