"""Jobs: true together with their rows, found again when a worker is lost, and never done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, text
from sqlmodel import Session, col, select

from civflow.db import new_session, reading
from civflow.demonstration import begun_at
from civflow.models import Document, History, Message, Person, SignIn, SignInLink
from civflow.services.documents import store as documents
from civflow.services.documents.jobs import MakeDocuments
from civflow.services.engine import history
from civflow.services.engine.jobs import Tick
from civflow.services.jobs import queue as jobs
from civflow.services.jobs.job import kinds
from civflow.services.notifications import smtp
from civflow.services.notifications.jobs import SendMessages
from civflow.services.people.sign_ins import KEPT, forget
from civflow.settings import Settings
from civflow.worker import JOBS_VERSION, Worker, start_embedded
from tests.a_mail_server import Mailbox, waiting_messages
from tests.services.documents_data import RECEIPT

ROOT = Path(__file__).parents[2]


def asked_for(session: Session) -> list[tuple[str, str]]:
    """The jobs in the database: id and state."""
    table = "workflow_status" if session.get_bind().dialect.name == "sqlite" else "dbos.workflow_status"
    rows = session.connection().execute(text(f"SELECT workflow_uuid, status FROM {table} ORDER BY workflow_uuid"))
    return [(row[0], row[1]) for row in rows]


@pytest.fixture
def prepared(engine: Engine) -> Engine:
    jobs.prepare(engine)
    return engine


def test_jobs_keep_their_names_queues_and_schedules() -> None:
    """They stand in the database of whoever runs civflow. A new job is a line here; one that goes away, or that takes other
    arguments, also raises JOBS_VERSION."""
    kept = {name: (kind.queue, kind.drains, kind.schedule, kind.catches_up) for name, kind in kinds().items()}

    assert JOBS_VERSION == "1"
    assert kept == {
        "tick": ("clock", False, "*/5 * * * * *", False),
        "seal_days": ("clock", False, "10 0 * * *", True),
        "purge": ("clock", False, "40 3 * * *", True),
        "make_document": ("documents", True, "", False),
        "send_message": ("mail", True, "", False),
        "tell_followers": ("mail", True, "", False),
        "verify_record": ("audit", True, "", False),
    }


def test_where_the_database_was_not_prepared_nothing_is_asked_for(session: Session) -> None:
    jobs.enqueue(session, "seal_days", "2026-01-04")
    assert not jobs.is_prepared(session)


def test_preparing_twice_does_no_harm(prepared: Engine, session: Session) -> None:
    jobs.prepare(prepared)
    assert jobs.is_prepared(session)
    assert asked_for(session) == []


def test_the_same_key_twice_is_one_job(prepared: Engine, session: Session) -> None:
    for key in ("2026-01-04", "2026-01-04", "2026-01-05"):
        jobs.enqueue(session, "seal_days", key)
        session.commit()
    assert asked_for(session) == [("seal_days:2026-01-04", "ENQUEUED"), ("seal_days:2026-01-05", "ENQUEUED")]


def test_a_job_is_true_together_with_its_row(prepared: Engine, session: Session, now: datetime) -> None:
    ask_for_receipts(session, 1, now)
    session.rollback()
    assert (asked_for(session), session.scalars(select(Document)).all()) == ([], [])
    ask_for_receipts(session, 1, now)
    session.commit()
    [document] = session.scalars(select(Document))
    assert asked_for(session) == [(f"make_document:document-{document.id}", "ENQUEUED")]


def test_one_run_serves_all_rows_of_a_transaction(prepared: Engine, session: Session) -> None:
    for transaction in (1, 2):
        for row in range(3):
            jobs.enqueue(session, "send_message", f"message-{transaction}-{row}", row)
        session.commit()
    assert asked_for(session) == [("send_message:message-1-0", "ENQUEUED"), ("send_message:message-2-0", "ENQUEUED")]


def test_a_job_may_wait(prepared: Engine, session: Session) -> None:
    jobs.enqueue(session, "send_message", "later", after=timedelta(seconds=30))
    assert asked_for(session) == [("send_message:later", "DELAYED")]


def test_an_unknown_job_is_refused(session: Session) -> None:
    with pytest.raises(KeyError):
        jobs.enqueue(session, "brew_tea", "now")


def test_old_jobs_are_deleted(prepared: Engine, session: Session) -> None:
    jobs.enqueue(session, "seal_days", "2026-01-04")
    session.commit()
    today = datetime.now(UTC)
    assert jobs.purge(prepared, now=today) == 0
    assert jobs.purge(prepared, now=today + jobs.KEPT + timedelta(minutes=1)) == 1
    assert asked_for(session) == []


def test_old_sign_ins_are_forgotten(session: Session, now: datetime) -> None:
    session.add(Person(id=1, email="a@example.org", name="A", created_at=now))
    session.flush()
    for number, ago in enumerate((timedelta(), KEPT, KEPT + timedelta(seconds=1))):
        moments = {"created_at": now - timedelta(days=9), "expires_at": now - ago}
        session.add(SignIn(person_id=1, token_hash=f"s{number}", **moments))
        session.add(SignInLink(person_id=1, token_hash=f"l{number}", **moments))
    session.flush()
    assert forget(session, now=now) == 2
    assert sorted(session.scalars(select(SignIn.token_hash))) == ["s0", "s1"]


def test_the_tick_asks_again_for_what_waits(
    prepared: Engine, session: Session, settings: Settings, now: datetime
) -> None:
    waiting_messages(session, 2, now=now)
    session.add(
        Document(key="d", kind="receipt", title="R", workflow="application", record_id=1, data={}, asked_at=now)
    )
    session.commit()
    Worker(settings, prepared, now=lambda: now).job(Tick).run()
    assert asked_for(session) == [
        ("make_document:tick-20260105T120000", "ENQUEUED"),
        ("send_message:tick-20260105T120000", "ENQUEUED"),
    ]


def test_the_tick_asks_for_nothing_where_nothing_waits(
    prepared: Engine, session: Session, settings: Settings, now: datetime
) -> None:
    Worker(settings, prepared, now=lambda: now).job(Tick).run()
    assert asked_for(session) == []


def test_a_document_that_cannot_be_made_rests_and_holds_up_no_other(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    bad, good = (
        documents.ask(
            session, kind="receipt", key=key, title="R", workflow="application", record_id=1, data=data, now=now
        )
        for key, data in (("bad", {}), ("good", RECEIPT))
    )
    session.commit()
    clock = [now]
    worker = Worker(settings, engine, now=lambda: clock[0])
    try:
        assert (worker.job(MakeDocuments).run(), worker.job(MakeDocuments).run()) == (1, 0)
        session.refresh(good)
        session.refresh(bad)
        assert (good.made_at, bad.made_at) == (now, None)
        bad.data = RECEIPT
        session.commit()
        assert worker.job(MakeDocuments).run() == 0
        clock[0] = now + timedelta(minutes=1)
        assert worker.job(MakeDocuments).run() == 1
    finally:
        worker.close()


def test_of_what_waits_only_that_is_made_which_is_needed_now(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    first, second = ask_for_receipts(session, 2, now)
    session.commit()
    worker = Worker(settings, engine, now=lambda: now)
    try:
        printing = worker.job(MakeDocuments)
        printing.begin(only=[second.id or 0])
        assert printing.run(only=[second.id or 0]) == 1
        session.expire_all()
        assert (first.made_at, second.made_at) == (None, now)
        session.commit()
        assert (printing.run(only=[]), printing.run()) == (0, 1)
    finally:
        worker.close()


def test_what_the_story_of_the_demonstration_asked_for_is_made_as_of_then(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    end = now - timedelta(days=2)
    begun_at(session, end=end)
    for number, asked_at in enumerate((end - timedelta(days=90), end, end + timedelta(seconds=1))):
        [document] = ask_for_receipts(session, 1, asked_at)
        document.key = f"of the story {number}"
        session.flush()
    session.commit()
    worker = Worker(settings, engine, now=lambda: now)
    try:
        worker.job(MakeDocuments).run()
    finally:
        worker.close()
    session.expire_all()
    made_at = session.scalars(select(Document.made_at).order_by(col(Document.id))).all()
    assert made_at == [end - timedelta(days=90), end, now]


def test_a_worker_inside_the_web_does_what_is_asked_for(
    prepared: Engine, session: Session, settings: Settings, now: datetime
) -> None:
    [document] = ask_for_receipts(session, 1, now)
    [message] = waiting_messages(session, 1, now=now, document_id=document.id)
    jobs.enqueue(session, "send_message", f"message-{message.id}", message.id)
    session.commit()
    with start_embedded(settings):
        until(lambda: (sent(prepared), made(prepared)) == (1, 1))
    session.refresh(document)
    assert documents.read(document, files=settings.files).startswith(b"%PDF-1.7")
    assert dict(asked_for(session))[f"make_document:document-{document.id}"] == "SUCCESS"


@contextmanager
def a_worker(settings: Settings, name: str = "tests") -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, as `civflow worker` runs it; killed at the end if nobody did so before."""
    environment = {
        **os.environ,
        "CIVFLOW_DATABASE_URL": settings.database_url,
        "CIVFLOW_FILES": str(settings.files),
        "CIVFLOW_SMTP_URL": settings.smtp_url,
        "CIVFLOW_DEMONSTRATION": "1",
        "CIVFLOW_WORKER": name,
        "PYTHONPATH": str(ROOT),
        "CIVFLOW_SQLITE_SYNCHRONOUS": "NORMAL",
    }
    code = "from civflow.worker import run; from civflow.settings import read_settings; run(read_settings())"
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def ask_for_receipts(session: Session, count: int, now: datetime) -> list[Document]:
    return [
        documents.ask(
            session,
            kind="receipt",
            key=f"receipt-{n}",
            title=f"Receipt {n}",
            workflow="application",
            record_id=n,
            data={**RECEIPT, "number": n},
            now=now,
        )
        for n in range(count)
    ]


