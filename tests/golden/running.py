"""One side: its code, its demonstration, and the processes that play and read it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path
from typing import TypeVar

from tests.golden import trees
from tests.golden.side import OTHERS

AT_ONCE = 2  # processes that play or read
T = TypeVar("T")


class Side:
    """A folder with the code, and beside it what is played with it and what is read of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self._folder = name, folder
        self._code, self._answers = folder / "code", folder / "answers"

    def play(self) -> None:
        self._run("play")

    def read(self, *, each: int | None = None, like: Path | None = None) -> Path:
        """Read everything; `like` an earlier reading, whose addresses are asked again. The folder with the answers."""
        self._answers.mkdir()
        roles = json.loads(((like or self._folder) / "roles.json").read_text())
        (self._answers / "roles.json").write_text(json.dumps(roles))
        side_by_side(lambda what: self._read(what, each, like), [*OTHERS, *roles])
        return self._answers

    def _read(self, what: str, each: int | None, like: Path | None) -> None:
        more = [f"--each={each}"] if each else []
        if like:
            more.append(f"--like={like / f'{what}.gz'}")
        self._run("read", what, str(self._answers / f"{what}.gz"), *more)

    def _run(self, act: str, *words: str) -> None:
        """Run side.py of this working tree on this side's code; chance and zone are the same for both."""
        command = [sys.executable, "-m", "tests.golden.side", act, str(self._code), str(self._folder), *words]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CIVFLOW_")}
        environment |= {"PYTHONPATH": str(trees.ROOT), "PYTHONHASHSEED": "0", "TZ": "UTC"}
        done = subprocess.run(command, cwd=self._folder, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            what = " ".join([act, *words[:1]])
            raise trees.CannotCompare(f"{self.name} cannot be looked at ({what}).\n{done.stderr[-4000:]}")


def side_by_side(do: Callable[[T], None], items: Iterable[T]) -> None:
    """Do it for every item, some at once; what has not begun is dropped when one fails or somebody interrupts."""
    workers = ThreadPoolExecutor(AT_ONCE)
    try:
        list(workers.map(do, items))
    finally:
        workers.shutdown(cancel_futures=True)


def keep(answers: Path, folder: Path) -> Path:
    """Put finished answers where the next run looks for them."""
    (answers / "made-by").write_text(_made_by())
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return answers.rename(folder)


def is_current(folder: Path) -> bool:
    """Whether there are answers that this very tool has collected, with these very packages."""
    mark = folder / "made-by"
    return mark.is_file() and mark.read_text() == _made_by()


def _made_by() -> str:
    """A fingerprint of the tool, but for what only compares, and of the packages that it runs with."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        if file.name not in ("__main__.py", "differences.py"):
            digest.update(file.read_bytes())
    packages = sorted(f"{one.name} {one.version}" for one in distributions() if one.name != "civflow")
    digest.update("\n".join(packages).encode())
    return digest.hexdigest()


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
