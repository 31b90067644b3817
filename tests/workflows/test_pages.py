"""The pages of the handbook without a database: each path is walked, each rule refuses alone and in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest

from civflow import features
from civflow.services.engine.effects import registered
from civflow.services.engine.facts import facts
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges.page import compile_challenge
from civflow.workflows.engine import CLOCK, NOBODY, Actor, Case, Forbidden, NotFound, Refused, Rule, Step, Workflow
from civflow.workflows.engine.check import NOW, actors, findings, paths, record_of
from civflow.workflows.programme import shipped_programmes
from tests.workflows.truth import AFTER, RULE_CASES, everybody

PAGES = {
    **HANDBOOK,
    **{f"challenge of {name}": compile_challenge(p.programme) for name, p in shipped_programmes().items()},
}
STEPS = [(page, step, state) for page in HANDBOOK.values() for step in page.steps for state in step.sources]


def named(value: object) -> str | None:
    return value.name if isinstance(value, (Workflow, Step, Rule)) else None


def case_for(page: Workflow, state: str, rules: Iterable[Rule], *, actor: Actor | None = None) -> Case:
    """A case in which every one of these rules is true; what other steps of the state look at is of the right kind."""
    others = [r for step in page.steps_from(state).values() for r in step.requires]
    values, inputs = {}, {}
    for rule in (*others, *rules):
        values |= RULE_CASES[rule.name].true
    for rule in rules:
        inputs |= RULE_CASES[rule.name].inputs
    values["state"] = state
    return Case(page, record_of(page, **values), actor or everybody(), NOW, reason="Because.", inputs=inputs)


def without(case: Case, rule: Rule) -> Case:
    """The same case with one rule made false."""
    truth = RULE_CASES[rule.name]
    values = {**vars(case.record), **truth.false, "state": case.state}
    inputs = {**case.inputs, **truth.false_inputs}
    actor = truth.false_actor or case.actor
    return Case(case.workflow, record_of(case.workflow, **values), actor, NOW, reason="Because.", inputs=inputs)


def somebody_for(page: Workflow, step: Step, case: Case) -> Case:
    """The case in the hands of an actor who may take the step."""
    for actor in (case.actor, *actors()):
        tried = Case(page, case.record, actor, NOW, reason=case.reason, inputs=case.inputs)
        if any(rule.claim(tried) for rule in step.permits):
            return tried
    raise AssertionError(f"Nobody can take {page.name}.{step.name}.")


@pytest.mark.parametrize("page", list(PAGES.values()), ids=list(PAGES))
def test_a_page_holds(page):
    assert findings(page, effects=registered().effects, facts=facts()) == []


@pytest.mark.parametrize("module", features.modules("pages"), ids=lambda module: module.__name__)
def test_a_named_set_of_states_holds_states_that_there_are(module):
    """A name such as MEMBERS stands for states of one noun: one that is renamed is missed here."""
    sets = {name: set(value) for name, value in vars(module).items() if name.isupper() and is_of_words(value)}
    nouns = [set(page.states) for page in HANDBOOK.values()]
    meant = {name: words for name, words in sets.items() if any(words & states for states in nouns)}

    assert {name: words for name, words in meant.items() if not any(words <= states for states in nouns)} == {}


def is_of_words(value: object) -> bool:
    return isinstance(value, tuple) and value != () and all(isinstance(word, str) for word in value)


def reached() -> Iterator[object]:
    for title, page in PAGES.items():
        for state, path in paths(page).items():
            way = " -> ".join([path[0].sources[0] if path else state, *(step.target for step in path)])
            yield pytest.param(page, state, path, id=f"{title} reaches {state}: {way}")


@pytest.mark.parametrize(("page", "state", "path"), list(reached()))
def test_every_state_is_reached_by_taking_steps(page, state, path):
    here = next(s for s in page.begins if s in (path[0].sources if path else (state,)))
    for step in path:
        case = somebody_for(page, step, case_for(page, here, step.requires))
        assert page.judge(case, step.name) is step
        here = page.fire(case, step.name)
    assert here == state


def test_there_is_a_truth_for_every_rule_and_for_no_other():
    rules = {r.name for page in PAGES.values() for step in page.steps for r in step.requires}
    rules |= {r.name for page in PAGES.values() for r in page.begin_requires}

    assert set(RULE_CASES) == rules


@pytest.mark.parametrize(("page", "step", "state"), STEPS, ids=named)
def test_a_step_is_taken_when_its_rules_are_true_and_refused_in_the_words_of_the_one_that_is_not(page, step, state):
    case = somebody_for(page, step, case_for(page, state, step.requires))
    assert page.judge(case, step.name) is step
    assert {o.step.name: (o.allowed, o.sentences) for o in page.options(case)}[step.name] == (True, ())

    for rule in step.requires:
        refused = without(case, rule)
        with pytest.raises(Refused) as refusal:
            page.judge(refused, step.name)
        assert refusal.value.sentences == (rule.sentence,)
        option = next(o for o in page.options(refused) if o.step is step)
        assert (option.allowed, option.forbidden, option.sentences) == (False, False, (rule.sentence,))


@pytest.mark.parametrize(("page", "step", "state"), STEPS, ids=named)
def test_nobody_takes_a_step_and_reads_who_may(page, step, state):
    case = case_for(page, state, step.requires, actor=NOBODY)

    with pytest.raises(Forbidden) as refusal:
        page.judge(case, step.name)

    assert refusal.value.sentences == tuple(rule.sentence for rule in step.permits)


def test_every_sentence_that_failed_is_told_at_once():
    page = HANDBOOK["challenge"]
    step = page.step("approve", "in_review")
    case = case_for(page, "in_review", step.requires)
    for rule in step.requires:
        case = without(case, rule)

    with pytest.raises(Refused) as refusal:
        page.judge(case, "approve")

    # Nobody learns whether a score is low before everybody has scored.
    told = [rule.sentence for rule in step.requires if rule.name != "a_low_score_has_a_reason"]
    assert refusal.value.sentences == tuple(told)


DUE = [(page, step, state) for page, step, state in STEPS if step.due]


@pytest.mark.parametrize(("page", "step", "state"), DUE, ids=named)
def test_the_clock_takes_a_step_at_its_time_and_not_before(page, step, state):
    case = case_for(page, state, step.requires, actor=CLOCK)
    setattr(case.record, step.due, NOW)
    if step.due == "closes_at" and any(r.name == "the_dates_are_set" for r in step.requires):
        case.record.closes_at = AFTER
    assert page.judge(case, step.name) is step

    for not_yet in (NOW + timedelta(microseconds=1), None):
        setattr(case.record, step.due, not_yet)
        with pytest.raises(Refused) as refusal:
            page.judge(case, step.name)
        assert refusal.value.sentences[-1] == "The time for it has not come."


@pytest.mark.parametrize("page", list(HANDBOOK.values()), ids=list(HANDBOOK))
def test_a_step_from_another_state_says_where_it_is_possible(page):
    for step in page.steps:
        for state in set(page.states) - set(page.sources(step.name)):
            with pytest.raises(Refused) as refusal:
                page.step(step.name, state)
            wanted = " or ".join(f"“{page.states[s].staff}”" for s in page.sources(step.name))
            noun, now = page.called.lower(), page.states[state].staff
            button = next(s.button for s in page.steps if s.name == step.name)
            sentence = f"“{button}” is possible while the {noun} is {wanted}; it is “{now}” now."
            assert refusal.value.sentences == (sentence,)


@pytest.mark.parametrize("page", list(HANDBOOK.values()), ids=list(HANDBOOK))
def test_an_unknown_step_is_not_found(page):
    with pytest.raises(NotFound) as refusal:
        page.step("fly", page.initial)

    assert refusal.value.sentences == (f"{page.called}: there is no step “fly”.",)


@pytest.mark.parametrize("page", list(HANDBOOK.values()), ids=list(HANDBOOK))
def test_a_record_begins_only_where_its_rules_are_true(page):
    case = case_for(page, page.begins[-1], page.begin_requires)
    if page.begun_by:
        page.judge_beginning(case)
    else:
        with pytest.raises(Forbidden) as forbidden:
            page.judge_beginning(case)
        assert forbidden.value.sentences == ("It comes into being as a consequence of another step.",)

    for rule in page.begin_requires:
        with pytest.raises(Refused) as refusal:
            page.judge_beginning(without(case, rule))
        assert refusal.value.sentences == (rule.sentence,)
