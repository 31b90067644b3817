"""A conflict of interest that is known, or arises, after somebody has scored: what they gave counts no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Conflict, Message
from civflow.services.assessment.assessor_page import sheet
from civflow.services.assessment.ranking import outcomes_of
from civflow.services.assessment.scores import sheets
from civflow.services.engine.advance import advance
from civflow.services.interviews.slots import offer_slots
from civflow.workflows.engine import Refusal
from tests.scenes.panel import Panel

SENT_BACK_FIRST = ("The result is not proposed yet: one that is proposed or approved is sent back to the panel first.",)
SET_ASIDE_FIRST = "No scores count of somebody who has a conflict of interest with the team: they are set aside first."
TWO_EACH = "Every application has scores from at least two assessors."
WHY = "My sister works there."


@pytest.fixture
def scored(panel) -> Panel:
    """Everybody has scored: Otter Works 75 of 100; the second assessor alone gives Heron Labs everything."""
    for person in panel.people:
        for application, value in ((panel.otter, 3), (panel.heron, 4 if person is panel.people[1] else 2)):
            assignment = panel.assignment(person, application)
            panel.accept(assignment, person)
            panel.score(assignment, person, value=value)
            panel.submit(assignment, person)
    return panel


def refused(panel: Panel, record, trigger: str, person, **inputs) -> tuple[str, ...]:
    try:
        advance(panel.session, record, trigger, actor=panel.call.actor(person), now=panel.call.now, **inputs)
    except Refusal as refusal:
        return refusal.sentences
    return ()


def totals(panel: Panel) -> dict[int, int]:
    return {o.application_id: o.total for o in outcomes_of(panel.session, panel.gate)}


def who_counts(panel: Panel, application) -> set[int]:
    return set(sheets(panel.session, panel.gate).get(application.id, {}))


def test_an_assessor_declares_a_conflict_after_submitting_and_the_ranking_is_made_anew(session, scored):
    one, two, three = scored.people
    theirs = scored.assignment(two, scored.heron)
    scored.take(one, "moderate")
    assert totals(scored) == {scored.otter.id: 7500, scored.heron.id: 6666}
    assert refused(scored, theirs, "declare_conflict", one, reason=WHY) != ()  # nobody for another
    assert refused(scored, theirs, "declare_conflict", two) == ("Give a reason: it is kept with the step.",)
    assert refused(scored, theirs, "declare_conflict", two, reason=WHY) == ()

    assert who_counts(scored, scored.heron) == {one.id, three.id}
    assert totals(scored) == {scored.otter.id: 7500, scored.heron.id: 5000}
    conflict = session.scalars(select(Conflict)).one()
    assert (conflict.person_id, conflict.team_id, conflict.why) == (two.id, scored.heron.team_id, WHY)
    page = sheet(session, theirs, scored.call.actor(two), now=scored.call.now)
    assert (theirs.state, page.may_read, page.answers, page.others) == ("withdrawn", False, [], [])
    query = select(Message).where(col(Message.key).like("assignment-%-declare_conflict-%"))
    assert [m.person_id for m in session.scalars(query)] == [scored.call.manager.id]


def test_no_result_is_proposed_on_the_scores_of_one(scored):
    scored.take(scored.chair, "moderate")
    for person in scored.people[1:]:
        assert refused(scored, scored.assignment(person, scored.heron), "declare_conflict", person, reason=WHY) == ()
    assert refused(scored, scored.gate, "propose", scored.chair, going_on=2) == (TWO_EACH,)


def test_a_proposed_or_approved_result_is_sent_back_before_scores_are_set_aside(scored):
    assignment, two = scored.assignment(scored.people[1], scored.heron), scored.people[1]
    scored.take(scored.chair, "moderate")
    scored.take(scored.chair, "propose", going_on=2)
    for _ in ("proposed", "approved"):
        assert refused(scored, assignment, "declare_conflict", two, reason=WHY) == SENT_BACK_FIRST
        assert refused(scored, assignment, "set_aside", scored.call.manager, reason=WHY) == SENT_BACK_FIRST
        if scored.gate.state == "proposed":
            scored.take(scored.approver, "approve")
    scored.take(scored.call.manager, "reopen", reason="A conflict has arisen.")
    assert refused(scored, assignment, "declare_conflict", two, reason=WHY) == ()


def test_what_is_in_conflict_when_the_scoring_ends_is_set_aside(session, scored):
    two = scored.people[1]
    scored.declares(two, scored.heron)
    scored.take(scored.chair, "moderate")
    assert scored.assignment(two, scored.heron).state == "withdrawn"
    assert totals(scored) == {scored.otter.id: 7500, scored.heron.id: 5000}
    query = select(Message).where(col(Message.key).like("assignment-%-set_aside-%"))
    assert [m.person_id for m in session.scalars(query)] == [two.id]


def test_two_assessors_without_a_conflict_are_needed_to_end_the_scoring(scored):
    for person in scored.people[1:]:
        scored.declares(person, scored.heron)
    assert refused(scored, scored.gate, "moderate", scored.chair) == (TWO_EACH,)


def test_a_conflict_that_arises_later_holds_up_the_decision_until_the_scores_are_set_aside(scored):
    assignment, two = scored.assignment(scored.people[1], scored.heron), scored.people[1]
    scored.take(scored.chair, "moderate")
    scored.joins(two, scored.heron)
    assert refused(scored, scored.gate, "propose", scored.chair, going_on=2) == (SET_ASIDE_FIRST,)
    assert refused(scored, assignment, "set_aside", scored.chair, reason="They work there now.") == ()
    assert totals(scored)[scored.heron.id] == 5000
    scored.take(scored.chair, "propose", going_on=2)
    scored.joins(scored.people[2], scored.heron)
    assert refused(scored, scored.gate, "approve", scored.approver) == (SET_ASIDE_FIRST,)


@pytest.mark.parametrize(("why", "states"), [("conflict", ["withdrawn"] * 2), ("other", ["submitted"] * 2)])
def test_what_somebody_submitted_who_is_taken_off_for_a_conflict_is_set_aside(scored, why, states):
    two = scored.people[1]
    off = {"person_id": two.id, "reason": "Kin."}
    office = scored.call.manager
    assert refused(scored, scored.gate, "unseat", office, **off) == ("Choose one of the answers to “Why”.",)
    assert refused(scored, scored.gate, "unseat", office, **off, why_off=why) == ()
    assert [scored.assignment(two, one).state for one in (scored.otter, scored.heron)] == states
    assert (two.id in who_counts(scored, scored.heron)) == (why == "other")


def test_only_people_of_its_panel_hear_the_teams_of_a_gate(panel):
    lead, office = panel.leads[0], panel.call.actor(panel.call.manager)
    known = [person.id for person in panel.people[:2]]
    for stranger in (lead.id, 10_000):
        with pytest.raises(Refusal) as refusal:
            offer_slots(
                panel.session,
                panel.gate,
                starts=[panel.call.now + timedelta(days=1)],
                where="",
                panel=[*known, stranger],
                actor=office,
                now=panel.call.now,
            )
        sentence = "Only people who sit on the panel of this gate hear its teams: seat them first."
        assert refusal.value.fields == {"panel": sentence}
