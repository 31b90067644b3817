"""The repository itself: only the edge commits, every name is known on both sides, and everything is documented."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment

from civflow import create_app, features
from civflow.cli import commands
from civflow.services.documents import render as rendering
from civflow.services.engine.effects import registered
from civflow.services.engine.facts import facts
from civflow.services.notifications import outbox
from civflow.services.records.titles import MODELS, NAMED
from civflow.settings import SETTINGS
from civflow.workflows import HANDBOOK
from civflow.workflows.engine.declarations import PLACEHOLDER
from civflow.workflows.engine.sight import needs_of
from tests.databases import settings_for

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "civflow"
TEMPLATES = PACKAGE / "templates"
EDGE = ("civflow/web/", "civflow/cli/", "civflow/worker.py", "civflow/demonstration/run.py")
# The clock of a page, of a command, of the worker and of the demonstration; and how often somebody may try in a minute.
CLOCKS = {
    "civflow/web/shared/formats.py",
    "civflow/cli/opening.py",
    "civflow/worker.py",
    "civflow/demonstration/run.py",
    "civflow/web/shared/limits.py",
}
STATES = {state for page in HANDBOOK.values() for state in page.states}


def tracked(*patterns: str) -> list[Path]:
    """The files that belong to the repository."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield name(path), ast.parse(path.read_text("utf-8"))


def places_of(what: Callable[[ast.AST], bool]) -> list[str]:
    """'file:line' of every node of civflow's modules that is such."""
    return [
        f"{file}:{node.lineno}"
        for file, tree in modules()
        for node in ast.walk(tree)
        if what(node)  # type: ignore[attr-defined]
    ]


