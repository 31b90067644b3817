"""The `civflow` command: it parses, opens a session, calls a service, commits in sight, and prints sentences."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import click
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

import civflow
from civflow.db import make_engine, new_session
from civflow.settings import Settings, SettingsError, check_safe_to_serve, read_settings
from civflow.workflows.engine import CIVFLOW, Actor, Held, Refusal

ARCHIVIST = Actor(None, "civflow", frozenset({Held("programme_manager", "site", None)}), automatic=True)

# Slow imports (DBOS, Flask, OR-tools) stand in the commands that need them: `civflow --help` answers at once.


class Failed(click.ClickException):
    """A command that could not do its work; the text says what to do."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True, file=file)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(civflow.__version__, message="civflow %(version)s")
def commands() -> None:
    """Run public challenge programmes."""


def main() -> None:
    """Run a command; what goes wrong is a sentence, never a trace."""
    try:
        commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except Refusal as refusal:
        click.echo("\n".join(refusal.sentences), err=True)
        sys.exit(1)
    except DBAPIError as error:
        click.echo(database_sentence(error), err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)


def database_sentence(error: DBAPIError) -> str:
    """What to do about a database that does not answer as it should."""
    text = str(error.orig).strip().splitlines()[0]
    if "no such table" in text or "does not exist" in text:
        return f"The database has not been prepared ({text}). Run: civflow init"
    if "locked" in text:
        return "Another process writes to the database. Wait until it has finished, then try again."
    if "readonly" in text or "read-only" in text or "unable to open" in text:
        return f"The database file cannot be written ({text}). Make the file and its folder writable, or set CIVFLOW_DATABASE_URL."
    return f"The database says: {text}. Look at CIVFLOW_DATABASE_URL, and at `civflow doctor`."


@contextmanager
def a_session(settings: Settings | None = None, *, prepared: bool = True) -> Iterator[Session]:
    """A session on the configured database, closed and disposed of behind it."""
    from civflow.services import schema

    engine = make_engine(settings or read_settings())
    try:
        if prepared and not schema.is_current(engine):
            raise Failed("The database is new, or older than this version of civflow. Run: civflow init")
        with new_session(engine) as session:
            yield session
    finally:
        engine.dispose()


def clock() -> datetime:
    """The only place of the command that reads the time."""
    return datetime.now(UTC)


@commands.command()
def init() -> None:
    """Make or migrate the database, and store the programmes."""
    settings = read_settings()
    engine = make_engine(settings)
    prepare(engine)
    settings.files.mkdir(parents=True, exist_ok=True)
    click.echo(f"The database is ready: {engine.url.render_as_string()}")


def prepare(engine: Engine) -> None:
    """Tables, the tables of the jobs, and the programmes that come with civflow."""
    from civflow.services import jobs, programmes, schema

    schema.upgrade(engine)
    jobs.prepare(engine)
    with new_session(engine) as session:
        programmes.store_shipped(session, now=clock())
        session.commit()


@commands.command()
@click.option("--port", default=8000, show_default=True, help="The port on --host.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--without-worker", is_flag=True, help="Let `civflow worker` do what happens later.")
def serve(port: int, host: str, without_worker: bool) -> None:
    """Serve the site, with the worker in the same process unless told otherwise."""
    from civflow import demo

    settings = read_settings()
    check_safe_to_serve(settings)
    with a_session(settings):
        pass
    try:
        click.echo(f"civflow serves {settings.base_url} on {host}:{port}. Stop it with Ctrl-C.", err=True)
        demo.serve(settings, port=port, host=host, with_worker=not without_worker)
    except demo.CannotServe as error:
        raise Failed(str(error)) from None


@commands.command()
def worker() -> None:
    """Do what happens later: deadlines, mail, PDFs, the nightly seal."""
    from civflow import worker as background

    settings = read_settings()
    check_safe_to_serve(settings)
    with a_session(settings):
        pass
    click.echo("The worker has started. Stop it with Ctrl-C.", err=True)
    background.run(settings)


@commands.command()
def tick() -> None:
    """Take every step that is due, once, and say what is stuck."""
    import civflow.services.register  # noqa: F401 - effects register themselves
    from civflow.services.deadlines import take_due_steps

    with a_session() as session:
        result = take_due_steps(session, now=clock())
        session.commit()
    click.echo(f"{result.moved} steps taken.")
    for stuck in result.stuck:
        click.echo(f"Stuck: {stuck.workflow} {stuck.record_id}, {stuck.step}: {' '.join(stuck.sentences)}")


