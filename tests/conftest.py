"""What every test may ask for: a database of its own on SQLite and on PostgreSQL, a session, and the time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine
from sqlmodel import Session

import civflow.services.register  # noqa: F401 - every effect of the handbook is there in every test
from civflow.db import make_engine, new_session
from civflow.services import schema
from civflow.settings import Settings, read_settings
from tests.played import own_round, played
from tests.postgres import a_postgres

__all__ = ["own_round", "played"]


def pytest_configure() -> None:
    """A test never meets the settings of whoever runs it."""
    for name in [n for n in os.environ if n.startswith("CIVFLOW_") and not n.startswith("CIVFLOW_TEST_")]:
        del os.environ[name]


@pytest.fixture
def now() -> datetime:
    """Noon on a Monday."""
    return datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database with every table; each test runs once on each kind.

    A test for one kind says `@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
    """
    kind = request.param
    template = request.getfixturevalue(f"{kind}_template")
    with _copied_file(template, tmp_path) if kind == "sqlite" else _copied_database(template) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of a demonstration with this database and a folder of its own."""
    return settings_for(database_url, files=tmp_path / "files")


def settings_for(url: str, files: Path = Path("files")) -> Settings:
    """Settings that are right for tests: nothing is kept after a power cut."""
    return read_settings({}, database_url=url, files=str(files), demonstration="1", sqlite_synchronous="NORMAL")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """An engine on a new database with every table and nothing in them."""
    engine = make_engine(settings)
    yield engine
    engine.dispose()


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
    schema.upgrade(engine)
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
def postgresql_template(postgres_server: str) -> str:
    """The address of a migrated PostgreSQL database to copy; nobody stays connected to it."""
    url = f"{postgres_server}/civflow_{uuid4().hex[:12]}"
    _run(postgres_server, SQL("CREATE DATABASE {}").format(_name(url)))
    engine = make_engine(settings_for(url))
    schema.upgrade(engine)
    engine.dispose()
    return url


@contextmanager
def _copied_database(template: str) -> Iterator[str]:
    server = template.rsplit("/", 1)[0]
    url = f"{server}/civflow_{uuid4().hex[:12]}"
    copy = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    _run(server, copy.format(_name(url), _name(template)))
    yield url
    _run(server, SQL("DROP DATABASE {} WITH (FORCE)").format(_name(url)))


def _name(url: str) -> Identifier:
    return Identifier(url.rsplit("/", 1)[1])


def _run(server: str, statement: object) -> None:
    plain = server.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        connection.execute(statement)
