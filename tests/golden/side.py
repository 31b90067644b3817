"""What is done with one side, in a process of its own that imports civflow from that side's folder.

`python -m tests.golden.side play CODE FOLDER` plays the demonstration into a folder, and
`python -m tests.golden.side read CODE FOLDER WHAT STORE ...` stores what one role, or the mail, or the documents, show.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import time_machine

from tests.golden import reading, store
from tests.golden.addresses import Tables, routes_in_words
from tests.golden.answers import pdf_as_text
from tests.golden.commands import every_command
from tests.golden.moment import NOW, database_of, settings_of
from tests.golden.normal import without_chance

MAIL, DOCUMENTS, COMMANDS, ROUTES = "the mail", "the documents", "the commands", "the routes"
OTHERS = (MAIL, DOCUMENTS, COMMANDS, ROUTES)  # what is compared beside the pages of every role


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("act", choices=["play", "read"])
    parser.add_argument("code", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", nargs="?")
    parser.add_argument("store", nargs="?", type=Path)
    parser.add_argument("--like", type=Path, help="An earlier reading, whose addresses are read again.")
    parser.add_argument("--each", type=int)
    wanted = parser.parse_args()
    use_code_of(wanted.code)
    with time_machine.travel(NOW, tick=False):
        if wanted.act == "play":
            play(wanted.folder)
        else:
            store.write(wanted.store, answers(wanted))


def use_code_of(folder: Path) -> None:
    """Import civflow from this folder, and from nowhere else."""
    sys.path.insert(0, str(folder))
    import civflow

    found = Path(civflow.__file__).parent.parent
    if not found.samefile(folder):
        sys.exit(f"civflow would be imported from {found}, and not from {folder}.")


def play(folder: Path) -> None:
    """Play the demonstration as its command does, and write down who can be somebody there."""
    os.environ |= {f"CIVFLOW_{name.upper()}": value for name, value in settings_of(folder).items()}
    from civflow.cli import main as command

    sys.argv = ["civflow", "demo", "--once", "--json"]
    command()
    (folder / "roles.json").write_text(json.dumps(reading.roles_of(reading.make_app(folder))))


def answers(wanted: argparse.Namespace) -> Iterator[store.Answer]:
    """What is to be stored of one role or of one of the others."""
    with tempfile.TemporaryDirectory(dir=wanted.folder) as name:  # reading changes a database: each reader has its own
        own = Path(name)
        shutil.copyfile(database_of(wanted.folder), database_of(own))
        (own / "files").symlink_to(wanted.folder / "files")
        if wanted.what == MAIL:
            yield from mail(own)
        elif wanted.what == DOCUMENTS:
            yield from documents(own)
        elif wanted.what == COMMANDS:
            yield from every_command(own)
        elif wanted.what == ROUTES:
            yield "routes", routes_in_words(reading.make_app(own))
        elif wanted.like:
            yield from reading.read_again(own, wanted.what, [address for address, _ in store.read(wanted.like)])
        else:
            yield from reading.read_all(own, wanted.what, wanted.each)


def mail(folder: Path) -> Iterator[store.Answer]:
    """Every message of the outbox, under the address and the subject, so that their order does not matter."""
    with sqlite3.connect(database_of(folder)) as connection:
        rows = Tables(connection).with_columns("address", "subject", "body", "about")
    yield from store.numbered(
        (
            f"{row['address']}: {row['subject']}",
            without_chance("\n\n".join([row["subject"], row["body"], row["about"]])),
        )
        for row in rows
    )


def documents(folder: Path) -> Iterator[store.Answer]:
    """The text of every document that was printed, under its title."""
    with sqlite3.connect(database_of(folder)) as connection:
        rows = Tables(connection).with_columns("kind", "title", "path")
    texts = ((f"{row['kind']}: {row['title']}", _text_of(folder / "files" / row["path"])) for row in rows)
    yield from store.numbered(sorted(texts))


def _text_of(file: Path) -> str:
    return pdf_as_text(file.read_bytes()) if file.is_file() else "There is no such file."


if __name__ == "__main__":
    main()
