"""Closing a call: a deadline moves for everybody or for one, and the seal holds until the last of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge, Message, Organisation, Person, Round, SupportingSponsor, Team
from civflow.services.applications.begin import begin_application
from civflow.services.applications.submission import submit
from civflow.services.challenges.copy import READINESS, copies_of, copy_challenge, origin_of
from civflow.services.challenges.drafts import published_text, text_in_hand
from civflow.services.challenges.seal import number_sealed, seals
from civflow.services.challenges.sponsors import supporters
from civflow.services.challenges.stages import gate_of
from civflow.services.dashboards.application import can_be_submitted
from civflow.services.engine.access import load_visible
from civflow.services.engine.advance import advance
from civflow.workflows.applications import you_may_read_its_words
from civflow.workflows.engine import Forbidden, Refused
from tests.scenes.open_call import grant, open_call

REASON = "This site could not be reached for a day."
MORE = timedelta(days=3)


@pytest.fixture
def late(call, priya):
    """A whole draft of a team that needs more time."""
    return call.application(call.team("Otter Works", priya), complete=True)


@pytest.fixture
def sent(session, call):
    """An application that another team has handed in."""
    ewan = call.person("Ewan Baird")
    application = call.application(call.team("Second Sight", ewan), complete=True)
    submit(session, application, actor=call.actor(ewan), now=call.now)
    return application


def more_time(session, call, application, manager, until=None):
    advance(
        session,
        application,
        "extend",
        actor=manager,
        now=call.now,
        reason=REASON,
        closes_at=until or call.closes_at + MORE,
    )


def may_read(session, call, application) -> bool:
    return you_may_read_its_words(
        load_visible(session, type(application), application.id, actor=call.actor(call.manager), now=call.now)[1]
    )


def number_sealed_in_two_ways(session, call) -> tuple[int, int]:
    """As the page of a challenge says it, and as a list counts it."""
    return len(seals(session, [call.challenge], now=call.now)), number_sealed(session, now=call.now)


def test_one_team_submits_after_the_call_has_closed_for_everybody(session, call, manager, late, sent, priya):
    more_time(session, call, late, manager)
    call.wait_until(call.closes_at)
    assert (call.challenge.state, can_be_submitted(session, late, now=call.now)) == ("closed", True)
    with pytest.raises(Refused):
        begin_application(session, call.challenge, call.team("Too Late", priya), actor=call.actor(priya), now=call.now)
    submit(session, late, actor=call.actor(priya), now=call.now + timedelta(days=1))
    with pytest.raises(Refused) as refused:
        advance(session, sent, "take_back", actor=call.actor(_lead(session, sent)), now=call.now, reason="Me too.")
    assert refused.value.sentences == (
        "The challenge is open, or the deadline of your team was moved beyond its closing date.",
        "The deadline has not passed.",
    )


def _lead(session, application):
    return session.get_one(Person, session.get_one(Team, application.team_id).lead_id)


def test_every_application_stays_sealed_until_the_last_deadline(session, call, manager, late, sent):
    more_time(session, call, late, manager)
    last = call.closes_at + MORE
    assert (late.sealed_until, sent.sealed_until, sent.closes_at) == (last, last, call.closes_at)
    assert number_sealed_in_two_ways(session, call) == (1, 1)
    call.wait_until(call.closes_at)
    assert (sent.state, may_read(session, call, sent)) == ("submitted", False)
    assert number_sealed_in_two_ways(session, call) == (1, 1)
    with pytest.raises(Refused) as refused:
        advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    assert refused.value.sentences == ("The last deadline of the call has passed, so its seal is open.",)
    with pytest.raises(Refused) as refused:
        advance(session, gate_of(session, call.challenge, "sift"), "skip", actor=manager, now=call.now, reason="Empty.")
    assert refused.value.sentences == (
        "The challenge stands at this gate.",
        "The call has closed, and no application is sealed any more.",
        "The last deadline of the call has passed, so its seal is open.",
    )
    call.wait_until(last)
    assert (sent.state, sent.stage, may_read(session, call, sent)) == ("in_progress", "sift", True)
    assert number_sealed_in_two_ways(session, call) == (0, 0)
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)


def test_nothing_ends_without_applications_or_a_winner_while_one_team_still_writes(session, call, manager, late):
    more_time(session, call, late, manager)
    call.wait_until(call.closes_at)
    ends = (gate_of(session, call.challenge, "sift"), "skip"), (call.challenge, "end_without_winner")
    for record, trigger in ends:
        with pytest.raises(Refused) as refused:
            advance(session, record, trigger, actor=manager, now=call.now, reason="Nobody applied.")
        assert refused.value.sentences[-1] == "The last deadline of the call has passed, so its seal is open."
    call.wait_until(call.closes_at + MORE)
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    for record, trigger in ends:
        advance(session, record, trigger, actor=manager, now=call.now, reason="Nobody applied.")
    assert call.challenge.state == "completed"


OPENED = "The seal of the call has not opened: nobody has read an application yet."


def reopen(session, call, manager, until):
    advance(session, call.challenge, "reopen", actor=manager, now=call.now, closes_at=until, reason=REASON)


def test_what_was_opened_is_never_sealed_again(session, call, manager, late, sent):
    """A late team would write while assessors read: neither it nor the whole call gets time any more."""
    call.wait_until(call.closes_at)
    assert (sent.state, may_read(session, call, sent)) == ("in_progress", True)
    for late_wish in (
        lambda: more_time(session, call, late, manager),
        lambda: reopen(session, call, manager, call.closes_at + MORE),
    ):
        with pytest.raises(Refused) as refused:
            late_wish()
        assert refused.value.sentences == (OPENED,)
    assert (sent.state, may_read(session, call, sent)) == ("in_progress", True)


def test_a_call_is_not_moved_in_the_moment_before_the_clock_closes_it(session, call, manager, sent):
    call.now = call.closes_at
    with pytest.raises(Refused) as refused:
        advance(
            session, call.challenge, "extend", actor=manager, now=call.now, closes_at=call.now + MORE, reason=REASON
        )
    assert (call.challenge.state, refused.value.sentences) == ("open", (OPENED,))


def test_no_gate_starts_while_one_team_still_writes(session, call, manager, late, sent):
    more_time(session, call, late, manager)
    call.wait_until(call.closes_at)
    with pytest.raises(Refused) as refused:
        advance(session, gate_of(session, call.challenge, "sift"), "start", actor=manager, now=call.now)
    assert "The call has closed, and no application is sealed any more." in refused.value.sentences


def test_the_seal_holds_for_a_team_that_has_withdrawn_and_may_come_back(session, call, manager, late, sent, priya):
    """Else a later date for everybody would end the seal before a deadline that one team still has."""
    more_time(session, call, late, manager, until=call.closes_at + 2 * MORE)
    advance(session, late, "withdraw", actor=call.actor(priya), now=call.now, reason="Too much.")
    advance(
        session, call.challenge, "extend", actor=manager, now=call.now, closes_at=call.closes_at + MORE, reason="All."
    )
    advance(session, late, "write_again", actor=call.actor(priya), now=call.now, reason="We can.")
    session.refresh(sent)
    session.refresh(late)
    assert sent.sealed_until == late.sealed_until == late.closes_at == call.closes_at + MORE


def test_an_application_that_is_reinstated_seals_nothing(session, call, manager, late, sent):
    call.wait_until(call.closes_at)
    until = sent.sealed_until
    advance(session, sent, "rule_out", actor=manager, now=call.now, reason="A slip.")
    advance(session, sent, "reinstate", actor=manager, now=call.now, reason="It was one.")
    session.refresh(sent)
    assert (sent.state, sent.sealed_until, may_read(session, call, sent)) == ("in_progress", until, True)


def test_what_was_withdrawn_before_the_seal_opened_is_not_reinstated_past_it(session, call, manager, sent):
    """It would stand in the selection while the others are sealed, and before no gate."""
    advance(session, sent, "withdraw", actor=call.actor(_lead(session, sent)), now=call.now, reason="Too much.")
    for moment in (call.now, call.closes_at):
        call.wait_until(moment)
        with pytest.raises(Refused) as refused:
            advance(session, sent, "reinstate", actor=manager, now=call.now, reason="They asked.")
        assert refused.value.sentences == ("It was taken into the selection when the seal opened.",)


# The time for late access


@pytest.fixture
def lenient(session, now):
    """A call whose seal holds two days beyond its last deadline."""
    return open_call(session, now, late_access_hours=48)


def handed_in(session, call, name):
    lead = call.person(f"Lead of {name}")
    application = call.application(call.team(name, lead), complete=True)
    submit(session, application, actor=call.actor(lead), now=call.now)
    return application


def test_the_seal_opens_when_the_time_for_late_access_is_over(session, lenient):
    call, manager = lenient, lenient.actor(lenient.manager)
    sent = handed_in(session, call, "Second Sight")
    ends = call.closes_at + timedelta(hours=48)
    assert (sent.sealed_until, seals(session, [call.challenge], now=call.now)) == (ends, {call.challenge.id: ends})
    call.wait_until(ends - timedelta(minutes=1))
    assert (call.challenge.state, sent.state, may_read(session, call, sent)) == ("closed", "submitted", False)
    with pytest.raises(Refused) as refused:
        advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    assert refused.value.sentences == ("The last deadline of the call has passed, so its seal is open.",)
    call.wait_until(ends)
    assert (sent.state, may_read(session, call, sent)) == ("in_progress", True)
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)


def test_more_time_is_given_until_the_seal_opens(session, lenient):
    call, manager = lenient, lenient.actor(lenient.manager)
    priya = call.person("Priya Raeburn")
    late = call.application(call.team("Otter Works", priya), complete=True)
    sent = handed_in(session, call, "Second Sight")
    call.wait_until(call.closes_at + timedelta(hours=47))
    until = call.now + timedelta(days=1)
    more_time(session, call, late, manager, until=until)
    session.refresh(sent)
    assert sent.sealed_until == until + timedelta(hours=48)
    reopen(session, call, manager, until + timedelta(days=1))
    session.refresh(sent)
    assert (call.challenge.state, sent.state) == ("open", "submitted")
    assert sent.sealed_until == until + timedelta(days=1, hours=48)


def test_an_empty_call_says_the_end_of_its_seal_too(session, lenient):
    call = lenient
    ends = call.closes_at + timedelta(hours=48)
    assert seals(session, [call.challenge], now=call.now) == {call.challenge.id: ends}
    call.wait_until(call.closes_at)
    assert number_sealed_in_two_ways(session, call) == (0, 0)
    reopen(session, call, call.actor(call.manager), call.now + MORE)  # nobody could have read anything
    assert call.challenge.state == "open"


def test_no_team_gets_time_beyond_the_promised_decision_since_all_would_stay_sealed(call, session, manager, late):
    with pytest.raises(Refused) as refused:
        more_time(session, call, late, manager, until=call.closes_at + timedelta(days=3653))
    assert refused.value.sentences == ("The new deadline lies before the day by which the first decision is promised.",)


def test_nobody_gets_more_time_once_the_selection_has_begun(session, call, manager, late, sent):
    call.wait_until(call.closes_at)
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    with pytest.raises(Refused) as refused:
        more_time(session, call, late, manager)
    assert refused.value.sentences == ("The selection has not begun.", OPENED)


def test_a_team_that_begins_after_another_got_more_time_is_sealed_as_long(session, call, manager, late, priya):
    more_time(session, call, late, manager)
    newcomer = call.application(call.team("Newcomers", call.person("Nell Gunn")))
    assert (newcomer.closes_at, newcomer.sealed_until) == (call.closes_at, call.closes_at + MORE)


def test_a_later_date_for_everybody_keeps_the_even_later_one_of_one_team(session, call, manager, late, sent):
    more_time(session, call, late, manager, until=call.closes_at + 2 * MORE)
    mine = late.closes_at
    advance(
        session, call.challenge, "extend", actor=manager, now=call.now, closes_at=call.closes_at + MORE, reason="All."
    )
    session.refresh(sent)
    session.refresh(late)
    assert (sent.closes_at, late.closes_at) == (call.closes_at, mine)
    assert sent.sealed_until == late.sealed_until == mine


def test_the_team_alone_is_told_with_the_reason(session, call, manager, late, sent, priya):
    before = set(session.scalars(select(col(Message.id))))
    more_time(session, call, late, manager)
    told = session.scalars(select(Message).where(col(Message.id).not_in(before))).one()
    assert (told.address, told.about) == (priya.email, f"/applications/{late.id}")
    assert REASON in told.body
    assert "Thursday 5 February 2026, 12 noon (UK time)" in told.body
    assert late.extension_reason == REASON


# Copies


def test_a_copy_takes_words_and_sponsors_over_and_leaves_dates_and_money(session, call, manager):
    source = call.challenge
    supporter = Organisation(legal_name="Orkney Islands Council", kind="public_body")
    session.add(supporter)
    session.flush()
    session.add(
        SupportingSponsor(
            challenge_id=source.id, organisation_id=supporter.id, added_by_id=manager.id, added_at=call.now
        )
    )
    copy = copy_challenge(session, source, _round(session, call), title="Flooding, again", actor=manager, now=call.now)
    same = ("question", "sponsor_id", "budget_holder", "route_to_adoption", "sponsor_time")
    assert {name: getattr(copy, name) for name in same} == {name: getattr(source, name) for name in same}
    assert (copy.state, copy.version, copy.title, copy.slug) == ("draft", 0, "Flooding, again", "flooding-again")
    assert (copy.opens_at, copy.closes_at, copy.decision_promised_at, copy.money_pounds) == (None, None, None, 0)
    assert (copy.reference, copy.notice_reference, copy.announced) == ("", "", False)
    text = text_in_hand(session, copy)
    assert (text.sections, text.complete) == (published_text(session, source).sections, True)
    assert (origin_of(session, copy), copies_of(session, source)) == (source, [copy])
    assert supporters(session, copy) == [supporter]


def test_whoever_copies_anothers_challenge_reads_nothing_of_its_readiness(session, call):
    stranger = call.person("Owns Another")
    grant(session, stranger, "challenge_owner", call.now, scope="round", scope_id=call.challenge.round_id)
    other = Round(**_round(session, call).model_dump(exclude={"id", "slug"}), slug="other")
    session.add(other)
    session.flush()
    theirs = call.person("Owner Elsewhere")
    grant(session, theirs, "challenge_owner", call.now, scope="round", scope_id=other.id)
    mine = copy_challenge(session, call.challenge, _round(session, call), actor=call.actor(stranger), now=call.now)
    copy = copy_challenge(session, call.challenge, other, actor=call.actor(theirs), now=call.now)
    assert (mine.budget_holder, mine.exit_if_too_expensive) == ("A director", "The sponsor keeps what was learnt.")
    assert {name: getattr(copy, name) for name in READINESS} == dict.fromkeys(READINESS, "")


def test_a_copy_is_a_challenge_of_its_own(session, call, manager):
    copy = copy_challenge(session, call.challenge, _round(session, call), actor=manager, now=call.now)
    text_in_hand(session, copy).sections = {"problem": "Other."}
    session.flush()
    assert published_text(session, call.challenge).sections["problem"] == "Words."
    assert session.scalars(select(col(Challenge.slug)).order_by(col(Challenge.id))).all() == [
        "11-2-flooding-impact",
        "flooding-impact",
    ]


def test_only_those_who_may_begin_a_challenge_copy_one(session, call, priya):
    with pytest.raises(Forbidden):
        copy_challenge(session, call.challenge, _round(session, call), actor=call.actor(priya), now=call.now)
    session.rollback()


def _round(session, call):
    return session.get_one(Round, call.challenge.round_id)
