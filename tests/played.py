"""The demonstration, played once for the whole run of the tests, with its mail and some of its documents; tests copy it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from civflow.db import make_engine, new_session
from civflow.demonstration import run
from civflow.models import Document
from civflow.services.documents import store as documents
from civflow.services.documents.jobs import MakeDocuments
from civflow.services.documents.render import KINDS
from civflow.settings import Settings, read_settings
from civflow.worker import Worker

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
A_DOZEN = 12


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with demonstration.db and the files; whichever process of the run comes first plays it.

    CIVFLOW_TEST_PLAYED names a folder that an earlier run left, for those who try one test again and again.
    """
    if kept := os.environ.get("CIVFLOW_TEST_PLAYED"):
        return Path(kept)
    shared = shared_folder(tmp_path_factory) / "played"
    try:
        shared.mkdir()
    except FileExistsError:
        wait_for(shared / "done")
        return shared
    run.perform(settings_in(shared), now=NOW, quiet=True, print_all=False)
    print_some(settings_in(shared))
    (shared / "done").touch()
    return shared


def print_some(settings: Settings) -> None:
    """Print a dozen documents of each kind: the first and the last, the longest, the one with most parts, and others between."""
    engine = make_engine(settings)
    worker = Worker(settings, engine, now=lambda: NOW)
    with new_session(engine) as session:
        left = documents.waiting(session)
    chosen = [document.id or 0 for kind in KINDS for document in _spread([d for d in left if d.kind == kind])]
    worker.job(MakeDocuments).run(only=chosen)
    worker.close()
    engine.dispose()


def _spread(left: list[Document]) -> list[Document]:
    most = {max(left, key=measure).id: max(left, key=measure) for measure in (_length, _parts)}
    others = A_DOZEN - len(most)
    between = [left[round(n * (len(left) - 1) / (others - 1))] for n in range(others)]
    return list({document.id: document for document in (*most.values(), *between)}.values())


def _length(document: Document) -> int:
    return len(json.dumps(document.data))


def _parts(document: Document) -> int:
    """How many values there are in the data that are not empty."""

    def count(value: object) -> int:
        if isinstance(value, dict):
            return sum(map(count, value.values()))
        return sum(map(count, value)) if isinstance(value, list) else bool(value)

    return count(document.data)


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def wait_for(mark: Path) -> None:
    """Wait until another process has played the round."""
    for _ in range(9000):
        if mark.exists():
            return
        time.sleep(0.1)
    pytest.fail("The demonstration was not played within fifteen minutes.")


def settings_in(folder: Path) -> Settings:
    return read_settings(
        {},
        database_url=f"sqlite:///{folder}/demonstration.db",
        files=str(folder / "files"),
        demonstration="1",
        sqlite_synchronous="NORMAL",
        base_url="http://127.0.0.1",
    )


@pytest.fixture(scope="module")
def own_round(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a copy that the tests of one module may change."""
    folder = tmp_path_factory.mktemp("round")
    shutil.copyfile(played / "demonstration.db", folder / "demonstration.db")
    shutil.copytree(played / "files", folder / "files")
    yield settings_in(folder)
    shutil.rmtree(folder, ignore_errors=True)
