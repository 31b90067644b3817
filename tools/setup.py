"""Sets up what a command of the Makefile needs, silent about what is there: `python3 tools/setup.py test`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036, said before anything that an older Python cannot read
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sys.exit(
        f"civflow needs Python 3.11 or newer, and python3 is {version} here. "
        "Say `make PYTHON=python3.12 ...`, with the name of a newer one."
    )

import fcntl
import os
from pathlib import Path

import system
from assets import ensure_assets
from environment import ROOT, VENV, ensure_lock, ensure_venv
from progress import say


def main(command: str) -> None:
    """Set up for `demo`, `test`, `check` or `bench`: first what may be refused, then what takes long."""
    for folder in (ROOT, VENV):
        if folder.exists() and not os.access(folder, os.W_OK):
            sys.exit(f"{folder} belongs to {folder.owner()}. Use a clone of your own.")
    with Path(__file__).open() as itself:
        wait_for_turn(itself.fileno())
        if command in {"demo", "test"}:
            browser = [system.LIBATOMIC, system.CHROMIUM] if command == "test" else []
            system.ensure([system.PANGO, system.FONTS, *browser])
        ensure_venv()
        if command in {"demo", "test"}:
            ensure_assets()
        if command == "bench":
            ensure_lock("requirements-bench.lock", "Installing the peers to measure against")


def wait_for_turn(file: int) -> None:
    """Let one set-up work at a time; the lock goes when the process ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another set-up in this folder to finish")
        fcntl.flock(file, fcntl.LOCK_EX)


if __name__ == "__main__":
    main(sys.argv[1])
