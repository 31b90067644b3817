"""The one gate for every change of state: ask the handbook, write, remember, do what follows.

The caller commits. Reads and writes are prepared Core statements on the session's connection, because an ORM unit of
work costs several times the step itself; callers see records, and the loaded record is brought up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Table, Update, bindparam, select, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from civflow.models import Challenge, Programme, Tracked
from civflow.services import facts, history
from civflow.services.effects import Move, follow
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges import challenge_workflow
from civflow.workflows.engine import Actor, Case, Conflicted, NotFound, Option, Refused, Step, Workflow

PAGES = {page.record: page for page in HANDBOOK.values()}
LOCK_ORDER = ("round", "challenge", "team", "gate", "application", "place", "agreement")
CHUNK = 1000  # records that advance_many reads and writes at a time


def workflow_of(session: Session, record: Tracked) -> Workflow:
    """The page that governs a record; a challenge's depends on the programme that its round pinned."""
    if isinstance(record, Challenge):
        programme = session.get_one(Programme, record.programme_id)
        return challenge_workflow(programme.source)
    return PAGES[type(record)]


def begin(
    session: Session, record: Tracked, *, actor: Actor, now: datetime, state: str | None = None, **inputs: Any
) -> None:
    """Store a new record in its first state, with the first entry of its history.

    `state` picks one of the states in which the page lets a record begin. Raises Refused for any other.
    """
    begin_many(session, [record], actor=actor, now=now, state=state, **inputs)


def begin_many(
    session: Session, records: Sequence[Tracked], *, actor: Actor, now: datetime, state: str | None = None, **inputs: Any
) -> None:
    """`begin` for many records of one workflow in a few statements."""
    if not records:
        return
    workflow = workflow_of(session, records[0])
    state = state or workflow.initial
    if state not in workflow.begins:
        raise Refused(f"A {workflow.title.lower()} cannot begin as “{workflow.states[state].staff}”.")
    for record in records:
        record.state, record.since, record.revision = state, now, 0
    session.add_all(records)
    session.flush()
    _judge_beginning(session, workflow, records, actor, now, inputs)
    entries = [
        history.new_entry(
            workflow=workflow.name, record_id=record.id or 0, number=0, previous="", at=now, actor=actor,
            step="begin", from_state="", to_state=state, reason="", inputs=inputs,
        )
        for record in records
    ]  # fmt: skip
    history.append(session, entries)
    heads = [{"this_id": e["record_id"], "new_head": e["hash"]} for e in entries]
    session.connection().execute(_set_head(workflow.table), heads)
    for record, entry in zip(records, entries, strict=True):
        set_committed_value(record, "head", entry["hash"])


def _judge_beginning(
    session: Session, workflow: Workflow, records: Sequence[Tracked], actor: Actor, now: datetime,
    inputs: Mapping[str, Any],
) -> None:  # fmt: skip
    """Ask the handbook whether the actor may begin these records. Raises Forbidden or Refused."""
    if actor.automatic and not workflow.begin_requires:
        return
    needs = tuple(dict.fromkeys(n for r in (*workflow.begun_by, *workflow.begin_requires) for n in r.needs))
    for record in records:
        row = _read(session, workflow, needs, record.id) if needs else record
        workflow.judge_beginning(Case(workflow, row, actor, now, inputs=inputs))


def case_of(
    session: Session, record: Tracked, *, actor: Actor, now: datetime, inputs: Mapping[str, Any] | None = None
) -> Case:
    """The record with every fact that the steps of its state need: for `options` and for pages."""
    session.flush()
    workflow = workflow_of(session, record)
    needs = tuple(dict.fromkeys(n for step in workflow.steps_from(record.state).values() for n in step.needs))
    row = _read(session, workflow, needs, record.id)
    return Case(workflow, row, actor, now, inputs=inputs or {})


def options(session: Session, record: Tracked, *, actor: Actor, now: datetime) -> list[Option]:
    """Every step that the record's state offers: what this actor may do now, and why not the rest."""
    case = case_of(session, record, actor=actor, now=now)
    return case.workflow.options(case)


