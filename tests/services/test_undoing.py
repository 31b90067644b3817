"""Can this be undone? What a confirmation page says is what the next page offers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from civflow.models import Challenge, Person, Team, Tracked
from civflow.services.applications.submission import submit
from civflow.services.engine.advance import PAGES, advance, case_of, options, workflow_of
from civflow.services.engine.afterwards import case_after
from civflow.workflows.engine import Refusal
from civflow.workflows.engine.undoing import undoing

WALKED = ("challenge", "application", "team", "membership", "gate", "assignment", "round")


def answer(call, record, trigger: str, actor) -> str:
    page = workflow_of(call.session, record)
    step = page.steps_from(record.state)[trigger]
    after = case_after(call.session, record, step, actor=actor, now=call.now)
    return undoing(page, step, record.state, after).sentence


def test_a_team_that_withdraws_is_told_what_it_can_do_then(call):
    """Before the deadline it takes the application up again; after it only the programme office reinstates it."""
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    again = "“Take the application up again”"
    assert answer(call, application, "withdraw", call.actor(priya)).startswith(f"Yes: {again}, with a reason.")
    submit(call.session, application, actor=call.actor(priya), now=call.now)
    assert answer(call, application, "withdraw", call.actor(priya)).startswith(
        f"Not as it was: {again} leads to “Draft”, with a reason."
    )
    call.wait_until(call.closes_at)
    assert answer(call, application, "withdraw", call.actor(priya)) == (
        "Yes: “Reinstate the application”, with a reason. It is for those who can say: “You are a programme manager of "
        "this round”. It needs: It was taken into the selection when the seal opened. "
        "The gate that it had reached has not released its result. You have no conflict of interest with the team."
    )


def test_a_draft_that_is_withdrawn_when_the_deadline_has_passed_does_not_come_back(call):
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya))
    call.wait_until(call.closes_at + timedelta(days=1))
    assert answer(call, application, "withdraw", call.actor(priya)) == (
        "No. As things stand, nothing leads on from “Withdrawn”."
    )


def taken(call, actor) -> Iterator[tuple[Tracked, str]]:
    """Every step without asks that the actor may take now with a record of the scene."""
    for model, page in PAGES.items():
        if page.name not in WALKED:
            continue
        for record in call.session.scalars(select(model).order_by(page.table.c.id)).all():
            for option in options(call.session, record, actor=actor, now=call.now):
                if option.allowed and not option.step.asks:
                    yield record, option.step.name


def check_every_answer(call, people: list[Person]) -> int:
    """Take each step, look which steps can be taken next, and go back; the number of steps that were looked at."""
    number = 0
    for person in people:
        actor = call.actor(person)
        for record, trigger in list(taken(call, actor)):
            page = workflow_of(call.session, record)
            step, said = page.steps_from(record.state)[trigger], answer(call, record, trigger, actor)
            if step.undo or step.target == record.state:
                continue
            buttons = {s.button for s in page.steps_from(step.target).values()}
            named = {part.split("”")[0] for part in said.split("“")[1:]} & buttons
            with call.session.begin_nested() as tried:
                try:
                    advance(call.session, record, trigger, actor=actor, now=call.now, reason="To look.")
                    case = case_of(call.session, record, actor=actor, now=call.now)
                    offered = {s.button for s in page.steps_from(record.state).values() if not page.unmet(case, s)}
                except Refusal:
                    offered = named
                tried.rollback()
            call.session.expire_all()
            assert named <= offered, (page.name, record.state, trigger, said)
            number += 1
    return number


def test_every_way_back_that_is_named_is_there_once_the_step_is_taken(session, call):
    """In an open call with a draft and an application, and when it has closed."""
    leads = [call.person("Priya Raeburn"), call.person("Ewan Baird")]
    draft, sent = (call.application(call.team(f"Team of {p.name}", p), complete=True) for p in leads)
    submit(session, sent, actor=call.actor(leads[1]), now=call.now)
    people = [*leads, call.manager, call.owner]
    assert check_every_answer(call, people) > 5
    call.wait_until(call.closes_at)
    assert check_every_answer(call, people) > 5
    assert (draft.state, session.get_one(Challenge, call.challenge.id).state) == ("draft", "closed")
    assert session.get_one(Team, draft.team_id)


def test_every_way_back_that_is_named_is_there_while_a_gate_scores(panel):
    call = panel.call
    assert check_every_answer(call, [*panel.leads, *panel.people, call.manager, call.owner]) > 5
