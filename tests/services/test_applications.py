"""Applications: beginning, writing, conflicts, submitting with a receipt, taking back, withdrawing, going on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.db import new_session
from civflow.models import Application, Document, Message, Team
from civflow.services.applications.answers import save_answers
from civflow.services.applications.begin import begin_application
from civflow.services.applications.submission import content_hash, submissions, submit
from civflow.services.engine.advance import advance, options
from civflow.services.teams.teams import invite
from civflow.workflows.engine import Conflicted, Forbidden, Refused
from tests.scenes.open_call import place_of


@pytest.fixture
def draft(call, otter) -> Application:
    return call.application(otter)


@pytest.fixture
def complete(call, otter) -> Application:
    return call.application(otter, complete=True)


def stored(application, form="application"):
    return application.answers.get(form, {})


# Beginning


def test_a_team_begins_one_application_to_a_challenge(call, session, priya, otter):
    first = call.application(otter)
    assert (first.state, first.reference, first.closes_at) == ("draft", "1-0001", call.closes_at)
    with pytest.raises(Refused) as refused:
        call.application(otter)
    assert refused.value.sentences == ("Otter Works has an application to this challenge already: 1-0001.",)
    with pytest.raises(Refused) as refused:
        call.application(call.team("Second", priya))
    assert refused.value.sentences == (
        "The people of Second have an application to this challenge already, as Otter Works: 1-0001.",
    )
    assert call.application(call.team("Third", call.person("Omar Tait"))).reference == "1-0002"


def test_only_members_begin_and_only_while_the_call_is_open(call, session, priya, otter):
    stranger = call.actor(call.person("Omar Tait"))
    with pytest.raises(Forbidden):
        begin_application(session, call.challenge, otter, actor=stranger, now=call.now)
    session.rollback()


def test_nobody_begins_after_the_deadline(call, session, priya, otter):
    call.wait_until(call.closes_at)
    with pytest.raises(Refused) as refused:
        call.application(otter)
    assert refused.value.sentences == ("The challenge is open.", "The deadline has not passed.")


# Writing


def test_answers_are_saved_and_what_is_missing_is_said(call, session, priya, draft):
    left = save_answers(session, draft, {"idea": "Gauges."}, actor=call.actor(priya), now=call.now, title=" Gauges ")
    assert (stored(draft), draft.title, draft.complete) == ({"idea": "Gauges."}, "Gauges", False)
    assert left == {
        "solves": "Answer “How does it solve the challenge?”.",
        "innovation": "Answer “What is new about it?”.",
        "commercial": "Answer “How can it become a business?”.",
        "commitment": "Answer “How will you take part in every stage?”.",
        "team": "Answer “Who is in the team?”.",
    }


def test_a_long_answer_is_kept_as_a_draft_and_told(call, session, priya, complete):
    words = "word " * 81
    left = save_answers(session, complete, {"idea": words}, actor=call.actor(priya), now=call.now)
    assert left == {"idea": "“Your idea in two sentences” has 81 words; it may have 80."}
    assert (stored(complete)["idea"], complete.complete) == (words.strip(), False)
    assert save_answers(session, complete, {"idea": "word " * 80}, actor=call.actor(priya), now=call.now) == {}
    assert complete.complete is True


def test_line_ends_of_browsers_and_nul_do_not_matter(call, session, priya, draft):
    actor = call.actor(priya)
    save_answers(session, draft, {"idea": "one\r\ntwo\0"}, actor=actor, now=call.now)
    assert stored(draft) == {"idea": "one\ntwo"}
    revision = draft.revision
    save_answers(session, draft, {"idea": "one\r\ntwo"}, actor=actor, now=call.now, before={"idea": "one\r\ntwo"})
    assert draft.revision == revision  # nothing changed, so nothing is remembered


def test_unknown_questions_long_titles_and_strangers_are_refused(call, session, priya, draft):
    for answers, title in (({"nonsense": "x"}, None), ({}, "x" * 201), ({"idea": "x" * 50_001}, None)):
        with pytest.raises(Refused):
            save_answers(session, draft, answers, title=title, actor=call.actor(priya), now=call.now)
    with pytest.raises(Forbidden):
        save_answers(session, draft, {"idea": "x"}, actor=call.actor(call.manager), now=call.now)
    assert (stored(draft), draft.title) == ({}, "")


def test_of_two_writers_of_one_answer_the_second_is_told_who_was_first(call, session, priya, draft):
    hana = call.person("Hana Begg")
    _let_in(call, draft, hana)
    save_answers(session, draft, {"idea": "Hers."}, actor=call.actor(hana), now=call.now, before={"idea": ""})
    with pytest.raises(Conflicted) as first:
        save_answers(session, draft, {"idea": "Mine."}, actor=call.actor(priya), now=call.now, before={"idea": ""})
    assert first.value.sentences == (
        "Hana Begg has changed this answer since you opened it. Both texts are on this page.",
    )
    assert (first.value.who, first.value.when) == ("Hana Begg", call.now)
    assert stored(draft) == {"idea": "Hers."}
    with pytest.raises(Conflicted) as own:
        save_answers(
            session, draft, {"idea": "My other tab."}, actor=call.actor(hana), now=call.now, before={"idea": ""}
        )
    assert own.value.sentences == (
        "You have changed this answer in another window since you opened it. Both texts are on this page.",
    )


def test_words_that_a_colleague_has_cut_are_not_brought_back_by_an_older_window(call, session, priya, draft):
    hana, long = call.person("Hana Begg"), "We know. We promise a million."
    _let_in(call, draft, hana)
    hers, mine = call.actor(hana), call.actor(priya)
    save_answers(session, draft, {"idea": long}, actor=mine, now=call.now, before={"idea": ""})
    save_answers(session, draft, {"idea": "We know."}, actor=hers, now=call.now, before={"idea": long})
    for seen in (long, ""):  # the second one: its last save came through and the answer to it did not
        with pytest.raises(Conflicted) as cut:
            save_answers(session, draft, {"idea": f"{long} Really."}, actor=mine, now=call.now, before={"idea": seen})
        assert cut.value.who == "Hana Begg"
    save_answers(session, draft, {"idea": "We"}, actor=mine, now=call.now, before={"idea": "We know."})
    with pytest.raises(Conflicted) as own:
        save_answers(session, draft, {"idea": "We know. So."}, actor=mine, now=call.now, before={"idea": "We know."})
    assert (own.value.who, stored(draft)) == ("Priya Raeburn", {"idea": "We"})


def test_writing_on_and_different_answers_are_no_conflict(call, session, priya, draft):
    actor = call.actor(priya)
    save_answers(session, draft, {"idea": "Gauges"}, actor=actor, now=call.now, before={"idea": ""})
    save_answers(session, draft, {"idea": "Gauges in rivers"}, actor=actor, now=call.now, before={"idea": ""})
    save_answers(session, draft, {"solves": "Early."}, actor=actor, now=call.now, before={"solves": ""})
    assert stored(draft) == {"idea": "Gauges in rivers", "solves": "Early."}


def test_two_members_write_different_answers_at_the_same_moment(call, session, priya, draft, engine):
    """Each has loaded the application before the other saved; neither loses a word."""
    actor = call.actor(priya)
    session.commit()
    with new_session(engine) as one:
        stale = one.get_one(Application, draft.id)
        one.rollback()
        save_answers(session, draft, {"idea": "Gauges."}, actor=actor, now=call.now)
        session.commit()
        save_answers(one, stale, {"solves": "Early."}, actor=actor, now=call.now)
        one.commit()
    session.refresh(draft)
    assert stored(draft) == {"idea": "Gauges.", "solves": "Early."}


def test_words_typed_when_the_deadline_passed_are_kept(call, session, priya, draft):
    call.wait_until(call.closes_at)
    save_answers(session, draft, {"idea": "Too late."}, actor=call.actor(priya), now=call.now)
    assert (draft.state, stored(draft)) == ("draft", {"idea": "Too late."})


# Submitting


def test_submitting_says_everything_that_stands_against_it(call, session, priya, draft):
    call.wait_until(call.closes_at)
    with pytest.raises(Refused) as refused:
        submit(session, draft, actor=call.actor(priya), now=call.now)
    assert refused.value.sentences == (
        "The challenge is open, or the deadline of your team was moved beyond its closing date.",
        "The deadline has not passed.",
        "Every question of the form is answered within its length.",
    )


def test_a_submission_is_kept_with_its_hash_and_a_receipt(call, session, priya, complete):
    kept = submit(session, complete, actor=call.actor(priya), now=call.now)
    assert (kept.number, kept.answers, kept.stage) == (1, stored(complete), "call")
    assert kept.content_hash == content_hash(stored(complete))
    assert (complete.state, complete.submitted_at) == ("submitted", call.now)
    receipt = session.scalars(select(Document).where(col(Document.kind) == "receipt")).one()
    assert (receipt.title, receipt.data["content_hash"]) == ("Receipt 1-0001", kept.content_hash)
    message = session.scalars(select(Message).where(col(Message.document_id) == receipt.id)).one()
    assert (message.person_id, message.about) == (priya.id, f"/applications/{complete.id}")


def test_who_looked_at_an_older_state_does_not_submit(call, session, priya, complete):
    seen = complete.revision
    save_answers(session, complete, {"idea": "Changed."}, actor=call.actor(priya), now=call.now)
    with pytest.raises(Conflicted):
        submit(session, complete, actor=call.actor(priya), now=call.now, seen=seen)
    assert complete.state == "draft"


def test_taking_back_keeps_what_was_submitted(call, session, priya, complete):
    actor = call.actor(priya)
    first = submit(session, complete, actor=actor, now=call.now)
    advance(session, complete, "take_back", actor=actor, now=call.now, reason="A slip in the price.")
    save_answers(session, complete, {"idea": "Better."}, actor=actor, now=call.now)
    second = submit(session, complete, actor=actor, now=call.now)
    assert [(s.number, s.answers["idea"]) for s in submissions(session, complete)] == [
        (1, first.answers["idea"]),
        (2, "Better."),
    ]
    assert second.content_hash != first.content_hash


def test_at_the_deadline_what_is_submitted_is_taken_in_and_a_draft_stays(call, session, priya, complete):
    other = call.application(call.team("Second", call.person("Omar Tait")), complete=True)
    submit(session, complete, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    assert (complete.state, complete.stage) == ("in_progress", "sift")
    assert (other.state, other.stage) == ("draft", "")
    with pytest.raises(Refused):
        advance(session, complete, "take_back", actor=call.actor(priya), now=call.now, reason="Too late.")


def test_one_team_gets_more_time_for_a_reason(call, session, priya, complete):
    later = call.closes_at + timedelta(days=2)
    with pytest.raises(Refused) as refused:
        advance(
            session,
            complete,
            "extend",
            actor=call.actor(call.manager),
            now=call.now,
            reason="Outage.",
            closes_at=call.now,
        )
    assert refused.value.sentences == ("The new deadline is later than the old one, and it has not passed.",)
    advance(
        session, complete, "extend", actor=call.actor(call.manager), now=call.now, reason="Outage.", closes_at=later
    )
    assert complete.closes_at == later


# Leaving and coming back


def test_a_draft_that_was_withdrawn_is_taken_up_again(call, session, priya, complete):
    lead = call.actor(priya)
    advance(session, complete, "withdraw", actor=lead, now=call.now, reason="By mistake.")
    with pytest.raises(Refused) as refused:
        advance(session, complete, "reinstate", actor=call.actor(call.manager), now=call.now, reason="They asked.")
    assert refused.value.sentences == ("It was taken into the selection when the seal opened.",)
    advance(session, complete, "write_again", actor=lead, now=call.now, reason="It was a mistake.")
    assert (complete.state, complete.complete) == ("draft", True)
    assert submit(session, complete, actor=lead, now=call.now).number == 1


def test_the_lead_alone_withdraws_and_the_programme_office_is_told(call, session, priya, complete):
    hana = call.person("Hana Begg")
    _let_in(call, complete, hana)
    with pytest.raises(Forbidden):
        advance(session, complete, "withdraw", actor=call.actor(hana), now=call.now, reason="No.")
    advance(session, complete, "withdraw", actor=call.actor(priya), now=call.now, reason="No time.")
    told = session.scalars(
        select(Message.subject).where(col(Message.person_id) == call.manager.id).order_by(col(Message.id))
    ).all()
    assert told[-1] == "A team has withdrawn: 1-0001 of Otter Works to 11.2 Flooding impact"


def test_staff_may_not_write_submit_or_take_back(call, session, complete):
    for person in (call.manager, call.owner):
        for option in options(session, complete, actor=call.actor(person), now=call.now):
            assert option.forbidden == (option.step.name != "extend" or person is call.owner)


# The improved proposal


def test_an_improved_proposal_is_written_and_submitted_beside_the_first(call, session, priya, complete):
    actor = call.actor(priya)
    submit(session, complete, actor=actor, now=call.now)
    call.wait_until(call.closes_at)
    with pytest.raises(Refused):
        save_answers(session, complete, {"idea": "Too early."}, actor=actor, now=call.now)
    call.goes_on(complete, "interview", "exploration")
    advance(session, place_of(session, complete), "accept", actor=actor, now=call.now)
    until = call.now + timedelta(days=40)
    call.asks_for_a_proposal(complete, until=until)
    left = save_answers(session, complete, {"plan": "Ten weeks."}, actor=actor, now=call.now)
    assert set(left) == {"idea", "solves", "commercial", "team", "price"}
    save_answers(session, complete, call.answers(complete), actor=actor, now=call.now)
    kept = submit(session, complete, actor=actor, now=call.now)
    assert (kept.number, kept.stage, set(kept.answers)) == (2, "pitch", {q.id for q in call.form(complete).questions})
    assert stored(complete)["idea"] == "Our words about your idea in two sentences"
    call.wait_until(until)
    with pytest.raises(Refused) as refused:
        save_answers(session, complete, {"idea": "Too late."}, actor=actor, now=call.now)
    assert refused.value.sentences == (
        "An improved proposal is asked for at this stage, and its deadline has not passed.",
    )


def test_a_place_is_offered_with_the_work_stage(call, session, priya, complete):
    submit(session, complete, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(complete, "interview", "exploration")
    assert (complete.stage, complete.complete) == ("exploration", False)
    subjects = session.scalars(select(Message.subject).where(col(Message.about).startswith("/delivery"))).all()
    assert subjects == ["A place for Otter Works: Exploration: Flooding impact"]


def test_a_withdrawn_application_takes_no_place(call, session, priya, complete):
    submit(session, complete, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(complete, "interview", "exploration")
    advance(session, complete, "withdraw", actor=call.actor(priya), now=call.now, reason="No time.")
    place = place_of(session, complete)
    session.refresh(place)
    assert place.state == "declined"
    place.state = "offered"  # scenery: as if it had been left standing
    session.flush()
    with pytest.raises(Refused) as refused:
        advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    assert refused.value.sentences == ("The team's application is still in the challenge.",)


def _let_in(call, application, person):
    team = call.session.get_one(Team, application.team_id)
    lead = call.actor(call.session.get_one(type(person), team.lead_id))
    membership = invite(call.session, team, person, actor=lead, now=call.now)
    advance(call.session, membership, "accept", actor=call.actor(person), now=call.now)
