"""Delivery: places, agreements that both sides sign after the standstill, sprints and deliverables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Application, Deliverable, Document, Message, Person, Place, Sprint
from civflow.services.agreements.agreements import draft_agreement, standstill_end
from civflow.services.applications.submission import submit
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.services.engine.history import last_entry
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import CIVFLOW, Conflicted, Forbidden, Refused
from tests.scenes.open_call import Call, place_of


@dataclass
class Delivery:
    """A team's place in the exploration, and its agreement once there is one."""

    call: Call
    lead: Person
    place: Place
    agreement: Agreement | None = None


def offered(call: Call) -> Delivery:
    """A place is offered."""
    session, priya = call.session, call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(application, "interview", "exploration")
    call.challenge.state = "exploration"  # scenery: the gates before it are released
    session.flush()
    return Delivery(call, priya, place_of(session, application))


def issued(delivery: Delivery) -> None:
    """The place is accepted; its agreement is issued to both sides."""
    call, session = delivery.call, delivery.call.session
    advance(session, delivery.place, "accept", actor=call.actor(delivery.lead), now=call.now)
    delivery.agreement = session.scalars(select(Agreement)).one()
    with TemporaryDirectory() as files:
        call.make_documents(Path(files))
    advance(session, delivery.agreement, "issue", actor=call.actor(call.manager), now=call.now)


def begun(delivery: Delivery) -> None:
    """Both sides have signed, and the work has begun."""
    _sign(delivery.call, delivery.agreement, delivery.lead)
    delivery.call.wait_until(delivery.place.starts_at)


@pytest.fixture
def delivery(scenes, call) -> Delivery:
    return scenes.play(offered)


@pytest.fixture
def priya(delivery) -> Person:
    return delivery.lead


@pytest.fixture
def place(delivery) -> Place:
    return delivery.place


@pytest.fixture
def agreement(scenes, delivery) -> Agreement:
    return scenes.play(issued).agreement


@pytest.fixture
def active(scenes, agreement, place) -> Place:
    scenes.play(begun)
    assert (place.state, agreement.state) == ("active", "active")
    return place


def _sign(call, agreement, lead):
    session = call.session
    advance(session, agreement, "sign_for_the_team", actor=call.actor(lead), now=call.now, may_sign=True)
    advance(session, agreement, "sign_for_the_sponsor", actor=call.actor(call.owner), now=call.now, may_sign=True)


def subjects_to(session, person):
    query = select(Message.subject).where(col(Message.person_id) == person.id)
    return list(session.scalars(query.order_by(col(Message.id))))


# Places


def test_an_offer_says_money_dates_and_until_when(call, session, priya, place):
    assert (place.state, place.money_pounds, place.stage) == ("offered", 5000, "exploration")
    # Whole days: from the morning of Tuesday 10 March to five in the afternoon of Monday 30 March, in summer time.
    assert place.starts_at == datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert place.ends_at == datetime(2026, 3, 30, 16, tzinfo=UTC)
    # Five working days after Monday 2 February 2026, 5 pm in London, where it is winter.
    assert place.respond_by == datetime(2026, 2, 9, 17, tzinfo=UTC)
    assert subjects_to(session, priya)[-1] == "A place for Otter Works: Exploration: Flooding impact"


def test_the_lead_alone_accepts_and_the_agreement_is_drafted(call, session, priya, place):
    with pytest.raises(Forbidden):
        advance(session, place, "accept", actor=call.actor(call.owner), now=call.now)
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    agreement = session.scalars(select(Agreement)).one()
    assert (agreement.state, agreement.price_pounds, agreement.place_id) == ("drafted", 5000, place.id)
    document = session.get_one(Document, agreement.document_id)
    assert (document.kind, document.data["team"]["legal_name"]) == ("agreement", "Priya Raeburn")


def test_an_offer_that_nobody_answers_lapses_and_is_made_again(call, session, priya, place):
    call.wait_until(place.respond_by)
    assert place.state == "lapsed"
    with pytest.raises(Refused):
        advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    advance(session, place, "offer_again", actor=call.actor(call.manager), now=call.now, reason="They were ill.")
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    assert place.state == "accepted"


