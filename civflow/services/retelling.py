"""What happened to a record, as each reader may read it: staff, those whom it concerns, and the public."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import History, Membership, Tracked
from civflow.services.advance import workflow_of
from civflow.services.history import history_of
from civflow.services.wording import count
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, Workflow
from civflow.workflows.visibility import may_read_name, may_read_reason, may_read_step, reads_as

BEGUN = {"application": "Began the application", "place": "The place was offered", "team": "Founded the team",
         "agreement": "The agreement was drafted", "question": "The question was asked"}  # fmt: skip


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


def retell_to(session: Session, record: Tracked, case: Case) -> list[Told]:
    """The history as the case's actor may read it, newest first.

    Staff read everything. Those whom the record concerns read every step and reason, but of names only their own
    team's. The public reads what happened since the record became public, and no names.
    """
    page, reader = workflow_of(session, record), reads_as(case)
    named = _named(session, record, case) if reader == "concerned" else set()
    return [
        Told(
            what=_button(page, entry.step),
            who=_who(entry, case, reader, named),
            when=entry.at,
            why=entry.reason if may_read_reason(case, entry.step) else "",
            was=_label(page, entry.from_state, reader) if entry.from_state != entry.to_state else "",
            now_is=_label(page, entry.to_state, reader) if entry.from_state != entry.to_state else "",
        )
        for entry in history_of(session, page.name, record.id or 0)
        if may_read_step(case, entry.step, entry.from_state, entry.to_state)
    ]


def _who(entry: History, case: Case, reader: str, named: set[int | None]) -> str:
    """The name of whoever took a step, or what stands for it."""
    if not may_read_name(case, entry.step, entry.actor_id):
        return "Somebody"
    return entry.actor_name if reader == "staff" or entry.actor_id in {None} | named else "The programme"


def _named(session: Session, record: Tracked, case: Case) -> set[int | None]:
    """Whose names the actor reads: their own, and those of their own team."""
    team_id = record.id if case.workflow.name == "team" else getattr(record, "team_id", None)
    if not (case.holds("team_member") or case.holds("team_lead")):
        return {case.actor.id}
    members = select(col(Membership.person_id)).where(col(Membership.team_id) == team_id)
    return {case.actor.id, *session.scalars(members)}


def _button(page: Workflow, step: str) -> str:
    if step == "begin":
        return BEGUN.get(page.name, "Begun")
    return next((s.button for s in page.steps if s.name == step), step.replace("_", " ").capitalize())


def _label(page: Workflow, state: str, reader: str) -> str:
    """What the reader calls a state; one that the programme no longer has keeps its own name."""
    known = page.states.get(state)
    if known is None:
        return state.replace("_", " ").capitalize()
    return known.staff if reader == "staff" else known.public or known.staff


def _told(workflow: str, together: Sequence[History], ours: set[int]) -> Told:
    last, page = together[0], HANDBOOK[workflow]
    moved = last.from_state != last.to_state and bool(last.from_state)

    def label(name: str) -> str:
        return page.states[name].public or page.states[name].staff

    step = next((step for step in page.steps if step.name == last.step and last.number), None)
    by_itself = last.actor_id is None
    what = (step.says if by_itself else step.button) if step else BEGUN.get(workflow, "Begun")
    return Told(
        what=_wrote(together) if last.step == "write" else what,
        who=last.actor_name if by_itself or last.actor_id in ours else "The programme",
        when=last.at,
        why=last.reason,
        was=label(last.from_state) if moved else "",
        now_is=label(last.to_state) if moved else "",
    )


def _wrote(together: Sequence[History]) -> str:
    inputs: list[dict[str, Any]] = [json.loads(entry.inputs or "{}") for entry in together]
    answers = {name for given in inputs for name in given.get("changed", [])} - {"title"}
    return f"Wrote in {count(len(answers), 'answer')}" if answers else "Changed the title"
