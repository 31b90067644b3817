"""The background worker: the tick, mail, documents, the nightly seal; in its own process or inside the web's.

Every job looks at the rows that wait and does what it finds, so it may run twice, stop anywhere, and be taken
up by any worker. DBOS wakes the workers up and sees to it that of many machines one takes the tick.
"""

from __future__ import annotations

import logging
import signal
import smtplib
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import Engine

from civflow.db import make_engine, new_session, reading
from civflow.models import Document
from civflow.services import following
from civflow.services.documents import store as documents
from civflow.services.documents.pool import Order, PrintRoom
from civflow.services.documents.render import CannotRender
from civflow.services.engine import deadlines, history
from civflow.services.jobs import queue as jobs
from civflow.services.notifications import smtp
from civflow.settings import Settings

log = logging.getLogger(__name__)

JOBS_VERSION = "1"  # goes up when a job takes other arguments: then no worker takes up another version's jobs
AT_ONCE = 8  # documents that are printed before they are written down
OUTBOX_AT_ONCE = 200
SCHEDULES = {"tick": "*/5 * * * * *", "seal_days": "10 0 * * *", "purge": "40 3 * * *"}  # UTC

Clock = Callable[[], datetime]


def clock() -> datetime:
    """The only place of the worker that reads the time."""
    return datetime.now(UTC)


class Worker:
    """What the jobs need: an engine, printers, a line to the mail server; and the jobs as plain methods."""

    def __init__(self, settings: Settings, engine: Engine, *, now: Clock = clock) -> None:
        self.settings, self.engine, self.now = settings, engine, now
        self.stopping = Event()
        self._room: PrintRoom | None = None
        self._office = smtp.PostOffice(settings.smtp_url) if settings.smtp_url else None
        self._mail_rests_until: datetime | None = None
        self._refused: dict[int, tuple[int, datetime]] = {}  # document -> failures, and when to try again
        self._begun: dict[int, Future[bytes | CannotRender]] = {}  # document -> what will come of it
        self._mailing, self._printing = Lock(), Lock()
        self.jobs: dict[str, Callable[[], object]] = {
            "tick": self.tick,
            "send_message": self.send_messages,
            "make_document": self.make_documents,
            "tell_followers": self.tell_followers,
            "seal_days": self.seal_days,
            "purge": self.purge,
        }

    def tick(self) -> None:
        """Take the steps that are due, and ask for the jobs of rows that wait, unless this process is at them."""
        now = self.now()
        with new_session(self.engine) as session:
            tick = deadlines.take_due_steps(session, now=now)
            session.commit()
        for stuck in tick.stuck:
            log.debug("%s %s cannot %s: %s", *stuck[:3], " ".join(stuck.sentences))
        with new_session(reading(self.engine)) as session:
            mail_waits = not self._mailing.locked() and bool(smtp.due(session, now=now, limit=1))
            documents_wait = not self._printing.locked() and documents.are_waiting(session)
            followers_wait = following.is_waiting(session, now=now)
        waiting = {"send_message": mail_waits, "make_document": documents_wait, "tell_followers": followers_wait}
        if any(waiting.values()):
            self._wake(now, [job for job, waits in waiting.items() if waits])

    def _wake(self, now: datetime, names: list[str]) -> None:
        with new_session(self.engine) as session:
            for name in names:
                jobs.enqueue(session, name, f"tick-{now:%Y%m%dT%H%M%S}")
            session.commit()

    def tell_followers(self) -> int:
        """Compare new challenges with saved searches, and write the daily messages that are due; how many messages."""
        told = 0
        with new_session(self.engine) as session:
            told += following.compare_with_searches(session, now=self.now())
            session.commit()
        while not self.stopping.is_set():
            with new_session(self.engine) as session:
                written = following.send_daily(session, base_url=self.settings.base_url, now=self.now())
                session.commit()
            told += written
            if not written:
                break
        return told

    def send_messages(self) -> int:
        """Send everything that is due; how many left for good."""
        with self._mailing:
            return self._send_by_server() if self._office else self._show_in_outbox()

    def _show_in_outbox(self) -> int:
        if not self.settings.demonstration:
            log.warning("CIVFLOW_SMTP_URL names no mail server: messages wait.")
            return 0
        sent = 0
        while not self.stopping.is_set():
            with new_session(self.engine) as session:
                due = smtp.due(session, now=self.now(), limit=OUTBOX_AT_ONCE)
                moved = smtp.show_in_outbox(session, due, now=self.now()) if due else 0
                session.commit()
            sent += moved
            if not moved:
                break
        return sent

    def _send_by_server(self) -> int:
        if self._mail_rests_until and self.now() < self._mail_rests_until:
            return 0
        sent = 0
        try:
            while due := self._due_now():
                sent += sum(self._send_one(message_id) for message_id in due if not self.stopping.is_set())
        except (OSError, smtplib.SMTPException) as broken:
            self._mail_rests_until = self.now() + timedelta(seconds=30)
            log.warning("The mail server cannot be reached, next try in 30 seconds: %s", broken)
        finally:
            self._line().close()
        return sent

    def _line(self) -> smtp.PostOffice:
        assert self._office is not None  # noqa: S101
        return self._office

    def _due_now(self) -> list[int]:
        if self.stopping.is_set():
            return []
        with new_session(reading(self.engine)) as session:
            return smtp.due(session, now=self.now(), limit=50)

    def _send_one(self, message_id: int) -> bool:
        """Claim, commit, hand over, write down, commit. Raises OSError or SMTPException if nobody listens."""
        self._line().open()
        with new_session(self.engine) as session:
            letter = smtp.claim(session, message_id, settings=self.settings, now=self.now())
            session.commit()
            if letter is None:
                return False
            result = self._line().deliver(letter)
            smtp.settle(session, message_id, result, now=self.now())
            session.commit()
        return result.kind == "sent"

    def make_documents(self, progress: Callable[[int], None] | None = None, *, before: datetime | None = None) -> int:
        """Make every document that waits, or that was asked for before a moment; how many.

        `progress` hears every few how many are made.
        """
        made = 0
        with self._printing:
            while not self.stopping.is_set():
                tried, done = self._make_some(before)
                made += done
                if not tried:
                    break
                if progress:
                    progress(made)
        return made

    def begin_documents(self) -> None:
        """Let what waits be printed while the caller does something else; `make_documents` keeps what came of it."""
        with self._printing, new_session(reading(self.engine)) as session:
            for document in documents.waiting(session, leave_out=list(self._begun)):
                self._begun[document.id or 0] = self._print(document)

    def _print(self, document: Document) -> Future[bytes | CannotRender]:
        order = Order(document.kind, document.data, self.settings.base_url)
        return self._begun.pop(document.id or 0, None) or self._print_room().begin(order)

    def _make_some(self, before: datetime | None) -> tuple[int, int]:
        """Print a few documents; how many were tried, and how many were made."""
        now = self.now()
        resting = [document for document, (_, until) in self._refused.items() if until > now]
        with new_session(self.engine) as session:
            some = documents.waiting(session, limit=AT_ONCE, leave_out=resting, before=before)
            if not some:
                return 0, 0
            if self.settings.is_sqlite:
                session.commit()  # nobody else could write while we print; elsewhere the locks keep them ours
            made = 0
            for document, printed in [(document, self._print(document)) for document in some]:
                pdf = printed.result()
                if isinstance(pdf, CannotRender):
                    self._let_rest(document.id or 0, str(pdf), now)
                else:
                    made += documents.keep(session, document, pdf, files=self.settings.files, now=self.now())
            session.commit()
        return len(some), made

    def _let_rest(self, document_id: int, why: str, now: datetime) -> None:
        """A document that cannot be made is tried again ever more seldom, and holds up no other."""
        failures = self._refused.get(document_id, (0, now))[0] + 1
        self._refused[document_id] = (failures, now + timedelta(minutes=min(2 ** (failures - 1), 240)))
        log.error("Document %s cannot be made: %s", document_id, why)

    def _print_room(self) -> PrintRoom:
        if self._room is None:
            self._room = PrintRoom()
        return self._room

    def seal_days(self) -> None:
        """Seal every day that is over."""
        with new_session(self.engine) as session:
            history.seal_days(session, now=self.now())
            session.commit()

    def purge(self) -> None:
        """Delete what nobody needs any more: jobs that ended, sign-ins that are over."""
        jobs.purge(self.engine, now=self.now())
        with new_session(self.engine) as session:
            jobs.forget_sign_ins(session, now=self.now())
            session.commit()

    def close(self) -> None:
        """End the printers and the line to the mail server."""
        self.stopping.set()
        if self._room:
            self._room.close()
        if self._office:
            self._office.close()


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
        "name": jobs.NAME,
        "system_database_url": settings.database_url,
        "application_version": JOBS_VERSION,
        "executor_id": name,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "scheduler_polling_interval_sec": 30.0,
    }
    DBOS(config=config)
    try:
        registered = {name: DBOS.workflow(name=name)(_job(name, body)) for name, body in worker.jobs.items()}
        DBOS.launch()
        for queue in jobs.QUEUES:
            DBOS.register_queue(queue, worker_concurrency=1, polling_interval_sec=0.5)
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": name,
                    "workflow_fn": registered[name],
                    "schedule": when,
                    "context": None,
                    "queue_name": jobs.JOBS[name].queue,
                }
                for name, when in SCHEDULES.items()
            ]
        )
        _ask_for_what_the_nights_missed(worker)
        yield worker
    finally:
        worker.stopping.set()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=10)
        worker.close()
        engine.dispose()


def _job(name: str, body: Callable[[], object]) -> Callable[..., None]:
    """A job as DBOS calls it, which gives those with a schedule their time and context."""

    def job(*_: object) -> None:
        try:
            body()
        except Exception:
            log.exception("The job %s failed; the next tick wakes it up again.", name)
            raise

    return job


def _ask_for_what_the_nights_missed(worker: Worker) -> None:
    """A machine that sleeps at night does it once in the morning."""
    with new_session(worker.engine) as session:
        for name in ("seal_days", "purge"):
            jobs.enqueue(session, name, f"{worker.now():%Y-%m-%d}")
        session.commit()
