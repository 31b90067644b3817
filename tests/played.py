"""The demonstration, played once for the whole run of the tests, with its documents and its mail; tests copy it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from civflow.demonstration import run
from civflow.settings import Settings, read_settings

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


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
    run.perform(settings_in(shared), now=NOW, quiet=True)
    (shared / "done").touch()
    return shared


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
