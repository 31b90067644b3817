"""Every step that decides says before it is taken what it decides, what was changed by whom, what it costs, what follows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from civflow.db import make_engine, new_session
from civflow.features import FeatureError
from civflow.models import Person
from civflow.services.engine.advance import PAGES, advance, workflow_of
from civflow.services.people import actor_of
from civflow.services.records.preview import Decision, check_decisions, preview_step, previewers
from civflow.workflows import HANDBOOK
from tests.played import NOW
from tests.scenes.panel import Panel

DECIDE = {
    "gate": {"skip", "adjust", "settle", "propose", "approve", "release"},
    "application": {"rule_out", "reinstate", "promote", "close_the_reserve"},
    "challenge": {"approve", "end_without_winner", "cancel"},
    "agreement": {"issue", "sign_for_the_team", "sign_for_the_sponsor", "terminate"},
    "place": {"end", "offer_again", "take_up_again", "resume"},
    "deliverable": {"accept"},
}


def test_the_steps_that_decide_are_these():
    found = {page.name: {step.name for step in page.steps if step.decides} for page in HANDBOOK.values()}
    assert {noun: steps for noun, steps in found.items() if steps} == DECIDE


def test_a_step_that_decides_and_says_nothing_is_refused_at_start():
    known = {key: says for key, says in previewers().items() if key != ("gate", "approve")}
    with pytest.raises(FeatureError) as refused:
        check_decisions(known)
    assert str(refused.value) == (
        "gate.approve: it decides, and no feature's previews say what, at what cost and with what consequence."
    )


@pytest.mark.parametrize("noun", sorted(DECIDE))
def test_every_deciding_step_shows_what_is_decided_what_it_costs_and_what_follows(own_round, noun):
    """With some records of each state from which it is taken, in a whole round."""
    engine = make_engine(own_round)
    with new_session(engine) as session:
        for page, step, record in _to_decide(session, noun):
            actor = actor_of(session, session.get_one(Person, 1), now=NOW)
            said = preview_step(session, step, record, actor=actor, now=NOW, reason="")
            assert isinstance(said, Decision), f"{page.name}.{step.name}"
            what, costs, follows, *_ = said.sentences
            assert all(sentence.strip().endswith(".") for sentence in (what, costs, follows)), said.sentences
    engine.dispose()


def _to_decide(session: Session, noun: str) -> list[tuple[Any, Any, Any]]:
    model = next(model for model, page in PAGES.items() if page.name == noun)
    found = []
    for record in session.exec(select(model).order_by(model.id)).all():  # type: ignore[attr-defined]
        page = workflow_of(session, record)
        found += [(page, step, record) for step in page.steps_from(record.state).values() if step.decides]
    by_step: dict[tuple[str, str], list[Any]] = {}
    for page, step, record in found:
        by_step.setdefault((step.name, record.state), []).append((page, step, record))
    return [one for some in by_step.values() for one in some[:2]]


# A gate


def said_before(panel: Panel, trigger: str, person: Person) -> Decision:
    step = workflow_of(panel.session, panel.gate).steps_from(panel.gate.state)[trigger]
    said = preview_step(panel.session, step, panel.gate, actor=panel.call.actor(person), now=panel.call.now, reason="")
    assert isinstance(said, Decision)
    return said


ALONE, CHAIR = "Morag Sinclair, programme manager, without the panel", "Assessor One, in the chair of the panel"


@pytest.fixture
def changed(panel) -> Panel:
    """The panel has adjusted one score, and the manager alone another."""
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    score = panel.a_score(panel.heron)
    panel.take(panel.chair, "adjust", score_id=score.id, value=3, why="We heard more.")
    panel.take(panel.call.manager, "adjust", score_id=panel.a_score(panel.otter).id, value=4, why="They called me.")
    return panel


CHANGED = [
    f"1-0001, “Solves the challenge” by Assessor One: 4 instead of 3. Changed by {ALONE}: They called me.",
    f"1-0002, “Solves the challenge” by Assessor One: 3 instead of 2. Changed by {CHAIR}: We heard more.",
]


def test_who_approves_reads_who_goes_on_and_what_was_changed_by_whom(changed):
    changed.take(changed.chair, "propose", going_on=1, number_reason="One was far ahead.")
    changed.gate.stake_pounds = 5_000
    changed.session.flush()
    said = said_before(changed, "approve", changed.approver)
    assert said.sentences == [
        "1 team goes on, 1 ends here.",
        "The places cost £5,000 together, £5,000 for each team. Your limit is £1,000,000.",
        "Who goes on comes to “Interview”. The programme office releases the result, and then every team gets its letter.",
    ]
    assert said.lines == [
        "1. Otter Works (1-0001), 78.3 of 100: goes on",
        "2. Heron Labs (1-0002), 53.3 of 100: ends here",
    ]
    assert said.changed == (*CHANGED, "1 goes on instead of 6: One was far ahead.")


def test_who_adjusts_without_the_panel_reads_that_it_is_marked(changed):
    said = said_before(changed, "adjust", changed.call.manager)
    assert "It stands there in your name: Morag Sinclair, programme manager, without the panel." in said.sentences[2]
    assert list(said.changed) == CHANGED
    assert "Assessor One, in the chair of the panel" in said_before(changed, "adjust", changed.chair).sentences[2]


def test_a_tie_that_the_manager_settles_alone_is_marked_too(session, panel):
    panel.everybody_scores(equal=True)
    panel.take(panel.chair, "moderate")
    panel.take(panel.call.manager, "settle", application_id=panel.heron.id, reason="Clearer steps.")
    assert list(said_before(panel, "propose", panel.chair).changed) == [
        f"1-0002 comes first among its equals. Settled by {ALONE}: Clearer steps."
    ]
    advance(
        session, panel.gate, "score_again", actor=panel.call.actor(panel.chair), now=panel.call.now, reason="Again."
    )
    panel.take(panel.chair, "moderate")
    assert said_before(panel, "propose", panel.chair).changed == ()
