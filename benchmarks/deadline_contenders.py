"""Who takes part in deadline.py: each moves every application whose time has come, and commits once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import defer
from sqlmodel import col

import civflow.services.applications  # noqa: F401, what follows when an application is taken in
from benchmarks.contenders import NewClient, Take, raw
from benchmarks.ground import NOW, STAGE, open_engine
from civflow.db import new_session
from civflow.models import Application, History
from civflow.services.engine.deadlines import take_due_steps

HOW_MANY = 10_000
UPDATE = (
    "UPDATE application SET state = 'in_progress', revision = revision + 1, since = ?, head = ?, stage = ?"
    " WHERE state = 'submitted' AND closes_at <= ?"
)
INSERT = (
    "INSERT INTO history (workflow, record_id, number, at, actor_id, actor_name, step, from_state, to_state, reason,"
    " inputs, previous, hash) SELECT 'application', id, revision + 1, ?, NULL, 'The clock', 'take_in', 'submitted',"
    " 'in_progress', '', '', head, ? FROM application WHERE state = 'submitted' AND closes_at <= ?"
)


def always(take: Callable[[], None]) -> NewClient:
    """A contender that does everything in one step."""

    def step(_record: int, _place: int) -> None:
        take()

    def client() -> Take:
        return step

    return client


def civflow_tick(url: str) -> NewClient:
    engine = open_engine(url)

    def take() -> None:
        with new_session(engine) as session:
            tick = take_due_steps(session, now=NOW)
            assert (tick.moved, tick.stuck) == (HOW_MANY, [])
            session.commit()

    return always(take)


def limit(url: str) -> NewClient:
    def client() -> Take:
        connection, mark, now = raw(url)

        def take(_record: int, _place: int) -> None:
            if url.startswith("sqlite"):
                connection.execute("BEGIN IMMEDIATE")
            connection.execute(mark(INSERT), (now, "0" * 64, now))
            assert connection.execute(mark(UPDATE), (now, "0" * 64, STAGE, now)).rowcount == HOW_MANY
            connection.commit()

        return take

    return client


def sqlmodel(url: str) -> NewClient:
    engine = open_engine(url)

    def take() -> None:
        with new_session(engine) as session:
            due = select(Application).where(col(Application.state) == "submitted", col(Application.closes_at) <= NOW)
            applications = session.scalars(due.options(defer(col(Application.answers)))).all()
            assert len(applications) == HOW_MANY
            for application in applications:
                assert application.closes_at is not None
                assert application.closes_at <= NOW
                application.state, application.stage, application.since = "in_progress", STAGE, NOW
                application.revision, application.head = application.revision + 1, "0" * 64
                session.add(
                    History(
                        workflow="application",
                        record_id=application.id or 0,
                        number=application.revision,
                        at=NOW,
                        actor_name="The clock",
                        step="take_in",
                        from_state="submitted",
                        to_state="in_progress",
                        reason="",
                        inputs="",
                        previous="0" * 64,
                        hash="0" * 64,
                    )
                )
            session.commit()

    return always(take)
