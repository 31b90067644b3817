"""Which roles of somebody sleep, in sentences that only they read: their team applies, and nobody else is told."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge
from civflow.models.people import ROLES
from civflow.workflows.engine import Actor

EVERYWHERE = "auditor"  # it reads everybody's applications, so it sleeps towards every challenge
NOBODY_ELSE = "Nobody else is told that before the seal opens."


def sleeping(session: Session, actor: Actor) -> list[str]:
    """A sentence for each challenge towards which roles of the actor sleep, by title. One statement, or none."""
    held = [*actor.roles, *actor.asleep]
    if not actor.applies_to or not any(h.role in ROLES for h in held):
        return []
    found = (
        [f"Your role as auditor sleeps as long as your team applies to a challenge. {NOBODY_ELSE}"]
        if any(h.role == EVERYWHERE for h in held)
        else []
    )
    query = select(Challenge).where(col(Challenge.id).in_(sorted(actor.applies_to))).order_by(col(Challenge.title))
    for challenge in session.scalars(query):
        scopes = {"challenge": challenge.id, "round": challenge.round_id}
        roles = {h.role for h in held if h.role in ROLES and h.role != EVERYWHERE and h.counts_in(scopes)}
        if roles:
            found.append(f"{_names(roles)} for “{challenge.title}”, because your team applies there. {NOBODY_ELSE}")
    return found


def _names(roles: Iterable[str]) -> str:
    """“Your role as approver sleeps”, “Your roles as approver and programme manager sleep”."""
    names = sorted(ROLES[role].lower() for role in roles)
    several = f"Your roles as {', '.join(names[:-1])} and {names[-1]} sleep"
    return several if len(names) > 1 else f"Your role as {names[0]} sleeps"
