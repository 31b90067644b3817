"""Commands about what is kept: check and seal the record, take challenges in, write tables out."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from civflow.cli.opening import Failed, a_session, clock, read_text
from civflow.services.formatting import count, harmless
from civflow.workflows.engine import Actor, RoleHeld

ARCHIVIST = Actor(None, "civflow", frozenset({RoleHeld("programme_manager", "site", None)}), automatic=True)
READER = Actor(None, "civflow", frozenset(RoleHeld(role, "site", None) for role in ("programme_manager", "auditor")))


@click.group()
def audit() -> None:
    """The record: check it, seal it."""


@audit.command("verify")
def audit_verify() -> None:
    """Compute every chain and seal again, and compare what was decided on with them; exit 1 and name what is broken."""
    from civflow.services.audit.verify import verify  # noqa: PLC0415 - little is needed

    with a_session(reads=True) as session:
        found = verify(session)
    if found.broken:
        raise Failed(found.broken)
    entries, records = f"{found.entries:,} entries", f"{found.records:,} records"
    click.echo(f"The record is whole: {entries} of {records}, {count(found.seals, 'sealed day')}.")


@audit.command("seal")
def audit_seal() -> None:
    """Seal every day that is over."""
    from civflow.services.engine.history import seal_days  # noqa: PLC0415 - little is needed

    with a_session() as session:
        seals = seal_days(session, now=clock())
        session.commit()
    click.echo(f"{count(len(seals), 'day')} sealed.")


@click.group("import")
def import_() -> None:
    """Take in records from files."""


@import_.command("challenges")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--programme", "name", default="civtech", show_default=True, help="The programme of the archive.")
def import_challenges(file: Path, name: str) -> None:
    """File challenges of earlier rounds from a CSV table; rows that are there already are left alone."""
    from civflow.services.challenges.archive import import_rows, read_rows  # noqa: PLC0415 - little is needed
    from civflow.services.programmes.store import newest  # noqa: PLC0415 - little is needed

    rows = read_rows(read_text(file))
    with a_session() as session:
        made, known = import_rows(session, rows, programme=newest(session, name), actor=ARCHIVIST, now=clock())
        session.commit()
    click.echo(f"{count(len(made), 'challenge')} imported; {known} of the file's rows were there already.")


@click.command()
@click.argument("what", callback=lambda _context, _parameter, value: _exported(value))
@click.option("--id", "record_id", type=int, help="Only the record of this number, of a noun.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of CSV.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="A file instead of the screen.")
def export(what: str, record_id: int | None, as_json: bool, output: TextIO) -> None:
    """Write challenges, applications, the whole history, or the records of a noun such as team, as CSV or JSON."""
    from civflow.services.records.export import rows_to_export  # noqa: PLC0415 - little is needed

    with a_session(reads=True) as session:
        names, rows = rows_to_export(session, what, actor=READER, now=clock(), record_id=record_id)
    if as_json:
        _write_json(output, names, rows)
    else:
        _write_csv(output, names, rows)


def _exported(what: str) -> str:
    """What can be exported, by name. Raises BadParameter for anything else."""
    from civflow.workflows import HANDBOOK  # noqa: PLC0415 - little is needed

    known = ("challenges", "applications", "history", *HANDBOOK)
    if what not in known:
        raise click.BadParameter(f"{what!r} is not one of {', '.join(known)}.")
    return what


def _write_json(output: TextIO, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    found = [dict(zip(names, row, strict=True)) for row in rows]
    json.dump(found, output, ensure_ascii=False, indent=1, default=plain)
    output.write("\n")


def _write_csv(output: TextIO, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writer = csv.writer(output)
    writer.writerow(names)
    writer.writerows([cell(value) for value in row] for row in rows)


def plain(value: Any) -> str:
    """The text of a value that is neither a text nor a number: moments as in 2026-01-05T12:00:00+00:00."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def cell(value: Any) -> str:
    """The text of a value, in a way that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else plain(value)


COMMANDS = (audit, import_, export)