def calls(node: ast.AST, *names: str) -> bool:
    """Whether a node calls a method of one of these names."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names


# Layers


def test_only_the_edge_commits():
    commits = places_of(lambda node: calls(node, "commit", "rollback"))

    assert [place for place in commits if not place.startswith(EDGE)] == []
    assert commits != []


def test_only_the_edge_reads_the_clock():
    """Everybody else is told the time: the app and the worker have one clock each, that a test can set."""
    read = re.compile(r"(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime)")
    clocks = places_of(lambda node: isinstance(node, ast.Call) and bool(read.search(ast.unparse(node.func))))

    assert {place.split(":")[0] for place in clocks} == CLOCKS


def test_effects_never_refuse():
    """What must be true first is a rule of the page, or a check of the input, so that it is said before the press."""
    effects = [module for part in ("effects", "audiences") for module in features.modules(part)]
    assert [module.__name__ for module in effects if hasattr(module, "Refused") or hasattr(module, "Forbidden")] == []


def test_templates_compare_no_states():
    wrong = re.compile(rf"\bstate\s*(==|!=|in|not in)\s*[(\[]?['\"]({'|'.join(STATES)})['\"]")
    assert [name(t) for t in sorted(TEMPLATES.rglob("*.*")) if wrong.search(t.read_text("utf-8"))] == []


def test_states_are_compared_by_the_handbook_alone():
    """Elsewhere a name on the page says what its states mean."""
    compared = {place.split(":")[0] for place in places_of(compares_a_state)}

    assert {file for file in compared if not file.startswith("civflow/workflows/")} == set()
    assert compared != set()


def test_names_for_several_states_stand_in_the_handbook():
    """Two lists of the same states would part one day."""
    lists = {place.split(":")[0] for place in places_of(lists_states)}

    assert {file for file in lists if not file.startswith("civflow/workflows/")} == set()


def lists_states(node: ast.AST) -> bool:
    if not isinstance(node, ast.Tuple | ast.List | ast.Set) or len(node.elts) < 2:
        return False
    return all(isinstance(part, ast.Constant) and part.value in STATES for part in node.elts)


def test_the_facts_take_states_by_their_names_on_the_page():
    """A word in SQL would compare with nothing once the state is renamed, and nobody would be told."""
    words, taken = [], 0
    for file in sorted((PACKAGE / "services").glob("*/facts.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            is_about_a_state = re.match(r"[A-Z_]+\.c\.state\b", ast.unparse(node)) if hasattr(node, "lineno") else None
            if is_about_a_state and (isinstance(node, ast.Compare) or calls(node, "in_", "not_in")):
                words += [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                taken += 1
    assert words == []
    assert taken > 15


def compares_a_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    elif calls(node, "in_", "not_in", "startswith") and isinstance(node, ast.Call):
        sides = [node.func, *node.args]
    else:
        return False
    return any(is_a_state(side) for side in sides) and any(names_a_state(side) for side in sides)


def is_a_state(node: ast.AST) -> bool:
    words = ast.unparse(node)
    return bool(re.search(r"\b(state|to_state|from_state)\b", words)) and not isinstance(node, ast.Constant)


def names_a_state(node: ast.AST) -> bool:
    constants = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
    return any(value in STATES for value in constants if isinstance(value, str))


# Both sides know each other


def test_the_handbook_and_the_services_know_the_same_effects():
    assert set().union(*(page.effects for page in HANDBOOK.values())) == set(registered().effects)


def test_the_handbook_and_the_services_know_the_same_facts():
    needed = {noun: page.needs | {*needs_of(page)} for noun, page in HANDBOOK.items()}

    assert {noun: set(facts().get(noun, ())) for noun in HANDBOOK} == needed
    assert set(facts()) <= set(HANDBOOK)


def test_what_a_shown_column_or_a_title_refers_to_has_a_name():
    for noun, page in HANDBOOK.items():
        named = [f"{name}_id" for name, _ in PLACEHOLDER.findall(page.record_title) if f"{name}_id" in page.table.c]
        shown = [*page.shows.shown, *page.shows.staff, *named]
        tables = {table.name for table in map(page.refers, shown) if table is not None}
        assert tables <= {*MODELS, *NAMED}, noun


# Templates


@cache
def the_app() -> Flask:
    """An app that is never asked for a page."""
    return create_app(settings_for("sqlite://"))


def compiled_by(path: Path) -> Environment:
    kind = path.relative_to(TEMPLATES).parts[:2]
    if kind == ("notifications", "mail"):
        return outbox._templates()
    return rendering._templates() if kind == ("documents", "pdf") else the_app().jinja_env


def test_every_template_compiles():
    for path in sorted(p for p in TEMPLATES.rglob("*") if p.is_file()):
        compiled_by(path).compile(path.read_text("utf-8"), filename=name(path))


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a style in a tag", r"<[a-z][^>]*\sstyle\s*="),
        ("a script in a tag", r"<[a-z][^>]*\son[a-z]+\s*="),
        ("a style in the page", r"<style\b"),
        # A block of data is no script: the browser runs nothing of it, and the policy lets it be.
        ("a script in the page", r"<script(?![^>]*\bsrc=)(?! type=\"application/ld\+json\">)"),
        ("something from elsewhere", r"<(?:script|link|img|iframe)[^>]*\b(?:src|href)\s*=\s*[\"'](?:https?:)?//"),
    ],
)
def test_pages_hold_nothing_that_their_policy_forbids(what, pattern):
    pages = [p for p in TEMPLATES.rglob("*.html") if "pdf" not in p.parts]
    assert [name(p) for p in sorted(pages) if re.search(pattern, p.read_text("utf-8"), re.IGNORECASE)] == []


def test_our_styles_and_scripts_fetch_nothing_from_elsewhere():
    ours = [p for p in (PACKAGE / "static").glob("*.*") if p.suffix in (".css", ".js", ".svg")]
    remote = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import|(?:fetch|import)\(\s*[\"']https?:")
    assert ours != []
    assert [name(p) for p in ours if remote.search(p.read_text("utf-8"))] == []


# Documentation


def rows_of_the_readme(first_column: str) -> list[list[str]]:
    """The cells of the README's table that begins with this heading."""
    lines = iter((ROOT / "README.md").read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith(f"| {first_column} |"):
            break
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return rows


def test_every_setting_is_in_the_readme_with_its_sentence():
    rows = [[cell.strip("`") for cell in row[:2]] + row[2:] for row in rows_of_the_readme("setting")]

    assert rows == [[s.name, s.default, s.sentence] for s in SETTINGS]


def test_every_setting_is_read_where_settings_are_read():
    named = re.compile(r"(environ|getenv)\W.*CIVFLOW_")
    readers = {name(path) for path in PACKAGE.rglob("*.py") if named.search(path.read_text("utf-8"))}
    assert readers == set()  # nobody but settings.py, which reads them all by their table


def test_every_command_is_in_the_readme_with_its_parts():
    rows = {row[0].strip("`").removeprefix("civflow "): row[1] for row in rows_of_the_readme("command")}

    assert set(rows) == set(commands.commands)
    for command, group in commands.commands.items():
        parts = getattr(group, "commands", {})
        assert [part for part in parts if f"`{part}" not in rows[command]] == [], command


def test_every_module_says_what_it_is():
    code = [p for p in tracked("*.py") if p.read_text("utf-8").strip()]
    assert [name(p) for p in code if not ast.get_docstring(ast.parse(p.read_text("utf-8")))] == []


def test_the_lock_files_hold_hashes_and_no_addresses():
    locks = tracked("*.lock", "package-lock.json")
    assert locks != []
    assert [name(p) for p in locks if re.search(r"https?://|git\+|file:", p.read_text("utf-8"))] == []
    pinned = (ROOT / "requirements.lock").read_text("utf-8")
    assert len(re.findall(r"^\S+==\S+ \\$", pinned, re.MULTILINE)) <= pinned.count("--hash=sha256:")


def test_nothing_is_committed_that_the_commands_make():
    made = (".venv/", "node_modules/", "civflow/static/vendor/", "var/", "dist/", ".hypothesis/")
    assert [name(p) for p in tracked() if name(p).startswith(made) or "__pycache__" in p.parts] == []
