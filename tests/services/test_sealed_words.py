"""Sealed words: every path that reads what a team has written asks one rule, and the seal is compared in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import civflow

ASKS = {"you_may_read_its_words", "is_readable", "ours", "_reads_the_words"}  # these ask the seal, or whose it is
# Functions that read an application's words and do not ask themselves, and why they need not.
ASK_NOT = {
    "services/applications/answers.py save_answers": "A member of the team writes: the step asks.",
    "services/applications/effects.py keep_the_submission": "It keeps what the team submits, and shows it to nobody.",
    "services/applications/effects.py send_the_receipt": "It goes to the team; workflows/documents.py says who else reads it.",
    "services/applications/search.py _has_word": "It narrows a list that `find` has asked for.",
    "services/applications/search.py _found": "It shows a row of a list that `find` has asked for.",
    "services/applications/submission.py submit": "It answers the team that submits.",
    "services/applications/submission.py submissions": "Whoever calls it is listed here, or asks.",
    "services/applications/submission.py last_submission": "Whoever calls it is listed here, or asks.",
    "services/applications/submission.py answers_in_hand": "Whoever calls it is listed here, or asks.",
    "services/applications/submission.py receipt_data": "It fills the receipt, for which workflows/documents.py asks.",
    "services/assessment/assessor_page.py _words": "`sheet` has asked.",
    "services/assessment/assessor_page.py _pairs": "`sheet` has asked.",
    "services/assessment/matching.py _submitted_words": "It weighs the words of what is taken in, and shows none.",
    "services/audit/fixed.py the_words": "It compares fingerprints, and shows no words.",
    "services/audit/fixed.py _submissions": "It compares fingerprints, and shows no words.",
    "services/audit/verify.py _submissions": "It compares fingerprints, and shows no words.",
    "services/dashboards/application.py progress_of": "It counts a team's own answers, for the team.",
    "services/dashboards/around.py around": "It looks which stage was sent, for the team.",
    "services/records/export.py _applications": "Each row goes through `_shown`, which asks the page of the noun.",
    "web/applications/parts.py the_form": "The views that call it ask `ours`; `for_staff` takes the words out.",
    "web/applications/parts.py for_the_team": "The view has asked whose it is.",
    "web/applications/parts.py submit_parts": "The views that call it ask `ours`.",
    "web/applications/parts.py receipt_parts": "The view asks `ours`, and `for_staff` whether its words may be read.",
    "web/applications/parts.py interview_parts": "The views that call it ask `ours`.",
    "web/applications/writing.py _onwards": "The views that call it ask `ours`.",
    "web/applications/writing.py _question_parts": "The views that call it ask `ours`.",
}
READS = {"Submission", "submissions", "last_submission", "answers_in_hand", "the_form"}
OWNERS_OF_WORDS = {
    "answers": {"application", "submission", "kept"},
    "title": {"application", "Application", "APPLICATION"},
}
# Where the moment of the seal is compared; every other place asks these.
JUDGES = {
    "workflows/applications.py the_seal_has_not_opened",
    "workflows/applications.py its_seal_ends",
    "workflows/rules.py its_seal_is_open",
    "workflows/challenges/rules.py its_seal_has_not_opened",
    "services/people/roles.py _applies_there",  # whether giving a role would tell that somebody applies
    "workflows/notifications.py it_tells_of_nothing_sealed",
    "services/challenges/seal.py seal_has_ended",
    "services/notifications/facts.py tells_of_nothing_sealed",  # compared with its rule in test_rules_in_sql.py
}
PACKAGE = Path(civflow.__file__).parent


def functions(*folders: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    for folder in folders:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef):
                    yield f"{path.relative_to(PACKAGE).as_posix()} {node.name}", node


def reads_words(node: ast.AST) -> bool:
    """Whether a function touches the answers or the title of an application, or what was submitted."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in READS:
            return True
        if isinstance(part, ast.Attribute) and part.attr in OWNERS_OF_WORDS:
            owner = part.value.attr if isinstance(part.value, ast.Attribute) else getattr(part.value, "id", "")
            if owner in OWNERS_OF_WORDS[part.attr]:
                return True
    return False


def test_whoever_reads_an_application_s_words_asks_the_rule_of_the_seal():
    asks_not = {
        name
        for name, node in functions("services", "web", "cli")
        if reads_words(node) and not ASKS & {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    }
    assert asks_not == ASK_NOT.keys()


def test_the_moment_of_the_seal_is_compared_in_one_place_of_each_noun():
    compared = {
        name
        for name, node in functions("services", "web", "cli", "workflows")
        for part in ast.walk(node)
        if (isinstance(part, ast.Compare) and any("sealed_until" in getattr(one, "attr", "") for one in ast.walk(part)))
        or (isinstance(part, ast.Assign) and "sealed_until" in getattr(part.value, "attr", ""))
    }
    assert compared == JUDGES
