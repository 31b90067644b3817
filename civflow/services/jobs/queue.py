"""Work for later, asked for in the caller's own transaction: a job and what it is about become true together.

The rows are the truth: messages that wait, documents that are not made. A job only wakes a worker up at once;
where the database was not prepared for jobs, or a worker was lost, the tick finds the same rows soon after.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Engine, inspect
from sqlmodel import Session

from civflow.services.jobs.job import kinds

if TYPE_CHECKING:
    from dbos import DBOSClient

NAME = "civflow"  # the application, as DBOS knows it
KEPT = timedelta(days=2)  # how long a finished job can be looked up; the tick alone makes 17,000 a day


# A client writes through the caller's connection, so one per kind of database serves every engine.
_clients: dict[str, DBOSClient] = {}
_prepared: WeakSet[Engine] = WeakSet()
_one_at_a_time = Lock()


def enqueue(session: Session, job: str, key: str, *args: Any, after: timedelta | None = None) -> None:
    """Ask for a job in the session's transaction; the same `key` twice is one job. `args` are plain JSON.

    Jobs that drain are asked for once per transaction, by whichever row comes first: one run serves them all.
    In a database that was not prepared for jobs nothing is asked for, and the tick will find the row. Raises KeyError
    for a job that no feature declares.
    """
    kind = kinds()[job]
    if kind.drains and not _first_of_its_kind(session, job):
        return
    client = _client(session)
    if client is None:
        return
    options: Any = {"workflow_name": job, "queue_name": kind.queue, "workflow_id": f"{job}:{key}"}
    if after:
        options["delay_seconds"] = after.total_seconds()
    client.enqueue_in_transaction(session, options, *(() if kind.drains else args))


def _first_of_its_kind(session: Session, job: str) -> bool:
    """Whether this transaction asks for the job for the first time."""
    session.connection()  # begins a transaction where there is none yet
    transaction = session.get_transaction()
    asked: tuple[object, set[str]] = session.info.get("jobs", (None, set()))
    if asked[0] is not transaction:
        asked = session.info["jobs"] = (transaction, set())
    if job in asked[1]:
        return False
    asked[1].add(job)
    return True


def _client(session: Session) -> DBOSClient | None:
    """The client for the session's kind of database, or None where the tables of the jobs are missing."""
    engine = session.get_bind().engine
    with _one_at_a_time:
        if engine not in _prepared:
            if not is_prepared(session):
                return None
            _prepared.add(engine)
        if engine.dialect.name not in _clients:
            _clients[engine.dialect.name] = _new_client(engine)
        return _clients[engine.dialect.name]


def is_prepared(session: Session) -> bool:
    """Whether the database has the tables of the jobs."""
    connection = session.connection()
    schema = None if connection.dialect.name == "sqlite" else "dbos"
    return inspect(connection).has_table("workflow_status", schema=schema)


def prepare(engine: Engine) -> None:
    """Make or migrate the tables of the jobs; twice does no harm. For `civflow init` and the worker alone."""
    from dbos import DBOS  # noqa: PLC0415 - heavy

    DBOS.migrate(engine.url.render_as_string(hide_password=False))


def _new_client(engine: Engine) -> DBOSClient:
    from dbos import DBOSClient, DBOSPortableJSONSerializer  # noqa: PLC0415 - heavy

    serializer = DBOSPortableJSONSerializer()  # the default one is pickle
    return DBOSClient(system_database_engine=engine, application_name=NAME, serializer=serializer, lazy=True)


@contextmanager
def client_of(engine: Engine) -> Iterator[DBOSClient]:
    """A client of its own, for what is done outside of a session."""
    client = _new_client(engine)
    try:
        yield client
    finally:
        client.destroy()


def purge(engine: Engine, *, now: datetime) -> int:
    """Delete jobs that ended, and those that nobody finished, KEPT ago or longer; how many."""
    before, gone = (now - KEPT).isoformat(), 0
    with client_of(engine) as client:
        while True:
            old = client.list_workflows(end_time=before, limit=500, load_input=False, load_output=False)
            if not old:
                return gone
            client.delete_workflows([job.workflow_id for job in old])
            gone += len(old)
