"""What every command shares: a session on the configured database, the time, and sentences for what fails."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import click
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from civflow.db import make_engine, new_session, reading
from civflow.settings import Settings, read_settings


class Failed(click.ClickException):
    """A command that could not do its work; the text says what to do."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.message, err=True, file=file)


def clock() -> datetime:
    """The only place of the command that reads the time."""
    return datetime.now(UTC)


@contextmanager
def an_engine(settings: Settings | None = None) -> Iterator[Engine]:
    """An engine on the configured database, disposed of behind it."""
    engine = make_engine(settings or read_settings())
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def a_session(settings: Settings | None = None, *, reads: bool = False) -> Iterator[Session]:
    """A session on the configured database, which must be prepared; one that only `reads` keeps nobody waiting.

    One that writes is refused the demonstration's database, unless the settings say that it is one.
    """
    from civflow.services.jobs import database  # noqa: PLC0415 - little is needed

    settings = settings or read_settings()
    with an_engine(settings) as engine:
        if not reads:
            database.check_writable(engine)
        check_prepared(engine)
        if not reads:
            check_for_real_people(engine, settings)
        with new_session(reading(engine) if reads else engine) as session:
            yield session


def check_prepared(engine: Engine) -> None:
    """Raise Failed where the tables are not those of this version."""
    from civflow.services.jobs import database  # noqa: PLC0415 - little is needed

    found = database.revision(reading(engine))
    if not found:
        raise Failed("The database has not been prepared. Run: civflow init")
    database.check_known(found)
    if found != database.newest_revision():
        raise Failed("The database is older than this version of civflow. Make a copy of it, then run: civflow init")


def check_for_real_people(engine: Engine, settings: Settings) -> None:
    """Raise Failed where real work would be done among the demonstration's invented people, whose links still work."""
    from civflow.services.people.invented import holds_demonstration  # noqa: PLC0415 - little is needed

    if settings.demonstration:
        return
    with new_session(reading(engine)) as session:
        if holds_demonstration(session):
            raise Failed(
                f"The database {engine.url.render_as_string()} holds the demonstration: its people are invented, and "
                "whoever has one of their links can sign in. For real work name another database, such as "
                "CIVFLOW_DATABASE_URL=sqlite:///var/real.db, another folder for files with CIVFLOW_FILES, and run: "
                "civflow init. To go on with the demonstration run: make demo"
            )


def database_sentence(error: DBAPIError) -> str:
    """What to do about a database that does not answer as it should."""
    text = (str(error.orig).strip() or "no reason given").splitlines()[0]
    if "no such table" in text or "does not exist" in text:
        return f"The database has not been prepared ({text}). Run: civflow init"
    if "locked" in text:
        return "Another process writes to the database. Wait until it has finished, then try again."
    if "not a database" in text:
        return "The file that CIVFLOW_DATABASE_URL names is not a database. Name another one."
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        file = make_url(read_settings().database_url).database
        return f"The database {file} cannot be written ({text}). Make it and its folder writable, or set CIVFLOW_DATABASE_URL."
    return f"The database says: {text}. Look at CIVFLOW_DATABASE_URL, and at `civflow doctor`."


def check_port(port: int, host: str = "127.0.0.1") -> None:
    """Raise Failed where somebody listens on the port already, or nobody may."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Failed(f"You may not listen on port {port}. Choose one above 1023, such as --port 8000.") from None
        except OSError:
            raise Failed(
                f"Port {port} is in use, perhaps by a civflow that you started before. End that, or choose another port: "
                f'--port {port + 1}, or with make: ARGS="--port {port + 1}"'
            ) from None


def read_text(file: Path) -> str:
    """The text of a file. Raises Failed with what to do where it cannot be read."""
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise Failed(f"There is no file {file}.") from None
    except UnicodeDecodeError:
        raise Failed(f"{file} is not a text in UTF-8. Save it as one, then try again.") from None
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}.") from None