@commands.command()
@click.option("--once", is_flag=True, help="Play the round to its end and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@click.option("--port", default=8000, show_default=True, help="The port on 127.0.0.1.")
def demo(once: bool, as_json: bool, port: int) -> None:
    """Play the demonstration round, print a sign-in link per role, and serve it."""
    from civflow import demo as demonstration

    try:
        if not once:
            demonstration.check_port(port)
        settings = demonstration.demonstration_settings(**({} if once else {"base_url": f"http://127.0.0.1:{port}"}))
        found, seconds = demonstration.perform(settings, quiet=False)
        if as_json:
            click.echo(demonstration.as_json(found, seconds))
        elif once:
            click.echo(demonstration.in_words(found, seconds))
        if once:
            return
        click.echo(f"\nThe demonstration is on {settings.base_url}. Sign in as somebody:\n")
        for role, name, link in demonstration.links(settings):
            click.echo(f"  {role:<18} {name:<16} {link}")
        click.echo("\nStop it with Ctrl-C.", err=False)
        sys.stdout.flush()
        demonstration.serve(settings, port=port)
    except demonstration.CannotServe as error:
        raise Failed(str(error)) from None


@commands.group()
def handbook() -> None:
    """The workflows: prove them, draw them."""


@handbook.command("check")
def handbook_check() -> None:
    """Prove every page and every shipped programme; exit 1 if something is wrong."""
    import civflow.services.register  # noqa: F401 - effects register themselves
    from civflow.services.effects import EFFECTS
    from civflow.services.facts import FACTS
    from civflow.workflows import HANDBOOK
    from civflow.workflows.challenges import compile_challenge
    from civflow.workflows.check import findings
    from civflow.workflows.programme import shipped_programmes

    wrong = []
    for page in HANDBOOK.values():
        wrong += findings(page, effects=EFFECTS, facts=FACTS)
        click.echo(f"{page.name:<12} {len(page.states):>2} states  {len(page.steps):>2} steps  {page.sentence}")
    for name, loaded in shipped_programmes().items():
        page = compile_challenge(loaded.programme)
        wrong += findings(page, effects=EFFECTS, facts=FACTS)
        click.echo(f"programme {name}: {len(loaded.programme.stages)} stages, {len(page.states)} states of a challenge")
    used = set().union(*(page.effects for page in HANDBOOK.values()))
    wrong += [f"No page names the effect “{name}”." for name in sorted(set(EFFECTS) - used)]
    if wrong:
        raise Failed("\n".join(wrong))
    click.echo(
        f"{len(HANDBOOK)} workflows hold: every state is reached and left, every step can be taken, every name exists."
    )


@handbook.command("draw")
@click.argument("name")
def handbook_draw(name: str) -> None:
    """Print a page as a Mermaid diagram."""
    from civflow.workflows import HANDBOOK
    from civflow.workflows.draw import mermaid

    if name not in HANDBOOK:
        raise Failed(f"The handbook has no page “{name}”. Its pages are {', '.join(HANDBOOK)}.")
    click.echo(mermaid(HANDBOOK[name]), nl=False)


@commands.group()
def programme() -> None:
    """Programme files: check one, list those that are stored."""


@programme.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def programme_check(file: Path) -> None:
    """List every error of a programme file with its line; exit 1 if there is one."""
    from civflow.workflows.programme import ProgrammeError, read_programme

    try:
        loaded = read_programme(read_text(file))
    except ProgrammeError as error:
        raise Failed("\n".join(f"{file}:{p.line}: {p.key}: {p.sentence}" for p in error.problems)) from None
    click.echo(f"{file}: {loaded.programme.title} holds, with {len(loaded.programme.stages)} stages.")


@programme.command("list")
def programme_list() -> None:
    """List the stored versions."""
    from civflow.services.programmes import stored_programmes

    with a_session() as session:
        for stored in stored_programmes(session):
            click.echo(
                f"{stored.name:<16} version {stored.version:<8} {stored.content_hash[:12]}  stored {stored.stored_at:%Y-%m-%d}"
            )


def read_text(file: Path) -> str:
    """The text of a file. Raises Failed with what to do where it cannot be read."""
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise Failed(f"There is no file {file}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{file} cannot be read as text: {error}") from None


@commands.group()
def audit() -> None:
    """The record: check it, seal it."""


@audit.command("verify")
def audit_verify() -> None:
    """Compute every chain and seal again; exit 1 and name the first broken entry."""
    from civflow.services.history import verify

    settings = read_settings()
    with a_session(settings) as session:
        found = verify(session)
    if found.broken:
        raise Failed(found.broken)
    click.echo(
        f"The record is whole: {found.entries:,} entries of {found.records:,} records, {found.seals:,} sealed days."
    )


@audit.command("seal")
def audit_seal() -> None:
    """Seal every day that is over."""
    from civflow.services.history import seal_days

    with a_session() as session:
        seals = seal_days(session, now=clock())
        session.commit()
    click.echo(f"{len(seals)} days sealed.")


@commands.group()
def user() -> None:
    """People: add them, give and take roles, make sign-in links."""


@user.command("add")
@click.argument("email")
@click.argument("name")
def user_add(email: str, name: str) -> None:
    """Add a person."""
    from civflow.services import people

    with a_session() as session:
        person = people.add_person(session, name=name, email=email, now=clock())
        session.commit()
    click.echo(f"{person.name} <{person.email}> has an account. Make a link with: civflow user link {person.email}")


@user.command("grant")
@click.argument("email")
@click.argument("role")
@click.option("--scope", default="site", show_default=True, help="site, round, challenge or team.")
@click.option("--id", "scope_id", type=int, help="The number of the round, challenge or team.")
@click.option("--limit", type=click.IntRange(min=0), help="An approver's limit in whole pounds.")
def user_grant(email: str, role: str, scope: str, scope_id: int | None, limit: int | None) -> None:
    """Give a person a role in a scope."""
    from civflow.services import people

    with a_session() as session:
        person = found_person(session, email)
        people.grant(
            session, person, role, actor=CIVFLOW, now=clock(), scope=scope, scope_id=scope_id, limit_pounds=limit
        )
        session.commit()
    click.echo(f"{person.name} is {role.replace('_', ' ')} ({scope}{f' {scope_id}' if scope_id else ''}).")


@user.command("revoke")
@click.argument("email")
@click.argument("role")
@click.option("--scope", default="site", show_default=True, help="site, round, challenge or team.")
@click.option("--id", "scope_id", type=int, help="The number of the round, challenge or team.")
def user_revoke(email: str, role: str, scope: str, scope_id: int | None) -> None:
    """Take a role back."""
    from civflow.services import people

    with a_session() as session:
        person = found_person(session, email)
        people.revoke(session, person, role, actor=CIVFLOW, now=clock(), scope=scope, scope_id=scope_id)
        session.commit()
    click.echo(f"{person.name} is no longer {role.replace('_', ' ')}.")


@user.command("link")
@click.argument("email")
def user_link(email: str) -> None:
    """Make a link that signs a person in once."""
    from civflow.services import people

    settings = read_settings()
    with a_session(settings) as session:
        token = people.make_link(session, found_person(session, email), now=clock())
        session.commit()
    click.echo(f"{settings.base_url}/sign-in/{token}")


@user.command("list")
def user_list() -> None:
    """List the people who hold a role."""
    from civflow.services import people

    with a_session() as session:
        for person, held in people.role_holders(session):
            click.echo(f"{person.email:<40} {person.name:<24} {held}")


def found_person(session: Session, email: str) -> Any:
    from civflow.services import people

    person = people.person_by_email(session, email)
    if person is None:
        raise Failed(f"Nobody has an account with {email}. Add one with: civflow user add {email} NAME")
    return person


@commands.command()
def doctor() -> None:
    """Say what is missing on this machine, and how to get it; exit 1 if something is."""
    from civflow.services.checkup import checkup

    settings = read_settings()
    results = checkup(settings)
    for what, sentence, good in results:
        click.echo(f"{'  ok' if good else 'MISS'}  {what}: {sentence}")
    if not all(good for _, _, good in results):
        raise Failed("Something is missing; see above.")


@commands.group("import")
def import_() -> None:
    """Take in records from files."""


@import_.command("challenges")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--programme", "name", default="civtech", show_default=True, help="The programme of the archive.")
def import_challenges(file: Path, name: str) -> None:
    """File challenges of earlier rounds from a CSV table; rows that are there already are left alone."""
    import civflow.services.register  # noqa: F401 - effects register themselves
    from civflow.services.archive import import_rows, read_rows
    from civflow.services.programmes import newest

    rows = read_rows(read_text(file))
    with a_session() as session:
        made, known = import_rows(session, rows, programme=newest(session, name), actor=ARCHIVIST, now=clock())
        session.commit()
    click.echo(f"{len(made)} challenges imported, {known} were there already.")


@commands.command()
@click.argument("what", type=click.Choice(["challenges", "applications", "history"]))
@click.option("--json", "as_json", is_flag=True, help="JSON instead of CSV.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="A file instead of the screen.")
def export(what: str, as_json: bool, output: TextIO) -> None:
    """Write challenges, applications or the whole record as CSV or JSON."""
    from civflow.services.exporting import rows_to_export

    with a_session() as session:
        names, rows = rows_to_export(session, what, now=clock())
    if as_json:
        json.dump(
            [dict(zip(names, row, strict=True)) for row in rows], output, ensure_ascii=False, indent=1, default=str
        )
        output.write("\n")
        return
    writer = csv.writer(output)
    writer.writerow(names)
    writer.writerows([harmless(value) for value in row] for row in rows)


def harmless(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()


if __name__ == "__main__":
    main()
