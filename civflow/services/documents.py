"""Documents: asked for in the transaction that makes them true, made after it, and the same bytes for the same data."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col, select

from civflow.models import Document, Message
from civflow.services import jobs
from civflow.services.rendering import KINDS, render


def ask(
    session: Session, *, kind: str, key: str, title: str, workflow: str, record_id: int, data: Mapping[str, Any],
    now: datetime,
) -> Document:  # fmt: skip
    """Ask for a document about one record; the same `key` again answers with the one that there is.

    `kind` is one of rendering.KINDS; `data` is plain JSON, and is what the document is made from, today and later.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no kind of document called {kind}.")
    known = session.exec(select(Document).where(col(Document.key) == key)).first()
    if known:
        return known
    document = Document(
        key=key, kind=kind, title=title[:200], workflow=workflow, record_id=record_id, data=dict(data), asked_at=now
    )
    session.add(document)
    session.flush()
    jobs.enqueue(session, "make_document", f"document-{document.id}", document.id)
    return document


def waiting(session: Session, *, limit: int, leave_out: Sequence[int] = ()) -> list[Document]:
    """Documents that were asked for and are not made, the oldest first, without those whose id is in `leave_out`."""
    query = select(Document).where(col(Document.made_at).is_(None), col(Document.id).not_in(leave_out))
    return list(session.exec(query.order_by(col(Document.id)).limit(limit)))


def make(session: Session, document_id: int, *, files: Path, now: datetime, base_url: str = "") -> Document:
    """Render one document, unless it is made already, and keep it below `files`. Raises rendering.CannotRender."""
    document = session.get_one(Document, document_id)
    if document.made_at is None:
        keep(session, document, render(document.kind, document.data, base_url=base_url), files=files, now=now)
    return document


def keep(session: Session, document: Document, pdf: bytes, *, files: Path, now: datetime) -> bool:
    """Store a finished PDF by the hash of its content and mark the document as made; False if somebody was first."""
    content_hash = hashlib.sha256(pdf).hexdigest()
    path = store(pdf, content_hash, files)
    made = {"made_at": now, "path": path, "size": len(pdf), "content_hash": content_hash}
    mark = update(Document).where(col(Document.id) == document.id, col(Document.made_at).is_(None)).values(**made)
    result = session.connection().execute(mark)
    assert isinstance(result, CursorResult)
    session.refresh(document)
    if result.rowcount == 1:
        _wake_its_messages(session, document)
    return result.rowcount == 1


def _wake_its_messages(session: Session, document: Document) -> None:
    """Messages wait for the document that goes with them."""
    if session.exec(select(Message.id).where(col(Message.document_id) == document.id).limit(1)).first():
        jobs.enqueue(session, "send_message", f"document-{document.id}")


def store(pdf: bytes, content_hash: str, files: Path) -> str:
    """Write a file under the name of its hash, whole or not at all; its path below `files`."""
    path = Path("documents") / content_hash[:2] / f"{content_hash}.pdf"
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
    """The bytes of a finished document. Raises OSError where the file is gone, ValueError where it was changed."""
    content = (files / document.path).read_bytes()
    if hashlib.sha256(content).hexdigest() != document.content_hash:
        raise ValueError(f"The file of document {document.id} is not the one that was made.")
    return content
