"""What ends with what: a page says it by state, and what does not fit the other pages is an error with its place."""

from __future__ import annotations

from typing import Any

import pytest

from civflow.models import Application, Gate, Slot
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Ask, HandbookError, Workflow, keeps
from civflow.workflows.engine.contents import lock_order
from civflow.workflows.engine.endings import Along, check_endings, in_words, referring
from civflow.workflows.rules import by_itself
from tests.workflows.test_check import CLOSE, OPEN, page, step

REOPEN = step("reopen", "closed", "open", reason=True)
CANCEL = step("cancel", "open", "closed", by=by_itself)
ENDS = {"closed": {"slot": "cancel"}}


def pages(*gates: Any, slots: tuple[Any, ...] = (OPEN, CANCEL), **more: Any) -> dict[str, Workflow]:
    """A gate, and the slots that refer to it."""
    found = (page(*(gates or (OPEN, CLOSE)), record=Gate, **{"ends": ENDS, **more}), page(*slots, record=Slot))
    return {one.name: one for one in found}


def restoring(back: Any, **more: Any) -> Any:
    return step("reopen", "closed", "open", reason=True, restores={"slot": back}, **more)


FAULTS = {
    "an end that is not said": (
        {"ends": {}},
        "gate: it does not say what becomes of its slot in 'closed': name a step, or keeps with a sentence why, under ends.",
    ),
    "a noun that there is not": (
        {"ends": {"closed": {"slot": "cancel", "moon": "set"}}},
        "gate: in 'closed' something becomes of its moon, and there is no page of that name.",
    ),
    "a noun that does not refer": (
        {"ends": {"closed": {"slot": "cancel", "gate": keeps("Why.")}}},
        "gate: in 'closed' something becomes of its gate, and no gate refers to a gate.",
    ),
    "a step that there is not": (
        {"ends": {"closed": {"slot": "cancle"}}},
        "gate: in 'closed' its slot takes the step 'cancle', and a slot has none of that name.",
    ),
    "a step that civflow may not take": (
        {"slots": (OPEN, step("cancel", "open", "closed"))},
        "gate: in 'closed' civflow takes the step slot.cancel, and none of the rules under by admits civflow.",
    ),
    "a step that asks for something": (
        {"slots": (OPEN, step("cancel", "open", "closed", by=by_itself, asks=(Ask("how", "How"),)))},
        "gate: in 'closed' civflow takes the step slot.cancel, and that asks for 'how', which nobody answers.",
    ),
    "a step back that there is not": (
        {"gates": (OPEN, CLOSE, restoring("rise"))},
        "gate.reopen: its slot takes the step 'rise', and a slot has none of that name.",
    ),
    "a step back that civflow may not take": (
        {"gates": (OPEN, CLOSE, restoring("open"))},
        "gate.reopen: civflow takes the step slot.open, and none of the rules under by admits civflow.",
    ),
}


@pytest.mark.parametrize(("wrong", "sentence"), list(FAULTS.values()), ids=list(FAULTS))
def test_what_does_not_fit_the_other_pages_is_an_error(wrong, sentence):
    with pytest.raises(HandbookError) as error:
        check_endings(pages(*wrong.pop("gates", ()), **wrong))

    assert str(error.value) == sentence


def test_what_fits_is_none_and_an_entry_may_stand_for_several_states_and_nouns():
    check_endings(pages())
    check_endings(pages(ends={"closed": {("slot",): keeps("A slot is a time, and that stays.")}}))
    check_endings(pages(OPEN, CLOSE, REOPEN, ends={("open", "closed"): {"slot": ("cancel",)}}))
    asked = Ask("how", "How", required=False)
    check_endings(pages(slots=(OPEN, step("cancel", "open", "closed", by=by_itself, asks=(asked,)))))


def test_only_the_pages_that_are_named_are_looked_at():
    wrong = pages(ends={})

    check_endings(wrong, [wrong["slot"]])
    with pytest.raises(HandbookError):
        check_endings(wrong, [wrong["gate"]])


def test_a_challenge_takes_no_step_since_its_steps_depend_on_its_programme():
    closed = page(OPEN, CLOSE, ends={"closed": {"challenge": "cancel"}})

    with pytest.raises(HandbookError) as error:
        check_endings({"round": closed, "challenge": HANDBOOK["challenge"]}, [closed])
    assert str(error.value) == (
        "round: in 'closed' its challenge takes a step, and which steps there are depends on the programme of each."
    )


CONTRADICTIONS = {
    "gate: it says what ends with it in 'shut', and that is no state.": {"ends": {"shut": {"slot": "cancel"}}},
    "gate: it says twice what becomes of its slot in 'closed'.": {
        "ends": {"closed": {"slot": "cancel"}, ("open", "closed"): {"slot": "cancel"}}
    },
    "gate.reopen: it restores its slot, and none has ended where it begins.": {
        "gates": (OPEN, CLOSE, restoring("open")),
        "ends": {"closed": {"slot": keeps("Why.")}},
    },
}


@pytest.mark.parametrize(("sentence", "wrong"), list(CONTRADICTIONS.items()), ids=list(CONTRADICTIONS))
def test_a_page_that_contradicts_itself_cannot_be_made(sentence, wrong):
    with pytest.raises(HandbookError) as error:
        pages(*wrong.get("gates", ()), ends=wrong["ends"])

    assert str(error.value) == sentence


def test_what_goes_along_is_known_for_each_step_when_the_page_is_made():
    made = pages(
        OPEN,
        CLOSE,
        step("close", "planned", "closed"),
        step("stay", "closed", "closed"),
        restoring(("open", "cancel")),
        ends={"closed": {"slot": "cancel"}, "open": {"slot": keeps("It is used now.")}},
    )["gate"]

    assert made.along == {
        ("close", "open"): (Along("slot", ("cancel",)),),
        ("close", "planned"): (Along("slot", ("cancel",)),),
        ("reopen", "closed"): (Along("slot", ("open", "cancel"), ("cancel",)),),
    }


def test_what_ends_with_a_record_is_locked_after_it():
    slots, applications = page(OPEN, CANCEL, record=Slot), page(OPEN, CLOSE, record=Application, ends=ENDS)

    assert lock_order((slots, applications)) == ("person", "application", "slot")


def test_nouns_that_end_each_other_are_an_error():
    gates = page(OPEN, CANCEL, record=Gate, ends={"closed": {"slot": "cancel"}})
    slots = page(OPEN, CANCEL, record=Slot, ends={"closed": {"gate": "cancel"}})

    with pytest.raises(HandbookError) as error:
        lock_order((gates, slots))
    assert str(error.value) == (
        "gate, slot: their steps lock or end one another in a circle, so two people could wait for ever."
    )


def test_every_foreign_key_between_nouns_is_said_of_in_every_state_in_which_its_record_is_over():
    over = {
        (above.name, state, below.name)
        for above in HANDBOOK.values()
        for below in HANDBOOK.values()
        if referring(below, above)
        for state in (s.name for s in above.states.values() if s.final)
    }
    said = {
        (page.name, state, noun) for page in HANDBOOK.values() for state, nouns in page.ends.items() for noun in nouns
    }

    assert over <= said
    assert len(over) > 70


def test_the_words_are_those_of_the_state():
    assert in_words(HANDBOOK["application"], "withdrawn") == "The application was withdrawn."
    assert in_words(HANDBOOK["place"], "ended") == "The place was ended early."
