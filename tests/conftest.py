"""What every test may ask for: a database of its own on SQLite and on PostgreSQL, a session, the time, and a scene."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from civflow.db import make_engine, new_session
from civflow.models import Gate, Person, Team
from civflow.services.jobs import queue as jobs
from civflow.settings import Settings
from tests.databases import Database, PostgresDatabase, SqliteFile, settings_for
from tests.played import own_round, played, shared_folder
from tests.postgres import a_shared_postgres
from tests.scenes import Scenes, count_uses
from tests.scenes.open_call import Call, open_call
from tests.scenes.panel import Panel, sift_panel
from tests.scenes.selection import sift, three_applied

__all__ = ["own_round", "played"]


FIRST = ("tests/journeys", "tests/services", "tests/browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The journeys play the demonstration first. What looks at it comes when it has been played, and what is long not last."""

    def turn(item: pytest.Item) -> tuple[int, bool]:
        folder = next((n for n, name in enumerate(FIRST) if item.nodeid.startswith(name)), len(FIRST))
        return folder, "played" in item.fixturenames  # type: ignore[attr-defined]

    items.sort(key=turn)
    for item in items:
        if "played" in item.fixturenames:  # type: ignore[attr-defined] - whoever comes first plays, and others wait
            item.add_marker(pytest.mark.timeout(900), append=False)


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


KINDS = ["sqlite", "postgresql"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of a service or a command runs once on each kind of database, and a test of a page on SQLite.

    What a page asks of the database goes through services, which are tested on both; a page whose own words, locks or order
    come from the database is marked `both_databases`. A test for one kind says
    `@pytest.mark.parametrize("database", ["sqlite"], indirect=True)`.
    """
    if "database" not in metafunc.fixturenames:
        return
    marks = metafunc.definition.iter_markers("parametrize")
    if any("database" in mark.args[0] for mark in marks):
        return
    page = metafunc.definition.nodeid.startswith("tests/web/")
    both = not page or metafunc.definition.get_closest_marker("both_databases")
    metafunc.parametrize("database", KINDS if both else KINDS[:1], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A new database with every table and nothing in them, of the kind that the test runs on."""
    database: Database = request.getfixturevalue(f"{request.param}_database")
    database.new()
    yield database
    database.empty()


@pytest.fixture
def database_url(database: Database) -> str:
    """The address of a new database."""
    return database.url


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> SqliteFile:
    """The file of this process."""
    return SqliteFile(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def postgresql_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabase]:
    """The database of this process on the server of the run."""
    try:
        with a_shared_postgres(shared_folder(tmp_path_factory)) as server:
            database = PostgresDatabase(server)
            yield database
            database.drop()
    except LookupError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of a demonstration with this database and a folder of its own."""
    return settings_for(database_url, files=tmp_path / "files")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """An engine on a new database with every table and nothing in them.

    It is one for all tests of a process that have their database at the same address: it knows the statements already.
    """
    engine = ENGINES.get(settings.database_url)
    if engine is None:
        engine = ENGINES[settings.database_url] = make_engine(settings)
        count_uses(engine)
    yield engine
    engine.dispose()
    jobs._prepared.discard(engine)  # the next test's database has no tables of the jobs yet


ENGINES: dict[str, Engine] = {}


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session on a new database. On SQLite nobody else can write until it commits."""
    with new_session(engine) as session:
        yield session


@pytest.fixture
def scenes(database: Database, engine: Engine, session: Session, now: datetime) -> Scenes:
    """What plays scenes into the test's database: a file with one of its own says `scenes.play(open_call, its_own)`."""
    return Scenes(database, engine, session, now)


@pytest.fixture
def call(scenes: Scenes) -> Call:
    """A challenge that is open for applications, with its manager and its owner."""
    return scenes.play(open_call)


@pytest.fixture
def panel(scenes: Scenes, call: Call) -> Panel:
    """Two applications before the sift of that call, and three assessors who have been asked."""
    return scenes.play(sift_panel)


@pytest.fixture
def closed_call(scenes: Scenes, call: Call) -> Call:
    """That call, to which three teams have applied and which has closed."""
    return scenes.play(three_applied)


@pytest.fixture
def gate(scenes: Scenes, closed_call: Call) -> Gate:
    """The sift of the three applications: its panel is invited, and nobody has scored."""
    return scenes.play(sift)


@pytest.fixture
def priya(call: Call) -> Person:
    """Somebody who may form a team."""
    return call.person("Priya Raeburn")


@pytest.fixture
def otter(call: Call, priya: Person) -> Team:
    """Her team."""
    return call.team("Otter Works", priya)
