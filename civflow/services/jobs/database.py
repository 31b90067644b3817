"""The database's tables: make them, or bring them to this version; and say whether they are."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from civflow.db import BUSY, hurrying
from civflow.settings import SettingsError

PACKAGE = Path(__file__).parents[2]


def migrations() -> Path:
    """The folder of the migrations: inside an installed package, or beside the package in a clone."""
    inside = PACKAGE / "migrations"
    return inside if inside.is_dir() else PACKAGE.parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    return config


def upgrade(engine: Engine) -> None:
    """Bring the tables to this version; nothing happens where they are. Raises SettingsError for a newer one's."""
    check_known(revision(engine))
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_writable(engine: Engine) -> None:
    """Begin to write, and take it back. Raises DBAPIError where that cannot be; another who writes just now is no fault.

    A file of SQLite opens and reads where nobody may write to it. PostgreSQL says so by itself, in a sentence.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with hurrying(engine).connect() as connection:
            connection.exec_driver_sql("PRAGMA user_version = 0")  # its own value; nothing is committed
    except BUSY as error:
        if "locked" not in str(error):
            raise


def newest_revision() -> str:
    """The revision that this version of civflow works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revision(engine: Engine) -> str:
    """The revision that the database stands at; empty where nothing has been made."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def check_known(found: str) -> None:
    """Raise SettingsError for a revision that only another civflow knows."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found and found not in known:
        raise SettingsError(
            "Another civflow has prepared this database: a newer one, or one from before the first release. Install that "
            "version, or name another database in CIVFLOW_DATABASE_URL."
        )


def is_current(engine: Engine) -> bool:
    """Whether the tables are those that this version of civflow works with."""
    return revision(engine) == newest_revision()