def test_declining_needs_a_reason_and_tells_the_programme_office(call, session, priya, place):
    with pytest.raises(Refused):
        advance(session, place, "decline", actor=call.actor(priya), now=call.now)
    advance(session, place, "decline", actor=call.actor(priya), now=call.now, reason="Another contract.")
    assert (
        subjects_to(session, call.manager)[-1] == "Place declined: Otter Works in Exploration of 11.2 Flooding impact"
    )


def test_who_gives_a_place_up_leaves_the_challenge_and_comes_back_with_it(call, session, priya, place):
    """Nobody pitches, or wins, without having done the stage before."""
    application = session.get_one(Application, place.application_id)
    manager = call.actor(call.manager)
    advance(session, place, "decline", actor=call.actor(priya), now=call.now, reason="Another contract.")
    assert application.state == "withdrawn"
    assert last_entry(session, "application", application.id).reason == "Another contract."
    advance(session, place, "offer_again", actor=manager, now=call.now, reason="They found somebody.")
    assert (application.state, place.state) == ("in_progress", "offered")

    call.wait_until(place.respond_by)
    assert (application.state, place.state) == ("withdrawn", "lapsed")
    advance(session, place, "offer_again", actor=manager, now=call.now, reason="They were ill.")
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    advance(session, place, "end", actor=manager, now=call.now, reason="They have stopped.")
    assert application.state == "withdrawn"
    advance(session, place, "take_up_again", actor=manager, now=call.now, reason="They go on.")
    assert (application.state, place.state) == ("in_progress", "accepted")


def test_a_winner_whose_work_ends_early_has_won_and_one_who_declines_has_not(call, session, priya, place):
    application = session.get_one(Application, place.application_id)
    manager = call.actor(call.manager)
    application.state = "selected"  # scenery: the place is one of the accelerator
    session.flush()
    advance(session, place, "decline", actor=call.actor(priya), now=call.now, reason="Another contract.")
    assert application.state == "withdrawn"
    advance(session, place, "offer_again", actor=manager, now=call.now, reason="They found somebody.")
    assert application.state == "selected"
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    advance(session, place, "end", actor=manager, now=call.now, reason="They have stopped.")
    assert application.state == "selected"


def test_who_withdrew_altogether_does_not_come_back_with_a_place(call, session, priya, place):
    application = session.get_one(Application, place.application_id)
    advance(session, application, "withdraw", actor=call.actor(priya), now=call.now, reason="We have closed down.")
    assert place.state == "declined"
    assert refused(session, place, "offer_again", actor=call.actor(call.manager), now=call.now, reason="A try.") == (
        "The team's application is still in the challenge, or it left with this place.",
    )


def test_the_work_does_not_begin_before_both_have_signed(call, session, priya, place, agreement):
    call.wait_until(place.starts_at + timedelta(days=1))
    assert place.state == "accepted"
    with pytest.raises(Refused) as refused:
        advance(session, place, "begin", actor=call.actor(call.manager), now=call.now)
    assert refused.value.sentences == ("The agreement for this stage is signed by both sides.",)


def refused(session, record, trigger, *, actor, now, **inputs) -> tuple[str, ...]:
    with pytest.raises(Refused) as refusal:
        advance(session, record, trigger, actor=actor, now=now, **inputs)
    return refusal.value.sentences


SIGNED = "The agreement for this stage is signed by both sides."


def test_a_place_that_ended_before_its_stage_began_waits_for_both_signatures_again(
    call, session, priya, place, agreement, tmp_path
):
    manager, why = call.actor(call.manager), {"reason": "They go on."}
    advance(session, place, "end", actor=manager, now=call.now, reason="They have stopped.")
    assert refused(session, place, "resume", actor=manager, now=call.now, **why) == (
        "The stage had begun for this team.",
        SIGNED,
    )
    advance(session, place, "take_up_again", actor=manager, now=call.now, **why)
    assert (place.state, agreement.state) == ("accepted", "drafted")
    assert subjects_to(session, priya)[-1] == "Your team's again: Otter Works in Exploration of 11.2 Flooding impact"
    assert refused(session, place, "begin", actor=manager, now=call.now) == (SIGNED,)
    call.make_documents(tmp_path)
    advance(session, agreement, "issue", actor=manager, now=call.now)
    _sign(call, agreement, priya)
    advance(session, place, "begin", actor=manager, now=call.now)
    assert (place.state, len(session.scalars(select(Deliverable)).all())) == ("active", 1)


