"""What a step will do, said before it is taken; each feature says it of its own steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlmodel import Session

from civflow import features
from civflow.models import Tracked
from civflow.services.engine.advance import PAGES, workflow_of
from civflow.services.engine.effects import check_steps
from civflow.services.engine.endings import foretold, in_a_sentence
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Step, Workflow


@dataclass(frozen=True)
class StepPreview:
    """Sentences beyond the step's own, and a list of lines with what it lists."""

    sentences: list[str]
    lines: list[str] = field(default_factory=list)
    of_what: str = "line"


class Decision(StepPreview):
    """What a step that decides shows before it is taken: what is decided, what it costs, and what follows.

    `changed`: what was changed on the way there, by whom and why, in sentences.
    """

    changed: Sequence[str]

    def __init__(
        self,
        *,
        what: str,
        costs: str,
        follows: str,
        changed: Sequence[str] = (),
        lines: Sequence[str] = (),
        of_what: str = "line",
    ) -> None:
        super().__init__([what, costs, follows], list(lines), of_what)
        object.__setattr__(self, "changed", tuple(changed))


Previewer = Callable[[Session, Step, Any, Actor, datetime, str], StepPreview | None]


@cache
def previewers() -> dict[tuple[str, str], Previewer]:
    """(Noun, step) -> who says what it would do, of every feature; "leave_*" stands for every step that begins so."""
    found: dict[tuple[str, str], Previewer] = features.collect("previews", lambda module: module.PREVIEWS.items())
    check_steps("previews", found)
    check_decisions(found)
    return found


def check_decisions(known: Mapping[tuple[str, str], Previewer], pages: Iterable[Workflow] = HANDBOOK.values()) -> None:
    """Raises FeatureError for a step that decides where no feature says what it decides."""
    for page in pages:
        for step in page.steps:
            if step.decides and (page.name, step.name) not in known:
                raise features.FeatureError(
                    f"{page.name}.{step.name}: it decides, and no feature's previews say what, at what cost and with what "
                    "consequence."
                )


def preview_step(
    session: Session, step: Step, record: Tracked, *, actor: Actor, now: datetime, reason: str
) -> StepPreview | None:
    """What taking the step with this record now would do; None where the step's own words say everything.

    What ends along with it, or is taken up again, is counted as far as the actor may see it.
    """
    known, noun = previewers(), PAGES[type(record)].name
    says = known.get((noun, step.name)) or known.get((noun, f"{step.name.partition('_')[0]}_*"))
    own = says(session, step, record, actor, now, reason) if says else None
    also = also_changes(session, step, record, actor=actor, now=now)
    if own and also:
        own.sentences.append(also)
        return own
    return StepPreview([also]) if also else own


def also_changes(session: Session, step: Step, record: Tracked, *, actor: Actor, now: datetime) -> str:
    """What would change along with the record, in a sentence; empty where nothing would that the actor may see."""
    page = workflow_of(session, record)
    return in_a_sentence(foretold(session, page, record, step, actor=actor, now=now))
