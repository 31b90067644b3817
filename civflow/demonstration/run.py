"""`civflow demo`: play the demonstration to its end, say what came of it, and serve it."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import waitress
from sqlalchemy import Engine
from sqlmodel import Session

from civflow import create_app
from civflow.db import make_engine, new_session, reading
from civflow.demonstration import Act, Summary, begun_at, is_free, play, story_end, summary, write_script
from civflow.services import people
from civflow.services.documents.jobs import MakeDocuments
from civflow.services.jobs import database
from civflow.services.jobs import queue as jobs
from civflow.services.notifications.jobs import SendMessages
from civflow.services.people.invented import ROLES
from civflow.services.programmes import store as programmes
from civflow.settings import Settings, read_settings
from civflow.worker import Worker, start_embedded
from civflow.workflows.engine import Refusal

SEED = 2016  # the year of CivTech's first round
LINKS_LAST = timedelta(days=30)
EVENING = "tick "  # how the acts are called after which the day's mail leaves


class CannotPlay(Exception):
    """The demonstration cannot be played; the text says why and what to do."""


def demonstration_settings(**overrides: str) -> Settings:
    """The settings of a demonstration. Its database is the usual one, so that every other command looks at it too."""
    return read_settings(None, **{"demonstration": "1", **overrides})


def perform(settings: Settings, *, now: datetime | None = None, quiet: bool = False) -> tuple[Summary, float]:
    """Play what has not been played yet; the summary, and how many seconds it took. `now` is the clock's unless given.

    Stopped at any moment and started again, it goes on where it was and ends in the same counts. Raises CannotPlay
    where the database is in use by real people.
    """
    begun = time.monotonic()
    now = now or datetime.now(UTC)
    engine = make_engine(settings)
    try:
        database.check_writable(engine)
        _check_free(engine)
        database.upgrade(engine)
        with new_session(engine) as session:
            _store_programmes(session, now)
            end = begun_at(session, end=story_end(now))
            session.commit()
            acts = write_script(seed=SEED, end=end)
        _play(settings, engine, acts, end, quiet=quiet)
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


def _play(settings: Settings, engine: Engine, acts: list[Act], end: datetime, *, quiet: bool) -> None:
    """Play the acts, each in a transaction of its own; every evening the mail leaves, and the day's documents are begun.

    They are printed while the next day is played, and kept in its evening, or before an act that needs them.
    """
    clock = {"now": end}
    worker = Worker(settings, engine, now=lambda: clock["now"])
    documents, mail = worker.job(MakeDocuments), worker.job(SendMessages)
    say, last_evening = _Progress(len(acts), quiet=quiet), None
    try:
        for number, act in enumerate(acts, start=1):
            if act.needs_documents:
                clock["now"] = act.at
                documents.run(before=act.at)
            with new_session(engine) as session:
                fresh = play(session, act, seed=SEED, files=settings.files)
                session.commit()
            if fresh and act.name.startswith(EVENING):
                clock["now"] = act.at + timedelta(minutes=5)
                if last_evening:
                    documents.run(before=last_evening)
                documents.begin()
                mail.run()
                last_evening = act.at
            if fresh:
                say.at(number, act)
        clock["now"] = end + timedelta(minutes=5)
        documents.run()
        mail.run()
    finally:
        worker.close()
    say.done()


class _Progress:
    """One line that says how far the story is, on a terminal; now and then a line elsewhere."""

    def __init__(self, of: int, *, quiet: bool) -> None:
        self.of, self.quiet, self.told = of, quiet, 0.0
        self.terminal = sys.stderr.isatty()

    def at(self, number: int, act: Act) -> None:
        if self.quiet or time.monotonic() - self.told < (0.2 if self.terminal else 5):
            return
        self.told = time.monotonic()
        line = f"Playing the round: {number:,} of {self.of:,} acts, {act.at:%-d %B %Y}"
        print(
            f"\r{line:<70}" if self.terminal else line, end="" if self.terminal else "\n", file=sys.stderr, flush=True
        )

    def done(self) -> None:
        if not self.quiet and self.told:
            end = "\r" if self.terminal else ""
            print(f"{end}{'The round is played.':<70}", file=sys.stderr)


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
