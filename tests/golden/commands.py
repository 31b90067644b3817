"""What the commands say that only read: their help, and what they print about the demonstration."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from tests.golden.moment import settings_of
from tests.golden.store import Answer

THAT_READ = (
    "handbook check",
    "programme list",
    "audit verify",
    "user list",
    "export challenges",
    "export applications",
    "export history",
    "export challenges --json",
    "export applications --json",
    "export nothing",
    "handbook draw nothing",
    "nothing",
)
LISTED = re.compile(r"^  ([a-z]+) ", re.MULTILINE)


def every_command(folder: Path) -> Iterator[Answer]:
    """The help of every command, then what the reading ones print about the demonstration in a folder."""
    os.environ |= {f"CIVFLOW_{name.upper()}": value for name, value in settings_of(folder).items()}
    yield from _helps("")
    for command in THAT_READ:
        yield f"civflow {command}", _said(command).replace(str(folder), "FOLDER")


def _helps(command: str) -> Iterator[Answer]:
    text = _said(f"{command} --help")
    yield f"civflow {command} --help", text
    for name in LISTED.findall(text.partition("Commands:")[2]):
        yield from _helps(f"{command} {name}".strip())


def _said(command: str) -> str:
    """What a command writes, and the code with which it ends."""
    from civflow.cli import main

    said, code = io.StringIO(), 0
    sys.argv = ["civflow", *command.split()]
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return f"{said.getvalue()}\nexit code {code}"
