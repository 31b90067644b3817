"""The one gate for every change of state: ask the handbook, write, remember, do what follows.

The caller commits. The gate reads the row itself, so `advance_by_id` needs no loaded record; whoever has one passes
it to `advance` and sees it in its new state. How rows are read and written is in sql.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session

from civflow.models import Challenge, Programme, Tracked
from civflow.services.engine import endings, history, sql, transition
from civflow.services.engine.effects import Move, Records, follow, in_rows
from civflow.services.engine.transition import Moves, Transition
from civflow.services.formatting import with_article
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges.page import challenge_workflow
from civflow.workflows.engine import Actor, Case, Conflicted, NotFound, Option, Refused, Workflow

PAGES = {page.record: page for page in HANDBOOK.values()}
CHUNK = 5000  # records that advance_many reads and writes at a time


def workflow_of(session: Session, record: Tracked) -> Workflow:
    """The page that governs a record; a challenge's depends on the programme that its round pinned."""
    if isinstance(record, Challenge):
        programme = session.get_one(Programme, record.programme_id)
        return challenge_workflow(programme.source)
    return PAGES[type(record)]


def _page_of(model: type[Tracked]) -> Workflow:
    """The page of every record of a model."""
    if model is Challenge:
        raise TypeError("The page of a challenge depends on its round: load it, and use advance.")
    return PAGES[model]


def begin(
    session: Session, record: Tracked, *, actor: Actor, now: datetime, state: str | None = None, **inputs: Any
) -> None:
    """Store a new record in its first state, with the first entry of its history.

    `state` picks one of the states in which the page lets a record begin. Raises Forbidden, or Refused for what
    the page requires and for any other state; then nothing is stored.
    """
    begin_many(session, [record], actor=actor, now=now, state=state, **inputs)


def begin_many(
    session: Session,
    records: Sequence[Tracked],
    *,
    actor: Actor,
    now: datetime,
    state: str | None = None,
    **inputs: Any,
) -> None:
    """`begin` for many records of one workflow in a few statements."""
    if not records:
        return
    workflow = workflow_of(session, records[0])
    state = state or workflow.initial
    if state not in workflow.begins:
        raise Refused(f"{with_article(workflow.called).capitalize()} cannot begin as “{workflow.states[state].staff}”.")
    for record in records:
        record.state, record.since, record.revision = state, now, 0
    _store(session, workflow, records, actor, now, inputs)
    entry = history.new_record(
        workflow=workflow.name,
        at=now,
        actor=actor,
        step="begin",
        from_state="",
        to_state=state,
        reason="",
        inputs=inputs,
    )
    links = entry.links((record.id or 0, -1, "") for record in records)
    history.append(session.connection(), workflow.table, {}, entry, links)
    for record, (_, _, _, head) in zip(records, links, strict=True):
        set_committed_value(record, "head", head)


def _store(
    session: Session,
    workflow: Workflow,
    records: Sequence[Tracked],
    actor: Actor,
    now: datetime,
    inputs: Mapping[str, Any],
) -> None:
    """Insert new records, unless the handbook says that the actor may not begin one of them."""
    if actor.automatic and not workflow.begin_requires:
        session.add_all(records)
        session.flush()
        return
    needs = tuple(dict.fromkeys(n for r in (*workflow.begun_by, *workflow.begin_requires) for n in r.needs))
    with session.begin_nested():
        session.add_all(records)
        session.flush()
        rows: Sequence[Any] = records
        if needs:
            ids = [record.id or 0 for record in records]
            sql.lock(session.connection(), workflow, workflow.begin_locks, ids)
            rows = sql.read(session.connection(), workflow, needs, ids)
        for row in rows:
            workflow.judge_beginning(Case(workflow, row, actor, now, inputs=inputs))


def case_of(
    session: Session, record: Tracked, *, actor: Actor, now: datetime, inputs: Mapping[str, Any] | None = None
) -> Case[Any]:
    """The record with every fact that the steps of its state need: for `options` and for pages."""
    session.flush()
    workflow = workflow_of(session, record)
    needs = tuple(dict.fromkeys(n for step in workflow.steps_from(record.state).values() for n in step.needs))
    row = _read(session.connection(), workflow, needs, record.id or 0)
    return Case(workflow, row, actor, now, inputs=inputs or {})


