"""The check-up of a machine: what civflow needs, whether it is there, and how to get it."""

from __future__ import annotations

import os
import shutil
import smtplib
from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from civflow.db import make_engine, new_session, reading
from civflow.services.documents.render import CannotRender, check_can_print
from civflow.services.health.backlog import WITHOUT_A_WORKER, backlog
from civflow.services.jobs import database
from civflow.services.people.invented import holds_demonstration
from civflow.settings import Settings, SettingsError, check_safe_to_serve

Result = tuple[str, str, bool]
NOT_FOR_A_DEMONSTRATION = "This matters for real operation only, not for make demo."


def checkup(settings: Settings, *, now: datetime) -> list[Result]:
    """What, a sentence, and whether it is good, for each thing that civflow needs."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("Database", _database),
        ("Files", _files),
        ("PDFs", _printing),
        ("Settings", _settings),
        ("Mail", _mail),
        ("Worker", partial(_worker, now=now)),
    )
    results = []
    for what, check in checks:
        try:
            results.append((what, check(settings), True))
        except Missing as missing:
            results.append((what, str(missing), False))
    browser = shutil.which("chromium")
    results.append(("Browser", browser or "not found; only the tests need one: apt-get install chromium", True))
    return results


class Missing(Exception):
    """Something that civflow needs; the text says how to get it."""


def _database(settings: Settings) -> str:
    engine = make_engine(settings)
    try:
        if not database.is_current(engine):
            raise Missing("it is new, or older than this version. Run: civflow init")
        database.check_writable(engine)
    except DBAPIError as error:
        raise Missing(
            f"{engine.url.database} cannot be opened to write ({str(error.orig).splitlines()[0]}). "
            "Make the file and its folder writable, or look at CIVFLOW_DATABASE_URL."
        ) from None
    finally:
        engine.dispose()
    return engine.url.render_as_string()


def _files(settings: Settings) -> str:
    folder = settings.files
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Missing(f"{folder} cannot be made ({error.strerror}). Make it, or set CIVFLOW_FILES.") from None
    if not os.access(folder, os.W_OK):
        raise Missing(f"{folder} cannot be written. Make it writable, or set CIVFLOW_FILES.")
    return str(folder)


def _printing(_: Settings) -> str:
    try:
        check_can_print()
    except CannotRender as error:
        raise Missing(str(error)) from None
    return "WeasyPrint prints"


def _settings(settings: Settings) -> str:
    try:
        check_safe_to_serve(settings)
    except SettingsError as error:
        raise Missing(f"{error} {NOT_FOR_A_DEMONSTRATION}") from None
    return "a demonstration" if settings.demonstration else "safe to serve"


def _mail(settings: Settings) -> str:
    if not settings.smtp_url:
        if settings.demonstration:
            return "stays in the outbox page of the demonstration"
        raise Missing(f"CIVFLOW_SMTP_URL names no mail server. {NOT_FOR_A_DEMONSTRATION}")
    address = urlsplit(settings.smtp_url)
    try:
        with smtplib.SMTP(address.hostname or "", address.port or 25, timeout=5) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        raise Missing(f"{address.hostname}:{address.port or 25} does not answer ({error}).") from None
    return f"{address.hostname}:{address.port or 25} answers"


def _worker(settings: Settings, *, now: datetime) -> str:
    engine = make_engine(settings)
    try:
        if not database.revision(reading(engine)):
            return "nothing waits for it"
        with new_session(reading(engine)) as session:
            left, invented = backlog(session, now=now), holds_demonstration(session)
    except DBAPIError:
        return "cannot be judged without the database"
    finally:
        engine.dispose()
    if not left:
        return "all that was due is done"
    if invented:
        return f"{left} It goes on with the demonstration: make demo"
    raise Missing(f"{left} {WITHOUT_A_WORKER} Run `civflow worker`, or `civflow serve` without --without-worker.")
