"""The databases of one process of the tests, on SQLite and on PostgreSQL: as new for each test, or holding a scene."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from civflow.db import make_engine, metadata
from civflow.services.jobs import database as jobs_database
from civflow.settings import Settings, read_settings


def settings_for(url: str, files: Path = Path("files")) -> Settings:
    """Settings that are right for tests: nothing is kept after a power cut."""
    return read_settings({}, database_url=url, files=str(files), demonstration="1", sqlite_synchronous="NORMAL")


class Database(Protocol):
    """A database with every table. Whoever calls these methods has closed the connections of the test."""

    kind: str
    url: str

    def new(self) -> None:
        """Begin a test: every table is there and empty."""

    def empty(self) -> None:
        """End a test, whatever it has left."""

    def keep(self, name: str) -> None:
        """Keep what is in the tables now under this name."""

    def put(self, name: str) -> None:
        """Put into the tables what is kept under this name, and nothing else."""


class SqliteFile:
    """A file of SQLite at one address, made for each test as a copy of a file that is migrated or holds a scene."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path, self.folder = folder / "civflow.db", folder / "kept"
        self.url = f"sqlite:///{self.path}"
        self.folder.mkdir()
        engine = make_engine(settings_for(f"sqlite:///{self._kept('migrated')}"))
        jobs_database.upgrade(engine)
        engine.dispose()

    def _kept(self, name: str) -> Path:
        return self.folder / f"{name}.db"

    def new(self) -> None:
        self.put("migrated")

    def empty(self) -> None:
        for left in self.path.parent.glob(f"{self.path.name}*"):
            left.unlink()

    def keep(self, name: str) -> None:
        with closing(sqlite3.connect(self.path)) as ours, closing(sqlite3.connect(self._kept(name))) as kept:
            ours.backup(kept)

    def put(self, name: str) -> None:
        self.empty()
        shutil.copyfile(self._kept(name), self.path)


class PostgresDatabase:
    """A database of PostgreSQL that is emptied after each test: that takes milliseconds, and a new one many more.

    Its scenes are kept in tables beside the real ones, and rows are copied between them.
    """

    kind = "postgresql"

    def __init__(self, server: str) -> None:
        self.server, self.name = server, f"civflow_{uuid4().hex[:12]}"
        self.url = f"{server}/{self.name}"
        with self._connect("postgres") as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(self.name)))
        self._migrate()
        self.connection = self._connect(self.name)
        self.connection.execute("CREATE SCHEMA kept")
        self.putting: dict[str, str] = {}
        self.is_empty = True

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        plain = self.server.replace("postgresql+psycopg://", "postgresql://")
        return psycopg.connect(f"{plain}/{database}", autocommit=True)

    def _migrate(self) -> None:
        engine = make_engine(settings_for(self.url))
        jobs_database.upgrade(engine)
        engine.dispose()

    def new(self) -> None:
        """The test before has left it empty."""

    def empty(self) -> None:
        """Delete every row and count from 1 again; where a test has changed the tables, make them anew."""
        self.connection.execute(END_THE_OTHERS)
        if self.connection.execute(AS_MIGRATED, [len(metadata.tables) + 1, newest_revision()]).fetchone():
            self._delete()
        else:
            self.connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            self._migrate()
        self.is_empty = True
        self.connection.execute("DROP SCHEMA IF EXISTS dbos CASCADE")

    def _delete(self) -> None:
        self.connection.execute(DELETE_ALL)
        self.connection.execute(COUNT_FROM_ONE)

    def keep(self, name: str) -> None:
        putting = []
        for table, columns in TABLES.items():
            if self._has_rows(table):
                self.connection.execute(f'CREATE TABLE kept."{name}_{table}" AS SELECT {columns} FROM "{table}"')
                putting.append(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM kept."{name}_{table}"')
        counted = self.connection.execute(COUNTED).fetchall()
        putting += [f"SELECT setval('\"{sequence}\"', {last})" for sequence, last in counted]
        self.putting[name] = "; ".join(putting)
        self.is_empty = False

    def _has_rows(self, table: str) -> bool:
        return self.connection.execute(f'SELECT FROM "{table}" LIMIT 1').fetchone() is not None

    def put(self, name: str) -> None:
        if not self.is_empty:
            self._delete()
        self.connection.execute(self.putting[name])
        self.is_empty = False

    def drop(self) -> None:
        self.connection.close()
        with self._connect("postgres") as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(self.name)))


newest_revision = cache(jobs_database.newest_revision)  # it reads the files of all migrations

TABLES = {
    table.name: ", ".join(f'"{column.name}"' for column in table.columns) for table in metadata.sorted_tables
}  # those that others refer to come first
END_THE_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
AS_MIGRATED = """
SELECT 1 WHERE (SELECT count(*) FROM pg_tables WHERE schemaname = 'public') = %s
AND (SELECT array_agg(version_num::text) FROM alembic_version) = ARRAY[%s]
"""
DELETE_ALL = "; ".join(f'DELETE FROM "{table}"' for table in reversed(TABLES))
COUNT_FROM_ONE = """
SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""
COUNTED = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
