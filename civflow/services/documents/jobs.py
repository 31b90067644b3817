"""The job that makes documents: printers of their own, and what came of each is written down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock

from sqlmodel import Session

from civflow.models import Document
from civflow.services.documents import store
from civflow.services.documents.pool import Order, PrintRoom
from civflow.services.documents.render import CannotRender
from civflow.services.jobs.job import Job, Workplace
from civflow.services.people.invented import moment_of

log = logging.getLogger(__name__)

AT_ONCE = 8  # documents that are printed before they are written down
LONGEST_REST = 240  # minutes, of a document that cannot be made

Printed = Future[bytes | CannotRender]


class MakeDocuments(Job):
    """Make every document that waits. One that cannot be made is tried again ever more seldom, and holds up no other."""

    name = "make_document"
    queue = "documents"
    drains = True

    def __init__(self, work: Workplace) -> None:
        super().__init__(work)
        self._room: PrintRoom | None = None
        self._printing = Lock()
        self._begun: dict[int, Printed] = {}  # document -> what will come of it
        self._refused: dict[int, tuple[int, datetime]] = {}  # document -> failures, and when to try again

    def is_waiting(self, session: Session, *, now: datetime) -> bool:  # noqa: ARG002
        return not self._printing.locked() and store.are_waiting(session)

    def run(self, progress: Callable[[int], None] | None = None, *, only: Sequence[int] | None = None) -> int:
        """Make what waits, or of it `only` these; how many. `progress` hears every few how many."""
        made = 0
        with self._printing:
            while not self.work.stopping.is_set():
                tried, done = self._make_some(only)
                made += done
                if not tried:
                    break
                if progress:
                    progress(made)
        return made

    def begin(self, only: Sequence[int]) -> None:
        """Let these be printed while the caller does something else; the run that keeps them finds them printed."""
        with self._printing, self.work.reading() as session:
            for document in store.waiting(session, leave_out=list(self._begun), only=only):
                self._begun[document.id or 0] = self._print(document)

    def _print(self, document: Document) -> Printed:
        """A demonstration may be played again, and looks first whether this was printed before."""
        settings = self.work.settings
        files = str(settings.files) if settings.demonstration else ""
        order = Order(document.kind, document.data, settings.base_url, files)
        return self._begun.pop(document.id or 0, None) or self._print_room().begin(order)

    def _print_room(self) -> PrintRoom:
        if self._room is None:
            self._room = PrintRoom()
        return self._room

    def _make_some(self, only: Sequence[int] | None) -> tuple[int, int]:
        """Print a few documents; how many were tried, and how many were made."""
        if self.work.settings.is_sqlite:  # nobody else could write while we print, so nothing is held meanwhile
            with self.work.reading() as session:
                some = self._printed(session, only)
            if not some:
                return 0, 0
            with self.work.transaction() as session:
                return len(some), self._keep(session, some)
        with self.work.transaction() as session:  # its locks keep them ours until they are written down
            some = self._printed(session, only)
            return len(some), self._keep(session, some)

    def _printed(self, session: Session, only: Sequence[int] | None) -> list[tuple[int, bytes | CannotRender]]:
        """A few documents that wait, the oldest first, each with what came of printing it."""
        now = self.work.now()
        resting = [document for document, (_, until) in self._refused.items() if until > now]
        waiting = store.waiting(session, limit=AT_ONCE, leave_out=resting, only=only)
        begun = [(document.id or 0, self._print(document)) for document in waiting]
        return [(document_id, printed.result()) for document_id, printed in begun]

    def _keep(self, session: Session, printed: Sequence[tuple[int, bytes | CannotRender]]) -> int:
        """Write down what was printed; how many documents were made."""
        made, now = 0, self.work.now()
        for document_id, pdf in printed:
            if isinstance(pdf, CannotRender):
                self._let_rest(document_id, str(pdf))
            else:
                document = session.get_one(Document, document_id)
                moment = moment_of(session, document.asked_at, now=now)
                made += store.keep(session, document, pdf, files=self.work.settings.files, now=moment)
        return made

    def _let_rest(self, document_id: int, why: str) -> None:
        now = self.work.now()
        failures = self._refused.get(document_id, (0, now))[0] + 1
        self._refused[document_id] = (failures, now + timedelta(minutes=min(2 ** (failures - 1), LONGEST_REST)))
        log.error("Document %s cannot be made: %s", document_id, why)

    def close(self) -> None:
        """End the printers."""
        if self._room:
            self._room.close()


JOBS = (MakeDocuments,)
