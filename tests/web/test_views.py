"""How views are written: what each would otherwise do in its own way is done in one place."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

WEB = Path(__file__).parents[2] / "civflow" / "web"


def files_with(what: Callable[[ast.AST], bool]) -> set[str]:
    """The files of the web in which something is such."""
    return {name for name, tree in modules() if any(what(node) for node in ast.walk(tree))}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(WEB.rglob("*.py")):
        yield path.relative_to(WEB).as_posix(), ast.parse(path.read_text("utf-8"))


def test_one_place_takes_back_what_is_refused():
    rolled_back = files_with(lambda node: isinstance(node, ast.Attribute) and node.attr == "rollback")
    assert rolled_back == {"shared/step_form.py"}


def test_one_place_makes_lines_of_a_refusal():
    """A view that shows the sentences itself shows a failed rule as if it were true."""
    assert files_with(lambda node: isinstance(node, ast.Attribute) and node.attr == "sentences") == {"shared/errors.py"}


def test_views_catch_no_refusal_themselves():
    """But for: a score of several that holds up no other, and a wrong old password, which is told in other words."""
    assert files_with(catches_a_refusal) == {
        "shared/access.py",
        "shared/step_form.py",
        "assessment/assessor.py",
        "people/account.py",
    }


def catches_a_refusal(node: ast.AST) -> bool:
    kinds = ("Refused", "Conflicted", "Forbidden", "NotFound", "Refusal", "answered")
    return isinstance(node, ast.ExceptHandler) and any(kind in ast.unparse(node.type or node) for kind in kinds)
