"""Desks: what waits for a person in each of their roles; the first thing on their home page.

One module per role, named as in ORDER, with `desk(session, *, actor, now) -> Desk | None`: None for somebody
who does not have the role. `templates/home/_<role>.html` shows what the desk has beyond its list; it sees
`desk`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pkgutil import iter_modules
from typing import Any

from sqlmodel import Session

from civflow.workflows.engine import Actor

ORDER = (
    "innovator",
    "owner",
    "writer",
    "assessor",
    "scorer",
    "manager",
    "approver",
    "finance",
    "auditor",
    "administrator",
)


@dataclass(frozen=True)
class Waiting:
    """One thing that needs this person: a verb and its object, the page where it is done, and by when."""

    text: str  # "Answer 3 questions about Flooding impact"
    href: str
    due: datetime | None = None
    detail: str = ""  # "the oldest has waited for 4 days"


@dataclass(frozen=True)
class Desk:
    """What one role has on its desk: what waits, most urgent first, and the parts that its template shows."""

    role: str  # the name of the module and of the template
    title: str  # "Your challenges"
    waiting: tuple[Waiting, ...] = ()
    nothing: str = "Nothing waits for you here."  # said when `waiting` is empty
    parts: Mapping[str, Any] = field(default_factory=dict)


def desks(session: Session, *, actor: Actor, now: datetime) -> list[Desk]:
    """The desks of everything that this person is, in ORDER; none for somebody who is not signed in."""
    if actor.id is None:
        return []
    found = (make(session, actor=actor, now=now) for make in _makers())
    return [desk for desk in found if desk]


def by_urgency(waiting: list[Waiting]) -> tuple[Waiting, ...]:
    """What has a deadline first, the nearest before the others; the rest in the order given."""
    dated = [(w.due, n, w) for n, w in enumerate(waiting) if w.due]
    return (*(w for _, _, w in sorted(dated)), *(w for w in waiting if not w.due))


@cache
def _makers() -> tuple[Callable[..., Desk | None], ...]:
    there = {module.name for module in iter_modules(__path__)}
    return tuple(importlib.import_module(f"{__name__}.{role}").desk for role in ORDER if role in there)
