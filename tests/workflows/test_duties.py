"""Who may do what beside what: each step of the handbook in the hands of somebody who holds two duties at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from civflow.models.people import ROLES
from civflow.workflows import HANDBOOK
from civflow.workflows.duties import DUTIES, DUTY_OF, NEVER, SLEEPS, TABLE, never_with
from civflow.workflows.engine import Actor, Case, Step, Workflow
from civflow.workflows.engine.check import NOW, SOMEBODY, record_of
from tests.workflows.test_pages import STEPS, case_for, named
from tests.workflows.truth import everybody, ids, pairs

RULES = {rule.name: rule for page in HANDBOOK.values() for _, rule in page.rules()}


def kept_apart(one: str, other: str) -> set[str]:
    """The sentences in which the table's rules refuse somebody who has both duties."""
    (found,) = [apart for apart in TABLE if {apart.one, apart.other} == {one, other}]
    return {RULES[name].sentence for name in found.kept_by}


def test_the_table_says_of_two_duties_once_what_keeps_them_apart():
    assert max(Counter(frozenset({a.one, a.other}) for a in TABLE).values()) == 1
    assert {duty for a in TABLE for duty in (a.one, a.other)} == set(DUTIES)
    assert {name for a in TABLE for name in a.kept_by} - set(RULES) == set()
    assert {*ROLES, "panel_member"} == set(DUTY_OF)
    assert never_with("audits") == ("challenge_owner", "challenge_writer")
    assert [(a.one, a.other) for a in TABLE if not a.kept_by and a.answer not in {SLEEPS, NEVER}] == []


def test_every_role_sleeps_towards_what_its_holder_applies_to():
    apart = {a.other for a in TABLE if a.one == "applies"}
    assert set(DUTY_OF.values()) <= apart
    who = replace(everybody(), applies_to=ids(3))
    here, elsewhere = {"round": 1, "challenge": 3}, {"round": 1, "challenge": 4}
    held = {h.role for h in who.roles} & set(ROLES)
    assert [role for role in held if who.holds(role, here)] == []
    assert [role for role in held if not who.holds(role, elsewhere)] == []
    assert (who.limit("approver", here), who.limit("approver", elsewhere)) == (0, 10**9)
    assert (who.holds("team_lead", here), who.holds("team_member", here)) == (True, True)


def outcome(page: Workflow, step: Step, state: str, *, actor: Actor, **facts: Any) -> tuple[str, ...] | None:
    """The sentences that refuse the actor although all else is true; None where they may take the step; () where not theirs."""
    case = case_for(page, state, step.requires, actor=actor)
    known = {name: value for name, value in facts.items() if name in page.declared}
    record = record_of(page, **{**vars(case.record), **known})
    tried = Case(page, record, actor, NOW, reason="Because.", inputs=case.inputs)
    if not page.permits(tried, step):
        return ()
    return tuple(page.unmet(tried, step)) or None


# Whoever takes a step with an application of their own.
BY_THE_TEAM = {"a_team_member", "the_team_lead", "the_team_is_invited"}


def taken_by_the_team(step: Step) -> bool:
    return any(rule.name in BY_THE_TEAM for rule in step.permits)


# noun.step -> why somebody who applies takes it all the same.
ALTHOUGH_THEY_APPLY: Mapping[str, str] = {
    "assignment.decline": "Whoever was asked to assess before they joined a team says so.",
    "assignment.declare_conflict": "Whoever has assessed before they joined a team says so.",
}


@pytest.mark.parametrize(("page", "step", "state"), STEPS, ids=named)
def test_nobody_who_applies_takes_a_step_of_those_who_run_or_judge(page, step, state):
    if "challenge" not in dict(page.scopes) or taken_by_the_team(step):
        return
    who = replace(everybody(), applies_to=ids(SOMEBODY))
    found = outcome(page, step, state, actor=who)
    allowed = f"{page.name}.{step.name}" in ALTHOUGH_THEY_APPLY
    assert (found is None) == allowed, found
    if found:
        assert set(found) <= kept_apart("applies", "assesses")


TIED = {
    "conflicted_ids": ids(SOMEBODY),
    "conflicts_here": pairs(*((SOMEBODY, application) for application in range(100))),
    "conflicts": True,
}

