"""An administrator's dashboard: people and roles, and the roles that somebody has to hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Message
from civflow.models.people import ROLES
from civflow.services.dashboards.tasks import Dashboard, Task
from civflow.services.formatting import count
from civflow.services.health.backlog import WITHOUT_A_WORKER, backlog
from civflow.services.people.search import ON_A_PANEL, accounts, numbers, on_panels
from civflow.workflows.engine import Actor
from civflow.workflows.notifications import FAILED

NEEDED = {
    "programme_manager": "Without one no round can be run.",
    "approver": "Without one no challenge and no result can be approved.",
}


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:
    """The dashboard of an administrator of the whole site."""
    if not actor.holds("administrator", {}):
        return None
    held = numbers(session)
    waiting = [
        Task(f"Make somebody {'an' if role[0] in 'aeiou' else 'a'} {ROLES[role].lower()}", "/people", detail=why)
        for role, why in NEEDED.items()
        if not held[role]
    ]
    failed = select(func.count()).select_from(Message).where(col(Message.state).in_(FAILED))
    number = session.scalar(failed) or 0
    if number:
        waiting.append(Task(f"Look at {count(number, 'message')} that could not be sent", "/outbox?state=failed"))
    left = backlog(session, now=now)
    if left:
        waiting.append(Task("See that civflow's worker runs", "/handbook/message", detail=f"{left} {WITHOUT_A_WORKER}"))
    shown = [(role, ROLES[role], held[role]) for role in ROLES if held[role] or role in NEEDED]
    parts = {"people": accounts(session), "held": shown, "panels": (ON_A_PANEL, on_panels(session))}
    return Dashboard(
        "administrator", "People and roles", tuple(waiting), "Every role that a round needs is held.", parts
    )
