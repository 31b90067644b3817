"""Engine and session; SQLite's pragmas; the UTC datetime type."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from civflow.settings import Settings, SettingsError

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = NAMES


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC on both databases; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A datetime needs a time zone.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(settings: Settings) -> Engine:
    """The engine for the settings' database; on SQLite the folder of the file is made if it is missing.

    Its errors do not repeat values: what people typed does not belong in a log.

    Raises SettingsError for an address that names no database, or a folder that cannot be made.
    """
    try:
        if not settings.is_sqlite:
            return create_engine(
                settings.database_url, pool_size=8, max_overflow=4, pool_recycle=1800, hide_parameters=True
            )
        path = settings.database_url.removeprefix("sqlite:///")
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            settings.database_url,
            connect_args={"timeout": PATIENCE / 1000, "check_same_thread": False},
            hide_parameters=True,
        )
    except OSError as error:
        raise SettingsError(
            f"The folder of the database cannot be made ({error}). Make it, or set CIVFLOW_DATABASE_URL."
        ) from None
    except (ArgumentError, ValueError) as error:
        raise SettingsError(f"CIVFLOW_DATABASE_URL cannot be read: {error}") from None
    prepare_sqlite(engine, settings.sqlite_synchronous)
    return engine


PATIENCE, IN_A_HURRY = 30_000, 150  # milliseconds that a writer waits for others on SQLite
BUSY = (OperationalError, sqlite3.OperationalError)


def prepare_sqlite(engine: Engine, synchronous: str) -> None:
    """Give every connection its pragmas, and begin a transaction that may write with IMMEDIATE.

    A deferred transaction that turns into a writer fails at once when somebody else wrote; an immediate one waits.
    """

    @event.listens_for(engine, "connect")
    def pragmas(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            f"busy_timeout={PATIENCE}",
            "cache_size=-65536",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options, cursor = connection.get_execution_options(), connection.connection.cursor()  # the driver, for speed
        if not options.get("civflow_hurries", False):
            cursor.execute("BEGIN" if options.get("civflow_reads", False) else "BEGIN IMMEDIATE")
            return
        cursor.execute(f"PRAGMA busy_timeout={IN_A_HURRY}")
        try:
            cursor.execute("BEGIN IMMEDIATE")
        finally:
            cursor.execute(f"PRAGMA busy_timeout={PATIENCE}")


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read: on SQLite they wait for nobody."""
    return engine.execution_options(civflow_reads=True)


def hurrying(engine: Engine) -> Engine:
    """The same engine for what can be left out: on SQLite it raises one of BUSY soon where somebody else writes."""
    return engine.execution_options(civflow_hurries=True)


def new_session(engine: Engine) -> Session:
    """A session whose records stay readable after the commit."""
    return Session(engine, expire_on_commit=False)
