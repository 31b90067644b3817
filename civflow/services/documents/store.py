"""Documents: asked for in the transaction that makes them true, made after it, and kept by their hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from civflow.models import Document, Message
from civflow.services.documents.printed import path_of, print_once
from civflow.services.documents.render import KINDS
from civflow.services.engine.history import fingerprint
from civflow.services.jobs import queue as jobs


def ask(
    session: Session,
    *,
    kind: str,
    key: str,
    title: str,
    workflow: str,
    record_id: int,
    data: Mapping[str, Any],
    now: datetime,
) -> Document:
    """Ask for a document about one record; the same `key` again answers with the one that there is.

    `kind` is one of rendering.KINDS; `data` is plain JSON: all that the document is made from.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no kind of document called {kind}.")
    known = session.exec(select(Document).where(col(Document.key) == key)).first()
    if known:
        return known
    document = Document(
        key=key,
        kind=kind,
        title=title[:200],
        workflow=workflow,
        record_id=record_id,
        data=dict(data),
        asked_at=now,
    )
    session.add(document)
    session.flush()
    jobs.enqueue(session, "make_document", f"document-{document.id}", document.id)
    return document


def issued(document: Document) -> dict[str, Any]:
    """What the history keeps of the step that gives a document to somebody: which one, and what it says."""
    return {"document": document.id, "document_sha256": fingerprint(document.data)}


def waiting(
    session: Session, *, limit: int | None = None, leave_out: Sequence[int] = (), only: Sequence[int] | None = None
) -> list[Document]:
    """Documents that were asked for and are not made, the oldest first, but those in `leave_out`; of `only` these ids.

    On PostgreSQL they stay locked until the transaction ends, so that other workers take others meanwhile.
    """
    query = select(Document).where(col(Document.made_at).is_(None), col(Document.id).not_in(leave_out))
    if only is not None:
        query = query.where(col(Document.id).in_(only))
    query = query.order_by(col(Document.id)).limit(limit).with_for_update(skip_locked=True, key_share=True)
    return list(session.exec(query))


def are_waiting(session: Session) -> bool:
    """Whether any document was asked for and is not made."""
    return session.exec(select(Document.id).where(col(Document.made_at).is_(None)).limit(1)).first() is not None


def ahead_of(session: Session, document: Document) -> int:
    """How many documents that are not made were asked for before this one."""
    query = select(func.count()).where(col(Document.made_at).is_(None), col(Document.id) < document.id)
    return session.exec(query).one()


def make(session: Session, document_id: int, *, files: Path, now: datetime, base_url: str = "") -> Document:
    """Print one document, unless it is made already, and keep it below `files`. Raises CannotRender."""
    document = session.get_one(Document, document_id)
    if document.made_at is None:
        pdf = print_once(document.kind, document.data, base_url=base_url, files=files)
        keep(session, document, pdf, files=files, now=now)
    return document


def keep(session: Session, document: Document, pdf: bytes, *, files: Path, now: datetime) -> bool:
    """Store a finished PDF by its hash and mark the document as made; False if somebody was first."""
    content_hash = hashlib.sha256(pdf).hexdigest()
    path = store(pdf, content_hash, files)
    mark = update(Document).where(col(Document.id) == document.id, col(Document.made_at).is_(None))
    made = {"made_at": now, "path": path, "size": len(pdf), "content_hash": content_hash}
    first = session.connection().execute(mark.values(**made)).rowcount == 1
    session.refresh(document)
    if first and _a_message_waits_for(session, document):
        jobs.enqueue(session, "send_message", f"document-{document.id}")
    return first


def _a_message_waits_for(session: Session, document: Document) -> bool:
    query = select(Message.id).where(col(Message.document_id) == document.id).limit(1)
    return session.exec(query).first() is not None


def store(pdf: bytes, content_hash: str, files: Path) -> str:
    """Write a file under the name of its hash, whole or not at all; its path below `files`."""
    path = path_of(content_hash)
    target = files / path
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as part:
            part.write(pdf)
            part.flush()
            os.fsync(part.fileno())
        Path(part.name).replace(target)
    return path.as_posix()


def read(document: Document, *, files: Path) -> bytes:
    """The bytes of a finished document. Raises OSError if the file is gone, ValueError if it was changed."""
    content = (files / document.path).read_bytes()
    if hashlib.sha256(content).hexdigest() != document.content_hash:
        raise ValueError(f"The file of document {document.id} is not the one that was made.")
    return content
