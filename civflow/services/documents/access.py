"""Handing out documents: to those who may read what they are about, and to nobody else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from civflow.models import Document, Tracked
from civflow.services.documents import store as documents
from civflow.services.engine.access import visibility_case
from civflow.services.records.titles import path_of, title_of
from civflow.workflows import HANDBOOK
from civflow.workflows import documents as workflows_documents
from civflow.workflows.engine import NOBODY, Actor, NotFound

NOTHING = "There is no such document, or it is not yours to read."


@dataclass(frozen=True)
class Paper:
    """A document with the record that it is about; `is_public` when anybody may read it."""

    document: Document
    record: Tracked
    is_public: bool

    @property
    def filename(self) -> str:
        """What the file is called when it is kept: letters, figures and dashes."""
        words = "".join(c if c.isalnum() else " " for c in self.document.title).split()
        return "-".join(words)[:100] + ".pdf"


def hand_out(session: Session, document_id: int, *, actor: Actor, now: datetime) -> Paper:
    """The document, if the actor may read it. Raises NotFound otherwise, whether it is there or not."""
    document = session.get(Document, document_id)
    record = session.get(HANDBOOK[document.workflow].record, document.record_id) if document else None
    if document is None or record is None:
        raise NotFound(NOTHING)
    case = visibility_case(session, record, actor=actor, now=now)
    if not workflows_documents.may_read(case, document.kind):
        raise NotFound(NOTHING)
    return Paper(document, record, workflows_documents.may_read(replace(case, actor=NOBODY), document.kind))


def about(session: Session, paper: Paper) -> tuple[str, str]:
    """What the document is about, and the page where that is read."""
    return title_of(session, paper.record), path_of(paper.record)


def content(paper: Paper, *, files: Path) -> bytes:
    """The bytes of a finished document. Raises NotFound where the file was lost or changed."""
    try:
        return documents.read(paper.document, files=files)
    except (OSError, ValueError):
        raise NotFound(
            "The file of this document is missing on our side, or it is not the one that was made. "
            "Tell the programme office: it can be made again from the record."
        ) from None