def cases_of(session: Session, records: Iterable[Tracked], *, actor: Actor, now: datetime) -> dict[int, Case[Any]]:
    """Record's id -> its case, as `case_of` makes it, for records of one noun: one statement for each of their pages."""
    session.flush()
    by_page: dict[int, tuple[Workflow, list[Tracked]]] = {}
    for record in records:
        workflow = workflow_of(session, record)
        by_page.setdefault(id(workflow), (workflow, []))[1].append(record)
    found = {}
    for workflow, some in by_page.values():
        states = {record.state for record in some}
        needs = {n for state in states for step in workflow.steps_from(state).values() for n in step.needs}
        found.update(cases_with(session, workflow, some, needs, actor=actor, now=now))
    return found


def cases_with(
    session: Session,
    workflow: Workflow,
    records: Sequence[Tracked],
    needs: Iterable[str],
    *,
    actor: Actor,
    now: datetime,
) -> dict[int, Case[Any]]:
    """Record's id -> its case with these facts, for records of one page: one statement, and none without a fact."""
    rows: Sequence[Any] = records
    if needs := tuple(sorted(needs)):
        rows = sql.read(session.connection(), workflow, needs, [record.id or 0 for record in records])
    return {row.id: Case(workflow, row, actor, now) for row in rows}


def options(session: Session, record: Tracked, *, actor: Actor, now: datetime) -> list[Option]:
    """Every step that the record's state offers: what this actor may do now, and why not the rest."""
    case = case_of(session, record, actor=actor, now=now)
    return case.workflow.options(case)


def options_of(session: Session, records: Iterable[Tracked], *, actor: Actor, now: datetime) -> dict[int, list[Option]]:
    """Record's id -> its `options`, for records of one noun: one statement for each of their pages."""
    cases = cases_of(session, records, actor=actor, now=now)
    return {record_id: case.workflow.options(case) for record_id, case in cases.items()}


def advance(
    session: Session,
    record: Tracked,
    trigger: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    seen: int | None = None,
    **inputs: Any,
) -> Move:
    """Take one step with one record.

    `seen` is the revision that the person had before their eyes (default: the loaded record's). `inputs` are the
    step's asks. Raises Forbidden, Refused (with every sentence), Conflicted (somebody was first), NotFound.
    """
    workflow, seen = workflow_of(session, record), record.revision if seen is None else seen
    return _advance(session, workflow, record.id or 0, record, trigger, actor, now, reason, seen, inputs)


def advance_by_id(
    session: Session,
    model: type[Tracked],
    record_id: int,
    trigger: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    seen: int | None = None,
    **inputs: Any,
) -> Move:
    """`advance` for a record that is not loaded; it is loaded when an effect, or the caller, looks at the move's.

    Without `seen` the record moves from wherever it stands. `model` must not be Challenge, whose page differs by row.
    """
    return _advance(session, _page_of(model), record_id, None, trigger, actor, now, reason, seen, inputs)


def _advance(
    session: Session,
    workflow: Workflow,
    record_id: int,
    record: Tracked | None,
    trigger: str,
    actor: Actor,
    now: datetime,
    reason: str,
    seen: int | None,
    inputs: Mapping[str, Any],
) -> Move:
    session.flush()
    connection = session.connection()
    needs, locks, along = transition.looks_at(workflow, trigger)
    if needs or locks or along:
        sql.lock(connection, workflow, locks, [record_id], along)
    row = _read(connection, workflow, needs, record_id, lock=True)
    if seen is not None and seen != row.revision:
        raise _somebody_was_first(session, workflow, record_id)
    judged = transition.judge(workflow, row, trigger, actor, now, reason.strip(), inputs)
    return next(iter(_move_together(session, judged, [row], record)))


class Bulk(NamedTuple):
    """What became of many records: the moves, and the sentences for those that stayed where they were."""

    moved: Moves
    refused: dict[int, tuple[str, ...]]