def advance(
    session: Session, record: Tracked, trigger: str, *, actor: Actor, now: datetime,
    reason: str = "", seen: int | None = None, **inputs: Any,
) -> Move:  # fmt: skip
    """Take one step with one record.

    `seen` is the revision that the person had before their eyes (default: the loaded record's). `inputs` are the
    step's asks. Raises Forbidden, Refused (with every sentence), Conflicted (somebody was first), NotFound.
    """
    session.flush()
    workflow = workflow_of(session, record)
    step = workflow.step(trigger, record.state)
    _lock(session, workflow, step, [record])
    row = _read(session, workflow, step.needs, record.id)
    if row.revision != (record.revision if seen is None else seen) or row.state != record.state:
        raise _somebody_was_first(session, workflow, record)
    move, change, entry = _judge(workflow, step, row, record, actor, now, reason.strip(), inputs)
    if session.connection().execute(_write(workflow.table, change.columns), change.values).rowcount != 1:
        raise _somebody_was_first(session, workflow, record)
    history.append(session, [entry])
    change.show(record)
    follow(session, [move])
    return move


class Bulk(NamedTuple):
    """What became of many records: the moves, and the sentences for those that stayed where they were."""

    moved: list[Move]
    refused: dict[int, tuple[str, ...]]


def advance_many(
    session: Session, model: type[Tracked], ids: Iterable[int], trigger: str, *, actor: Actor, now: datetime,
    reason: str = "", **inputs: Any,
) -> Bulk:  # fmt: skip
    """Take the same step with many records of one workflow; those that may not move stay, with the reason why.

    Works in chunks of CHUNK records, in a few statements each. `model` must not be Challenge, whose page differs by row.
    """
    session.flush()
    workflow, wanted, bulk = PAGES[model], list(ids), Bulk([], {})
    for start in range(0, len(wanted), CHUNK):
        _advance_chunk(session, workflow, wanted[start : start + CHUNK], trigger, actor, now, reason.strip(), inputs, bulk)
    return bulk


def _advance_chunk(
    session: Session, workflow: Workflow, ids: list[int], trigger: str, actor: Actor, now: datetime, reason: str,
    inputs: Mapping[str, Any], bulk: Bulk,
) -> None:  # fmt: skip
    needs = tuple(dict.fromkeys(n for step in workflow.steps if step.name == trigger for n in step.needs))
    rows = session.connection().execute(_select_many(workflow, needs), {"these": ids}).all()
    records = {r.id: r for r in session.exec(select_rows(workflow.record).where(col(workflow.record.id).in_(ids)))}
    bulk.refused.update({missing: ("There is no such record.",) for missing in set(ids) - set(records)})
    moves, changes, entries = [], [], []
    for row in rows:
        try:
            step = workflow.step(trigger, row.state)
            move, change, entry = _judge(workflow, step, row, records[row.id], actor, now, reason, inputs)
        except Refused as refused:
            bulk.refused[row.id] = refused.sentences
            continue
        moves.append(move), changes.append(change), entries.append(entry)
    if not moves:
        return
    result = session.connection().execute(_write(workflow.table, changes[0].columns), [c.values for c in changes])
    if result.rowcount != len(changes):
        raise Conflicted("Somebody changed one of these records meanwhile.", who="", when=None)
    history.append(session, entries)
    for move, change in zip(moves, changes, strict=True):
        change.show(move.record)
    follow(session, moves)
    bulk.moved.extend(moves)


class Change(NamedTuple):
    """What one step writes into the record's row, guarded by the state and the revision that were read."""

    columns: tuple[str, ...]
    values: dict[str, Any]

    def show(self, record: Tracked) -> None:
        """Bring the loaded record up to date without marking it as changed."""
        for name in self.columns:
            set_committed_value(record, name, self.values[f"new_{name}"])


def _judge(
    workflow: Workflow, step: Step, row: Any, record: Tracked, actor: Actor, now: datetime, reason: str,
    inputs: Mapping[str, Any],
) -> tuple[Move, Change, dict[str, Any]]:  # fmt: skip
    """Ask the handbook; the move, what it writes, and its history entry. Raises Forbidden or Refused."""
    case = Case(workflow, row, actor, now, reason, inputs)
    if not workflow.permits(case, step):
        workflow.judge(case, step.name)
    _check_inputs(step, reason, inputs)
    workflow.judge(case, step.name)
    to_state = workflow.fire(case, step.name)
    entry = history.new_entry(
        workflow=workflow.name, record_id=row.id, number=row.revision + 1, previous=row.head, at=now, actor=actor,
        step=step.name, from_state=row.state, to_state=to_state, reason=reason, inputs=inputs,
    )  # fmt: skip
    new: dict[str, Any] = {"state": to_state, "revision": row.revision + 1, "head": entry["hash"]}
    if to_state != row.state:
        new["since"] = now
    new |= {column: now for column in step.stamps} | {column: actor.id for column in step.signs}
    new |= {ask.name: inputs[ask.name] for ask in step.asks if ask.name in workflow.table.c and ask.name in inputs}
    values = {f"new_{name}": value for name, value in new.items()}
    values |= {"this_id": row.id, "old_state": row.state, "old_revision": row.revision}
    move = Move(workflow, step, record, row.state, to_state, actor, now, reason, inputs)
    return move, Change(tuple(new), values), entry


