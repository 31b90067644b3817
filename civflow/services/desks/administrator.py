"""An administrator's desk: people and roles, and the roles that somebody has to hold."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from civflow.models import Message
from civflow.models.people import ROLES
from civflow.services.desks import Desk, Waiting
from civflow.services.facts import stands_before
from civflow.services.people.finding import ON_A_PANEL, accounts, numbers, on_panels
from civflow.services.undone import WITHOUT_A_WORKER, undone
from civflow.services.wording import count
from civflow.workflows.engine import Actor

NEEDED = {
    "programme_manager": "Without one no round can be run.",
    "approver": "Without one no challenge and no result can be approved.",
}


def desk(session: Session, *, actor: Actor, now: datetime) -> Desk | None:
    """The desk of an administrator of the whole site."""
    if not actor.holds("administrator", {}):
        return None
    held = numbers(session)
    waiting = [
        Waiting(f"Make somebody {'an' if role[0] in 'aeiou' else 'a'} {ROLES[role].lower()}", "/people", detail=why)
        for role, why in NEEDED.items()
        if not held[role]
    ]
    failed = select(func.count()).select_from(Message).where(stands_before(Message, "retry"))
    number = session.scalar(failed) or 0
    if number:
        waiting.append(Waiting(f"Look at {count(number, 'message')} that could not be sent", "/outbox?state=failed"))
    left = undone(session, now=now)
    if left:
        waiting.append(
            Waiting("See that civflow's worker runs", "/handbook/message", detail=f"{left} {WITHOUT_A_WORKER}")
        )
    shown = [(role, ROLES[role], held[role]) for role in ROLES if held[role] or role in NEEDED]
    parts = {"people": accounts(session), "held": shown, "panels": (ON_A_PANEL, on_panels(session))}
    return Desk("administrator", "People and roles", tuple(waiting), "Every role that a round needs is held.", parts)
