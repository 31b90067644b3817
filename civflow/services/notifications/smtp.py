"""Mail: messages of the outbox leave for the mail server, or for the demonstration's own outbox page.

A message is claimed (its attempt counted, its next one put off by LEASE) and committed before anything is
said to the server, and marked as sent right after the server took it. A process that dies between the
server's yes and our mark leaves one message in doubt, which is sent again after LEASE: a decision that nobody
hears of is worse than one that is told twice, and both copies carry the same Message-ID. In the demonstration
sending is the mark itself, so there every message is sent exactly once.
"""

from __future__ import annotations

import hashlib
import logging
import re
import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sqlalchemy import update
from sqlmodel import Session, col, select

from civflow.models import Document, Message
from civflow.services.documents import store as documents
from civflow.services.engine.advance import advance, advance_many
from civflow.settings import Settings, SettingsError
from civflow.workflows.engine import CIVFLOW, Conflicted, Refused
from civflow.workflows.notifications import SIGN_IN, WAITING

log = logging.getLogger(__name__)

TIMEOUT = 20  # seconds that the server may take for each answer: the longest conversation ends before LEASE
LEASE = timedelta(minutes=4)  # how long a claimed message is left to whoever claimed it
TRIES = 12  # 1, 2, 4, ... minutes apart, at most 4 hours: a day in all
LONGEST_WAIT = timedelta(hours=4)


class Letter(NamedTuple):
    """A claimed message as it goes to the server; `attempt` counts from 1."""

    message_id: int
    attempt: int
    mail: EmailMessage


class Result(NamedTuple):
    """What became of a letter: `sent`, `later` or `never`, and what the server said."""

    kind: str
    reason: str = ""


SENT = Result("sent")


def due(session: Session, *, now: datetime, limit: int, attached: bool = True) -> list[int]:
    """Messages whose time has come, the longest waiting first; those that are `attached` a document once it is made."""
    query = select(Message.id).where(col(Message.state).in_(WAITING), col(Message.not_before) <= now)
    if attached:
        query = query.outerjoin(Document, col(Message.document_id) == col(Document.id))
        query = query.where(col(Message.document_id).is_(None) | col(Document.made_at).is_not(None))
    query = query.order_by(col(Message.not_before), col(Message.id)).limit(limit)
    return [message_id for message_id in session.exec(query) if message_id is not None]


def show_in_outbox(session: Session, message_ids: Sequence[int], *, now: datetime) -> int:
    """Send to the demonstration's outbox page, which lists what is sent; how many left."""
    return len(advance_many(session, Message, message_ids, "send", actor=CIVFLOW, now=now).moved)


def claim(session: Session, message_id: int, *, settings: Settings, now: datetime) -> Letter | None:
    """Take a message for sending; None if it is not due (any more) or cannot be written as mail.

    The caller commits before the letter goes to the server.
    """
    message = session.get_one(Message, message_id, populate_existing=True)
    mine = update(Message).where(
        col(Message.id) == message_id,
        col(Message.state).in_(WAITING),
        col(Message.not_before) <= now,
        col(Message.attempts) == message.attempts,
    )
    taken = mine.values(attempts=message.attempts + 1, not_before=now + LEASE)
    if session.connection().execute(taken).rowcount != 1:
        return None
    session.refresh(message)
    try:
        return Letter(message_id, message.attempts, write(session, message, settings=settings, now=now))
    except (ValueError, OSError) as error:
        settle(session, message_id, Result("never", str(error)), now=now)
        return None


def write(session: Session, message: Message, *, settings: Settings, now: datetime) -> EmailMessage:
    """The message as mail: plain text, its page's address below, its document attached.

    Raises ValueError for what cannot be an address or a header, OSError or ValueError for a lost document.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = settings.mail_from
    mail["To"] = _address(message.address)
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id_of(message, settings)
    mail["Auto-Submitted"] = "auto-generated"
    link = f"\n\n{settings.base_url}{message.about}" if message.about else ""
    stop = ""
    if message.unsubscribe:
        address = f"{settings.base_url}{message.unsubscribe}"
        mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"] = (
            f"<{address}>",
            "List-Unsubscribe=One-Click",
        )  # RFC 8058
        stop = f"\n\nStop these messages: {address}"
    mail.set_content(f"{message.body.rstrip()}{link}{stop}\n")
    if message.document_id:
        document = session.get_one(Document, message.document_id)
        pdf = documents.read(document, files=settings.files)
        mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=file_name(document))
    return mail


def _address(address: str) -> str:
    if re.search(r"[\s,;<>]", address) or parseaddr(address)[1] != address or "@" not in address:
        raise ValueError(f"“{address}” is not an e-mail address.")
    return address


def message_id_of(message: Message, settings: Settings) -> str:
    """The same for every attempt, so that a mailbox can tell a second copy."""
    digest = hashlib.sha256(f"{message.key}|{message.address}".encode()).hexdigest()[:24]
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"
    return f"<{message.id}.{digest}@{domain}>"


def file_name(document: Document) -> str:
    """A name that every system can store: 'letter-about-10.1-017-interview.pdf'."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", document.title).strip("-.").lower()
    return f"{words[:80] or document.kind}.pdf"