def test_a_stage_that_had_begun_goes_on_and_ends_only_with_an_agreement_in_force(call, session, active, agreement):
    manager, why = call.actor(call.manager), {"reason": "They go on."}
    advance(session, active, "end", actor=manager, now=call.now, reason="They have stopped.")
    assert refused(session, active, "take_up_again", actor=manager, now=call.now, **why) == (
        "The stage had not begun for this team.",
    )
    advance(session, agreement, "terminate", actor=manager, now=call.now, reason="They have stopped.")
    assert refused(session, active, "resume", actor=manager, now=call.now, **why) == (SIGNED,)
    advance(session, agreement, "resume", actor=manager, now=call.now, **why)
    advance(session, active, "resume", actor=manager, now=call.now, **why)
    assert len(session.scalars(select(Deliverable)).all()) == 1
    advance(session, agreement, "terminate", actor=manager, now=call.now, reason="They have stopped.")
    assert SIGNED in refused(session, active, "complete", actor=manager, now=call.now)


def test_a_place_comes_back_only_while_the_challenge_stands_at_its_stage_and_not_after_the_team_has_left(
    call, session, priya, active, agreement
):
    manager, again = call.actor(call.manager), {"reason": "They go on.", "now": call.now}
    stands, application = (
        "The challenge stands at the stage of this place.",
        session.get_one(Application, active.application_id),
    )
    advance(session, active, "end", actor=manager, now=call.now, reason="They have stopped.")
    advance(session, active, "resume", actor=manager, **again)
    active.state = "completed"  # scenery: the work is done
    later = call.now + timedelta(days=1)
    advance(session, application, "leave", actor=CIVFLOW, now=later, reason="They declined the next place.")
    assert refused(session, active, "resume", actor=manager, **again) == (
        "The team's application is still in the challenge, or it left with this place.",
    )
    call.challenge.state = "contract"
    active.state = "declined"
    session.flush()
    assert stands in refused(session, active, "offer_again", actor=manager, **again)
    active.state, active.begun_at = "ended", None
    session.flush()
    assert stands in refused(session, active, "take_up_again", actor=manager, **again)
    active.begun_at = call.now
    session.flush()
    assert stands in refused(session, active, "resume", actor=manager, **again)


# Agreements


def test_an_agreement_that_ended_before_both_had_signed_is_drafted_again(call, session, priya, agreement, tmp_path):
    manager = call.actor(call.manager)
    advance(session, agreement, "sign_for_the_team", actor=call.actor(priya), now=call.now, may_sign=True)
    advance(session, agreement, "terminate", actor=manager, now=call.now, reason="The price was wrong.")
    first = agreement.document_id
    assert refused(session, agreement, "resume", actor=manager, now=call.now, reason="Again.") == (
        "Both sides have signed.",
    )
    advance(session, agreement, "redraft", actor=manager, now=call.now, reason="With another price.")
    assert (agreement.state, agreement.team_signed_at) == ("drafted", None)
    assert agreement.document_id != first
    call.make_documents(tmp_path)
    advance(session, agreement, "issue", actor=manager, now=call.now)
    _sign(call, agreement, priya)
    advance(session, agreement, "terminate", actor=manager, now=call.now, reason="They have stopped.")
    assert refused(session, agreement, "redraft", actor=manager, now=call.now, reason="Again.") == (
        "Not both sides have signed it.",
    )


