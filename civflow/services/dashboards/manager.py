"""A programme manager's dashboard: what waits at each round, what is late and why, and one strip per challenge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from civflow.services.dashboards.round import picture_of, rounds
from civflow.services.dashboards.tasks import Dashboard, OpenTask, by_urgency
from civflow.workflows.engine import Actor
from civflow.workflows.rounds import OPEN, PLANNED
from civflow.workflows.rules import the_programme_manager

ROLE = "programme_manager"
WAITS = (the_programme_manager,)


def dashboard(session: Session, *, actor: Actor, now: datetime, lines: Sequence[OpenTask] = ()) -> Dashboard | None:
    """The dashboard of somebody who manages a round that is not over."""
    held = [h for h in actor.roles if h.role == ROLE]
    if not held:
        return None
    # An archive round holds what was imported: it is planned for ever, and has no budget to spend.
    mine = [
        r
        for r, _ in rounds(session, actor=actor)
        if (r.state in OPEN or (r.state in PLANNED and r.budget_pounds)) and actor.holds(ROLE, {"round": r.id})
    ]
    kept = {None, *(r.id for r in mine)}
    waiting = by_urgency([line.task for line in lines if getattr(line.record, "round_id", None) in kept])
    parts = {"overviews": [picture_of(session, r, actor=actor, now=now) for r in mine]}
    return Dashboard("manager", "Managing", waiting, "No decision waits for you.", parts)
