"""Who takes part in transitions.py: each opens a database and takes one step, from reading the record to the commit.

The records go round in a ring of four steps, `RING`: review (by the clock, when its time has come), finish (by a
programme manager, when no deliverable is open), reopen (by the same, with a reason), work on (by a team member, with
a reason). Every contender has its own copy of the same tables, with the same 13 columns, keys and indexes, and the same
history of 14 columns. In each step everybody reads the row by its key, checks state, role and time, updates state,
revision, head and since, inserts a history row, and commits. Connections are kept; nothing is loaded before the clock
starts, and everybody's imports are frozen out of the garbage collector (crew.py).

- civflow: `advance_by_id` in a new session: it locks the row (to finish and reopen, the place above it too; on SQLite
  the whole database), reads it with the facts that the rules need, asks the handbook, and writes the row and its
  chained history. `civflow_loaded` is the same after `session.get`, for a caller that has the record in hand.
- limit: the statements alone (read, guarded update, insert) in the raw driver: no lock, check, fact or hash.
- sqlmodel: civflow's own classes: `session.get`, checks in Python, attributes set, a history object added, commit.
- django_fsm, viewflow (django_peers.py): transitions with conditions and permissions; `save(update_fields)`; `create`.
- spiffworkflow: a BPMN process whose state is read as JSON, its ready user task run, and written back as JSON, in the
  raw driver; a finished process begins anew.
The peers' histories are not chained, and the peers do not look for open deliverables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import psycopg
from sqlalchemy import Engine

from benchmarks.ground import MANAGER, MEMBER, NOW, open_engine
from civflow.db import new_session
from civflow.models import History, Sprint
from civflow.services.engine.advance import advance, advance_by_id
from civflow.workflows.engine import CLOCK, Actor

RING = (
    ("review", CLOCK, ""),
    ("finish", MANAGER, ""),
    ("reopen", MANAGER, "Look again."),
    ("work_on", MEMBER, "More."),
)
STATES = ("active", "in_review", "done", "in_review", "active")
ROLES = {"review": "clock", "finish": "programme_manager", "reopen": "programme_manager", "work_on": "team_member"}

Take = Callable[[int, int], None]  # (the record's id, the place in the ring) -> one committed step
NewClient = Callable[[], Take]  # called once in each thread


def may(actor: Actor, role: str) -> bool:
    """The peers' check of a role."""
    return actor is CLOCK if role == "clock" else any(held.role == role for held in actor.roles)


def civflow(url: str) -> NewClient:

    engine = open_engine(url)

    def take(record_id: int, place: int) -> None:
        trigger, actor, reason = RING[place]
        with new_session(engine) as session:
            advance_by_id(session, Sprint, record_id, trigger, actor=actor, now=NOW, reason=reason)
            session.commit()

    return lambda: take


def civflow_loaded(url: str) -> NewClient:
    engine = open_engine(url)

    def take(record_id: int, place: int) -> None:
        trigger, actor, reason = RING[place]
        with new_session(engine) as session:
            advance(session, session.get_one(Sprint, record_id), trigger, actor=actor, now=NOW, reason=reason)
            session.commit()

    return lambda: take


def sqlmodel(url: str) -> NewClient:
    engine = open_engine(url)

    def take(record_id: int, place: int) -> None:
        trigger, actor, reason = RING[place]
        with new_session(engine) as session:
            sprint = session.get_one(Sprint, record_id)
            assert sprint.state == STATES[place]
            assert sprint.ends_at <= NOW
            assert may(actor, ROLES[trigger])
            sprint.state, sprint.revision, sprint.since = STATES[place + 1], sprint.revision + 1, NOW
            sprint.head = "0" * 64
            session.add(
                History(
                    workflow="sprint",
                    record_id=record_id,
                    number=sprint.revision,
                    at=NOW,
                    actor_id=actor.id,
                    actor_name=actor.name,
                    step=trigger,
                    from_state=STATES[place],
                    to_state=sprint.state,
                    reason=reason,
                    inputs="",
                    previous="0" * 64,
                    hash="0" * 64,
                )
            )
            session.commit()

    return lambda: take


