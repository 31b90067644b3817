"""Assessing: asked, declared, scored alone, submitted, moderated, decided within a limit, and only then told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from civflow.models import Assignment, Conflict, Document, Message, Panellist, Score, Slot
from civflow.services.assessment.assessor_page import gates_of
from civflow.services.assessment.gates import panel_of
from civflow.services.assessment.ranking import cost_of_a_place, outcomes_of, ranking_of
from civflow.services.assessment.scores import record_score, scores_of, sheets
from civflow.services.engine.advance import advance
from civflow.services.interviews.slots import book_slot, offer_slots
from civflow.services.programmes.store import programme_of
from civflow.services.records.waiting import waiting_for
from civflow.workflows.engine import Forbidden, Refusal, Refused
from tests.scenes.open_call import grant
from tests.scenes.panel import Panel

ALL_SCORED = "Every criterion has a score and a reason."


@pytest.fixture
def mine(panel) -> Assignment:
    """The first assessor's assignment of Otter Works' application."""
    return panel.assignment(panel.chair, panel.otter)


def step(panel: Panel, assignment: Assignment, trigger: str, person=None, **inputs) -> tuple[str, ...]:
    """Take a step of an assignment, by the first assessor if nobody is named; the sentences of a refusal."""
    actor = panel.call.actor(person or panel.chair)
    try:
        advance(panel.session, assignment, trigger, actor=actor, now=panel.call.now, **inputs)
    except Refusal as refusal:
        return refusal.sentences
    return ()


def give(
    panel: Panel, assignment: Assignment, value: int | None = 3, why: str = "Good.", *, criterion="solves", person=None
) -> None:
    record_score(
        panel.session,
        assignment,
        criterion=criterion,
        value=value,
        why=why,
        now=panel.call.now,
        actor=panel.call.actor(person or panel.chair),
    )


# Being asked ---------------------------------------------------------------------------------------------------------


def test_each_assessor_is_asked_once_for_all_applications(session, panel):
    query = select(Message).where(col(Message.key).startswith("to-assess-")).order_by(col(Message.id))
    messages = session.scalars(query).all()
    assert [m.person_id for m in messages] == [p.id for p in panel.people]
    assert {m.subject for m in messages} == {"2 applications to assess: Sift of 11.2 Flooding impact"}
    assert {a.state for a in session.scalars(select(Assignment))} == {"invited"}


def test_nothing_is_scored_before_no_conflict_is_declared(session, panel, mine):
    with pytest.raises(Refused):
        give(panel, mine)
    assert step(panel, mine, "accept", no_conflict=False) == ("Tick “I have no conflict of interest with this team”.",)
    assert mine.declared_at is None
    panel.accept(mine, panel.chair)
    assert (mine.state, mine.declared_at) == ("accepted", panel.call.now)
    give(panel, mine)
    assert mine.state == "scoring"


def how_many_are_left(panel: Panel) -> tuple[int, int]:
    """In the list of the chair, and on their home page."""
    actor, now = panel.call.actor(panel.chair), panel.call.now
    [gate] = gates_of(panel.session, actor, now=now)
    [line] = [one for one in waiting_for(panel.session, actor=actor, now=now) if one.noun == "assignment"]
    return len(gate.left), int(line.task.text.split()[1])


@pytest.mark.parametrize(("why", "conflicts"), [("conflict", 1), ("not_my_area", 0), ("too_many", 0)])
def test_who_declines_says_why_and_only_a_conflict_stays_on_record(session, panel, mine, why, conflicts):
    assert step(panel, mine, "decline", decline_why=why) == ()
    assert (mine.state, mine.decline_why) == ("declined", why)
    found = session.scalars(select(Conflict)).all()
    assert [(c.person_id, c.team_id) for c in found] == [(panel.chair.id, panel.otter.team_id)] * conflicts
    told = session.scalars(select(Message).where(col(Message.key).like("assignment-%-decline-%"))).all()
    assert [m.person_id for m in told] == [panel.call.manager.id]
    left = [how_many_are_left(panel)]
    asked_again = step(panel, mine, "invite_again", panel.call.manager, reason="Could you after all?")
    assert [*left, how_many_are_left(panel)] == [(1, 1), (2, 2)]  # of the two applications
    accepted = step(panel, mine, "accept", no_conflict=True)
    none_on_record = ("No conflict of interest with this team is on record for the assessor.",)
    assert (asked_again, accepted) == ((), none_on_record if conflicts else ())


def test_nobody_scores_for_another(session, panel, mine):
    panel.accept(mine, panel.chair)
    for person in (panel.people[1], panel.call.manager, panel.leads[0]):
        with pytest.raises(Forbidden):
            give(panel, mine, person=person)
    assert session.scalars(select(Score)).all() == []


# Scoring -------------------------------------------------------------------------------------------------------------


def test_a_score_is_on_the_scale_and_has_a_reason(session, panel, mine):
    panel.accept(mine, panel.chair)
    off = {"solves-value": "Choose a score from 0 to 4."}
    bare = {"solves-why": "Say in a sentence why: the team reads your reason without your name."}
    for value, why, fields in ((5, "Good.", off), (-1, "Good.", off), (4, " \n", bare), (None, "", off | bare)):
        with pytest.raises(Refused) as refused:
            give(panel, mine, value, why)
        assert refused.value.fields == fields
    assert scores_of(session, mine) == {}


def test_only_the_criteria_of_the_scorecard_are_scored(panel, mine):
    panel.accept(mine, panel.chair)
    with pytest.raises(Refused) as refused:
        give(panel, mine, criterion="charm")
    assert refused.value.sentences == ("The scorecard has no such criterion.",)


def test_what_is_off_the_scale_or_the_scorecard_is_refused_on_every_way_and_holds_up_no_submission(
    session, panel, mine
):
    panel.accept(mine, panel.chair)
    panel.score(mine, panel.chair)
    session.commit()
    off_the_scale = ("The score lies on the scale of the gate's scorecard.",)
    for value, criterion, sentences in (
        (99, "solves", off_the_scale),
        (5, "solves", off_the_scale),
        (3, "charm", ("The gate's scorecard has this criterion.",)),
    ):
        assert step(panel, mine, "score", criterion=criterion, value=value, why="Good.") == sentences
    scores = scores_of(session, mine)
    assert {score.value for score in scores.values()} == {3}
    assert sorted(scores) == sorted(panel.gate.criteria.split(","))
    one = next(iter(scores.values()))
    one.criterion = "charm"  # as many rows as criteria, and one criterion without a score
    session.flush()
    assert step(panel, mine, "submit") == (ALL_SCORED,)


def test_a_score_can_be_changed_until_it_is_submitted(session, panel, mine):
    panel.accept(mine, panel.chair)
    panel.score(mine, panel.chair)
    give(panel, mine, 1, " On second thoughts. ")
    assert (scores_of(session, mine)["solves"].value, scores_of(session, mine)["solves"].reason) == (
        1,
        "On second thoughts.",
    )
    panel.submit(mine, panel.chair)
    with pytest.raises(Refused):
        give(panel, mine, 4)
    assert step(panel, mine, "decline", decline_why="conflict") != ()
    assert scores_of(session, mine)["solves"].value == 1
    assert mine.submitted_at == panel.call.now


def test_scores_are_submitted_only_when_every_criterion_has_one(session, panel, mine):
    panel.accept(mine, panel.chair)
    for criterion in ("solves", "innovation", "commercial"):
        give(panel, mine, criterion=criterion)
    assert step(panel, mine, "submit") == (ALL_SCORED,)
    give(panel, mine, 0, criterion="commitment")
    assert step(panel, mine, "submit") == ()


def test_what_is_not_submitted_does_not_count(session, panel, mine):
    panel.accept(mine, panel.chair)
    panel.score(mine, panel.chair)
    assert sheets(session, panel.gate) == {}
    panel.submit(mine, panel.chair)
    assert sheets(session, panel.gate) == {
        panel.otter.id: {panel.chair.id: {"solves": 3, "innovation": 3, "commercial": 3, "commitment": 3}}
    }


def test_a_submitted_sheet_is_opened_again_by_the_panel_with_a_reason(session, panel, mine):
    one, two = panel.people[:2]
    theirs = panel.assignment(two, panel.otter)
    for person, assignment in ((one, mine), (two, theirs)):
        panel.accept(assignment, person)
        panel.score(assignment, person)
        panel.submit(assignment, person)
    assert step(panel, theirs, "reopen", two, reason="A slip.") != ()  # not by themselves
    assert step(panel, theirs, "reopen") == ("Give a reason: it is kept with the step.",)
    assert step(panel, theirs, "reopen", reason="You scored another team.") == ()
    assert set(sheets(session, panel.gate)[panel.otter.id]) == {one.id}
    (message,) = session.scalars(select(Message).where(col(Message.key).like("assignment-%-reopen-%"))).all()
    assert (message.person_id, "You scored another team." in message.body) == (two.id, True)


# Ending the scoring --------------------------------------------------------------------------------------------------


def gate_step(panel: Panel, person, trigger: str, **inputs) -> tuple[str, ...]:
    try:
        panel.take(person, trigger, **inputs)
    except Refusal as refusal:
        return refusal.sentences
    return ()


def test_the_scoring_ends_when_everybody_has_submitted_or_the_panel_goes_on_without_them(session, panel):
    late = panel.people[2]
    for person in panel.people[:2]:
        for application in (panel.otter, panel.heron):
            assignment = panel.assignment(person, application)
            panel.accept(assignment, person)
            panel.score(assignment, person)
            panel.submit(assignment, person)
    assert gate_step(panel, panel.chair, "moderate") == (
        "Every assessor has submitted, or the panel has decided to proceed without them.",
    )
    assert gate_step(panel, panel.chair, "proceed", proceed_reason="They are ill.") == ()
    assert gate_step(panel, panel.chair, "moderate") == ()
    assignment = panel.assignment(late, panel.otter)
    panel.accept(assignment, late)
    with pytest.raises(Refused) as refused:
        give(panel, assignment, person=late)
    assert refused.value.sentences == ("The gate takes scores now.",)


def test_one_assessors_scores_are_not_enough(session, panel):
    for application in (panel.otter, panel.heron):
        assignment = panel.assignment(panel.chair, application)
        panel.accept(assignment, panel.chair)
        panel.score(assignment, panel.chair)
        panel.submit(assignment, panel.chair)
    gate_step(panel, panel.chair, "proceed", proceed_reason="They are ill.")
    assert gate_step(panel, panel.chair, "moderate") == ("Every application has scores from at least two assessors.",)


@pytest.fixture
def moderating(panel) -> Panel:
    """Everybody has scored: Otter Works 75 of 100, Heron Labs 50."""
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    return panel


def places(session, panel) -> list[tuple[int, int, int, str]]:
    return [(o.application_id, o.rank, o.total, o.decision) for o in outcomes_of(session, panel.gate)]


def test_applications_are_ranked_by_their_scores(session, moderating):
    assert places(session, moderating) == [
        (moderating.otter.id, 1, 7500, "not_selected"),
        (moderating.heron.id, 2, 5000, "not_selected"),
    ]


def test_the_panels_value_counts_and_the_assessors_stays_beside_it(session, moderating):
    score = moderating.a_score(moderating.heron)
    moderating.take(moderating.chair, "adjust", score_id=score.id, value=4, why="We heard more.")
    assert (score.value, score.reason) == (2, "Reason 0 about 1-0002.")
    assert (score.moderated_value, score.moderated_reason, score.moderated_by_id) == (
        4,
        "We heard more.",
        moderating.chair.id,
    )
    # one of three assessors gives 4 of 4 instead of 2 for what weighs 40: 50 + 40 * (2 / 4) / 3
    assert [total for _, _, total, _ in places(session, moderating)] == [7500, 5666]


def test_an_adjustment_is_on_the_scale_and_has_a_reason(moderating):
    score = moderating.a_score(moderating.heron)
    right = {"score_id": score.id, "value": 3, "why": "We heard more."}
    for wrong, sentence in (
        ({"value": 5}, "“New score” must be from 0 to 4."),
        ({"value": -1}, "“New score” must be from 0 to 4."),
        ({"why": ""}, "Fill in “Why the panel changes it”."),
        ({"score_id": 10_000}, "It is a score of this gate."),
    ):
        assert gate_step(moderating, moderating.chair, "adjust", **{**right, **wrong}) == (sentence,)
    assert score.moderated_value is None


def test_going_back_to_scoring_keeps_what_was_submitted(session, moderating):
    assert gate_step(moderating, moderating.chair, "score_again") == ("Give a reason: it is kept with the step.",)
    assert gate_step(moderating, moderating.chair, "score_again", reason="One more reading.") == ()
    assert len(sheets(session, moderating.gate)[moderating.otter.id]) == 3


def test_what_an_assessor_says_after_the_panel_counts_again(session, moderating):
    panel, score = moderating, moderating.a_score(moderating.heron)
    panel.take(panel.chair, "adjust", score_id=score.id, value=4, why="We heard more.")
    panel.take(panel.chair, "score_again", reason="One more reading.")
    assignment = panel.assignment(panel.chair, panel.heron)
    assert step(panel, assignment, "reopen", reason="Read it again.") == ()
    give(
        panel, assignment, score.value, score.reason, criterion=score.criterion
    )  # nothing new: the panel's value counts
    assert score.moderated_value == 4
    give(panel, assignment, 1, "It is worse than I read.", criterion=score.criterion)
    panel.submit(assignment, panel.chair)
    assert (score.moderated_value, score.moderated_reason, score.moderated_by_id) == (None, "", None)
    assert sheets(session, panel.gate)[panel.heron.id][panel.chair.id][score.criterion] == 1


@pytest.mark.parametrize("back", ["score_again", "reopen", "match"])
def test_a_reason_to_go_on_without_assessors_is_about_one_scoring(panel, back):
    late = panel.people[2]
    for person in panel.people[:2]:
        for application in (panel.otter, panel.heron):
            assignment = panel.assignment(person, application)
            panel.accept(assignment, person)
            panel.score(assignment, person)
            panel.submit(assignment, person)
    assert gate_step(panel, panel.chair, "proceed", proceed_reason="They are ill.") == ()
    assert step(panel, panel.assignment(late, panel.otter), "accept", late, no_conflict=True) == ()
    if back != "match":
        panel.take(panel.chair, "moderate")
    if back == "reopen":
        panel.take(panel.chair, "propose", going_on=2)
    panel.take(panel.call.manager, back, **({} if back == "match" else {"reason": "One more reading."}))
    assert gate_step(panel, panel.chair, "moderate") == (
        "Every assessor has submitted, or the panel has decided to proceed without them.",
    )


@pytest.mark.parametrize("back", ["send_back", "reopen", "reopen after the approval"])
def test_what_is_taken_back_is_decided_no_longer(moderating, back):
    panel, gate = moderating, moderating.gate
    panel.take(panel.chair, "propose", going_on=1, number_reason="One was far ahead.")
    gate.stake_pounds = 5_000
    panel.session.flush()
    if back.endswith("approval"):
        panel.take(panel.approver, "approve")
    person = panel.approver if back == "send_back" else panel.call.manager
    panel.take(person, back.partition(" ")[0], reason="Look at it again.")
    decided = (gate.going_on, gate.number_reason, gate.stake_pounds, gate.approved_by_id, gate.approved_at)
    assert decided == (0, "", 0, None, None)


# Deciding ------------------------------------------------------------------------------------------------------------


def test_the_number_that_goes_on_is_the_declared_one_or_has_a_reason(moderating):
    another = "The number that goes on is the one declared, or a reason says why not."
    for going_on, sentences in (
        (1, (another,)),
        (3, ("No more teams go on than there are ranked.", another)),
        (-1, ("“How many go on” must be at least 0.",)),
        (2, ()),
    ):
        assert gate_step(moderating, moderating.chair, "propose", going_on=going_on) == sentences


def test_the_line_parts_those_who_go_on_from_the_rest(session, moderating):
    moderating.take(moderating.chair, "propose", going_on=1, number_reason="One was far ahead.")
    assert [(rank, decision) for _, rank, _, decision in places(session, moderating)] == [
        (1, "goes_on"),
        (2, "not_selected"),
    ]
    assert moderating.gate.number_reason == "One was far ahead."


def test_a_tie_is_not_cut_by_the_line(session, panel):
    panel.everybody_scores(equal=True)
    panel.take(panel.chair, "moderate")
    assert [ranked.rank for ranked in ranking_of(session, panel.gate).ranked] == [1, 1]
    cut = ("No tie runs across the line between those who go on and the rest.",)
    assert gate_step(panel, panel.chair, "propose", going_on=1, number_reason="One place.") == cut
    panel.take(panel.chair, "settle", application_id=panel.heron.id, reason="Clearer steps.")
    assert gate_step(panel, panel.chair, "propose", going_on=1, number_reason="One place.") == ()
    assert [o.application_id for o in outcomes_of(session, panel.gate) if o.decision == "goes_on"] == [panel.heron.id]


def test_a_named_person_approves_within_their_limit_and_did_not_score(session, moderating):
    moderating.take(moderating.chair, "propose", going_on=2)
    call, una, gate = moderating.call, moderating.approver, moderating.gate
    gate.stake_pounds = 1_000_001
    grant(session, moderating.chair, "approver", call.now, limit_pounds=10**9)
    session.flush()
    assert gate_step(moderating, una, "approve") == ("Your limit in pounds covers what the places of this gate cost.",)
    assert gate_step(moderating, moderating.chair, "approve") == ("You did not score an application at this gate.",)
    gate.stake_pounds = 1_000_000
    session.flush()
    assert gate_step(moderating, una, "approve") == ()
    assert (gate.approved_by_id, gate.approved_at) == (una.id, call.now)


def test_what_goes_on_costs_its_places_until_the_next_gate(session, call):
    programme = programme_of(session, call.challenge)
    costs = [cost_of_a_place(programme, gate, call.challenge) for gate in programme.gates]
    assert costs == [0, 5_000, 30_000 + 650_000]  # exploration; the accelerator and the contract at its ceiling


def test_nobody_is_told_before_the_release_and_everybody_then(session, moderating):
    call, letters = moderating.call, select(Document).where(col(Document.kind) == "outcome_letter")
    moderating.take(moderating.chair, "propose", going_on=1, number_reason="One was far ahead.")
    moderating.take(moderating.approver, "approve")
    assert [a.state for a in (moderating.otter, moderating.heron)] == ["in_progress"] * 2
    assert session.scalars(letters).all() == []
    moderating.take(call.manager, "release")
    session.expire_all()
    assert [(a.state, a.stage) for a in (moderating.otter, moderating.heron)] == [
        ("in_progress", "interview"),
        ("not_selected", "sift"),
    ]
    assert sorted(d.record_id for d in session.scalars(letters)) == [moderating.otter.id, moderating.heron.id]
    assert call.challenge.state == "interview"
    assert gate_step(moderating, call.manager, "reopen", reason="Too late.") != ()


# The panel and its interviews ----------------------------------------------------------------------------------------


def test_a_panel_has_one_chair_and_each_person_one_seat(session, panel):
    two = panel.people[1]
    panel.take(panel.call.manager, "seat", person_id=two.id, side="programme", chairs=True)
    assert [(p.name, seat.side, seat.chairs) for seat, p in panel_of(session, panel.gate)] == [
        ("Assessor Two", "programme", True),
        ("Assessor One", "programme", False),
        ("Assessor Three", "expert", False),
    ]
    assert {seat.largest_load for seat in session.scalars(select(Panellist))} == {30}


def offered(panel: Panel, *, after: timedelta = timedelta(days=1), people: int = 2):
    return offer_slots(
        panel.session,
        panel.gate,
        starts=[panel.call.now + after],
        where="",
        now=panel.call.now,
        panel=[p.id for p in panel.people[:people]],
        actor=panel.call.actor(panel.call.manager),
    )


def test_interviews_lie_ahead_and_are_heard_by_two(panel):
    for wrong, sentence in (
        ({"people": 1}, "A panel has at least two people."),
        ({"after": timedelta(0)}, "An interview must lie ahead."),
    ):
        with pytest.raises(Refused) as refused:
            offered(panel, **wrong)
        assert refused.value.sentences == (sentence,)


def test_a_team_has_one_interview_at_a_gate(panel):
    (first,), (second,) = offered(panel), offered(panel, after=timedelta(days=2))
    book = {"actor": panel.call.actor(panel.leads[0]), "now": panel.call.now}
    book_slot(panel.session, first, panel.otter, **book)
    with pytest.raises(Refused) as refused:
        book_slot(panel.session, second, panel.otter, **book)
    assert refused.value.sentences == (
        "The team has no other interview booked at this gate. One that it has is given back first.",
    )
    assert (first.state, first.team_id, second.team_id) == ("booked", panel.otter.team_id, None)
    advance(panel.session, first, "give_back", reason="We are away.", **book)
    assert (first.application_id, first.team_id) == (None, None)
    book_slot(panel.session, second, panel.otter, **book)


def test_nobody_books_an_interview_for_no_application_or_for_one_that_is_not_before_the_gate(session, panel):
    (slot,) = offered(panel)
    manager, lead, now = panel.call.actor(panel.call.manager), panel.call.actor(panel.leads[0]), panel.call.now
    with pytest.raises(Refused) as refused:
        advance(session, slot, "book", actor=manager, now=now)
    assert refused.value.fields == {"application_id": "Choose “Which application is heard”."}
    with pytest.raises(Forbidden):
        book_slot(session, slot, panel.heron, actor=lead, now=now)  # the other team's
    advance(session, panel.heron, "rule_out", actor=manager, now=now, reason="Not eligible.")
    with pytest.raises(Refused) as refused:
        book_slot(session, slot, panel.heron, actor=manager, now=now)
    assert refused.value.sentences == ("The application stands before this gate.",)
    book_slot(session, slot, panel.otter, actor=manager, now=now)
    assert (slot.state, slot.application_id, slot.team_id) == ("booked", panel.otter.id, panel.otter.team_id)


def test_the_database_keeps_no_booking_without_an_application_and_no_second_one(session, panel):
    (first,), (second,) = offered(panel), offered(panel, after=timedelta(days=2))
    book_slot(session, first, panel.otter, actor=panel.call.actor(panel.leads[0]), now=panel.call.now)
    for application in (None, panel.otter.id):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(
                update(Slot).where(col(Slot.id) == second.id).values(state="booked", application_id=application)
            )


def test_a_slot_goes_to_who_was_first(panel):
    (slot,) = offered(panel)
    first, second = (panel.call.actor(lead) for lead in panel.leads)
    book_slot(panel.session, slot, panel.otter, actor=first, now=panel.call.now)
    with pytest.raises(Refusal):
        book_slot(panel.session, slot, panel.heron, actor=second, now=panel.call.now)
    panel.session.expire_all()
    assert (slot.state, slot.team_id) == ("booked", panel.otter.team_id)
