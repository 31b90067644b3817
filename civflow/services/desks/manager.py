"""A programme manager's desk: decisions to release, what is stuck and why, and one strip per challenge."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.desks import Desk, Waiting
from civflow.services.naming import path_of
from civflow.services.overview import Overview, overview, rounds
from civflow.services.wording import count
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor


def desk(session: Session, *, actor: Actor, now: datetime) -> Desk | None:
    """The desk of somebody who manages a round that is not over."""
    if not any(held.role == "programme_manager" for held in actor.roles):
        return None
    running = HANDBOOK["round"].sources("close")
    found = [overview(session, r, actor=actor, now=now) for r, _ in rounds(session) if r.state in running]
    waiting = [w for view in found for w in _waiting(view)]
    return Desk("manager", "Managing", tuple(waiting), "No decision waits for you.", {"overviews": found})


def _waiting(view: Overview) -> list[Waiting]:
    items = [
        Waiting(f"Release {count(letters, 'letter')}: {title}", f"/gates/{gate.id}/release")
        for gate, title, letters in view.to_release
    ]
    items += [Waiting(f"Look at {stuck.title}", stuck.href, detail=f"“{stuck.what}” waits: {' '.join(stuck.why)}")
              for stuck in view.stuck]  # fmt: skip
    return items + [
        Waiting(f"Read {title}, which waits for an approver", path_of(record)) for record, title in view.to_approve
    ]