COLUMNS = (
    "id, state, revision, head, since, round_id, challenge_id, team_id, place_id, number, goal, starts_at, ends_at"
)
READ = f"SELECT {COLUMNS} FROM sprint WHERE id = ?"
UPDATE = "UPDATE sprint SET state = ?, revision = ?, head = ?, since = ? WHERE id = ? AND state = ? AND revision = ?"
INSERT = (
    "INSERT INTO history (workflow, record_id, number, at, actor_id, actor_name, step, from_state, to_state, reason,"
    " inputs, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def raw(url: str) -> tuple[Any, Callable[[str], str], Any]:
    """A connection of the raw driver, a function that writes parameters its way, and NOW as the driver takes it."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "cache_size=-65536")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection, lambda sql: sql, NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    return psycopg.connect(plain), lambda sql: sql.replace("?", "%s"), NOW


def limit(url: str) -> NewClient:
    sqlite = url.startswith("sqlite")

    def client() -> Take:
        connection, mark, now = raw(url)
        read, update, insert = mark(READ), mark(UPDATE), mark(INSERT)

        def take(record_id: int, place: int) -> None:
            trigger, actor, reason = RING[place]
            if sqlite:
                connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(read, (record_id,)).fetchone()
            old, new, revision = STATES[place], STATES[place + 1], row[2]
            changed = connection.execute(update, (new, revision + 1, "0" * 64, now, record_id, old, revision))
            assert changed.rowcount == 1
            connection.execute(
                insert,
                (
                    "sprint",
                    record_id,
                    revision + 1,
                    now,
                    actor.id,
                    actor.name,
                    trigger,
                    old,
                    new,
                    reason,
                    "",
                    "0" * 64,
                    "0" * 64,
                ),
            )
            connection.commit()

        return take

    return client


def bpmn() -> bytes:
    """The ring as a BPMN process: four user tasks from a start to an end; the next round is a new instance."""
    nodes = ["start", *(trigger for trigger, _, _ in RING), "end"]
    flows = "".join(
        f'<sequenceFlow id="to_{there}" sourceRef="{here}" targetRef="{there}"/>' for here, there in pairwise(nodes)
    )
    tasks = "".join(
        f'<userTask id="{name}" name="{name}"><incoming>to_{name}</incoming><outgoing>to_{there}</outgoing></userTask>'
        for name, there in pairwise(nodes[1:])
    )
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="n">'
        '<process id="sprint" isExecutable="true">'
        f'<startEvent id="start"><outgoing>to_{nodes[1]}</outgoing></startEvent>{tasks}'
        f'<endEvent id="end"><incoming>to_end</incoming></endEvent>{flows}</process></definitions>'
    ).encode()


def spiffworkflow(url: str) -> NewClient:
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    parser = BpmnParser()
    parser.add_bpmn_str(bpmn())
    spec, sqlite = parser.get_spec("sprint"), url.startswith("sqlite")

    def fresh() -> Any:
        workflow = BpmnWorkflow(spec)
        workflow.do_engine_steps()
        return workflow

    def client() -> Take:
        connection, mark, now = raw(url)
        serializer = BpmnWorkflowSerializer()
        read, insert = (
            mark("SELECT s.*, w.workflow FROM sprint s JOIN spiff w ON w.id = s.id WHERE s.id = ?"),
            mark(INSERT),
        )
        update, keep = mark(UPDATE), mark("UPDATE spiff SET workflow = ? WHERE id = ?")

        def take(record_id: int, place: int) -> None:
            trigger, actor, reason = RING[place]
            if sqlite:
                connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(read, (record_id,)).fetchone()
            assert may(actor, ROLES[trigger])
            ends = datetime.fromisoformat(f"{row[12]}+00:00") if sqlite else row[12]
            assert ends <= NOW
            workflow = serializer.deserialize_json(row[13]) if row[13] else fresh()
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            assert task.task_spec.name == trigger
            task.run()
            workflow.do_engine_steps()
            old, new, revision = STATES[place], STATES[place + 1], row[2]
            connection.execute(keep, ("" if workflow.completed else serializer.serialize_json(workflow), record_id))
            connection.execute(update, (new, revision + 1, "0" * 64, now, record_id, old, revision))
            connection.execute(
                insert,
                (
                    "sprint",
                    record_id,
                    revision + 1,
                    now,
                    actor.id,
                    actor.name,
                    trigger,
                    old,
                    new,
                    reason,
                    "",
                    "0" * 64,
                    "0" * 64,
                ),
            )
            connection.commit()

        return take

    return client


def prepare_spiff(engine: Engine) -> None:
    """The table that keeps SpiffWorkflow's state of each record."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE spiff (id integer PRIMARY KEY, workflow text NOT NULL)")
        connection.exec_driver_sql("INSERT INTO spiff SELECT id, '' FROM sprint")
