"""A programme manager's dashboard: what waits at each round, what is late and why, and one strip per challenge."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.dashboards.round import overview, rounds
from civflow.services.dashboards.tasks import Dashboard
from civflow.workflows.engine import Actor
from civflow.workflows.rounds import OPEN, PLANNED

ROLE = "programme_manager"


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:
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
    found = [overview(session, r, actor=actor, now=now) for r in mine]
    waiting = [w for view in found for w in view.waiting]
    return Dashboard("manager", "Managing", tuple(waiting), "No decision waits for you.", {"overviews": found})
