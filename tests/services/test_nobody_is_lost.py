"""Steps that would lose somebody, or say of them what is not so, are refused: who comes back, who has won, whose turn is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from civflow.services.challenges.stages import gate_of
from civflow.services.engine.access import visibility_case
from civflow.services.engine.advance import advance
from civflow.services.engine.endings import foretold
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, Refused
from civflow.workflows.engine.sight import columns_read
from tests.scenes.panel import Panel

UNRANKED = "Every application that stands at the gate is ranked. For one that came back, the scoring is taken up again."


def refused(session, record, trigger: str, actor, now, **inputs) -> tuple[str, ...]:
    """The sentences of the refusal; none where the step is taken."""
    try:
        with session.begin_nested():
            advance(session, record, trigger, actor=actor, now=now, **inputs)
    except Refused as refusal:
        session.refresh(record)
        return refusal.sentences
    return ()


@pytest.fixture
def proposed(panel: Panel) -> Panel:
    """Both applications are scored; one has left before the panel proposes the other."""
    panel.everybody_scores()
    manager = panel.call.actor(panel.call.manager)
    panel.take(panel.chair, "moderate")
    advance(panel.session, panel.heron, "rule_out", actor=manager, now=panel.call.now, reason="Not eligible.")
    panel.session.expire_all()
    panel.take(panel.chair, "propose", going_on=1, number_reason="One is left.")
    return panel


def test_a_team_that_comes_back_keeps_the_result_from_being_approved_and_released(session, proposed):
    manager, approver, now = (*map(proposed.call.actor, (proposed.call.manager, proposed.approver)), proposed.call.now)
    with session.begin_nested() as attempt:
        advance(session, proposed.heron, "reinstate", actor=manager, now=now, reason="A slip.")
        assert refused(session, proposed.gate, "approve", approver, now) == (UNRANKED,)
        attempt.rollback()
    session.expire_all()
    proposed.take(proposed.approver, "approve")
    advance(session, proposed.heron, "reinstate", actor=manager, now=now, reason="A slip.")
    assert refused(session, proposed.gate, "release", manager, now) == (UNRANKED,)


def test_a_gate_that_has_released_takes_nobody_back(session, proposed):
    manager = proposed.call.actor(proposed.call.manager)
    proposed.take(proposed.approver, "approve")
    proposed.take(proposed.call.manager, "release")
    session.expire_all()
    sentences = refused(session, proposed.heron, "reinstate", manager, proposed.call.now, reason="A slip.")
    assert sentences == ("The gate that it had reached has not released its result.",)


def test_a_gate_is_not_closed_before_its_turn(session, panel):
    manager, later = panel.call.actor(panel.call.manager), gate_of(panel.session, panel.call.challenge, "interview")
    sentences = refused(session, later, "skip", manager, panel.call.now, reason="Nobody is here.")
    assert sentences == ("The challenge stands at this gate.",)


def test_a_challenge_that_a_team_has_won_does_not_end_without_a_winner(session, panel):
    manager = panel.call.actor(panel.call.manager)
    advance(session, panel.otter, "select", actor=CIVFLOW, now=panel.call.now)
    sentences = refused(session, panel.call.challenge, "end_without_winner", manager, panel.call.now, reason="So.")
    assert sentences == ("No team has won it.",)


def test_a_draft_of_a_round_that_runs_is_not_filed_as_past(session, call):
    call.challenge.state, call.challenge.source_url = "draft", "https://example.org/past"  # scenery
    session.flush()
    sentences = refused(session, call.challenge, "file_as_past", call.actor(call.manager), call.now)
    assert sentences == ("Its round does not run: an earlier challenge stands in a round of its own.",)


def test_the_lead_is_handed_to_somebody_else(session, call, otter, priya):
    sentences = refused(session, otter, "hand_over", call.actor(priya), call.now, lead_id=priya.id)
    assert sentences == ("Somebody else leads the team from then on.",)


def test_a_comment_is_read_by_the_panel_once_the_scoring_has_ended(session, panel):
    panel.everybody_scores()
    sheet = panel.assignment(panel.people[1], panel.otter)

    def reads(person) -> bool:
        case = visibility_case(session, sheet, actor=panel.call.actor(person), now=panel.call.now)
        return "comment" in columns_read(case)

    assert [reads(one) for one in (panel.chair, panel.people[1], panel.call.manager)] == [False, True, True]
    panel.take(panel.chair, "moderate")
    assert reads(panel.chair)


def test_a_team_reads_what_ends_with_it_though_others_do_not_yet(session, call, otter, priya):
    call.application(otter)
    step, later = HANDBOOK["team"].steps_from(otter.state)["disband"], call.now + timedelta(days=1)
    ends = {
        actor.name: [
            change.page.name for change in foretold(session, HANDBOOK["team"], otter, step, actor=actor, now=later)
        ]
        for actor in (call.actor(priya), call.actor(call.manager))
    }
    assert ("application" in ends["Priya Raeburn"], "application" in ends["Morag Sinclair"]) == (True, False)
