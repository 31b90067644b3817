"""The repository itself: layers hold, commits and clocks stay at the edge, and what exists is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from civflow.cli import commands
from civflow.services.effects import EFFECTS
from civflow.services.facts import FACTS
from civflow.settings import SETTINGS
from civflow.workflows import HANDBOOK, visibility

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "civflow"
EDGE = {"cli", "demo.py", "worker.py", "web"}
BELOW = [p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in EDGE]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_import_contracts_hold():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_nothing_below_the_edge_commits():
    """On SQLite a savepoint that a service opens itself is no commit of the caller's transaction."""
    assert [str(p) for p in BELOW if re.search(r"session\.commit\(", p.read_text("utf-8"))] == []


def test_nothing_below_the_edge_reads_the_clock():
    clock = re.compile(r"datetime\.now\(|date\.today\(|time\.time\(|utcnow\(")
    assert [str(p.relative_to(ROOT)) for p in BELOW if clock.search(p.read_text("utf-8"))] == []


def test_the_handbook_names_exactly_the_effects_that_services_do():
    assert set().union(*(page.effects for page in HANDBOOK.values())) == set(EFFECTS)


def test_the_facts_are_exactly_those_that_rules_need():
    needed = {name: set(page.needs) | set(visibility.needs_of(name)) for name, page in HANDBOOK.items()}
    assert {name: needs for name, needs in needed.items() if needs} == {
        name: set(facts) for name, facts in FACTS.items()
    }


def test_every_setting_is_in_the_readme_with_its_sentence():
    rows = dict(re.findall(r"^\| `(CIVFLOW_\w+)` \| [^|]*\| (.+?) \|$", README, re.MULTILINE))
    assert rows == {setting.name: setting.sentence for setting in SETTINGS}


def test_every_command_is_in_the_readme():
    assert set(re.findall(r"^\| `civflow (\w+)` \|", README, re.MULTILINE)) == set(commands.commands)


def test_every_module_says_what_it_is():
    silent = [p for p in [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
              if p.stat().st_size and ast.get_docstring(ast.parse(p.read_text("utf-8"))) is None]  # fmt: skip
    assert silent == []


def test_no_template_compares_a_state_or_fetches_from_elsewhere():
    """Documents are printed by a closed fetcher, and no browser sees their styles."""
    states = "|".join({name for page in HANDBOOK.values() for name in page.states})
    wrong = []
    for path in (PACKAGE / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        if re.search(rf"\.state\s*[!=]=\s*[\"']({states})[\"']", text):
            wrong.append((path.name, "compares a state"))
        printed = "documents" in path.parts
        if not printed and re.search(r"\sstyle=\"|\son\w+=\"|src=\"https?:|<link[^>]+href=\"https?:", text):
            wrong.append((path.name, "inline style, script, or another site"))
    assert wrong == []


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-bench.lock", "requirements-node.lock", "package-lock.json", ".npmrc"]
)
def test_no_lock_file_holds_an_address(name):
    assert re.findall(r"https?://\S*(?:simple|packages|registry|/-/)", (ROOT / name).read_text("utf-8")) == []
