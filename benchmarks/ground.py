"""The databases that the benchmarks work on: one copy of the same records for each contender, on a durable server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel

from civflow.db import make_engine, new_session
from civflow.models import Application, Challenge, Person, Place, Programme, ProgrammeState, Round, Sprint, Team
from civflow.services.engine import history
from civflow.services.engine.advance import advance_many, begin_many
from civflow.settings import read_settings
from civflow.workflows.engine import CIVFLOW, Actor, RoleHeld
from civflow.workflows.programme import shipped_programmes
from tests.postgres import a_postgres

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(90)
STAGE = "sift"  # the first gate of the programme
MANAGER = Actor(1, "Robin Manager", frozenset({RoleHeld("programme_manager", "round", 1)}))
MEMBER = Actor(2, "Kim Member", frozenset({RoleHeld("team_member", "team", 1)}))
DISK = "/var/tmp"  # /tmp may be memory
DURABLE = ("listen_addresses=127.0.0.1", "max_connections=200", "shared_buffers=256MB")
SAFETY = {"sqlite": "WAL, synchronous=FULL", "postgresql": "fsync=on, synchronous_commit=on, full_page_writes=on"}

NewCopy = Callable[[str], str]  # the name of a copy -> its address
Fill = Callable[[Engine], None]


@contextmanager
def copies(kind: str, fill: Fill) -> Iterator[NewCopy]:
    """A function that makes copies of one filled database; everything goes when the block ends."""
    with _sqlite_copies(fill) if kind == "sqlite" else _postgresql_copies(fill) as copy:
        yield copy


@contextmanager
def _sqlite_copies(fill: Fill) -> Iterator[NewCopy]:
    folder = Path(tempfile.mkdtemp(prefix="civflow-bench-", dir=DISK))
    try:
        template = f"sqlite:///{folder}/template.db"
        _fill(template, fill)

        def copy(name: str) -> str:
            shutil.copyfile(folder / "template.db", folder / f"{name}.db")
            return f"sqlite:///{folder}/{name}.db"

        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgresql_copies(fill: Fill) -> Iterator[NewCopy]:
    with a_postgres(DURABLE, DISK) as server:
        plain = server.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                found = connection.execute(f"SHOW {setting}").fetchone()
                assert found == ("on",), f"{setting} is {found}: the figures would mean nothing."
            connection.execute("CREATE DATABASE template")
            _fill(f"{server}/template", fill)

            def copy(name: str) -> str:
                connection.execute(f"CREATE DATABASE bench_{name} TEMPLATE template")
                return f"{server}/bench_{name}"

            yield copy


def _fill(url: str, fill: Fill) -> None:
    engine = open_engine(url)
    SQLModel.metadata.create_all(engine)
    fill(engine)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()


def open_engine(url: str) -> Engine:
    """civflow's own engine, with the settings of a served civflow."""
    return make_engine(read_settings({}, database_url=url, sqlite_synchronous="FULL"))


def people(engine: Engine) -> None:
    """Two people, and a round with one open challenge and one team; written past the gate, as scenery."""
    programme = shipped_programmes()["civtech"]
    scenery: Sequence[SQLModel] = [
        Person(email="robin@example.org", name="Robin Manager", created_at=NOW),
        Person(email="kim@example.org", name="Kim Member", created_at=NOW),
        Programme(name="civtech", version="1", content_hash="0" * 64, source=programme.source, stored_at=NOW),
        ProgrammeState(programme_id=1, state="open"),
        Round(programme_id=1, slug="round", title="A round", state="open", since=NOW, starts_at=NOW, ends_at=LATER),
        Challenge(round_id=1, programme_id=1, slug="challenge", title="A challenge", state="open", since=NOW),
        Team(name="A team", lead_id=2, state="formed", since=NOW),
    ]
    with new_session(engine) as session:
        for row in scenery:
            session.add(row)
            session.flush()
        session.commit()


def places(session: Session, count: int) -> None:
    """The team's places, each in a stage of its own: whoever finishes a sprint locks its place."""
    applied = Application(round_id=1, challenge_id=1, team_id=1, reference="1-0000", state="draft", since=NOW)
    session.add(applied)
    session.flush()
    session.add_all(
        Place(
            round_id=1,
            challenge_id=1,
            application_id=1,
            team_id=1,
            stage=f"work {n}",
            begun_at=NOW,
            starts_at=NOW,
            ends_at=LATER,
            state="active",
            since=NOW,
        )
        for n in range(count)
    )
    session.flush()


def sprints(engine: Engine, count: int, per_place: int) -> None:
    """`count` sprints, `per_place` in each place, all under way, with a goal of 400 characters."""
    people(engine)
    with new_session(engine) as session:
        places(session, count // per_place)
        rows = [
            Sprint(
                round_id=1,
                challenge_id=1,
                team_id=1,
                place_id=n // per_place + 1,
                number=n % per_place + 1,
                goal="x" * 400,
                state="",
                since=NOW,
                starts_at=NOW - timedelta(14),
                ends_at=NOW - timedelta(hours=n % 24 + 1),
            )
            for n in range(count)
        ]
        begin_many(session, rows, actor=CIVFLOW, now=NOW)
        ids = [row.id or 0 for row in rows]
        assert len(advance_many(session, Sprint, ids, "begin", actor=MANAGER, now=NOW).moved) == count
        session.commit()


def applications(engine: Engine, count: int) -> None:
    """`count` submitted applications to ten challenges, each with 400 characters, whose deadline has passed."""
    people(engine)
    with new_session(engine) as session:
        session.add_all(
            Challenge(
                round_id=1, programme_id=1, slug=f"challenge-{n}", title=f"Challenge {n}", state="open", since=NOW
            )
            for n in range(2, 11)
        )
        session.add_all(Team(name=f"Team {n}", lead_id=2, state="formed", since=NOW) for n in range(2, count // 10 + 2))
        session.flush()
        rows = [
            Application(
                round_id=1,
                challenge_id=n % 10 + 1,
                team_id=n // 10 + 2,
                reference=f"1-{n + 1:05d}",
                since=NOW,
                state="submitted",
                closes_at=NOW - timedelta(minutes=1),
                submitted_at=NOW - timedelta(1),
                sealed_until=NOW - timedelta(minutes=1),
                title="A title",
                answers={"why": "x" * 400},
                complete=True,
            )
            for n in range(count)
        ]
        session.add_all(rows)
        session.flush()
        deed = history.new_record(
            workflow="application",
            at=NOW - timedelta(1),
            actor=MEMBER,
            step="begin",
            from_state="",
            to_state="submitted",
            reason="",
            inputs={},
        )
        links = deed.links((row.id or 0, -1, "") for row in rows)
        history.append(session.connection(), Application.__table__, {}, deed, links)  # type: ignore[attr-defined]
        session.commit()


def put_back(url: str) -> None:
    """Every application where it was before the deadline, in compact tables."""
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM history WHERE step = 'take_in'")
        connection.exec_driver_sql(
            "UPDATE application SET state = 'submitted', revision = 0, stage = '', since = submitted_at,"
            " head = (SELECT hash FROM history WHERE workflow = 'application' AND record_id = application.id)"
            " WHERE state = 'in_progress'"
        )
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (FULL, ANALYZE) application")
            connection.exec_driver_sql("VACUUM (FULL, ANALYZE) history")
            connection.exec_driver_sql("CHECKPOINT")
    engine.dispose()
