"""The nightly job that deletes what nobody needs any more: jobs that ended, sign-ins that are over."""

from __future__ import annotations

from civflow.services.jobs import queue
from civflow.services.jobs.job import Job
from civflow.services.people.sign_ins import forget


class Purge(Job):
    """Delete old jobs and old sign-ins."""

    name = "purge"
    queue = "clock"
    schedule = "40 3 * * *"
    catches_up = True

    def run(self) -> None:
        queue.purge(self.work.engine, now=self.work.now())
        with self.work.transaction() as session:
            forget(session, now=self.work.now())


JOBS = (Purge,)
