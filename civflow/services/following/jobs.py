"""The job that tells followers what is told later: new challenges that fit their searches, and the daily message."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from civflow.services.following import digest
from civflow.services.jobs.job import Job


class TellFollowers(Job):
    """Compare new challenges with saved searches, and write the daily messages that are due."""

    name = "tell_followers"
    queue = "mail"
    drains = True

    def is_waiting(self, session: Session, *, now: datetime) -> bool:
        return digest.is_waiting(session, now=now)

    def run(self) -> int:
        """How many messages were written."""
        with self.work.transaction() as session:
            told = digest.compare_with_searches(session, now=self.work.now())
        while not self.work.stopping.is_set():
            with self.work.transaction() as session:
                written = digest.send_daily(session, base_url=self.work.settings.base_url, now=self.work.now())
            told += written
            if not written:
                break
        return told


JOBS = (TellFollowers,)
