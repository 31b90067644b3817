"""Two people at once: somebody else, who presses a button with a connection of their own and perhaps waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from sqlalchemy import Engine, event, text
from sqlmodel import Session

from civflow.db import new_session
from civflow.workflows.engine import Refusal

Press = Callable[[Session], object]
IS_BLOCKED = text("SELECT cardinality(pg_blocking_pids(CAST(:backend AS integer))) > 0")


@dataclass
class Other:
    """Somebody else, with a connection of their own: what became of their press on a button."""

    engine: Engine
    press: Press
    answer: Any = None
    refusal: Refusal | None = None
    backend: int | None = None  # the process of PostgreSQL that serves them
    worker: Thread = field(init=False)

    def start(self) -> Other:
        self.worker = Thread(target=self._run)
        self.worker.start()
        return self

    def _run(self) -> None:
        with new_session(self.engine) as session:
            if self.engine.dialect.name == "postgresql":
                event.listen(session, "after_begin", self._note_the_backend)
            try:
                self.answer = self.press(session)
                session.commit()
            except Refusal as refusal:
                self.refusal = refusal

    def _note_the_backend(self, _session: Any, _transaction: Any, connection: Any) -> None:
        self.backend = connection.connection.driver_connection.info.backend_pid

    @property
    def waits(self) -> bool:
        """Whether they came to a lock that somebody holds, and did not end before.

        On SQLite a writer keeps everybody from beginning, and who waits cannot be seen: they have not ended a while later.
        """
        if self.engine.dialect.name == "sqlite":
            self.worker.join(0.1)
            return self.worker.is_alive()
        with self.engine.connect() as looking:
            while self.worker.is_alive() and not looking.scalar(IS_BLOCKED, {"backend": self.backend}):
                self.worker.join(0.01)
        return self.worker.is_alive()

    def ends(self) -> Refusal | None:
        self.worker.join(30)
        assert not self.worker.is_alive()
        return self.refusal
