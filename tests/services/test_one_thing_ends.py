"""One thing ends, and nothing hangs on it any more: each noun in turn, with who is told, and what comes back with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import (
    Agreement,
    Application,
    Assignment,
    Document,
    Membership,
    Message,
    Place,
    Slot,
    SlotPanel,
)
from civflow.services import people
from civflow.services.applications.submission import submit
from civflow.services.assessment.gates import panel_of
from civflow.services.assessment.ranking import outcomes_of
from civflow.services.engine.advance import advance, options
from civflow.services.engine.history import last_entry, verify
from civflow.services.interviews.slots import book_slot, offer_slots
from civflow.services.live_sessions.sessions import schedule
from civflow.services.questions.questions import ask
from civflow.services.teams.teams import invite
from civflow.workflows.engine import CIVFLOW, Refused
from tests.scenes.open_call import grant
from tests.services.test_delivery import _sign as signed
from tests.services.test_delivery import delivery, issued, offered, place  # noqa: F401 - fixtures
from tests.services.test_endings import states
from tests.two_at_once import Other

GONE = "We have closed down."


def subjects_to(session, person, since: int = 0) -> list[str]:
    query = select(Message.subject).where(col(Message.person_id) == person.id, col(Message.id) > since)
    return list(session.scalars(query.order_by(col(Message.id))))


def newest_message(session) -> int:
    return session.scalar(select(col(Message.id)).order_by(col(Message.id).desc()).limit(1)) or 0


def refused(session, record, trigger, **inputs) -> tuple[str, ...]:
    with pytest.raises(Refused) as refusal:
        advance(session, record, trigger, **inputs)
    return refusal.value.sentences


# An application that is withdrawn or ruled out -----------------------------------------------------------------------


@pytest.mark.parametrize("way", ["withdraw", "rule_out"])
def test_what_is_out_is_not_assessed_and_the_gate_does_not_wait_for_it(panel, way):
    call, session, now = panel.call, panel.session, panel.call.now
    for person in panel.people:
        mine = panel.assignment(person, panel.otter)
        panel.accept(mine, person)
        panel.score(mine, person)
        panel.submit(mine, person)
    before = newest_message(session)
    by = panel.leads[1] if way == "withdraw" else call.manager
    advance(session, panel.heron, way, actor=call.actor(by), now=now, reason=GONE)

    assert states(session, Assignment, application_id=panel.heron.id) == ["withdrawn"] * 3
    assert [subjects_to(session, person, before) for person in panel.people] == [
        ["No longer needed: 1 assessment, Sift of 11.2 Flooding impact"]
    ] * 3
    panel.take(panel.chair, "moderate")
    assert [o.application_id for o in outcomes_of(session, panel.gate)] == [panel.otter.id]


def test_what_comes_back_is_assessed_again_by_those_who_were_to_and_by_nobody_else(panel):
    call, session, now = panel.call, panel.session, panel.call.now
    first, second, third = panel.people
    advance(
        session,
        panel.assignment(first, panel.heron),
        "decline",
        actor=call.actor(first),
        now=now,
        decline_why="too_many",
    )
    taken = panel.assignment(third, panel.heron)
    advance(session, taken, "withdraw", actor=call.actor(call.manager), now=now, reason="Too many.")
    done = panel.assignment(second, panel.otter)
    later = now + timedelta(hours=1)
    advance(session, panel.heron, "rule_out", actor=call.actor(call.manager), now=later, reason="Not eligible.")
    assert states(session, Assignment, application_id=panel.heron.id) == ["withdrawn"] * 3
    before = newest_message(session)
    advance(session, panel.heron, "reinstate", actor=call.actor(call.manager), now=later, reason="It is, after all.")

    assert [panel.assignment(person, panel.heron).state for person in panel.people] == [
        "withdrawn",
        "invited",
        "withdrawn",
    ]
    assert [len(subjects_to(session, person, before)) for person in panel.people] == [0, 1, 0]
    assert done.state == "invited"
    entry = last_entry(session, "assignment", panel.assignment(second, panel.heron).id)
    assert (entry.step, entry.actor_name, entry.reason) == ("ask_anew", "civflow", "It is, after all.")


def booked(panel) -> Slot:
    """Otter Works has an interview on the next day; all of the panel hear it."""
    call = panel.call
    slots = offer_slots(
        panel.session,
        panel.gate,
        starts=[call.now + timedelta(days=1)],
        where="Room 4",
        panel=[person.id for person in panel.people],
        actor=call.actor(call.manager),
        now=call.now,
    )
    book_slot(panel.session, slots[0], panel.otter, actor=call.actor(panel.leads[0]), now=call.now)
    return slots[0]


def test_the_interview_of_a_team_that_has_withdrawn_is_free_its_panel_is_told_and_the_gate_goes_on(panel):
    session = panel.session
    panel.everybody_scores()
    slot = booked(panel)
    before = newest_message(session)
    advance(session, panel.otter, "withdraw", actor=panel.call.actor(panel.leads[0]), now=panel.call.now, reason=GONE)

    session.refresh(slot)
    assert (slot.state, slot.application_id, slot.team_id) == ("offered", None, None)
    assert [subjects_to(session, person, before) for person in panel.people] == [
        ["Interview: Flooding impact, Offered"]
    ] * 3
    panel.take(panel.chair, "moderate")
    assert panel.gate.state == "moderating"


# The line that a panel has drawn --------------------------------------------------------------------------------------


@pytest.fixture
def ranked(panel):
    """Everybody has scored: Otter Works is first, Heron Labs second."""
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    return panel


def withdraw_the_best(panel) -> None:
    advance(
        panel.session, panel.otter, "withdraw", actor=panel.call.actor(panel.leads[0]), now=panel.call.now, reason=GONE
    )


def line(panel) -> list[tuple[int, int, str, str]]:
    panel.session.expire_all()
    return [(o.application_id, o.rank, o.decision, o.tie_break) for o in outcomes_of(panel.session, panel.gate)]


def propose(panel) -> None:
    panel.take(panel.chair, "propose", going_on=1, number_reason="As many as fit.")


def letters_to(panel) -> list[int]:
    query = select(col(Document.record_id)).where(col(Document.kind) == "outcome_letter")
    return list(panel.session.scalars(query.order_by(col(Document.record_id))))


LEFT = "Every application that is to go on, or in reserve, is still in the selection. Where one has left, the line is drawn anew."


def test_who_leaves_while_the_panel_talks_is_out_of_the_ranking(ranked):
    withdraw_the_best(ranked)

    assert line(ranked) == [(ranked.heron.id, 1, "not_selected", "")]
    propose(ranked)
    ranked.take(ranked.approver, "approve")
    ranked.take(ranked.call.manager, "release")
    assert (ranked.heron.state, ranked.heron.stage) == ("in_progress", "interview")
    assert letters_to(ranked) == [ranked.heron.id]


@pytest.mark.parametrize("reached", ["proposed", "approved"])
def test_a_result_whose_best_team_has_left_is_drawn_anew_before_anybody_is_told(ranked, reached):
    call, session = ranked.call, ranked.session
    propose(ranked)
    if reached == "approved":
        ranked.take(ranked.approver, "approve")
    withdraw_the_best(ranked)
    trigger, person = ("approve", ranked.approver) if reached == "proposed" else ("release", call.manager)
    assert refused(session, ranked.gate, trigger, actor=call.actor(person), now=call.now) == (LEFT,)
    assert letters_to(ranked) == []

    ranked.take(ranked.chair, "redraw", reason="Otter Works has left.")
    assert (ranked.gate.state, line(ranked)) == ("moderating", [(ranked.heron.id, 1, "not_selected", "")])
    propose(ranked)
    ranked.take(ranked.approver, "approve")
    ranked.take(call.manager, "release")
    session.expire_all()
    assert (ranked.heron.state, ranked.heron.stage) == ("in_progress", "interview")
    assert letters_to(ranked) == [ranked.heron.id]
    assert verify(session).broken is None


def test_who_was_not_to_go_on_and_leaves_gets_no_letter_and_holds_up_nothing(ranked):
    propose(ranked)
    advance(
        ranked.session,
        ranked.heron,
        "rule_out",
        actor=ranked.call.actor(ranked.call.manager),
        now=ranked.call.now,
        reason="No.",
    )
    ranked.take(ranked.approver, "approve")
    ranked.take(ranked.call.manager, "release")

    assert letters_to(ranked) == [ranked.otter.id]


def test_the_line_is_not_drawn_anew_while_it_stands(ranked):
    propose(ranked)
    sentences = refused(
        ranked.session,
        ranked.gate,
        "redraw",
        actor=ranked.call.actor(ranked.chair),
        now=ranked.call.now,
        reason="Why not.",
    )
    assert sentences == ("An application that was to go on, or in reserve, has left.",)


def test_a_panel_that_gets_it_back_from_the_approver_ranks_who_is_still_there(ranked):
    propose(ranked)
    withdraw_the_best(ranked)
    ranked.take(ranked.approver, "send_back", reason="Somebody has left.")

    assert line(ranked) == [(ranked.heron.id, 1, "not_selected", "")]


def test_who_comes_back_while_the_panel_talks_is_ranked_before_a_result_is_proposed(ranked):
    call, session = ranked.call, ranked.session
    withdraw_the_best(ranked)
    advance(session, ranked.otter, "reinstate", actor=call.actor(call.manager), now=call.now, reason="A mistake.")
    how = {"going_on": 1, "number_reason": "As many as fit."}
    sentences = refused(session, ranked.gate, "propose", actor=call.actor(ranked.chair), now=call.now, **how)
    assert sentences == (
        "Every application that stands at the gate is ranked. For one that came back, the scoring is taken up again.",
    )
    ranked.take(ranked.chair, "score_again", reason="Otter Works is back.")
    ranked.take(ranked.chair, "moderate")
    assert [application for application, *_ in line(ranked)] == [ranked.otter.id, ranked.heron.id]


def test_what_the_panel_settled_stands_when_somebody_else_leaves(panel):
    """Of two with one rank the panel puts one ahead; whoever is struck moves up only those behind."""
    panel.everybody_scores(equal=True)
    panel.take(panel.chair, "moderate")
    panel.take(panel.chair, "settle", application_id=panel.heron.id, reason="It is further.")
    assert [application for application, *_ in line(panel)] == [panel.heron.id, panel.otter.id]
    advance(
        panel.session, panel.heron, "withdraw", actor=panel.call.actor(panel.leads[1]), now=panel.call.now, reason=GONE
    )
    assert [(application, rank) for application, rank, *_ in line(panel)] == [(panel.otter.id, 1)]


def test_a_team_that_withdraws_while_the_result_is_released_was_first_or_has_its_letter(ranked, engine):
    call, session, now = ranked.call, ranked.session, ranked.call.now
    propose(ranked)
    ranked.take(ranked.approver, "approve")
    lead, manager, gate = call.actor(ranked.leads[0]), call.actor(call.manager), ranked.gate.id
    session.commit()
    withdraw_the_best(ranked)
    other = Other(
        engine, lambda s: advance(s, s.get_one(type(ranked.gate), gate), "release", actor=manager, now=now)
    ).start()
    assert other.waits
    session.commit()
    assert other.ends().sentences == (LEFT,)
    assert lead.id
    assert letters_to(ranked) == []


def test_an_assessment_that_is_still_open_ends_with_its_gate(panel):
    late = panel.people[2]
    for person in panel.people[:2]:
        for application in (panel.otter, panel.heron):
            mine = panel.assignment(person, application)
            panel.accept(mine, person)
            panel.score(mine, person, value=3 if application is panel.otter else 2)
            panel.submit(mine, person)
    panel.take(panel.chair, "proceed", proceed_reason="They are ill.")
    panel.take(panel.chair, "moderate")
    propose(panel)
    panel.take(panel.approver, "approve")
    before = newest_message(panel.session)
    panel.take(panel.call.manager, "release")

    assert states(panel.session, Assignment, assessor_id=late.id) == ["withdrawn", "withdrawn"]
    assert [s for s in subjects_to(panel.session, late, before) if s.startswith("No longer")] == [
        "No longer needed: 1 assessment, Sift of 11.2 Flooding impact"
    ] * 2


# Places and agreements ------------------------------------------------------------------------------------------------


def of(session, model):
    return session.scalars(select(model)).one()


def test_nothing_is_issued_or_signed_for_a_team_that_has_left(scenes, delivery):  # noqa: F811
    """The place of a team that has withdrawn ends, and its agreement: £5,000 are not agreed on with nobody."""
    call, session, lead = delivery.call, delivery.call.session, delivery.lead
    scenes.play(issued)
    place, agreement, application = of(session, Place), of(session, Agreement), of(session, Application)  # noqa: F811
    before = newest_message(session)
    advance(session, application, "withdraw", actor=call.actor(lead), now=call.now, reason=GONE)

    session.expire_all()
    assert (place.state, agreement.state) == ("ended", "terminated")
    assert last_entry(session, "agreement", agreement.id).reason == "The application was withdrawn."
    assert subjects_to(session, call.owner, before) == [
        "No longer needed: Agreement with Otter Works for Exploration of 11.2 Flooding impact"
    ]
    agreement.state = "issued"  # scenery: as if it had been left standing
    session.flush()
    out = ("The team's application is still in the challenge.",)
    assert refused(session, agreement, "sign_for_the_team", actor=call.actor(lead), now=call.now, may_sign=True) == out
    agreement.team_signed_at = call.now
    session.flush()
    assert (
        refused(session, agreement, "sign_for_the_sponsor", actor=call.actor(call.owner), now=call.now, may_sign=True)
        == out
    )
    agreement.state = "drafted"
    session.flush()
    assert refused(session, agreement, "issue", actor=call.actor(call.manager), now=call.now) == out


def test_what_both_sides_had_signed_stands_again_with_the_application_and_begins_at_its_time(scenes, delivery):  # noqa: F811
    call, session, manager = delivery.call, delivery.call.session, delivery.call.actor(delivery.call.manager)
    scenes.play(issued)
    place, agreement, application = of(session, Place), of(session, Agreement), of(session, Application)  # noqa: F811
    signed(call, agreement, delivery.lead)
    advance(session, application, "rule_out", actor=manager, now=call.now, reason="Not eligible.")
    session.expire_all()
    assert (place.state, agreement.state) == ("ended", "terminated")

    advance(session, application, "reinstate", actor=manager, now=call.now, reason="It is, after all.")
    session.expire_all()
    assert (application.state, place.state, agreement.state) == ("in_progress", "accepted", "signed")
    call.wait_until(place.starts_at)
    assert (place.state, agreement.state) == ("active", "active")


def test_what_somebody_ended_by_hand_does_not_come_back_with_the_application(scenes, delivery):  # noqa: F811
    call, session, manager = delivery.call, delivery.call.session, delivery.call.actor(delivery.call.manager)
    scenes.play(issued)
    agreement, application = of(session, Agreement), of(session, Application)
    advance(session, agreement, "terminate", actor=manager, now=call.now, reason="The price was wrong.")
    later = call.now + timedelta(hours=1)
    advance(session, application, "rule_out", actor=manager, now=later, reason="Not eligible.")
    advance(session, application, "reinstate", actor=manager, now=later, reason="It is, after all.")
    entries = last_entry(session, "agreement", agreement.id)
    session.expire_all()

    assert (of(session, Place).state, entries.reason) == ("accepted", "It is needed again: the team goes on.")


def test_an_offer_to_a_team_that_has_left_is_taken_back(delivery):  # noqa: F811
    call, session = delivery.call, delivery.call.session
    manager, application, place = call.actor(call.manager), of(session, Application), of(session, Place)  # noqa: F811
    advance(session, application, "rule_out", actor=manager, now=call.now, reason="Not eligible.")
    session.refresh(place)
    assert place.state == "declined"
    advance(session, application, "reinstate", actor=manager, now=call.now, reason="It is, after all.")
    session.refresh(place)
    assert place.state == "offered"


def test_a_place_that_ends_takes_its_agreement_along_and_brings_it_back(scenes, delivery):  # noqa: F811
    call, session, manager = delivery.call, delivery.call.session, delivery.call.actor(delivery.call.manager)
    scenes.play(issued)
    place, agreement = of(session, Place), of(session, Agreement)  # noqa: F811
    signed(call, agreement, delivery.lead)
    advance(session, place, "end", actor=manager, now=call.now, reason="They have stopped.")
    session.expire_all()
    assert agreement.state == "terminated"
    advance(session, place, "take_up_again", actor=manager, now=call.now, reason="They go on.")
    session.expire_all()
    assert (place.state, agreement.state) == ("accepted", "signed")


# A challenge that is cancelled, and one that is completed ------------------------------------------------------------


def test_a_cancelled_challenge_leaves_nothing_open_and_everybody_is_told(panel):
    call, session, now = panel.call, panel.session, panel.call.now
    slot = booked(panel)
    manager = call.actor(call.manager)
    starts = now + timedelta(days=2)
    when = {"starts_at": starts, "ends_at": starts + timedelta(hours=1)}
    meeting = schedule(session, call.challenge, actor=manager, now=now, title="Meet us", place="Here", link="", **when)
    before = newest_message(session)
    advance(session, call.challenge, "cancel", actor=manager, now=now, reason="The money is gone.")

    assert states(session, Application) == ["not_selected"] * 2
    assert states(session, Assignment) == ["withdrawn"] * 6
    assert [record.state for record in (slot, meeting)] == ["cancelled", "cancelled"]
    assert slot.application_id == panel.otter.id
    assert [len(subjects_to(session, person, before)) for person in panel.people] == [2, 2, 2]
    assert verify(session).broken is None


def test_whoever_asked_about_a_cancelled_challenge_is_told_that_nobody_answers(call, session):
    asker = call.person("Isla Begg")
    question = ask(session, call.challenge, text="Who may apply?", actor=call.actor(asker), now=call.now)
    advance(session, call.challenge, "cancel", actor=call.actor(call.manager), now=call.now, reason="No money.")
    session.refresh(question)

    assert question.state == "declined"
    assert last_entry(session, "question", question.id).reason == "The challenge was cancelled."
    assert len(subjects_to(session, asker)) == 1


def test_the_agreements_of_a_cancelled_challenge_are_not_signed(scenes, delivery):  # noqa: F811
    call, session = delivery.call, delivery.call.session
    scenes.play(issued)
    agreement = of(session, Agreement)
    advance(
        session, call.challenge, "cancel", actor=call.actor(call.manager), now=call.now, reason="The money is gone."
    )
    session.expire_all()
    assert (agreement.state, of(session, Place).state) == ("terminated", "ended")
    of(session, Application).state, agreement.state = "selected", "issued"  # scenery: a winner's, left standing
    session.flush()
    sentences = refused(
        session, agreement, "sign_for_the_team", actor=call.actor(delivery.lead), now=call.now, may_sign=True
    )
    assert sentences == ("The challenge has not come to its end.",)


def test_who_is_still_in_reserve_when_the_challenge_is_completed_is_told_that_it_has_ended(call, session, priya, otter):
    application = call.application(otter, complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    advance(session, application, "keep_in_reserve", actor=CIVFLOW, now=call.now)
    call.challenge.state = "follow_up"  # scenery: everything before it is over
    session.flush()
    advance(session, call.challenge, "complete", actor=call.actor(call.manager), now=call.now)
    session.refresh(application)

    assert application.state == "not_selected"
    assert subjects_to(session, priya)[-1] == "The challenge has ended: 11.2 Flooding impact"


# A role ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [None, "programme_manager"])
def test_who_is_no_assessor_any_more_sits_on_no_panel_unless_something_else_puts_them_there(panel, now, other):
    call, session, person = panel.call, panel.session, panel.people[1]
    done = panel.assignment(person, panel.otter)
    panel.accept(done, person)
    panel.score(done, person)
    panel.submit(done, person)
    booked(panel)
    for role in filter(None, ("assessor", other)):
        grant(session, person, role, now)
    before = newest_message(session)
    people.revoke(session, person, "assessor", actor=CIVFLOW, now=call.now)

    mine = states(session, Assignment, assessor_id=person.id)
    hears = session.scalars(select(SlotPanel).where(col(SlotPanel.person_id) == person.id)).all()
    seated = {seat.person_id for seat, _ in panel_of(session, panel.gate)}
    if other:
        assert (mine, len(hears), person.id in seated) == (["submitted", "invited"], 1, True)
        assert subjects_to(session, person, before) == []
    else:
        assert (mine, len(hears), person.id in seated) == (["submitted", "withdrawn"], 0, False)
        assert subjects_to(session, person, before) == ["You no longer sit on the panel: Sift of 11.2 Flooding impact"]
        assert last_entry(session, "gate", panel.gate.id).reason == "The role of assessor was taken back."


# A team ---------------------------------------------------------------------------------------------------------------


def test_nobody_joins_or_applies_with_a_team_that_has_disbanded(call, session, priya, otter):
    tom = call.person("Tom Baird")
    draft = call.application(otter)
    invite(session, otter, tom, actor=call.actor(priya), now=call.now)
    advance(session, otter, "disband", actor=call.actor(priya), now=call.now, reason="We part.")

    assert states(session, Membership, team_id=otter.id) == ["active", "lapsed"]
    session.refresh(draft)
    assert draft.state == "withdrawn"
    assert subjects_to(session, tom)[-1] == "The team has ended: Tom Baird in Otter Works"
    assert [o.step.name for o in options(session, draft, actor=call.actor(priya), now=call.now) if o.allowed] == []
