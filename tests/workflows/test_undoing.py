"""Can this be undone? What a confirmation page answers, read off the handbook."""

from __future__ import annotations

import pytest

from civflow.workflows import HANDBOOK
from civflow.workflows.engine.undoing import undoing


def answer(noun: str, trigger: str, source: str) -> str:
    page = HANDBOOK[noun]
    return undoing(page, page.steps_from(source)[trigger], source).sentence


def test_taking_back_is_undone_by_submitting_again() -> None:
    assert answer("application", "take_back", "submitted").startswith("Yes: “Submit the application”. It needs: ")


def test_the_step_that_leads_back_exactly_is_named_and_no_other() -> None:
    assert answer("challenge", "leave_sift", "sift") == (
        "Yes: “Begin the stage Sift”. It needs: The last deadline of the call has passed, so its seal is open."
    )
    assert answer("challenge", "begin_sift", "closed") == "Yes: “Go back from the stage Sift”, with a reason."


def test_sending_for_approval_can_be_taken_back() -> None:
    assert answer("challenge", "submit_for_review", "draft") == "Yes: “Take it back to change it”, with a reason."
    assert answer("challenge", "submit_for_review", "changes_requested") == (
        "Yes, to “Draft”: “Take it back to change it”, with a reason."
    )


def test_a_question_that_is_declined_waits_for_an_answer_again_and_has_no_answer_to_take_back() -> None:
    assert answer("question", "decline", "asked") == "Yes: “Answer it after all”, with a reason."
    assert "redraft" not in HANDBOOK["question"].steps_from("declined")


def test_a_way_back_for_others_says_for_whom_it_is() -> None:
    assert answer("deliverable", "accept", "submitted").startswith("Yes: “")
    assert "It is for those who can say: “You are an approver with a limit in pounds”." in answer(
        "gate", "propose", "moderating"
    )


def test_a_way_that_leads_elsewhere_is_not_called_undoing() -> None:
    assert answer("gate", "approve", "proposed") == (
        "Not as it was: “Reopen the scoring” leads to “Scoring”, with a reason. "
        "It is for those who can say: “You are a programme manager of this round”. "
        "It needs: You have no conflict of interest with a team that this gate decides on."
    )


def test_a_step_that_stays_where_it_is_says_what_it_leaves_behind() -> None:
    assert answer("gate", "seat", "waiting") == "Yes: “Take somebody off the panel”, with a reason."
    assert answer("application", "extend", "draft") == "No. It can be moved again to a later moment."


def test_the_end_has_no_way_back() -> None:
    assert answer("challenge", "cancel", "open") == "No. Nothing follows “Cancelled”."


@pytest.mark.parametrize("noun", HANDBOOK)
def test_every_step_has_an_answer_that_names_only_steps_that_are_possible_then(noun: str) -> None:
    page = HANDBOOK[noun]
    for step in page.steps:
        for source in step.sources:
            found = undoing(page, step, source)
            buttons = {s.button for s in page.steps_from(step.target).values()}
            if not step.undo:
                named = [part.split("”")[0] for part in found.sentence.split("“")[1:]]
                labels = {state.staff for state in page.states.values()}
                sentences = {rule.sentence.rstrip(".") for s in page.steps for rule in s.permits}
                needed = {part for s in page.steps for rule in s.requires for part in rule.sentence.split("“")[1:]}
                known = buttons | labels | sentences | {part.split("”")[0] for part in needed}
                assert set(named) <= known, (step.name, found.sentence)