# noun.step -> why somebody with a conflict of interest with a team takes it all the same.
ALTHOUGH_TIED: Mapping[str, str] = {
    "gate.seat": "Who sits on a panel says nothing about one team.",
    "gate.unseat": "Who sits on a panel says nothing about one team.",
    "gate.start": "It is due, and says nothing about one team.",
    "gate.skip": "No team stands there.",
    "gate.proceed": "It is about assessors who are late.",
    "gate.moderate": "It locks scores when all are in, and says nothing about one team.",
    "assignment.invite": "Matching has given it; the invitation follows.",
    "assignment.invite_again": "It asks an assessor again, and judges nothing.",
    "assignment.withdraw": "It asks for another assessor, and judges nothing.",
    "assignment.declare_conflict": "This is how somebody says that they have a conflict.",
    "assignment.decline": "This is how somebody says that they have a conflict.",
    "slot.book": "An hour of an interview judges nothing.",
    "slot.give_back": "An hour of an interview judges nothing.",
    "slot.hold": "Those who heard the team have no conflict.",
    "slot.miss": "It is a fact that the team can dispute.",
    "slot.cancel": "An hour of an interview judges nothing.",
    "slot.offer_again": "An hour of an interview judges nothing.",
    "sprint.begin": "A sprint is the team's plan, and no judgement.",
    "sprint.review": "A sprint is the team's plan, and no judgement.",
    "sprint.work_on": "A sprint is the team's plan, and no judgement.",
    "sprint.finish": "What counts in it are its deliverables, which somebody else accepts.",
    "sprint.reopen": "A sprint is the team's plan, and no judgement.",
}
ABOUT_TEAMS = [
    (p, s, state) for p, s, state in STEPS if p.name == "gate" or {"team_id", "challenge_id"} <= set(p.table.c.keys())
]


@pytest.mark.parametrize(("page", "step", "state"), ABOUT_TEAMS, ids=named)
def test_nobody_with_a_conflict_of_interest_decides_about_the_team(page, step, state):
    staff = Actor(SOMEBODY, "Staff", frozenset(h for h in everybody().roles if h.role in ROLES))
    found = outcome(page, step, state, actor=staff, **TIED)
    allowed = f"{page.name}.{step.name}" in ALTHOUGH_TIED
    if found is None or allowed:
        assert (found is None) == allowed, found
    else:
        assert set(found) <= kept_apart("is_tied", "manages") | kept_apart("is_tied", "assesses")


# noun.step -> why an approver who owns or writes the challenge, or has scored, takes it all the same.
ALTHOUGH_THEIR_OWN: Mapping[str, str] = {
    "challenge.request_changes": "It approves nothing.",
    "challenge.unapprove": "It approves nothing: it takes the approval back.",
    "challenge.announce": "Somebody else has approved what is announced.",
    "challenge.plan_the_announcement": "Somebody else has approved what is announced.",
    "challenge.name_a_scorer": "The scorer is another person.",
    "challenge.take_off_a_scorer": "The approval then waits for another scorer.",
    "gate.send_back": "It approves nothing: the panel decides again.",
}


def steps_of_an_approver() -> Iterator[tuple[Workflow, Step, str]]:
    own = {"challenge", "gate"}
    yield from (one for one in STEPS if one[0].name in own and any(r.role == "approver" for r in one[1].permits))


@pytest.mark.parametrize(("page", "step", "state"), list(steps_of_an_approver()), ids=named)
def test_no_approver_approves_what_they_own_write_or_have_scored(page, step, state):
    roles = frozenset(h for h in everybody().roles if h.role in {"approver", "challenge_owner"})
    approver = Actor(SOMEBODY, "An approver", roles)
    judged = {"author_ids": ids(SOMEBODY), "assessor_ids": ids(SOMEBODY), "changed_money": 50, "money_pounds": 40}
    case = case_for(page, state, step.requires, actor=approver)
    known = {n: v for n, v in judged.items() if n in page.declared or n in page.table.c}
    record = record_of(page, **{**vars(case.record), **known})
    found = page.unmet(Case(page, record, approver, NOW, reason="Because.", inputs=case.inputs), step)
    if f"{page.name}.{step.name}" in ALTHOUGH_THEIR_OWN:
        assert found == []
    else:
        kept = kept_apart("owns", "approves") | kept_apart("assesses", "approves")
        assert found != []
        assert set(found) <= kept


@pytest.mark.parametrize("excepted", [ALTHOUGH_THEY_APPLY, ALTHOUGH_TIED, ALTHOUGH_THEIR_OWN])
def test_an_exception_is_a_step_that_there_is(excepted):
    assert set(excepted) - {f"{page.name}.{step.name}" for page, step, _ in STEPS} == set()
