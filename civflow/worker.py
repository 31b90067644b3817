"""The background worker: wakes up every feature's jobs when it is time; in its own process or inside the web's.

Every job looks at the rows that wait and does what it finds, so it may run twice, stop anywhere, and be taken
up by any worker. DBOS wakes the workers up and sees to it that of many machines one takes the tick.
"""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import TypeVar, cast

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import Engine
from sqlmodel import Session

from civflow.db import make_engine, new_session, reading
from civflow.services.jobs import queue
from civflow.services.jobs.job import Job, kinds
from civflow.settings import Settings

log = logging.getLogger(__name__)

JOBS_VERSION = "1"  # goes up when a job goes away or takes other arguments: no worker takes up another version's jobs

Clock = Callable[[], datetime]
Kind = TypeVar("Kind", bound=Job)


def clock() -> datetime:
    """The only place of the worker that reads the time."""
    return datetime.now(UTC)


class Worker:
    """Every feature's jobs, and what they work with: an engine, the time, transactions."""

    def __init__(self, settings: Settings, engine: Engine, *, now: Clock = clock) -> None:
        self.settings, self.engine, self.now = settings, engine, now
        self.stopping = Event()
        self.jobs: dict[str, Job] = {name: kind(self) for name, kind in kinds().items()}

    def job(self, kind: type[Kind]) -> Kind:
        """The job of this kind, for whoever runs it without waiting for its time."""
        return cast(Kind, self.jobs[kind.name])

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes are committed at the end of the block."""
        with new_session(self.engine) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, and keeps nobody waiting."""
        with new_session(reading(self.engine)) as session:
            yield session

    def close(self) -> None:
        """Let every job end, and let go of what it keeps between its runs."""
        self.stopping.set()
        for job in self.jobs.values():
            job.close()


def run(settings: Settings) -> None:
    """Work until the process is told to stop: `civflow worker`."""
    told = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    with _working(settings, settings.worker or socket.gethostname()):
        told.wait()


@contextmanager
def start_embedded(settings: Settings) -> Iterator[Worker]:
    """Work in threads of this process while the block lasts: web and worker in one."""
    with _working(settings, f"{settings.worker or socket.gethostname()}/web") as worker:
        yield worker


@contextmanager
def _working(settings: Settings, name: str) -> Iterator[Worker]:
    """Launch DBOS under a name that is the same after a restart: then it takes up what it left."""
    engine = make_engine(settings)
    worker = Worker(settings, engine)
    config: DBOSConfig = {
        "name": queue.NAME,
        "system_database_url": settings.database_url,
        "application_version": JOBS_VERSION,
        "executor_id": name,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "scheduler_polling_interval_sec": 30.0,
    }
    DBOS(config=config)
    try:
        registered = {name: DBOS.workflow(name=name)(_as_dbos_calls(job)) for name, job in worker.jobs.items()}
        DBOS.launch()
        for queue_name in dict.fromkeys(job.queue for job in worker.jobs.values()):
            DBOS.register_queue(queue_name, worker_concurrency=1, polling_interval_sec=0.5)
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": name,
                    "workflow_fn": registered[name],
                    "schedule": job.schedule,
                    "context": None,
                    "queue_name": job.queue,
                }
                for name, job in worker.jobs.items()
                if job.schedule
            ]
        )
        _ask_for_what_the_nights_missed(worker)
        yield worker
    finally:
        worker.stopping.set()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=10)
        worker.close()
        engine.dispose()


def _as_dbos_calls(job: Job) -> Callable[..., None]:
    """A run as DBOS calls it, which gives jobs with a schedule their time and context."""

    def run(*_: object) -> None:
        try:
            job.run()
        except Exception:
            log.exception("The job %s failed; the next tick wakes it up again.", job.name)
            raise

    return run


def _ask_for_what_the_nights_missed(worker: Worker) -> None:
    """A machine that sleeps at night does it once in the morning."""
    with worker.transaction() as session:
        for name, job in worker.jobs.items():
            if job.catches_up:
                queue.enqueue(session, name, f"{worker.now():%Y-%m-%d}")
