"""What every test may ask for: a database of its own on SQLite and on PostgreSQL, a session, and the time."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine
from sqlmodel import Session

from civflow.db import make_engine, metadata, new_session
from civflow.services.jobs import database as jobs_database
from civflow.services.jobs import queue as jobs
from civflow.settings import Settings, read_settings
from tests.played import own_round, played
from tests.postgres import a_postgres

__all__ = ["own_round", "played"]


FIRST = ("tests/journeys", "tests/services", "tests/browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys play the demonstration first. What looks at it comes when it has been played, and what is long not last."""

    def turn(item: pytest.Item) -> tuple[int, bool]:
        folder = next((n for n, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST))
        return folder, "played" in item.fixturenames  # type: ignore[attr-defined]

    items.sort(key=turn)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, since some tests wait for workers, mail servers and browsers; at most four."""
    return min((os.cpu_count() or 1) + 1, 4)


def pytest_configure() -> None:
    """A test never meets the settings of whoever runs it, and little time goes into looking for garbage."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    for name in [n for n in os.environ if n.startswith("CIVFLOW_") and not n.startswith("CIVFLOW_TEST_")]:
        del os.environ[name]


@pytest.fixture
def now() -> datetime:
    """Noon on a Monday."""
    return datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a new database with every table; each test runs once on each kind.

    A test for one kind says `@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
    """
    if request.param == "sqlite":
        with _copied_file(request.getfixturevalue("sqlite_template"), tmp_path_factory.getbasetemp()) as url:
            yield url
    else:
        database: Emptied = request.getfixturevalue("postgres_database")
        yield database.url
        database.empty()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of a demonstration with this database and a folder of its own."""
    return settings_for(database_url, files=tmp_path / "files")


def settings_for(url: str, files: Path = Path("files")) -> Settings:
    """Settings that are right for tests: nothing is kept after a power cut."""
    return read_settings({}, database_url=url, files=str(files), demonstration="1", sqlite_synchronous="NORMAL")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """An engine on a new database with every table and nothing in them.

    It is one for all tests of a process that have their database at the same address: it knows the statements already.
    """
    engine = ENGINES.get(settings.database_url) or make_engine(settings)
    ENGINES[settings.database_url] = engine
    yield engine
    engine.dispose()
    jobs._prepared.discard(engine)  # the next test's database has no tables of the jobs yet


ENGINES: dict[str, Engine] = {}


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on a new database. On SQLite nobody else can write until it commits."""
    with new_session(engine) as session:
        yield session


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = make_engine(settings_for(f"sqlite:///{path}"))
    jobs_database.upgrade(engine)
    engine.dispose()
    return path


@contextmanager
def _copied_file(template: Path, folder: Path) -> Iterator[str]:
    path = folder / "civflow.db"
    shutil.copyfile(template, path)
    yield f"sqlite:///{path}"
    for left in folder.glob("civflow.db*"):
        left.unlink()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server, without a database's name."""
    try:
        with a_postgres() as url:
            yield url
    except LookupError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[Emptied]:
    """A migrated PostgreSQL database that is emptied after each test."""
    database = Emptied(postgres_server)
    yield database
    database.drop()


class Emptied:
    """A PostgreSQL database that is as new after `empty`: that takes milliseconds, and a new one many more."""

    def __init__(self, server: str) -> None:
        self.server, self.name = server, f"civflow_{uuid4().hex[:12]}"
        self.url = f"{server}/{self.name}"
        with self._connect("postgres") as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(self.name)))
        self._migrate()
        self.connection = self._connect(self.name)

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        plain = self.server.replace("postgresql+psycopg://", "postgresql://")
        return psycopg.connect(f"{plain}/{database}", autocommit=True)

    def _migrate(self) -> None:
        engine = make_engine(settings_for(self.url))
        jobs_database.upgrade(engine)
        engine.dispose()

    def empty(self) -> None:
        """Delete every row and count from 1 again; where a test has changed the tables, make them anew."""
        self.connection.execute(END_THE_OTHERS)
        if self.connection.execute(AS_MIGRATED, [len(metadata.tables) + 1, jobs_database.newest_revision()]).fetchone():
            self.connection.execute(DELETE_ALL)
            self.connection.execute(COUNT_FROM_ONE)
        else:
            self.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            self._migrate()
        self.connection.execute("DROP SCHEMA IF EXISTS dbos CASCADE")

    def drop(self) -> None:
        self.connection.close()
        with self._connect("postgres") as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(self.name)))


END_THE_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
AS_MIGRATED = """
SELECT 1 WHERE (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') = %s
AND (SELECT array_agg(version_num::text) FROM alembic_version) = ARRAY[%s]
"""
DELETE_ALL = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables))
COUNT_FROM_ONE = """
SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""