def settle(session: Session, message_id: int, result: Result, *, now: datetime) -> None:
    """Write down what became of a letter; one that was cancelled meanwhile stays cancelled."""
    message = session.get_one(Message, message_id, populate_existing=True)
    try:
        if result.kind == "sent":
            advance(session, message, "send", actor=CIVFLOW, now=now)
            if message.key.startswith(SIGN_IN):
                message.about = "/sign-in"  # the link is with its addressee; only its hash is kept
        elif result.kind == "never" or message.attempts >= TRIES:
            advance(session, message, "fail", actor=CIVFLOW, now=now, reason=result.reason)
        else:
            later = update(Message).where(col(Message.id) == message_id)
            session.connection().execute(later.values(not_before=now + wait_after(message.attempts)))
    except (Refused, Conflicted) as refused:
        log.warning("Message %s: %s (%s)", message_id, refused, result.kind)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed for now."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 20)), LONGEST_WAIT)


class PostOffice:
    """A line to the mail server of `url`, smtp:// or smtps://; opened when needed, and anew when it broke.

    Raises SettingsError for an address of another kind.
    """

    def __init__(self, url: str) -> None:
        self.where = urlsplit(url)
        if self.where.scheme not in ("smtp", "smtps") or not self.where.hostname:
            raise SettingsError("CIVFLOW_SMTP_URL must look like smtp://user:password@host:587 or smtps://host.")
        self._server: smtplib.SMTP | None = None

    def open(self) -> smtplib.SMTP:
        """Connect, encrypt where the server can, and sign in. Raises OSError or smtplib.SMTPException."""
        if self._server is None:
            host, port, context = self.where.hostname or "", self.where.port, ssl.create_default_context()
            if self.where.scheme == "smtps":
                server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=context)
            else:
                server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT)
            try:
                self._greet(server, context)
            except BaseException:
                server.close()
                raise
            self._server = server
        return self._server

    def _greet(self, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
        encrypted = isinstance(server, smtplib.SMTP_SSL)
        server.ehlo()
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        if self.where.username:
            if not encrypted and self.where.hostname not in ("localhost", "127.0.0.1", "::1"):
                raise smtplib.SMTPException("The mail server offers no encryption, so it is not told the password.")
            server.login(unquote(self.where.username), unquote(self.where.password or ""))

    def deliver(self, letter: Letter) -> Result:
        """Hand a letter to the server; what the server says becomes the result, and nothing is raised.

        What is wrong with the line, our sign-in or our own address is no fault of the letter: later.
        """
        try:
            _hand_over(self.open(), letter.mail)
        except smtplib.SMTPRecipientsRefused as refused:
            return self._answer(*next(iter(refused.recipients.values())))
        except smtplib.SMTPDataError as refused:
            return self._answer(refused.smtp_code, refused.smtp_error)
        except smtplib.SMTPNotSupportedError as refused:
            return Result("never", str(refused))
        except (OSError, smtplib.SMTPException) as broken:
            self.close()
            return Result("later", str(broken) or type(broken).__name__)
        return SENT

    def _answer(self, code: int, text: bytes | str) -> Result:
        said = text.decode(errors="replace") if isinstance(text, bytes) else text
        if code == 421:  # the server closes
            self.close()
        return Result("never" if 500 <= code < 600 else "later", f"The mail server said: {code} {said}")

    def close(self) -> None:
        """Say goodbye, if anybody is there."""
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()


def _hand_over(server: smtplib.SMTP, mail: EmailMessage) -> None:
    """One SMTP conversation. (`send_message` would write “>From” where a line begins with “From”.)"""
    sender, receiver = parseaddr(mail["From"])[1], parseaddr(mail["To"])[1]
    if sender.isascii() and receiver.isascii():
        server.sendmail(sender, [receiver], mail.as_bytes(policy=SMTP))
    elif server.has_extn("smtputf8"):
        options = ("SMTPUTF8", "BODY=8BITMIME")
        server.sendmail(sender, [receiver], mail.as_bytes(policy=SMTPUTF8), mail_options=options)
    else:
        raise smtplib.SMTPNotSupportedError("The mail server knows only addresses in plain ASCII letters.")
