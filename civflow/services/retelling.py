"""What happened to a record of a team, as its members read it: with their names, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import History, Membership, Tracked
from civflow.services.history import history_of
from civflow.services.wording import count
from civflow.workflows import HANDBOOK

BEGUN = {"application": "Began the application", "place": "The place was offered", "team": "Founded the team",
         "agreement": "The agreement was drafted"}  # fmt: skip


class Told(NamedTuple):
    """One line of the history as a team reads it."""

    what: str
    who: str
    when: datetime
    why: str
    was: str
    now_is: str


def retell(session: Session, record: Tracked, *, team_id: int) -> list[Told]:
    """The history, newest first; what one person wrote on one day is one line."""
    workflow = next(page for page in HANDBOOK.values() if page.record is type(record)).name
    entries = history_of(session, workflow, record.id or 0)
    query = select(col(Membership.person_id)).where(col(Membership.team_id) == team_id)
    ours = set(session.scalars(query))
    days = groupby(entries, key=lambda e: (e.actor_id, e.at.date()) if e.step == "write" else e.id)
    return [_told(workflow, list(together), ours) for _, together in days]


def _told(workflow: str, together: Sequence[History], ours: set[int]) -> Told:
    last, page = together[0], HANDBOOK[workflow]
    moved = last.from_state != last.to_state and bool(last.from_state)

    def label(name: str) -> str:
        return page.states[name].public or page.states[name].staff

    what = next((step.button for step in page.steps if step.name == last.step), BEGUN.get(workflow, "Begun"))
    return Told(
        what=_wrote(together) if last.step == "write" else what,
        who=last.actor_name if last.actor_id is None or last.actor_id in ours else "The programme",
        when=last.at,
        why=last.reason,
        was=label(last.from_state) if moved else "",
        now_is=label(last.to_state) if moved else "",
    )


def _wrote(together: Sequence[History]) -> str:
    inputs: list[dict[str, Any]] = [json.loads(entry.inputs or "{}") for entry in together]
    if any("read_version" in given for given in inputs):
        return "Read the latest text of the challenge"
    answers = {name for given in inputs for name in given.get("changed", [])} - {"title"}
    return f"Wrote in {count(len(answers), 'answer')}" if answers else "Changed the title"
