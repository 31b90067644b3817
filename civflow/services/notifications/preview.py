"""What people would be told of a step if it were taken now: who, by name, and in which words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from civflow.models import Person
from civflow.services.formatting import count
from civflow.services.notifications.outbox import write
from civflow.services.notifications.recipients import NOBODY_READS_WHO, SOMEBODY
from civflow.services.notifications.registry import LETTERS, audiences, is_hidden
from civflow.services.notifications.texts import words
from civflow.workflows.engine import Actor, Step, Workflow


class Preview(NamedTuple):
    """Who would be told of a step, by name, and the message to the first of them; `teams` of a sealed call have no names."""

    people: list[str]
    subject: str
    body: str
    teams: bool = False

    @property
    def sentence(self) -> str:
        number = f"{count(len(self.people), 'person', 'people')} {'is' if len(self.people) == 1 else 'are'} told."
        return " ".join([number] * bool(self.people) + [NOBODY_READS_WHO] * self.teams)


def preview(
    session: Session, workflow: Workflow, step: Step, record: Any, *, actor: Actor, now: datetime, reason: str = ""
) -> Preview | None:
    """What people would be sent if the step were taken now; None where nobody is told this way."""
    found: dict[int | None, tuple[Person, str]] = {}
    for name in step.then:
        who = audiences().get(name)
        if who is None:
            continue
        people = [SOMEBODY] if is_hidden(who, session, record, now) else who(session, record)
        for person in people:
            found.setdefault(person.id, (person, name))
    told = [(person, name) for key, (person, name) in found.items() if key != actor.id]
    if not told:
        return None
    people = [person for person, _ in told]
    reason = reason or ("(your reason)" if step.reason else "")
    given = {ask.name: "(the moment that you give)" for ask in step.asks if ask.kind == "moment"}
    context = words(session, workflow, step, record, actor, reason, told[0][1], given=given)
    kind = LETTERS.get((workflow.name, step.name), "step")
    message = write(person=people[0], kind=kind, key="", about="", now=now, **context)
    names = [person.name for person in people if person is not SOMEBODY]
    return Preview(names, message.subject, message.body, teams=SOMEBODY in people)
