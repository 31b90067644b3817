"""What people would be told of a step if it were taken now: who, by name, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from civflow.services.formatting import count
from civflow.services.notifications.recipients import NOBODY_READS_WHO, SOMEBODY
from civflow.services.notifications.registry import Shown, all_told
from civflow.services.notifications.taken import not_taken_yet
from civflow.workflows.engine import Actor, Step, Workflow


class Preview(NamedTuple):
    """The letters of a step, in the order in which they are sent; at least one."""

    letters: list[Shown]

    @property
    def people(self) -> list[str]:
        """Who gets one, by name; the teams of a sealed call, and followers, have no names."""
        return [person.name for letter in self.letters for person in letter.people if person is not SOMEBODY]

    @property
    def teams(self) -> bool:
        """Whether teams are among them whose names nobody reads yet."""
        return any(person is SOMEBODY for letter in self.letters for person in letter.people)

    @property
    def to_people(self) -> Shown | None:
        """The first letter that goes to people for who they are, and not because they follow."""
        return next((letter for letter in self.letters if letter.people), None)

    @property
    def sentence(self) -> str:
        number = f"{count(len(self.people), 'person', 'people')} {'is' if len(self.people) == 1 else 'are'} told."
        return " ".join([number] * bool(self.people) + [NOBODY_READS_WHO] * self.teams)


def preview(
    session: Session,
    workflow: Workflow,
    step: Step,
    record: Any,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> Preview | None:
    """What people would be sent if the step were taken now; None where nobody is told this way."""
    if not step.tells:
        return None
    would = not_taken_yet(session, workflow, step, record, actor=actor, now=now, reason=reason, inputs=inputs)
    letters: list[Shown] = []
    for name in step.tells:
        known = {person.id for letter in letters for person in letter.people}
        shown = all_told()[name].shows(session, would, known)
        letters += [shown] if shown else []
    return Preview(letters) if letters else None
