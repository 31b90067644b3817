"""What the worker should have done minutes ago and has not: the sign that none runs, or that it is in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlmodel import Session, col

from civflow.models import Document, Message
from civflow.services.formatting import DEFAULT_ZONE, moment
from civflow.services.people.invented import asked_by_the_story
from civflow.workflows import HANDBOOK
from civflow.workflows.notifications import WAITING

PATIENCE = timedelta(minutes=10)  # the worker looks every few seconds
WITHOUT_A_WORKER = "Without a worker no mail goes out, no document is made and no deadline is kept."


def backlog(session: Session, *, now: datetime) -> str:
    """'A deadline has waited since …; …', or nothing where all that was due is done. One statement.

    Steps that have rules are left out: where a rule says no, it is not the worker that is missing.
    """
    found: dict[str, datetime] = {}
    for what, since in session.execute(union_all(*_waiting(now - PATIENCE))):
        if since:
            found[what] = min(since, found.get(what, since))
    waits = "; ".join(f"{what} has waited since {moment(since, DEFAULT_ZONE)}" for what, since in found.items())
    return f"{waits[0].upper()}{waits[1:]}." if waits else ""


def _waiting(latest: datetime) -> Iterator[Any]:
    """A query for each kind of thing that was due before `latest`: its name, and since when the first of them waits."""
    message, asked = col(Message.not_before), col(Document.asked_at)
    ready = select(col(Document.id)).where(col(Document.made_at) < latest)
    document = col(Message.document_id)
    yield select(literal("a message"), func.min(message)).where(
        col(Message.state).in_(WAITING), message < latest, document.is_(None) | document.in_(ready)
    )
    unmade = col(Document.made_at).is_(None), asked < latest, ~asked_by_the_story(asked)
    yield select(literal("a document"), func.min(asked)).where(*unmade)
    for page in HANDBOOK.values():
        for step in page.steps:
            if step.due and not step.requires:
                due = page.table.c[step.due]
                query = select(literal("a deadline"), func.min(due))
                yield query.where(page.table.c.state.in_(step.sources), due < latest)