def test_a_place_that_is_taken_up_again_drafts_an_agreement_anew_that_had_ended_unsigned(
    call, session, place, agreement
):
    manager = call.actor(call.manager)
    advance(session, agreement, "terminate", actor=manager, now=call.now, reason="They have stopped.")
    advance(session, place, "end", actor=manager, now=call.now, reason="They have stopped.")
    place.money_pounds = 6000
    advance(session, place, "take_up_again", actor=manager, now=call.now, reason="They go on.")
    assert (agreement.state, agreement.price_pounds, agreement.place_id) == ("drafted", 6000, place.id)
    assert session.get_one(Document, agreement.document_id).data["price_pounds"] == 6000
    assert session.scalars(select(Agreement)).all() == [agreement]


def test_an_agreement_is_issued_when_its_document_is_there(call, session, priya, place):
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    agreement = session.scalars(select(Agreement)).one()
    with pytest.raises(Refused) as refused:
        advance(session, agreement, "issue", actor=call.actor(call.manager), now=call.now)
    assert refused.value.sentences == ("The document is finished and can be read.",)


def test_both_sides_sign_the_team_first(call, session, priya, agreement):
    owner, lead = call.actor(call.owner), call.actor(priya)
    with pytest.raises(Refused) as refused:
        advance(session, agreement, "sign_for_the_sponsor", actor=owner, now=call.now, may_sign=True)
    assert refused.value.sentences == ("The team has signed.",)
    with pytest.raises(Forbidden):
        advance(session, agreement, "sign_for_the_team", actor=owner, now=call.now, may_sign=True)
    with pytest.raises(Refused) as refused:
        advance(session, agreement, "sign_for_the_team", actor=lead, now=call.now, may_sign=False)
    assert set(refused.value.fields) == {"may_sign"}
    advance(session, agreement, "sign_for_the_team", actor=lead, now=call.now, may_sign=True)
    assert (agreement.team_signed_at, agreement.team_signed_by_id) == (call.now, priya.id)
    with pytest.raises(Refused):
        advance(session, agreement, "sign_for_the_team", actor=lead, now=call.now, may_sign=True)
    advance(session, agreement, "sign_for_the_sponsor", actor=owner, now=call.now, may_sign=True)
    assert (agreement.state, agreement.sponsor_signed_by_id) == ("signed", call.owner.id)


def test_of_two_who_sign_at_once_one_is_told(call, session, priya, agreement):
    seen = agreement.revision
    advance(session, agreement, "sign_for_the_team", actor=call.actor(priya), now=call.now, may_sign=True)
    with pytest.raises(Conflicted) as refused:
        advance(
            session, agreement, "redraft", actor=call.actor(call.manager), now=call.now, reason="A slip.", seen=seen
        )
    assert refused.value.sentences == (
        "Priya Raeburn was first: this agreement is now “Ready to sign”. Look at it again.",
    )


def test_taking_it_back_clears_the_signature_and_asks_for_a_new_document(call, session, priya, agreement):
    first = agreement.document_id
    advance(session, agreement, "sign_for_the_team", actor=call.actor(priya), now=call.now, may_sign=True)
    advance(session, agreement, "redraft", actor=call.actor(call.manager), now=call.now, reason="The price was wrong.")
    assert (agreement.state, agreement.team_signed_at, agreement.team_signed_by_id) == ("drafted", None, None)
    assert agreement.document_id != first
    assert subjects_to(session, priya)[-1] == (
        "Taken back to change it: Agreement with Otter Works for Exploration of 11.2 Flooding impact"
    )


def test_nobody_signs_during_the_standstill(call, session, priya, place, tmp_path):
    """Ten days after the result was released, the last of them whole: until midnight in London."""
    stage = programme_of(session, call.challenge).stage("contract")
    gate = gate_of(session, call.challenge, "pitch")
    assert standstill_end(session, call.challenge, stage) is None
    gate.released_at = datetime(2026, 7, 1, 15, 30, tzinfo=UTC)
    over = standstill_end(session, call.challenge, stage)
    assert over == datetime(2026, 7, 11, 23, tzinfo=UTC)
    agreement = draft_agreement(
        session,
        place=None,
        application=_application(session, place),
        stage=stage,
        price=650_000,
        starts_at=over,
        ends_at=over + timedelta(days=90),
        standstill_ends_at=over,
        now=call.now,
    )
    call.make_documents(tmp_path)
    advance(session, agreement, "issue", actor=call.actor(call.manager), now=call.now)
    with pytest.raises(Refused) as refused:
        advance(
            session,
            agreement,
            "sign_for_the_team",
            actor=call.actor(priya),
            now=over - timedelta(seconds=1),
            may_sign=True,
        )
    assert refused.value.sentences == ("The standstill is over.",)
    advance(session, agreement, "sign_for_the_team", actor=call.actor(priya), now=over, may_sign=True)
    assert agreement.team_signed_at == over


