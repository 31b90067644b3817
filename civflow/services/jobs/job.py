"""A job: work for later of one kind. Each feature declares its own; the worker gives them what they work with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from threading import Event
from typing import ClassVar, Protocol

from sqlalchemy import Engine
from sqlmodel import Session

from civflow import features
from civflow.settings import Settings


class Workplace(Protocol):
    """What jobs work with. `stopping` says that a run is to end soon; `jobs` are all that this process can do, by name."""

    settings: Settings
    engine: Engine
    now: Callable[[], datetime]
    stopping: Event
    jobs: dict[str, Job]

    def transaction(self) -> AbstractContextManager[Session]:
        """A session whose changes are committed at the end of the block."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """A session that only reads, and keeps nobody waiting."""
        ...


class Job:
    """A kind of job. It may run twice, stop anywhere, and be taken up by any worker: the rows say what is to do.

    Of an instance, one per process, only what is lost without harm is kept between runs. The names of jobs and queues
    and the schedules stand in the database of whoever runs civflow, and mean the same in every version.
    """

    name: ClassVar[str]
    queue: ClassVar[str]
    drains: ClassVar[bool] = False  # one run does everything of its kind that waits
    schedule: ClassVar[str] = ""  # when it runs by itself, as cron has it with seconds before; UTC
    catches_up: ClassVar[bool] = False  # a worker that starts asks for it, once a day: it may have slept at the time

    def __init__(self, work: Workplace) -> None:
        self.work = work

    def run(self) -> object:
        """Do what there is to do."""
        raise NotImplementedError

    def is_waiting(self, session: Session, *, now: datetime) -> bool:  # noqa: ARG002
        """Whether rows wait for a run that nobody in this process is at; the tick asks, and wakes a worker up."""
        return False

    def close(self) -> None:
        """Let go of what is kept between runs: the process ends."""


@cache
def kinds() -> dict[str, type[Job]]:
    """Every feature's jobs by name. Raises FeatureError where two have one name."""
    return features.collect("jobs", lambda module: ((kind.name, kind) for kind in module.JOBS))
