"""A step as it is told: one that somebody has just taken, or one that they would take now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.engine.effects import Move, sets_in_rows
from civflow.workflows.engine import Actor, Letter, News, Step, Workflow


@dataclass(frozen=True)
class Taken:
    """All that an audience and the words of a letter look at.

    `sets` are columns that the step sets and that the record does not hold yet: values, or words in their place.
    """

    page: Workflow
    step: Step
    record: Any
    actor: Actor
    now: datetime
    reason: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    sets: Mapping[str, Any] = field(default_factory=dict)

    def value(self, column: str) -> Any:
        """What the column holds once the step is taken."""
        return self.sets[column] if column in self.sets else getattr(self.record, column)

    def letter(self, audience: str) -> Letter:
        """In which letter an audience is told that is told in one (registry.mark_told)."""
        return cast(Letter, self.step.tells[audience])

    def news(self, audience: str) -> News:
        """Which news the step is to an audience to which it is news."""
        return cast(News, self.step.tells[audience])

    @property
    def key(self) -> str:
        """By which what is sent of the step is known, so that nobody gets it twice."""
        return f"{self.page.name}-{self.record.id}-{self.record.revision}-{self.step.name}"


def taken(move: Move) -> Taken:
    """A step that has been taken, before anything has followed: the record holds all that it sets in its own row."""
    return Taken(move.workflow, move.step, move.record, move.actor, move.now, move.reason, move.inputs)


def not_taken_yet(
    session: Session,
    page: Workflow,
    step: Step,
    record: Any,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> Taken:
    """The step as it would be taken now; a moment and a reason that nobody has typed stand there in words."""
    given = inputs or {}
    sets: dict[str, Any] = {ask.name: "(the moment that you give)" for ask in step.asks if ask.kind == "moment"}
    sets |= {ask.name: given[ask.name] for ask in step.asks if ask.name in given and ask.name in page.table.c}
    for [columns] in sets_in_rows(session, step, [record], now):
        sets |= columns
    return Taken(page, step, record, actor, now, reason or ("(your reason)" if step.reason else ""), given, sets)


def challenge_of(session: Session, step: Taken) -> Challenge:
    """The challenge that the step's record is, or stands in."""
    record = step.record
    return record if isinstance(record, Challenge) else session.get_one(Challenge, record.challenge_id)
