"""What Alembic asks for: our tables, our names, and how both databases are changed by the same migrations."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

import civflow.workflows.handbook  # noqa: F401  (the pages add the CHECKs of the states to the tables)
from civflow.db import UTCDateTime, make_engine, metadata
from civflow.models.search import INDEX_COLUMNS, INDEX_TABLES
from civflow.settings import read_settings

# DBOS keeps its tables beside ours on SQLite, and in the schema "dbos", where we never look, on PostgreSQL.
TABLES_OF_DBOS = {
    "application_versions",
    "dbos_migrations",
    "event_dispatch_kv",
    "notifications",
    "operation_outputs",
    "queues",
    "streams",
    "workflow_events",
    "workflow_events_history",
    "workflow_input",
    "workflow_output",
    "workflow_schedules",
    "workflow_status",
}
TURN = 4_112_026  # the advisory lock that lets one process migrate at a time on PostgreSQL


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Whether a name that stands in the database is ours to compare."""
    if kind == "table":
        return name not in TABLES_OF_DBOS | INDEX_TABLES
    of_words = kind in {"column", "index"} and parents["table_name"] == "challenge_words"
    return not (of_words and (name or "").removeprefix("ix_challenge_words_") in INDEX_COLUMNS)


def render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Plain SQLAlchemy types, so that a migration stays true when our own types change."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations that were asked for, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        render_item=render_item,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:  # rebuilding a table drops it, which would take the rows that point to it along
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    try:
        with context.begin_transaction():
            if not sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
            context.run_migrations()
            if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"The migration would leave rows that point nowhere: {broken[:5]}.")
    finally:
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = make_engine(read_settings())
    with engine.connect() as new:
        migrate(new)
    engine.dispose()
