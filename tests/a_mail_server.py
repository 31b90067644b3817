"""A real mail server for tests, and messages that wait to be sent to it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlmodel import Session

from civflow.models import Message, Person
from civflow.services.engine.advance import begin_many
from civflow.workflows.engine import CIVFLOW

CERTIFICATE = Path(__file__).parent / "mail_server.pem"  # for localhost, made for these tests, and its key


@dataclass
class Mailbox:
    """What the server took; `answers` are what it says to some addresses instead of taking their mail."""

    url: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds that the server thinks before it takes a message
    mails: list[EmailMessage] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802, aiosmtpd calls it so
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        time.sleep(self.pause)  # noqa: ASYNC251, the server may think as long as it likes: nobody else asks it
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(mail)  # type: ignore[arg-type]
        self.encrypted.append(session.ssl is not None or self.url.startswith("smtps:"))
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        good = isinstance(given, LoginPassword) and (given.login, given.password) == (b"civflow", b"p@ss word")
        self.signed_in += ["civflow"] if good else []
        return AuthResult(success=good, handled=False)


@contextmanager
def a_mail_server(*, tls: str = "", host: str = "127.0.0.1", **options: Any) -> Iterator[Mailbox]:
    """A server on a free port; `tls` is nothing, "starttls" or "smtps"."""
    mailbox, context = Mailbox(), None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    secured = {"starttls": {"tls_context": context}, "smtps": {"ssl_context": context}}.get(tls, {})
    with socket.socket() as free:
        free.bind((host, 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname=host, port=port, authenticator=mailbox.authenticate, **secured, **options)
    controller.start()
    mailbox.url = f"{'smtps' if tls == 'smtps' else 'smtp'}://{host}:{port}"
    try:
        yield mailbox
    finally:
        controller.stop()


def waiting_messages(session: Session, count: int, *, now: datetime, **columns: Any) -> list[Message]:
    """Messages to as many people that are due at `now`."""
    people = [Person(email=f"person{n}@example.org", name=f"Person {n}", created_at=now) for n in range(count)]
    session.add_all(people)
    session.flush()
    messages = [
        Message(
            **{
                "key": f"message-{n}",
                "person_id": person.id,
                "address": person.email,
                "subject": f"News {n}",
                "body": f"Hello {person.name},\n\nthere is news.",
                "about": f"/applications/{n}",
                "not_before": now,
                "state": "",
                "since": now,
                **columns,
            }
        )
        for n, person in enumerate(people)
    ]
    begin_many(session, messages, actor=CIVFLOW, now=now)
    return messages
