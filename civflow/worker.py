"""The background worker: the tick, mail, documents, nightly seals; in a process of its own or inside the web's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine

from civflow.settings import Settings


def run(settings: Settings) -> None:
    """Work until the process is told to stop: `civflow worker`."""
    raise NotImplementedError


@contextmanager
def start_embedded(settings: Settings) -> Iterator[None]:
    """Work in threads of this process while the block lasts: web and worker in one."""
    raise NotImplementedError
    yield


def drain(settings: Settings, engine: Engine, *, now: datetime) -> None:
    """Make every document and send every message that waits at `now`, here and at once, without jobs."""
    raise NotImplementedError
