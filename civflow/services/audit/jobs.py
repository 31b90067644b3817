"""The job that checks the whole record and keeps the report."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.audit import verification
from civflow.services.audit.verify import verify
from civflow.services.jobs.job import Job


class VerifyRecord(Job):
    """Compute every chain and seal again for whoever has asked; what it reads is of one moment, and nobody waits for it."""

    name = "verify_record"
    queue = "audit"
    drains = True

    def is_waiting(self, session: Session, *, now: datetime) -> bool:  # noqa: ARG002
        return verification.are_waiting(session)

    def run(self) -> int:
        """How many checks have a report now."""
        done = 0
        while not self.work.stopping.is_set():
            with self.work.transaction() as session:
                asked = verification.next_one(session)
                if asked is None or asked.id is None:
                    break
                asked.begun_at = self.work.now()
                number = asked.id
            with self.work.reading() as session:
                found = verify(session)
            with self.work.transaction() as session:
                verification.report(session, number, found, now=self.work.now())
            done += 1
        return done


JOBS = (VerifyRecord,)
