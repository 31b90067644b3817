"""The job that sends mail: to the mail server, or to the demonstration's outbox page."""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from threading import Lock

from sqlmodel import Session

from civflow.services.jobs.job import Job, Workplace
from civflow.services.notifications import smtp

log = logging.getLogger(__name__)

OUTBOX_AT_ONCE = 200
SERVER_AT_ONCE = 50
REST = timedelta(seconds=30)  # after a mail server that nobody reached


class SendMessages(Job):
    """Send everything that is due. The line to the mail server is opened when it is needed."""

    name = "send_message"
    queue = "mail"
    drains = True

    def __init__(self, work: Workplace) -> None:
        super().__init__(work)
        self._office = smtp.PostOffice(work.settings.smtp_url) if work.settings.smtp_url else None
        self._rests_until: datetime | None = None
        self._sending = Lock()

    def is_waiting(self, session: Session, *, now: datetime) -> bool:
        return not self._sending.locked() and bool(self._due(session, now=now, limit=1))

    def _due(self, session: Session, *, now: datetime, limit: int) -> list[int]:
        """A mail takes its document along; the outbox page links to it, finished or not."""
        return smtp.due(session, now=now, limit=limit, attached=self._office is not None)

    def run(self) -> int:
        """How many left for good."""
        with self._sending:
            return self._send_by_server(self._office) if self._office else self._show_in_outbox()

    def _show_in_outbox(self) -> int:
        if not self.work.settings.demonstration:
            log.warning("CIVFLOW_SMTP_URL names no mail server: messages wait.")
            return 0
        sent = 0
        while not self.work.stopping.is_set():
            with self.work.transaction() as session:
                due = self._due(session, now=self.work.now(), limit=OUTBOX_AT_ONCE)
                moved = smtp.show_in_outbox(session, due, now=self.work.now()) if due else 0
            sent += moved
            if not moved:
                break
        return sent

    def _send_by_server(self, office: smtp.PostOffice) -> int:
        if self._rests_until and self.work.now() < self._rests_until:
            return 0
        sent = 0
        try:
            while due := self._due_now():
                sent += sum(self._send_one(office, each) for each in due if not self.work.stopping.is_set())
        except (OSError, smtplib.SMTPException) as broken:
            self._rests_until = self.work.now() + REST
            log.warning("The mail server cannot be reached, next try in %s seconds: %s", REST.seconds, broken)
        finally:
            office.close()
        return sent

    def _due_now(self) -> list[int]:
        if self.work.stopping.is_set():
            return []
        with self.work.reading() as session:
            return self._due(session, now=self.work.now(), limit=SERVER_AT_ONCE)

    def _send_one(self, office: smtp.PostOffice, message_id: int) -> bool:
        """Claim, commit, hand over, write down, commit. Raises OSError or SMTPException if nobody listens."""
        office.open()
        with self.work.transaction() as session:
            letter = smtp.claim(session, message_id, settings=self.work.settings, now=self.work.now())
        if letter is None:
            return False
        result = office.deliver(letter)
        with self.work.transaction() as session:
            smtp.settle(session, message_id, result, now=self.work.now())
        return result.kind == "sent"

    def close(self) -> None:
        """End the line to the mail server."""
        if self._office:
            self._office.close()


JOBS = (SendMessages,)
