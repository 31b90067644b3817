"""The code of each side: a worktree of a commit, or a copy of the working tree as it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


class CannotCompare(Exception):
    """One of the sides cannot be had, played or read; the text says why."""


def commit_called(name: str) -> str:
    """The full name of a commit."""
    if not name:
        raise CannotCompare("Say with which commit to compare: make golden BASE=<commit>")
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if found.returncode:
        raise CannotCompare(f"There is no commit {name} here. Say with which to compare: make golden BASE=<commit>")
    return found.stdout.strip()


def changes() -> int:
    """How many files of the working tree are not as they were committed."""
    return len(_git("status", "--porcelain").splitlines())


def check_out(commit: str, folder: Path) -> None:
    """A worktree of a commit, with the assets that Git does not keep."""
    _git("worktree", "add", "--detach", "--force", str(folder), commit)
    _lend_assets(folder)


def remove(folder: Path) -> None:
    _git("worktree", "remove", "--force", str(folder))


def copy_working_tree(folder: Path) -> None:
    """What Git keeps or would keep, as it is now: what is changed later does not matter to those who read it."""
    names = _git("ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in names:
        file = ROOT / name
        if name and file.is_file() and not file.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, folder / name)
    _lend_assets(folder)


def _lend_assets(folder: Path) -> None:
    """The front end's own files are made by `make setup`, and both sides use the same."""
    made = next((ROOT / "civflow").glob("**/static/vendor"), None)
    static = next((folder / "civflow").glob("**/static"), None)
    if made and static and not (static / "vendor").exists():
        (static / "vendor").symlink_to(made.resolve())


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CannotCompare(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout
