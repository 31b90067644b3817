"""What a step will do, said before it is taken; each feature says it of its own steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlmodel import Session

from civflow import features
from civflow.models import Tracked
from civflow.services.engine.advance import PAGES, workflow_of
from civflow.services.engine.effects import check_steps
from civflow.services.engine.endings import foretold, in_a_sentence
from civflow.workflows.engine import Actor, Step


@dataclass(frozen=True)
class StepPreview:
    """Sentences beyond the step's own, and a list of lines with what it lists."""

    sentences: list[str]
    lines: list[str] = field(default_factory=list)
    of_what: str = "line"


Previewer = Callable[[Session, Step, Any, datetime, str], StepPreview | None]


@cache
def previewers() -> dict[tuple[str, str], Previewer]:
    """(Noun, step) -> who says what it would do, of every feature; "leave_*" stands for every step that begins so."""
    found: dict[tuple[str, str], Previewer] = features.collect("previews", lambda module: module.PREVIEWS.items())
    check_steps("previews", found)
    return found


def preview_step(
    session: Session, step: Step, record: Tracked, *, actor: Actor, now: datetime, reason: str
) -> StepPreview | None:
    """What taking the step with this record now would do; None where the step's own words say everything.

    What ends along with it, or is taken up again, is counted as far as the actor may see it.
    """
    known, noun = previewers(), PAGES[type(record)].name
    says = known.get((noun, step.name)) or known.get((noun, f"{step.name.partition('_')[0]}_*"))
    own = says(session, step, record, now, reason) if says else None
    also = also_changes(session, step, record, actor=actor, now=now)
    if own and also:
        return replace(own, sentences=[*own.sentences, also])
    return StepPreview([also]) if also else own


def also_changes(session: Session, step: Step, record: Tracked, *, actor: Actor, now: datetime) -> str:
    """What would change along with the record, in a sentence; empty where nothing would that the actor may see."""
    page = workflow_of(session, record)
    return in_a_sentence(foretold(session, page, record, step, actor=actor, now=now))
