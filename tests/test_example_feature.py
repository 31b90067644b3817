"""The example beside civflow (`tests/example_feature/`) works where the list of features names it, and no other file knows it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_feature_is_loaded_by_its_name_in_the_list():
    """In a process of its own, since a process has one handbook."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.example_feature.listed", "-p", "no:cacheprovider"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    ran = subprocess.run(
        [*command, "tests/example_feature/lending_tests.py", "tests/example_feature/declarations_tests.py"],
        cwd=ROOT,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