def until(happened: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "It did not happen in time."
        time.sleep(0.02)


def sent(engine: Engine) -> int:
    with new_session(reading(engine)) as session:
        return session.scalar(select(func.count()).where(col(Message.state) == "sent")) or 0


def made(engine: Engine) -> int:
    with new_session(reading(engine)) as session:
        return session.scalar(select(func.count()).where(col(Document.made_at).is_not(None))) or 0


def children_of(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def check_documents(engine: Engine, settings: Settings, count: int) -> None:
    """Each document is there, once, and nothing half written is left."""
    with new_session(engine) as session:
        rows = session.scalars(select(Document)).all()
        assert len(rows) == count
        for row in rows:
            documents.read(row, files=settings.files)
        kept = {path.relative_to(settings.files).as_posix() for path in settings.files.rglob("*.pdf")}
        assert kept == {row.path for row in rows}


@pytest.mark.slow
def test_killed_again_and_again_each_message_is_sent_once_and_each_document_made_once(
    prepared: Engine, session: Session, settings: Settings, now: datetime
) -> None:
    receipts = ask_for_receipts(session, 20, now)
    for number, message in enumerate(waiting_messages(session, 60, now=now)):
        if number % 3 == 0:
            message.document_id = receipts[number // 3].id
    session.commit()
    for goal in (1, 10):
        with a_worker(settings) as worker:
            until(lambda goal=goal: made(prepared) >= goal)
            printers = children_of(worker.pid)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            until(lambda printers=printers: not any(map(is_running, printers)), seconds=30)
    with a_worker(settings):
        until(lambda: (sent(prepared), made(prepared)) == (60, 20))
    check_documents(prepared, settings, 20)
    steps = Counter(session.execute(select(History.record_id).where(col(History.step) == "send")).scalars())
    assert sorted(steps.values()) == [1] * 60
    assert history.verify(session).broken is None


@pytest.mark.slow
def test_killed_while_it_speaks_to_the_mail_server_at_most_one_message_is_told_twice(
    prepared: Engine, session: Session, settings: Settings, now: datetime, server: Mailbox
) -> None:
    to_server = type(settings)(**{**vars(settings), "smtp_url": server.url})
    server.pause = 0.01
    waiting_messages(session, 60, now=now)
    session.commit()
    for goal in (10, 30):
        with a_worker(to_server) as worker:
            until(lambda goal=goal: len(server.mails) >= goal)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    with a_worker(to_server):
        until(lambda: sent(prepared) >= 58)  # one for each kill may be in doubt
    with a_worker_at(to_server, prepared, datetime.now(UTC) + smtp.LEASE) as later:
        later.job(SendMessages).run()
    assert sent(prepared) == 60
    times = Counter(received["Message-ID"] for received in server.mails)
    assert len(times) == 60
    assert sum(times.values()) <= 60 + 2
    assert history.verify(session).broken is None


@contextmanager
def a_worker_at(settings: Settings, engine: Engine, moment: datetime) -> Iterator[Worker]:
    worker = Worker(settings, engine, now=lambda: moment)
    try:
        yield worker
    finally:
        worker.close()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_a_lost_worker_left_another_one_takes_up(
    prepared: Engine, session: Session, settings: Settings, now: datetime
) -> None:
    ask_for_receipts(session, 20, now)
    session.commit()
    with a_worker(settings, "first") as first, a_worker(settings, "second"):
        until(lambda: made(prepared) >= 1)
        first.send_signal(signal.SIGKILL)
        until(lambda: made(prepared) == 20)
    check_documents(prepared, settings, 20)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_worker_that_is_told_to_stop_stops(prepared: Engine, settings: Settings) -> None:
    with a_worker(settings) as worker:
        until(lambda: any(state == "SUCCESS" for state in states(prepared)))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0


def states(engine: Engine) -> list[str]:
    with new_session(reading(engine)) as session:
        return [state for _, state in asked_for(session)]
