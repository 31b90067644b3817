"""What waits for a person in each of their roles; the first thing on their home page.

A feature names the modules of `home`, one per role, with `dashboard(session, *, actor, now) -> Dashboard | None`: None
for somebody who does not have the role. `templates/dashboards/_<role>.html` shows what it has beyond its list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow import features
from civflow.workflows.engine import Actor


@dataclass(frozen=True)
class Task:
    """One thing that needs this person: a verb and its object, the page where it is done, and by when."""

    text: str  # "Answer 3 questions about Flooding impact"
    href: str
    due: datetime | None = None
    detail: str = ""  # "the oldest has waited for 4 days"


@dataclass(frozen=True)
class Dashboard:
    """What one role has before it: what waits, most urgent first, and the parts that its template shows."""

    role: str  # the name of the module and of the template
    title: str  # "Your challenges"
    waiting: tuple[Task, ...] = ()
    nothing: str = "Nothing waits for you here."  # said when `waiting` is empty
    parts: Mapping[str, Any] = field(default_factory=dict)


def dashboards(session: Session, *, actor: Actor, now: datetime) -> list[Dashboard]:
    """One for each role that this person has; none for somebody who is not signed in."""
    if actor.id is None:
        return []
    found = (module.dashboard(session, actor=actor, now=now) for module in features.modules("home"))
    return [dashboard for dashboard in found if dashboard]


def by_urgency(waiting: list[Task]) -> tuple[Task, ...]:
    """What has a deadline first, the nearest before the others; the rest in the order given."""
    dated = [(w.due, n, w) for n, w in enumerate(waiting) if w.due]
    return (*(w for _, _, w in sorted(dated)), *(w for w in waiting if not w.due))