def advance_many(
    session: Session,
    model: type[Tracked],
    ids: Iterable[int],
    trigger: str,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    **inputs: Any,
) -> Bulk:
    """Take the same step with many records of one workflow; those that may not move stay, with the reason why.

    Works in chunks of CHUNK records, in a few statements each, and loads records only when an effect looks at them.
    Raises Forbidden where the actor may not take the step with one of them. `model` must not be Challenge, whose
    page differs by row.
    """
    session.flush()
    workflow, wanted, bulk = _page_of(model), list(dict.fromkeys(ids)), Bulk(Moves(), {})
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        for judged, rows in _sort_by_transition(
            session, workflow, chunk, trigger, actor, now, reason.strip(), inputs, bulk
        ):
            bulk.moved.extend(_move_together(session, judged, rows))
    return bulk


def _sort_by_transition(
    session: Session,
    workflow: Workflow,
    ids: list[int],
    trigger: str,
    actor: Actor,
    now: datetime,
    reason: str,
    inputs: Mapping[str, Any],
    bulk: Bulk,
) -> Iterable[tuple[Transition, list[Any]]]:
    """Read and judge some records: the transitions that can be made, each with its rows. The rest goes to `bulk.refused`."""
    connection = session.connection()
    needs, locks, along = transition.looks_at(workflow, trigger)
    if needs or locks or along:
        sql.lock(connection, workflow, locks, ids, along)
    rows = sql.read(connection, workflow, needs, ids, lock=True)
    bulk.refused.update(dict.fromkeys(set(ids) - {row.id for row in rows}, ("There is no such record.",)))
    sorted_: dict[str, tuple[Transition, list[Any]]] = {}  # from state -> the transition and its rows
    for row in rows:
        known, _ = sorted_.get(row.state, (None, None))
        try:
            judged = transition.judge(workflow, row, trigger, actor, now, reason, inputs, known)
        except Refused as refused:
            bulk.refused[row.id] = refused.sentences
            continue
        sorted_.setdefault(row.state, (judged, []))[1].append(row)
    return sorted_.values()


def _move_together(session: Session, judged: Transition, rows: list[Any], loaded: Tracked | None = None) -> Moves:
    """Write one transition of several rows, do what follows, and take what goes along."""
    workflow, entry, moves = judged.workflow, judged.record(), Moves()
    moves.add(judged, rows, Records(session, workflow.record, [row.id for row in rows], loaded))
    for more, fixed, same in in_rows(session, judged.step, rows, judged.now):
        columns, done = {**judged.columns, **more}, judged.record(fixed) if fixed else entry
        links = done.links((row.id, row.revision, row.head) for row in same)
        if not history.append(session.connection(), workflow.table, columns, done, links):
            raise _somebody_was_first(session, workflow, links[0][0])
        _show(session, judged, columns, links, loaded)
    follow(session, judged.step, moves)
    if (judged.step.name, judged.from_state) in workflow.along:
        endings.take_along(session, judged, rows, advance_many)
    return moves


def _read(
    connection: Connection, workflow: Workflow, needs: tuple[str, ...], record_id: int, *, lock: bool = False
) -> Any:
    rows = sql.read(connection, workflow, needs, [record_id], lock=lock)
    if not rows:
        raise NotFound(f"There is no such {workflow.called.lower()}.")
    return rows[0]


def _show(
    session: Session, judged: Transition, columns: Mapping[str, Any], links: Sequence[sql.Link], loaded: Tracked | None
) -> None:
    """Bring the loaded ones of the moved records up to date without marking them as changed."""
    model = judged.workflow.record
    known = [loaded] if loaded else [record for record in session.identity_map.values() if type(record) is model]
    new = {link[0]: link for link in links} if known else {}
    for record in known:
        link = new.get(record.id or 0)
        if link:
            for name, value in {**columns, "state": judged.to_state, "revision": link[1], "head": link[3]}.items():
                set_committed_value(record, name, value)


def _somebody_was_first(session: Session, workflow: Workflow, record_id: int) -> Conflicted:
    """A refusal that says who changed the record, and when."""
    last = history.last_entry(session, workflow.name, record_id)
    if last is None:
        return Conflicted("Somebody else changed this at the same moment. Look at it again.", who="", when=None)
    if last.number == 0:  # nobody has changed it since it was made, and who made it may be nobody's business
        return Conflicted("What you had before you is not what is here. Look at it again.", who="", when=None)
    state = workflow.states[last.to_state].staff
    sentence = f"{last.actor_name} was first: this {workflow.called.lower()} is now “{state}”. Look at it again."
    return Conflicted(sentence, who=last.actor_name, when=last.at)
