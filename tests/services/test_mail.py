"""Mail: through a real server; later, never, or once; and nothing that a message can break."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from civflow.db import new_session
from civflow.models import Message, Person
from civflow.services.documents import store as documents
from civflow.services.engine import history
from civflow.services.engine.advance import advance
from civflow.services.notifications import smtp
from civflow.services.notifications.jobs import SendMessages
from civflow.services.notifications.smtp import LEASE, TRIES, PostOffice
from civflow.settings import Settings, SettingsError
from civflow.worker import Worker
from civflow.workflows.engine import Actor, RoleHeld
from tests.a_mail_server import CERTIFICATE, Mailbox, a_mail_server, waiting_messages
from tests.services.documents_data import RECEIPT


@pytest.fixture
def worker(settings: Settings, engine: Engine, server: Mailbox, now: datetime) -> Iterator[Worker]:
    """A worker that sends through the server; its clock stands still."""
    worker = Worker(dataclasses.replace(settings, smtp_url=server.url), engine, now=lambda: now)
    yield worker
    worker.close()


def at(worker: Worker, moment: datetime) -> Worker:
    """The same worker at another time."""
    worker.now = lambda: moment
    return worker


def manager_of(session: Session, now: datetime) -> Actor:
    """A programme manager of the whole site."""
    person = Person(email="manager@example.org", name="Iona Grant", created_at=now)
    session.add(person)
    session.flush()
    return Actor(person.id, person.name, frozenset({RoleHeld("programme_manager", "site", None)}))


def steps_of(session: Session, message: Message) -> list[str]:
    return [entry.step for entry in reversed(history.history_of(session, "message", message.id or 0))]


def test_a_message_arrives_as_it_was_written(
    session: Session, worker: Worker, server: Mailbox, now: datetime, settings: Settings
) -> None:
    subject, body = "Ergebnis für “Dùn Èideann”", "Hello Zoë,\n\n.a line that begins with a dot\nFrom here on: naïve."
    [message] = waiting_messages(session, 1, now=now, subject=subject, body=body)
    session.commit()
    assert worker.job(SendMessages).run() == 1
    [received] = server.mails
    assert (received["From"], received["To"], received["Subject"]) == (
        settings.mail_from,
        "person0@example.org",
        subject,
    )
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime == now
    assert received["Message-ID"] == smtp.message_id_of(message, settings)
    assert received.get_content_type() == "text/plain"
    assert received.get_content().replace("\r\n", "\n") == f"{body}\n\n{settings.base_url}/applications/0\n"
    session.refresh(message)
    assert (message.state, message.sent_at, message.attempts) == ("sent", now, 1)
    assert steps_of(session, message) == ["begin", "send"]


def test_a_message_takes_its_document_along_and_waits_for_it(
    session: Session, worker: Worker, server: Mailbox, now: datetime, settings: Settings
) -> None:
    document = documents.ask(
        session,
        kind="receipt",
        key="r",
        title="Receipt 10.1-017: “Every field”",
        workflow="application",
        record_id=1,
        data=RECEIPT,
        now=now,
    )
    waiting_messages(session, 1, now=now, document_id=document.id)
    session.commit()
    assert worker.job(SendMessages).run() == 0
    documents.make(session, document.id or 0, files=settings.files, now=now)
    session.commit()
    assert worker.job(SendMessages).run() == 1
    [attached] = server.mails[0].iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == (
        "application/pdf",
        "receipt-10.1-017-every-field.pdf",
    )
    assert attached.get_content() == documents.read(document, files=settings.files)


def test_the_outbox_page_waits_for_no_document_since_it_links_to_it(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    document = documents.ask(
        session, kind="receipt", key="r", title="R", workflow="application", record_id=1, data=RECEIPT, now=now
    )
    waiting_messages(session, 1, now=now, document_id=document.id)
    session.commit()
    worker = Worker(dataclasses.replace(settings, smtp_url=""), engine, now=lambda: now)
    assert worker.job(SendMessages).is_waiting(session, now=now)
    session.commit()
    assert worker.job(SendMessages).run() == 1
    worker.close()


def test_a_lost_document_fails_the_message_with_the_reason(
    session: Session, worker: Worker, server: Mailbox, now: datetime, settings: Settings
) -> None:
    document = documents.ask(
        session, kind="receipt", key="r", title="R", workflow="application", record_id=1, data=RECEIPT, now=now
    )
    documents.make(session, document.id or 0, files=settings.files, now=now)
    (settings.files / document.path).write_bytes(b"changed")
    [message] = waiting_messages(session, 1, now=now, document_id=document.id)
    session.commit()
    assert worker.job(SendMessages).run() == 0
    session.refresh(message)
    assert (message.state, server.mails) == ("failed", [])
    last = history.last_entry(session, "message", message.id or 0)
    assert last is not None
    assert last.reason == f"The file of document {document.id} is not the one that was made."


def test_a_message_is_not_sent_before_its_time_or_after_it_was_cancelled(
    session: Session, worker: Worker, server: Mailbox, now: datetime
) -> None:
    early, cancelled = waiting_messages(session, 2, now=now)
    early.not_before = now + timedelta(seconds=30)
    advance(session, cancelled, "cancel", actor=manager_of(session, now), now=now, reason="It was a mistake.")
    session.commit()
    assert worker.job(SendMessages).run() == 0
    assert at(worker, now + timedelta(seconds=30)).job(SendMessages).run() == 1
    assert [received["To"] for received in server.mails] == ["person0@example.org"]
    session.refresh(cancelled)
    assert cancelled.state == "cancelled"


def test_one_that_was_cancelled_while_it_was_on_its_way_stays_cancelled(
    session: Session, now: datetime, settings: Settings
) -> None:
    [message] = waiting_messages(session, 1, now=now)
    assert smtp.claim(session, message.id or 0, settings=settings, now=now) is not None
    advance(session, message, "cancel", actor=manager_of(session, now), now=now, reason="Too late.")
    smtp.settle(session, message.id or 0, smtp.SENT, now=now)
    assert (message.state, steps_of(session, message)) == ("cancelled", ["begin", "cancel"])


def test_only_one_worker_claims_a_message(engine: Engine, session: Session, now: datetime, settings: Settings) -> None:
    [message] = waiting_messages(session, 1, now=now)
    session.commit()
    number = message.id or 0
    with new_session(engine) as another:
        assert smtp.claim(another, number, settings=settings, now=now) is not None
        another.commit()
        assert smtp.claim(another, number, settings=settings, now=now) is None
        another.commit()
    assert smtp.due(session, now=now + LEASE - timedelta(seconds=1), limit=5) == []
    assert smtp.due(session, now=now + LEASE, limit=5) == [number]
    letter = smtp.claim(session, number, settings=settings, now=now + LEASE)
    assert letter is not None
    assert letter.attempt == 2


def test_every_attempt_carries_the_same_message_id(session: Session, now: datetime, settings: Settings) -> None:
    first, second = waiting_messages(session, 2, now=now)
    letters = [
        smtp.claim(session, message.id or 0, settings=settings, now=moment)
        for message, moment in ((first, now), (first, now + LEASE), (second, now))
    ]
    ids = [letter.mail["Message-ID"] for letter in letters if letter]
    assert ids[0] == ids[1] != ids[2]


def test_what_the_server_refuses_for_good_fails_with_its_words(
    session: Session, worker: Worker, server: Mailbox, now: datetime
) -> None:
    server.answers["person0@example.org"] = "550 No such person here"
    refused, taken = waiting_messages(session, 2, now=now)
    session.commit()
    assert worker.job(SendMessages).run() == 1
    session.refresh(refused)
    session.refresh(taken)
    assert (refused.state, taken.state) == ("failed", "sent")
    last = history.last_entry(session, "message", refused.id or 0)
    assert last is not None
    assert last.reason == "The mail server said: 550 No such person here"


def test_what_the_server_refuses_for_now_is_tried_again_ever_later(
    session: Session, worker: Worker, server: Mailbox, now: datetime
) -> None:
    server.answers["person0@example.org"] = "451 Too busy"
    [message] = waiting_messages(session, 1, now=now)
    session.commit()
    waits, moment = [], now
    for _ in range(TRIES):
        assert at(worker, moment).job(SendMessages).run() == 0
        session.refresh(message)
        waits.append((message.not_before - moment) / timedelta(minutes=1))
        moment = message.not_before
        session.commit()
    assert waits[:-1] == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
    assert (message.state, message.attempts) == ("failed", TRIES)
    server.answers.clear()
    advance(session, message, "retry", actor=manager_of(session, now), now=moment, reason="It answers again.")
    session.commit()
    assert worker.job(SendMessages).run() == 0
    assert at(worker, moment + LEASE).job(SendMessages).run() == 1


def test_a_server_that_cannot_be_reached_costs_no_attempt(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    with a_mail_server() as gone:
        url = gone.url
    waiting_messages(session, 2, now=now)
    session.commit()
    worker = Worker(dataclasses.replace(settings, smtp_url=url), engine, now=lambda: now)
    assert worker.job(SendMessages).run() == 0
    assert [(m.state, m.attempts) for m in session.scalars(select(Message))] == [("waiting", 0)] * 2
    worker.close()


def test_a_connection_that_breaks_is_opened_again(
    session: Session, worker: Worker, server: Mailbox, now: datetime
) -> None:
    server.answers["person0@example.org"] = "421 Closing"
    waiting_messages(session, 2, now=now)
    session.commit()
    assert worker.job(SendMessages).run() == 1
    server.answers.clear()
    assert at(worker, now + timedelta(minutes=1)).job(SendMessages).run() == 1
    assert [received["To"] for received in server.mails] == ["person1@example.org", "person0@example.org"]


def test_a_subject_cannot_bring_headers_of_its_own(
    session: Session, worker: Worker, server: Mailbox, now: datetime
) -> None:
    subject = "Result\r\nBcc: everybody@example.org\n\nAnother body"
    waiting_messages(session, 1, now=now, subject=subject)
    session.commit()
    assert worker.job(SendMessages).run() == 1
    [received] = server.mails
    assert received["Subject"] == "Result Bcc: everybody@example.org Another body"
    assert (received["Bcc"], received["To"]) == (None, "person0@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org, b@example.org",
        "a b@example.org",
        "nobody",
        "",
        "A <a@example.org>",
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_no_address_fails(
    session: Session, worker: Worker, server: Mailbox, now: datetime, address: str
) -> None:
    [message] = waiting_messages(session, 1, now=now, address=address)
    session.commit()
    assert worker.job(SendMessages).run() == 0
    session.refresh(message)
    assert (message.state, server.mails) == ("failed", [])
    last = history.last_entry(session, "message", message.id or 0)
    assert last is not None
    assert last.reason == f"“{address}” is not an e-mail address."


def delivered(url: str, letter: smtp.Letter) -> smtp.Result:
    with closing(PostOffice(url)) as office:
        return office.deliver(letter)


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_mail_is_encrypted_and_the_password_is_given(
    session: Session, settings: Settings, now: datetime, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    [message] = waiting_messages(session, 1, now=now)
    letter = smtp.claim(session, message.id or 0, settings=settings, now=now)
    assert letter is not None
    with a_mail_server(tls=tls, auth_require_tls=tls == "starttls") as server:
        assert delivered(server.url.replace("://", "://civflow:p%40ss%20word@"), letter) == smtp.SENT
    assert (server.encrypted, server.signed_in) == ([True], ["civflow"])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_wrong_password_or_a_stranger_s_certificate_is_no_fault_of_the_message(
    session: Session, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    [message] = waiting_messages(session, 1, now=now)
    letter = smtp.claim(session, message.id or 0, settings=settings, now=now)
    assert letter is not None
    with a_mail_server(tls="starttls") as server:
        stranger = delivered(server.url, letter)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        wrong = delivered(server.url.replace("://", "://civflow:wrong@"), letter)
    assert (stranger.kind, wrong.kind, server.mails) == ("later", "later", [])
    assert "certificate verify failed" in stranger.reason


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_password_is_not_told_over_an_open_line(session: Session, settings: Settings, now: datetime) -> None:
    [message] = waiting_messages(session, 1, now=now)
    letter = smtp.claim(session, message.id or 0, settings=settings, now=now)
    assert letter is not None
    with a_mail_server(host="127.0.0.2", auth_require_tls=False) as server:
        result = delivered(server.url.replace("://", "://civflow:p%40ss%20word@"), letter)
    assert result == smtp.Result("later", "The mail server offers no encryption, so it is not told the password.")
    assert server.signed_in == []


@pytest.mark.parametrize("knows_utf8", [True, False])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_address_in_other_letters_needs_a_server_that_knows_them(
    session: Session, settings: Settings, now: datetime, knows_utf8: bool
) -> None:
    [message] = waiting_messages(session, 1, now=now, address="zoë@dùn.example.org")
    letter = smtp.claim(session, message.id or 0, settings=settings, now=now)
    assert letter is not None
    with a_mail_server(enable_SMTPUTF8=knows_utf8) as server:
        result = delivered(server.url, letter)
    taken = [received["To"] for received in server.mails]
    assert (result.kind, taken) == (("sent", ["zoë@dùn.example.org"]) if knows_utf8 else ("never", []))


@pytest.mark.parametrize("url", ["http://host", "smtp://", "host:25"])
def test_what_is_no_mail_server_is_refused_at_once(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^CIVFLOW_SMTP_URL must look like"):
        PostOffice(url)


def test_the_demonstration_s_mail_goes_to_the_outbox_page(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    messages = waiting_messages(session, 5, now=now)
    messages[4].not_before = now + timedelta(seconds=1)
    session.commit()
    worker = Worker(settings, engine, now=lambda: now)
    assert (worker.job(SendMessages).run(), worker.job(SendMessages).run()) == (4, 0)
    for message in messages:
        session.refresh(message)
    assert [m.state for m in messages] == ["sent"] * 4 + ["waiting"]
    assert [m.sent_at for m in messages] == [now] * 4 + [None]


def test_without_a_mail_server_nothing_leaves_outside_of_the_demonstration(
    session: Session, settings: Settings, engine: Engine, now: datetime
) -> None:
    [message] = waiting_messages(session, 1, now=now)
    session.commit()
    worker = Worker(dataclasses.replace(settings, demonstration=False), engine, now=lambda: now)
    assert worker.job(SendMessages).run() == 0
    session.refresh(message)
    assert message.state == "waiting"
