"""Without what its page has to declare, civflow does not start: one sentence, with the place.

Run by `tests/test_example_feature.py`, in a process whose list of features names the example.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from civflow.workflows import HANDBOOK
from civflow.workflows.engine import HandbookError
from civflow.workflows.engine.endings import check_endings

SOURCE = (Path(__file__).parent / "workflows" / "lending.py").read_text("utf-8")


def read(source: str) -> ModuleType:
    """The pages that this text makes, as a module of its own."""
    module = sys.modules["changed_lending"] = ModuleType("changed_lending")
    exec(compile(source, "lending.py", "exec"), vars(module))
    return module


@pytest.mark.parametrize(
    ("said", "instead", "sentence"),
    [
        ('title="{name}",', "", "shed: it does not say what people call a record: give it a title, such as '{name}'."),
        (
            'title="{name}",',
            'title="{nam}",',
            "shed: the title '{nam}' names 'nam', which is no column, and no column 'nam_id' refers to anything.",
        ),
        (
            "sees=(the_keeper, a_borrower, the_auditor),",
            "",
            "shed: it does not say who sees a record: name the rules under sees.",
        ),
        (
            'staff=("missing",)',
            "",
            "shed: it does not say who reads the column 'missing': name it among shown, staff or hidden.",
        ),
        (
            '"keeper_id", "closes_at"',
            '"keeper_id", "closes_at", "opens_at"',
            "shed: it says who reads the column 'opens_at', and the table has none.",
        ),
        (
            'waits_for={the_borrower: "Give back {record}"}',
            "",
            "loan, state 'out': it says neither whom it waits for, nor by when it goes on by itself, nor that it may stand.",
        ),
        (
            "    borrower_ids: Ids",
            "    borrowers: Ids",
            "shed.remind: 'a_tool_is_out' needs the fact 'borrower_ids', which ShedFacts does not declare.",
        ),
        ('due="closes_at"', 'due="ends_at"', "shed.close: the table has no column 'ends_at'."),
        (
            'locks=("shed",)',
            'locks=("gate",)',
            "loan.give_back: it locks its gate, and the table does not say which that is.",
        ),
        (
            "{actor} asks for",
            "{who} asks for",
            "shed.remind, to the_borrowers: the letter names 'who', which is no column, and none of",
        ),
    ],
)
def test_without_what_a_page_has_to_declare_civflow_does_not_start(said: str, instead: str, sentence: str) -> None:
    assert said in SOURCE
    with pytest.raises(HandbookError) as error:
        read(SOURCE.replace(said, instead))
    assert str(error.value).startswith(sentence)


def test_without_what_becomes_of_a_loan_when_its_shed_closes_civflow_does_not_start() -> None:
    pages = read(SOURCE.replace('    ends={"closed": {"loan": "give_back"}},\n', ""))
    with pytest.raises(HandbookError) as error:
        check_endings({**HANDBOOK, "shed": pages.shed, "loan": pages.loan})
    assert str(error.value) == (
        "shed: it does not say what becomes of its loan in 'closed': name a step, or keeps with a sentence why, under ends."
    )


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (
            "facts",
            "tests.example_feature.workflows.lending.ShedFacts: no service answers the fact “borrower_ids” of shed.",
        ),
        ("effects", "shed: no service does “count_what_is_missing”."),
        ("audiences", "shed.remind: it tells “the_borrowers”, and no service declares that."),
    ],
)
def test_without_what_its_page_names_in_services_the_handbook_does_not_hold(part: str, sentence: str) -> None:
    """Said by `civflow handbook check`, and where civflow starts."""
    change = (
        f"from dataclasses import replace; import tests.example_feature as e; e.LENDING = replace(e.LENDING, {part}=())"
    )
    run = "import sys, tests.example_feature.listed; from civflow.cli import main; sys.argv[1:] = ['handbook', 'check']; main()"
    ran = subprocess.run([sys.executable, "-c", f"{change}; {run}"], capture_output=True, text=True, check=False)
    assert (ran.returncode, sentence in ran.stdout + ran.stderr, "Traceback" in ran.stderr) == (1, True, False), (
        ran.stderr
    )
