"""The virtual environment in .venv: filled from the lock files, with civflow itself as an editable."""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

from progress import run

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
QUIET = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
# One line for each package, found on an index or in a folder, and one for unpacking them all.
PIP_STEP = r"^(?:Collecting ([\w.-]+)|Processing \S*/([^/-]+)|(Installing) collected packages)"
NO_VENV = "python3 has no working `venv`. On Debian, `apt-get install python3-venv` brings it."
NO_PACKAGES = "pip could not install the packages. It needs a way to an index, or settings that name one."


def fingerprint(*parts: Path | str) -> str:
    """A hash of these files and words, which changes when any of them does."""
    contents = [part.read_bytes() if isinstance(part, Path) else part.encode() for part in parts]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def is_stamped(part: str, key: str) -> bool:
    """Whether `part` was set up in this environment with this fingerprint."""
    stamp = VENV / "set-up" / part
    return stamp.is_file() and stamp.read_text() == key


def stamp(part: str, key: str) -> None:
    """Remember that `part` is set up."""
    folder = VENV / "set-up"
    folder.mkdir(exist_ok=True)
    (folder / part).write_text(key)


def ensure_venv() -> None:
    """Make .venv (anew when the Python or the folder is another one); put the packages and civflow in."""
    key = fingerprint(sys.version, sys.base_prefix, str(ROOT))
    if not is_stamped("venv", key):
        base = getattr(sys, "_base_executable", sys.executable)
        if VENV.exists():
            shutil.rmtree(VENV)
        run(f"Making a virtual environment in {VENV}", [base, "-m", "venv", VENV], on_failure=NO_VENV)
        stamp("venv", key)
    Path.home().mkdir(exist_ok=True)  # the Makefile points an account without a home folder into .venv
    ensure_lock("requirements.lock", "Installing the Python packages")
    ensure_civflow()


def ensure_lock(name: str, title: str) -> None:
    """Install what a lock file pins, checking every hash."""
    lock = ROOT / name
    key = fingerprint(lock)
    if is_stamped(name, key):
        return
    pins = [line for line in lock.read_text().splitlines() if line[0].isalnum()]
    total = sum(not re.search(r"!= 'CPython'|== 'win32'", pin) for pin in pins)
    # Without --no-compile pip compiles all modules of all packages, though most are never imported.
    options = ["--no-compile", "--only-binary=:all:", "--require-hashes", "--requirement", str(lock)]
    pip(f"{title} ({name})", *options, step=PIP_STEP, total=total + 1)
    stamp(name, key)


def ensure_civflow() -> None:
    """Install civflow as editable, so that the `civflow` command runs what is in this folder."""
    key = fingerprint(ROOT / "pyproject.toml", ROOT / "tools/wheel.py")
    if not is_stamped("civflow", key):
        pip("Installing civflow itself", "--no-build-isolation", "--no-deps", "--editable", str(ROOT))
        stamp("civflow", key)


def pip(title: str, *options: str, step: str = r"(?!)", total: int = 0) -> None:
    """Run `pip install`, with whatever index the machine is set up for."""
    command = [str(PYTHON), "-m", "pip", "install", *options]
    run(title, command, step=step, total=total, env={**os.environ, **QUIET}, on_failure=NO_PACKAGES)