def _check_inputs(step: Step, reason: str, inputs: Mapping[str, Any]) -> None:
    """Raise Refused for what the step asks for and did not get."""
    fields = {}
    if step.reason and not reason:
        fields["reason"] = "Give a reason: it is kept with the step."
    for ask in step.asks:
        value = inputs.get(ask.name)
        if ask.required and (value is None or value == "" or value is False):
            fields[ask.name] = f"Fill in “{ask.label}”."
        elif isinstance(value, str) and ask.most and len(value) > ask.most:
            fields[ask.name] = f"“{ask.label}” may have {ask.most} characters; it has {len(value)}."
        elif isinstance(value, int) and ask.least is not None and value < ask.least:
            fields[ask.name] = f"“{ask.label}” must be at least {ask.least}."
        elif ask.choices and value and value not in dict(ask.choices):
            fields[ask.name] = f"Choose one of the answers to “{ask.label}”."
    if fields:
        raise Refused(*fields.values(), fields=fields)


@lru_cache(maxsize=512)
def _select_one(workflow: Workflow, needs: tuple[str, ...]) -> Select[Any]:
    return select(*facts.columns(workflow, needs)).where(workflow.table.c.id == bindparam("this_id"))


@lru_cache(maxsize=512)
def _select_many(workflow: Workflow, needs: tuple[str, ...]) -> Select[Any]:
    these = bindparam("these", expanding=True)
    found = select(*facts.columns(workflow, needs)).where(workflow.table.c.id.in_(these)).order_by(workflow.table.c.id)
    return found.with_for_update(key_share=True, of=workflow.table)


@lru_cache(maxsize=512)
def _write(table: Table, columns: tuple[str, ...]) -> Update:
    guard = (table.c.id == bindparam("this_id"), table.c.state == bindparam("old_state"),
             table.c.revision == bindparam("old_revision"))  # fmt: skip
    return update(table).where(*guard).values({name: bindparam(f"new_{name}") for name in columns})


@lru_cache(maxsize=64)
def _set_head(table: Table) -> Update:
    return update(table).where(table.c.id == bindparam("this_id")).values(head=bindparam("new_head"))


@lru_cache(maxsize=64)
def _lock_rows(table: Table) -> Select[Any]:
    these = table.c.id.in_(bindparam("these", expanding=True))
    return select(table.c.id).where(these).order_by(table.c.id).with_for_update(key_share=True)


def _read(session: Session, workflow: Workflow, needs: tuple[str, ...], record_id: int | None) -> Any:
    row = session.connection().execute(_select_one(workflow, needs), {"this_id": record_id}).first()
    if row is None:
        raise NotFound(f"There is no such {workflow.title.lower()}.")
    return row


def _lock(session: Session, workflow: Workflow, step: Step, records: Sequence[Any]) -> None:
    """Lock what the step's rules look at, in one order for everybody. SQLite has one writer at a time anyway."""
    if not step.locks or session.get_bind().dialect.name == "sqlite":
        return
    for name in sorted(step.locks, key=LOCK_ORDER.index):
        ids = sorted({getattr(record, f"{name}_id") for record in records} - {None})
        session.connection().execute(_lock_rows(HANDBOOK[name].table), {"these": ids})


def _somebody_was_first(session: Session, workflow: Workflow, record: Tracked) -> Conflicted:
    """A refusal that says who changed the record, and when."""
    last = history.last_entry(session, workflow.name, record.id or 0)
    if last is None:
        return Conflicted("Somebody else changed this at the same moment. Look at it again.", who="", when=None)
    state = workflow.states[last.to_state].staff
    sentence = f"{last.actor_name} was first: this {workflow.title.lower()} is now “{state}”. Look at it again."
    return Conflicted(sentence, who=last.actor_name, when=last.at)