def _application(session, place):
    return session.get_one(Application, place.application_id)


# Work


def test_the_work_is_planned_when_it_begins(session, active):
    owed = session.scalars(select(Deliverable)).one()
    assert (owed.title, owed.due_at) == ("What we learnt and what we propose", active.ends_at)
    assert list(session.scalars(select(Sprint))) == []  # the exploration has none


def test_sprints_follow_each_other_to_the_end_of_the_stage(call, session, priya, active, tmp_path):
    """The accelerator: fifteen weeks are seven sprints of two weeks and one of one."""
    application = _application(session, active)
    call.asks_for_a_proposal(application, until=call.now)
    call.goes_on(application, "accelerator")
    place = session.scalars(select(Place).where(col(Place.stage) == "accelerator")).one()
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    agreement = session.scalars(select(Agreement).where(col(Agreement.place_id) == place.id)).one()
    call.make_documents(tmp_path)
    advance(session, agreement, "issue", actor=call.actor(call.manager), now=call.now)
    _sign(call, agreement, priya)
    call.wait_until(place.starts_at)
    sprints = session.scalars(select(Sprint).order_by(col(Sprint.number))).all()
    assert [s.number for s in sprints] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [s.starts_at for s in sprints] == [place.starts_at + timedelta(weeks=2 * n) for n in range(8)]
    assert [s.ends_at for s in sprints] == [*(s.starts_at for s in sprints[1:]), place.ends_at]
    assert [s.state for s in sprints[:2]] == ["active", "planned"]
    advance(session, sprints[0], "set_goal", actor=call.actor(priya), now=call.now, goal="Three users try it.")
    assert sprints[0].goal == "Three users try it."
    with pytest.raises(Forbidden):
        advance(session, sprints[0], "set_goal", actor=call.actor(call.owner), now=call.now, goal="Theirs.")


def test_a_deliverable_comes_back_for_changes_and_is_accepted(call, session, priya, active):
    owed = session.scalars(select(Deliverable)).one()
    lead, owner = call.actor(priya), call.actor(call.owner)
    with pytest.raises(Refused) as refused:
        advance(session, owed, "submit", actor=lead, now=call.now, note="")
    assert refused.value.fields == {"note": "Fill in “What you deliver, and where it can be seen”."}
    advance(session, owed, "submit", actor=lead, now=call.now, note="At our address.")
    with pytest.raises(Forbidden):
        advance(session, owed, "accept", actor=lead, now=call.now)
    advance(session, owed, "request_changes", actor=owner, now=call.now, reason="Show what did not work.")
    assert subjects_to(session, priya)[-1] == "Changes asked for: What we learnt and what we propose (Otter Works)"
    with pytest.raises(Refused) as refused:
        advance(session, active, "complete", actor=owner, now=call.now)
    assert refused.value.sentences == ("Every deliverable is accepted.",)
    advance(session, owed, "submit", actor=lead, now=call.now, note="At our address, page 2.")
    advance(session, owed, "accept", actor=owner, now=call.now)
    assert (owed.accepted_at, owed.note) == (call.now, "At our address, page 2.")


def test_a_finished_stage_fulfils_its_agreement(call, session, priya, active, agreement):
    owed = session.scalars(select(Deliverable)).one()
    advance(session, owed, "submit", actor=call.actor(priya), now=call.now, note="At our address.")
    advance(session, owed, "accept", actor=call.actor(call.owner), now=call.now)
    advance(session, active, "complete", actor=call.actor(call.owner), now=call.now)
    assert (active.state, agreement.state) == ("completed", "completed")
