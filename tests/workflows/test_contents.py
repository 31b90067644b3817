"""The pages together: their order, their names, and the order in which their records are locked."""

from __future__ import annotations

import pytest

from civflow.models import Slot
from civflow.workflows.engine import HandbookError, Workflow
from civflow.workflows.engine.contents import contents, lock_order, scopes
from tests.workflows.test_check import page, step


def pages(**locks: tuple[str, ...]) -> list[Workflow]:
    """A page for each name, whose records have every column that a lock needs, and a step that locks these."""
    return [page(step("open", "planned", "open", locks=named), name=name, record=Slot) for name, named in locks.items()]


def test_the_pages_stand_in_order_and_those_of_the_appendix_last():
    listed = [
        page(name=name, record=Slot, appendix=name == "letter") for name in ("letter", "round", "challenge", "hub")
    ]

    assert [*contents(listed)] == ["round", "challenge", "hub", "letter"]


def test_two_pages_do_not_share_a_name():
    with pytest.raises(HandbookError) as error:
        contents([page(name="hub", record=Slot) for _ in range(2)])
    assert str(error.value) == "hub: two pages have this name."


def test_roles_are_held_for_the_site_and_for_records_of_the_nouns_that_say_so():
    listed = contents([page(name=name, record=Slot, scope=name != "talk") for name in ("hub", "talk", "circle")])

    assert scopes(listed) == ("site", "hub", "circle")


def test_records_are_locked_above_before_below_and_otherwise_in_the_order_of_the_pages():
    assert lock_order(pages(gate=("challenge",), team=(), challenge=("round",), round=())) == (
        "person",
        "team",
        "round",
        "challenge",
        "gate",
    )


def test_a_lock_on_a_noun_without_a_page_and_locks_in_a_circle_are_errors():
    for wrong, sentence in (
        ({"gate": ("challenge",)}, "gate: a step locks its challenge, and there is no page of that name."),
        (
            {"round": (), "gate": ("challenge",), "challenge": ("gate", "round")},
            "gate, challenge: their steps lock or end one another in a circle, so two people could wait for ever.",
        ),
    ):
        with pytest.raises(HandbookError) as error:
            lock_order(pages(**wrong))
        assert str(error.value) == sentence
