"""The outbox: a message is written in the transaction that makes it true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, meta
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Message, Person
from civflow.services.engine.advance import begin_many
from civflow.services.jobs import queue as jobs
from civflow.workflows.engine import CIVFLOW

UNDO = timedelta(seconds=30)  # how long a message waits, so that it can still be cancelled


@cache
def _templates() -> Environment:
    """Plain text, so nothing is escaped; a missing value is an error and not an empty line."""
    return Environment(
        loader=PackageLoader("civflow", "templates/notifications/mail"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def prints(kind: str) -> set[str]:
    """The names of what a template prints. Raises TemplateNotFound where there is none of this name."""
    loader = _templates().loader
    text = loader.get_source(_templates(), f"{kind}.txt")[0] if loader else ""
    return meta.find_undeclared_variables(_templates().parse(text))


def write(
    *,
    person: Person,
    kind: str,
    key: str,
    about: str,
    now: datetime,
    document_id: int | None = None,
    unsubscribe: str = "",
    **context: Any,
) -> Message:
    """A message from templates/notifications/mail/`kind`.txt, whose first line is the subject.

    `about` is the path of a page, `unsubscribe` the path that ends messages of this kind with one press.
    """
    text = _templates().get_template(f"{kind}.txt").render(person=person, **context)
    subject, _, body = text.strip().partition("\n")
    return Message(
        key=key,
        person_id=person.id,
        address=person.email,
        subject=subject.strip()[:200],
        body=body.strip(),
        about=about,
        unsubscribe=unsubscribe,
        document_id=document_id,
        not_before=now + UNDO,
        state="",
        since=now,
    )


def post(
    session: Session,
    *,
    person: Person,
    kind: str,
    key: str,
    about: str,
    now: datetime,
    document_id: int | None = None,
    **context: Any,
) -> Message:
    """Put one message into the outbox; see `write`."""
    message = write(person=person, kind=kind, key=key, about=about, now=now, document_id=document_id, **context)
    post_all(session, [message], now=now)
    return message


def post_all(session: Session, messages: Sequence[Message], *, now: datetime, **inputs: Any) -> None:
    """Put many messages into the outbox; of each key the first is kept, whether it was there or is among these.

    `inputs` are what the history of each keeps (documents.issued).
    """
    keys = [m.key for m in messages]
    known = set(session.scalars(select(col(Message.key)).where(col(Message.key).in_(keys))))
    fresh = list({m.key: m for m in reversed(messages) if m.key not in known}.values())[::-1]  # the first of a key
    begin_many(session, fresh, actor=CIVFLOW, now=now, **inputs)
    for message in fresh:
        jobs.enqueue(session, "send_message", f"message-{message.id}", message.id)
