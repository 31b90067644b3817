"""Names: the field's standard words stand where a storyteller's stood, and no module stands at an old path."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Functions, classes and imports that had these names have others now, which say what they are in standard words.
OLD_NAMES = {
    "stands_before": "a named set of states on the page",
    "Turn": "Transition",
    "Deed": "HistoryRecord",
    "deed": "new_record",
    "Held": "RoleHeld",
    "Waiting": "Task",
    "Desk": "Dashboard",
    "desk": "dashboard",
    "desks": "dashboards",
    "found": "create_team",
    "found_alone": "create_team_of_one",
    "foretell": "preview_step",
    "Foretold": "StepPreview",
    "retell": "timeline",
    "retell_to": "timeline_for",
    "tell": "publish_news",
    "tells": "audience",
    "Told": "TimelineEntry, LetterStatus, AnswerReach or NoticePreview",
    "told": "letters_of",
    "seen": "load_visible",
    "Remark": "Comment",
    "dossier": "records_of",
    "Dossier": "ChallengeRecords",
    "undone": "backlog",
    "TRUTH": "RULE_CASES",
    "an_open_call": "tests/scenes",
    "a_panel": "tests/scenes",
}
OLD_MODULES = """
civflow/demo.py
civflow/services/: advance agreements applicants applications applying archive around assessment attention audit beginning
    binding calendar challenge_scoring challenges change_parts changes checkup closing conflicts copying deadlines delivery
    demonstration desks documents dossier draft_findings drafting effects exporting facts finding foretelling funnels
    handing_out history interviews jobs letters mail matching messages naming notices overview panels presence preview
    printing programmes progress publication question_lists question_sheets questions readiness reading_desk record_facts
    register remarks rendering retelling saving schema seating seeing sessions sponsors standing statements statistics
    step_letters teams telling ties told turns typography undone versions what_next wording writers
civflow/web/: access application_list application_parts applications applying asks assessment calling cases challenge_form
    challenges changing current diagram_layout diagrams draft_comments draft_parts draft_people drafting errors feeds flow
    flow_labels flow_layout formats gates home htmx limits moments outbox owned pages panels requests searching security
    sessions sign_in statistics strips versions writing
civflow/workflows/: assignments challenges check deliverables draw engine gates memberships messages papers places readiness
    sessions slots sprints teams undoing
civflow/models/: drafting messages readiness sessions words
"""


def old_paths() -> list[Path]:
    """The files that the packages by feature have taken the place of."""
    found, folder = [], ""
    for line in OLD_MODULES.split("\n"):
        if line.startswith("civflow") and line.endswith(".py"):
            found.append(ROOT / line)
            continue
        head, _, names = line.rpartition(":")
        folder = head.strip() or folder
        found += [ROOT / folder / f"{name}.py" for name in names.split()]
    return found


def test_no_module_stands_at_an_old_path():
    assert len(old_paths()) > 140
    assert [path.relative_to(ROOT).as_posix() for path in old_paths() if path.exists()] == []


@pytest.mark.parametrize("folder", ["civflow", "tests", "benchmarks", "tools"])
def test_no_class_function_or_import_bears_an_old_name(folder):
    wrong = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = named_by(node) & OLD_NAMES.keys()
            wrong += [f"{path.relative_to(ROOT)}: {name} is now {OLD_NAMES[name]}" for name in sorted(names)]
    assert wrong == []


MENTIONED = re.compile(r"(?<![\w/<>*-])(?:[a-z_-]+/)+_?[a-z_]+\.(?:py|html|txt)\b")
OTHERS = ("govuk_frontend_jinja/", "web/hubs.py", "docs/")  # another package's files, and an example in the README


def test_prose_names_only_files_that_there_are():
    """A comment, or a template's first line, that leads to a file leads to one that is there."""
    files = [f"/{path.relative_to(ROOT).as_posix()}" for path in ROOT.rglob("*.*") if ".venv" not in path.parts]
    prose = [ROOT / "README.md", *(ROOT / "civflow").rglob("*.py"), *(ROOT / "civflow" / "templates").rglob("*.*")]
    lost, found = [], 0
    for path in prose:
        for name in MENTIONED.findall(path.read_text("utf-8")):
            if not name.startswith(OTHERS):
                found += 1
                lost += (
                    [] if any(file.endswith(f"/{name}") for file in files) else [f"{path.relative_to(ROOT)}: {name}"]
                )
    assert lost == []
    assert found > 50


def named_by(node: ast.AST) -> set[str]:
    """The names that a definition or an import brings: those of modules, functions and classes, and what they are called."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.ImportFrom):
        return {part for a in node.names for part in (a.name, a.asname or "")} | set((node.module or "").split("."))
    if isinstance(node, ast.Import):
        return {part for a in node.names for part in (*a.name.split("."), a.asname or "")}
    return set()
