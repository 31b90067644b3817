"""What waits for a person in each of their roles; the first thing on their home page.

A feature names the modules of `home`, one per role, with `dashboard(session, *, actor, now) -> Dashboard |
None`: None for somebody who does not have the role. One with WAITS, rules of the handbook, is given their `lines` too.
`templates/dashboards/_<role>.html` shows what it has beyond its list. What waits is declared on the pages of the handbook
(`waits_for`); a line that no module of `home` claims stands on the home page all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow import features
from civflow.services.records.waiting import OpenTask, Task, waiting_for
from civflow.workflows.engine import Actor, Rule

__all__ = ["Dashboard", "OpenTask", "Task", "by_urgency", "dashboards", "tasks_of"]


@dataclass(frozen=True)
class Dashboard:
    """What one role has before it: what waits, most urgent first, and the parts that its template shows."""

    role: str  # the name of the module and of the template
    title: str  # "Your challenges"
    waiting: tuple[Task, ...] = ()
    nothing: str = "Nothing waits for you here."  # said when `waiting` is empty
    parts: Mapping[str, Any] = field(default_factory=dict)


def dashboards(session: Session, *, actor: Actor, now: datetime) -> list[Dashboard]:
    """One for each role that this person has; none for somebody who is not signed in.

    The last one, without a title, has the lines that belong to none of these roles.
    """
    if actor.id is None:
        return []
    lines, claimed = waiting_for(session, actor=actor, now=now), set[Rule]()
    found = []
    for module in features.modules("home"):
        rules = getattr(module, "WAITS", ())
        given = {"lines": [line for line in lines if line.who in rules]} if rules else {}
        claimed.update(rules)
        found.append(module.dashboard(session, actor=actor, now=now, **given))
    others = tuple(line.task for line in lines if line.who not in claimed)
    return [*(one for one in found if one), *([Dashboard("others", "", others)] if others else [])]


def tasks_of(lines: Sequence[OpenTask]) -> list[Task]:
    """What the lines say."""
    return [line.task for line in lines]


def by_urgency(waiting: list[Task]) -> tuple[Task, ...]:
    """What has a deadline first, the nearest before the others; the rest in the order given."""
    dated = [(w.due, n, w) for n, w in enumerate(waiting) if w.due]
    return (*(w for _, _, w in sorted(dated)), *(w for w in waiting if not w.due))
