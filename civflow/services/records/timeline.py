"""What happened to a record, as each reader may read it: staff, those whom it concerns, and the public."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Grant, History, Membership, Team, Tracked
from civflow.services.engine.advance import workflow_of
from civflow.services.engine.history import history_of
from civflow.services.formatting import count
from civflow.services.records.inputs import Input, inputs_read
from civflow.workflows.engine import Case, Workflow
from civflow.workflows.engine.sight import may_read_name, may_read_names, may_read_reason, may_read_step, reads_as

BEGUN = {
    "application": "Began the application",
    "place": "The place was offered",
    "team": "Founded the team",
    "agreement": "The agreement was drafted",
    "question": "The question was asked",
}


class TimelineEntry(NamedTuple):
    """One line of the history as a team reads it."""

    what: str
    who: str
    when: datetime
    why: str
    was: str
    now_is: str
    given: tuple[Input, ...] = ()


def timeline(session: Session, record: Tracked, *, team_id: int) -> list[TimelineEntry]:
    """The history as the record's team reads it, newest first; what one person wrote on one day is one line."""
    page = workflow_of(session, record)
    entries = history_of(session, page.name, record.id or 0)
    who = _Names(session, record, entries, named=_members(session, team_id))
    return [_entry(page, together, who, reader="concerned") for together in _together(entries)]


def timeline_for(session: Session, record: Tracked, case: Case) -> list[TimelineEntry]:
    """The history as the case's actor may read it, newest first.

    Staff read everything, and of a paper or work that two sides share both sides read every name. Others whom the
    record concerns read every step and reason, but of names only their own team's. The public reads what happened
    since the record became public, and no names.
    """
    page, reader = workflow_of(session, record), reads_as(case)
    entries = [
        entry
        for entry in history_of(session, page.name, record.id or 0)
        if may_read_step(case, entry.step, entry.from_state, entry.to_state)
    ]
    named = None if may_read_names(case) else _named(session, record, case) if reader == "concerned" else set()
    who = _Names(session, record, entries, named=named, case=case)
    return [
        told._replace(
            why=told.why if may_read_reason(case, together[0].step) else "",
            given=tuple(inputs_read(session, page, together[0], case)) if len(together) == 1 else (),
        )
        for together in _together(entries)
        for told in [_entry(page, together, who, reader=reader)]
    ]


def _together(entries: Sequence[History]) -> list[list[History]]:
    """Entries that are one line: what one person wrote on one day."""
    days = groupby(entries, key=lambda e: (e.actor_id, e.at.date()) if e.step == "write" else e.id)
    return [list(together) for _, together in days]


def _members(session: Session, team_id: int | None) -> set[int | None]:
    return set(session.scalars(select(col(Membership.person_id)).where(col(Membership.team_id) == team_id)))


def _named(session: Session, record: Tracked, case: Case) -> set[int | None]:
    """Whose names the actor reads: their own, and those of their own team."""
    if not (case.holds("team_member") or case.holds("team_lead")):
        return {case.actor.id}
    return {case.actor.id, *_members(session, _team_of(record))}


def _team_of(record: Tracked) -> int | None:
    found: int | None = record.id if isinstance(record, Team) else getattr(record, "team_id", None)
    return found


class _Names:
    """Who took a step, by name where the reader may know it, and otherwise by the side that they were on."""

    def __init__(
        self,
        session: Session,
        record: Tracked,
        entries: Sequence[History],
        *,
        named: set[int | None] | None,
        case: Case | None = None,
    ) -> None:
        self._named, self._case = named, case
        self._sides: dict[int | None, str] = {}
        if named is None or {e.actor_id for e in entries} <= named | {None}:
            return
        challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
        owns = (col(Grant.role) == "challenge_owner") & (col(Grant.scope) == "challenge")
        owners = session.scalars(select(col(Grant.person_id)).where(owns, col(Grant.scope_id) == challenge_id))
        self._sides = dict.fromkeys(owners, "Somebody of the sponsor")
        self._sides |= dict.fromkeys(_members(session, _team_of(record)), "Somebody of the team")

    def of(self, entry: History) -> str:
        """'Ada Innes', 'The clock', 'Somebody of the team' or 'The programme'."""
        if self._case and not may_read_name(self._case, entry.step):
            return "Somebody"
        if self._named is None or entry.actor_id is None or entry.actor_id in self._named:
            return entry.actor_name
        return self._sides.get(entry.actor_id, "The programme")


def _entry(page: Workflow, together: Sequence[History], who: _Names, *, reader: str) -> TimelineEntry:
    last = together[0]
    moved = last.from_state != last.to_state and bool(last.from_state)
    return TimelineEntry(
        what=_what(page, together, reader),
        who=who.of(last),
        when=last.at,
        why=last.reason,
        was=_label(page, last.from_state, reader) if moved else "",
        now_is=_label(page, last.to_state, reader) if moved else "",
    )


def _what(page: Workflow, together: Sequence[History], reader: str) -> str:
    """What was done; a record's first entry says how it came to be."""
    last = together[0]
    if not last.from_state:
        return BEGUN.get(page.name, "Begun")
    if page.name == "application" and last.step == "write":
        return _wrote(together)
    taken = [step for step in page.steps if step.name == last.step]
    if not taken:
        return last.step.replace("_", " ").capitalize()
    step = next((step for step in taken if last.from_state in step.sources), taken[0])
    return step.says if last.actor_id is None and reader == "concerned" else step.button


def _label(page: Workflow, state: str, reader: str) -> str:
    """What the reader calls a state; one that the programme no longer has keeps its own name."""
    known = page.states.get(state)
    if known is None:
        return state.replace("_", " ").capitalize()
    return known.staff if reader == "staff" else known.public or known.staff


def _wrote(together: Sequence[History]) -> str:
    inputs: list[dict[str, Any]] = [json.loads(entry.inputs or "{}") for entry in together]
    answers = {name for given in inputs for name in given.get("changed", [])} - {"title"}
    return f"Wrote in {count(len(answers), 'answer')}" if answers else "Changed the title"
