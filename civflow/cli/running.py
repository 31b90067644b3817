"""Commands that prepare civflow and keep it running: init, serve, worker, tick, demo, doctor."""

from __future__ import annotations

import sys
from dataclasses import replace

import click
from sqlalchemy import Engine

from civflow.cli.opening import (
    Failed,
    a_session,
    an_engine,
    check_for_real_people,
    check_port,
    check_prepared,
    clock,
)
from civflow.db import new_session, reading
from civflow.models import Programme
from civflow.services.formatting import count
from civflow.settings import LISTENS_AT, Settings, check_safe_to_serve, read_settings

PORT = click.IntRange(1, 65535)


@click.command()
def init() -> None:
    """Make or migrate the database, and store the programmes."""
    from civflow.services.jobs import database  # noqa: PLC0415 - little is needed

    settings = read_settings()
    with an_engine(settings) as engine:
        database.check_writable(engine)
        if database.is_current(reading(engine)):
            check_for_real_people(engine, settings)
        new = prepare(engine)
        click.echo(f"The database is ready: {engine.url.render_as_string()}")
        for stored in new:
            click.echo(f"Stored the programme {stored.name} version {stored.version} ({stored.content_hash[:12]}).")
    try:
        settings.files.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failed(
            f"The folder for files, {settings.files}, cannot be made ({error.strerror}). Make it, or set CIVFLOW_FILES."
        ) from None


def prepare(engine: Engine) -> list[Programme]:
    """Tables, the tables of the jobs, and the programmes that come with civflow; those that are stored now."""
    from civflow.services.jobs import database  # noqa: PLC0415 - little is needed
    from civflow.services.jobs import queue as jobs  # noqa: PLC0415 - little is needed
    from civflow.services.programmes import store as programmes  # noqa: PLC0415 - little is needed

    database.upgrade(engine)
    jobs.prepare(engine)
    with new_session(engine) as session:
        new = programmes.store_shipped(session, now=clock())
        session.commit()
    return new


@click.command()
@click.option("--port", default=8000, show_default=True, type=PORT, help="The port on --host.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--without-worker", is_flag=True, help="Let `civflow worker` do what happens later.")
def serve(port: int, host: str, without_worker: bool) -> None:
    """Serve the site, with the worker in the same process unless told otherwise."""
    settings = _ready_to_serve()
    if settings.base_url == LISTENS_AT:  # without an address of its own the site is where it listens
        settings = replace(settings, base_url=f"http://{host}:{port}")
    if without_worker:
        from civflow.services.health.backlog import WITHOUT_A_WORKER  # noqa: PLC0415 - little is needed

        click.echo(f"Let `civflow worker` run beside it. {WITHOUT_A_WORKER}", err=True)
    check_port(port, host)
    from civflow.demonstration import run  # noqa: PLC0415 - little is needed

    def announce() -> None:
        click.echo(f"civflow serves {settings.base_url} on {host}:{port}. Stop it with Ctrl-C.", err=True)

    run.serve(settings, port=port, host=host, with_worker=not without_worker, announce=announce)


@click.command()
def worker() -> None:
    """Do what happens later: deadlines, mail, PDFs, the nightly seal."""
    settings = _ready_to_serve(views=False)
    from civflow import worker as background  # noqa: PLC0415 - little is needed

    click.echo("The worker has started. Stop it with Ctrl-C.", err=True)
    background.run(settings)


def _ready_to_serve(*, views: bool = True) -> Settings:
    """The settings of a civflow that the public may meet, with every feature loaded and a prepared database."""
    from civflow.services.health.declared import check_features  # noqa: PLC0415 - little is needed
    from civflow.services.jobs import database  # noqa: PLC0415 - little is needed

    settings = read_settings()
    check_safe_to_serve(settings)
    check_features(views=views)
    with an_engine(settings) as engine:
        database.check_writable(engine)
        check_prepared(engine)
        check_for_real_people(engine, settings)
    return settings


@click.command()
def tick() -> None:
    """Take every step that is due, once, and say what is stuck."""
    from civflow.services.engine.deadlines import take_due_steps  # noqa: PLC0415 - little is needed
    from civflow.services.health.declared import check_features  # noqa: PLC0415 - little is needed

    check_features(views=False)
    with a_session() as session:
        result = take_due_steps(session, now=clock())
        session.commit()
    click.echo(f"{count(result.moved, 'step')} taken.")
    for stuck in result.stuck:
        click.echo(f"Stuck: {stuck.workflow} {stuck.record_id}, {stuck.step}: {' '.join(stuck.sentences)}")


@click.command()
@click.option("--once", is_flag=True, help="Play the round to its end and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@click.option("--port", default=8000, show_default=True, type=PORT, help="The port on 127.0.0.1.")
def demo(once: bool, as_json: bool, port: int) -> None:
    """Play the demonstration round, print a sign-in link per role, and serve it."""
    from civflow.services.health.declared import check_features  # noqa: PLC0415 - little is needed

    check_features(views=not once)
    if not once:
        check_port(port)
    from civflow.demonstration import run as demonstration  # noqa: PLC0415 - little is needed

    settings = demonstration.demonstration_settings(**({} if once else {"base_url": f"http://127.0.0.1:{port}"}))
    try:
        found, seconds = demonstration.perform(settings, print_all=once)
    except demonstration.CannotPlay as error:
        raise Failed(str(error)) from None
    if as_json:
        click.echo(demonstration.as_json(found, seconds))
    elif once:
        click.echo(demonstration.in_words(found, seconds))
    if not once:
        demonstration.serve(settings, port=port, announce=lambda: _say_who_one_can_be(settings))


def _say_who_one_can_be(settings: Settings) -> None:
    """The address, and a link for each of the demonstration's people."""
    from civflow.demonstration.run import links  # noqa: PLC0415 - little is needed

    click.echo(f"\nThe demonstration is on {settings.base_url}. Sign in as somebody:\n")
    for role, name, link in links(settings):
        click.echo(f"  {role:<18} {name:<16} {link}")
    click.echo("\nStop it with Ctrl-C.")
    sys.stdout.flush()


@click.command()
def doctor() -> None:
    """Say what is missing on this machine, and how to get it; exit 1 if something is."""
    from civflow.services.health.checks import checkup  # noqa: PLC0415 - little is needed

    settings = read_settings()
    results = checkup(settings, now=clock())
    for what, sentence, good in results:
        click.echo(f"{'  ok' if good else 'MISS'}  {what}: {sentence}")
    if not all(good for _, _, good in results):
        raise Failed("Something is missing; see above.")


COMMANDS = (init, serve, worker, tick, demo, doctor)
