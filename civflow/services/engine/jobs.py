"""The clock's jobs: the tick, which takes the steps that are due and wakes up the other jobs, and the nightly seal."""

from __future__ import annotations

import logging

from civflow.services.engine import deadlines, history
from civflow.services.jobs import queue
from civflow.services.jobs.job import Job

log = logging.getLogger(__name__)


class Tick(Job):
    """Take the steps that are due, and ask for the jobs of rows that wait."""

    name = "tick"
    queue = "clock"
    schedule = "*/5 * * * * *"

    def run(self) -> None:
        now = self.work.now()
        with self.work.transaction() as session:
            tick = deadlines.take_due_steps(session, now=now)
        for stuck in tick.stuck:
            log.debug("%s %s cannot %s: %s", *stuck[:3], " ".join(stuck.sentences))
        with self.work.reading() as session:
            waiting = [job.name for job in self.work.jobs.values() if job.is_waiting(session, now=now)]
        if waiting:
            with self.work.transaction() as session:
                for name in waiting:
                    queue.enqueue(session, name, f"tick-{now:%Y%m%dT%H%M%S}")


class SealDays(Job):
    """Seal every day that is over."""

    name = "seal_days"
    queue = "clock"
    schedule = "10 0 * * *"
    catches_up = True

    def run(self) -> None:
        with self.work.transaction() as session:
            history.seal_days(session, now=self.work.now())


JOBS = (Tick, SealDays)
