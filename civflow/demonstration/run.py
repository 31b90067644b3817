"""`civflow demo`: play the demonstration to its end, say what came of it, and serve it."""

from __future__ import annotations

import dataclasses
import gc
import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import waitress
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from civflow import create_app
from civflow.db import make_engine, new_session, reading
from civflow.demonstration import Act, Summary, begun_at, is_free, not_done, play, story_end, summary, write_script
from civflow.models import Agreement
from civflow.services import people
from civflow.services.documents.jobs import MakeDocuments
from civflow.services.documents.printed import forget
from civflow.services.jobs import database
from civflow.services.jobs import queue as jobs
from civflow.services.notifications.jobs import SendMessages
from civflow.services.people.invented import ROLES
from civflow.services.programmes import store as programmes
from civflow.settings import Settings, read_settings
from civflow.worker import Worker, start_embedded
from civflow.workflows.agreements import TO_ISSUE
from civflow.workflows.engine import Refusal

SEED = 2016  # the year of CivTech's first round
LINKS_LAST = timedelta(days=30)
EVENING = "tick "  # how the acts are called after which the day's mail leaves


class CannotPlay(Exception):
    """The demonstration cannot be played; the text says why and what to do."""


def demonstration_settings(**overrides: str) -> Settings:
    """The settings of a demonstration. Its database is the usual one, so that every other command looks at it too."""
    return read_settings(None, **{"demonstration": "1", **overrides})


def perform(
    settings: Settings, *, now: datetime | None = None, quiet: bool = False, print_all: bool = True
) -> tuple[Summary, float]:
    """Play what has not been played yet; the summary, and how many seconds it took. `now` is the clock's unless given.

    Documents that the story does not need are left to the worker, unless it is to `print_all`. Stopped at any moment
    and started again, it goes on where it was and ends in the same counts. Raises CannotPlay where the database is in
    use by real people.
    """
    begun = time.monotonic()
    now = now or datetime.now(UTC)
    engine = make_engine(replace(settings, sqlite_synchronous="NORMAL"))  # what a power cut takes is played again
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)  # a story leaves few cycles behind
    try:
        database.check_writable(engine)
        _check_free(engine)
        database.upgrade(engine)
        with new_session(engine) as session:
            _store_programmes(session, now)
            end = begun_at(session, end=story_end(now))
            session.commit()
            forget(settings.files, now=now)
            left = not_done(session, write_script(seed=SEED, end=end))
        _play(settings, engine, left, end, say=_Progress(quiet=quiet), print_all=print_all)
        jobs.prepare(engine)  # only now: what is asked for from here on is for the worker
        with new_session(engine) as session:
            found = summary(session, files=settings.files)
    finally:
        engine.dispose()
    return found, time.monotonic() - begun


def _store_programmes(session: Session, now: datetime) -> None:
    try:
        programmes.store_shipped(session, now=now)
    except Refusal as refusal:
        raise CannotPlay(
            f"{' '.join(refusal.sentences)} Or play a new demonstration in another database, such as "
            "CIVFLOW_DATABASE_URL=sqlite:///var/demonstration.db, with another folder for files in CIVFLOW_FILES."
        ) from None


def _check_free(engine: Engine) -> None:
    """Nothing is invented among the records of real people."""
    if not database.revision(reading(engine)):
        return
    with new_session(reading(engine)) as session:
        if not is_free(session):
            raise CannotPlay(
                f"The database {engine.url.render_as_string()} is in use, and the demonstration invents people. Name "
                "another database, such as CIVFLOW_DATABASE_URL=sqlite:///var/demonstration.db, and another folder for "
                "files with CIVFLOW_FILES."
            )


def _play(
    settings: Settings, engine: Engine, acts: list[Act], end: datetime, *, say: _Progress, print_all: bool
) -> None:
    """Play the acts, each in a transaction of its own; every evening the mail leaves.

    Of the documents only those are made which somebody has to read before the story goes on: they are printed while it
    is played.
    """
    clock = {"now": end}
    worker = Worker(settings, engine, now=lambda: clock["now"])
    documents, mail = worker.job(MakeDocuments), worker.job(SendMessages)
    try:
        for number, act in enumerate(acts, start=1):
            clock["now"] = act.at
            if act.needs_documents:
                documents.run(only=_to_be_read(worker))
            with new_session(engine) as session:
                play(session, act, seed=SEED, files=settings.files)
                session.commit()
            if act.asks_for_documents:
                documents.begin(only=_to_be_read(worker))
            if act.name.startswith(EVENING):
                clock["now"] = act.at + timedelta(minutes=5)
                mail.run()
            say.at(f"Playing the round: {number:,} of {len(acts):,} acts, {act.at:%-d %B %Y}")
        clock["now"] = end + timedelta(minutes=5)
        mail.run()
        if print_all:
            documents.run(lambda made: say.at(f"Making documents: {made:,} are ready"))
    finally:
        worker.close()
    say.done("The round is played.")


def _to_be_read(worker: Worker) -> list[int]:
    """The documents of agreements that nobody has issued yet, which must be made for that."""
    with worker.reading() as session:
        query = select(col(Agreement.document_id)).where(col(Agreement.state).in_(TO_ISSUE))
        return [number for number in session.scalars(query) if number]


class _Progress:
    """One line that says how far the story is, on a terminal; now and then a line elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet, self.told = quiet, 0.0
        self.terminal = sys.stderr.isatty()

    def at(self, line: str) -> None:
        if self.quiet or time.monotonic() - self.told < (0.2 if self.terminal else 5):
            return
        self.told = time.monotonic()
        print(
            f"\r{line:<70}" if self.terminal else line, end="" if self.terminal else "\n", file=sys.stderr, flush=True
        )

    def done(self, line: str) -> None:
        if not self.quiet and self.told:
            end = "\r" if self.terminal else ""
            print(f"{end}{line:<70}", file=sys.stderr)


def as_json(found: Summary, seconds: float) -> str:
    """The summary as one JSON object on one line."""
    return json.dumps({**dataclasses.asdict(found), "seconds": round(seconds, 1)})


def links(settings: Settings) -> list[tuple[str, str, str]]:
    """Role, name and a link that signs in as the person, for each of the demonstration's people."""
    engine = make_engine(settings)
    now, found = datetime.now(UTC), []
    with new_session(engine) as session:
        for email, name, role in ROLES:
            person = people.person_by_email(session, email)
            if person:
                token = people.make_link(session, person, now=now, lasts=LINKS_LAST, reusable=True)
                found.append((role, name, f"{settings.base_url}/sign-in/{token}"))
        session.commit()
    engine.dispose()
    return found


def in_words(found: Summary, seconds: float) -> str:
    """The summary in a few lines."""
    return (
        f"{found.challenges} challenges, {found.applications} applications, {found.assignments} assignments, "
        f"{found.scores:,} scores, {found.letters} letters, {found.agreements} agreements, {len(found.documents)} PDFs, "
        f"{found.history:,} entries in the record; {seconds:.0f} seconds."
    )


def serve(
    settings: Settings,
    *,
    port: int,
    host: str = "127.0.0.1",
    with_worker: bool = True,
    announce: Callable[[], None] = lambda: None,
) -> None:
    """Serve the site, with the worker in the same process. `announce` is called once the site listens."""
    app = create_app(settings)
    with start_embedded(settings) if with_worker else nullcontext():
        server = waitress.create_server(app, host=host, port=port, threads=8, ident="civflow")
        announce()
        server.run()
