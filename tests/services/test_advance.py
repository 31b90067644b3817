"""The one gate: what it permits, what it refuses and with which words, and what it leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from civflow.db import new_session
from civflow.models import Application, Challenge, History, Membership, Question, Team
from civflow.services.applications.submission import submit
from civflow.services.engine import advance as gate
from civflow.services.engine import history
from civflow.services.engine.advance import advance, advance_by_id, advance_many, begin, begin_many, options
from civflow.services.engine.effects import registered
from civflow.services.engine.transition import wrong_inputs
from civflow.services.people import actor_of
from civflow.services.teams.teams import create_team, invite
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, CLOCK, Conflicted, Forbidden, NotFound, Refused
from tests.scenes.open_call import Call, a_person


@pytest.fixture
def people(session, now):
    return [a_person(session, name, now=now) for name in ("Priya Raeburn", "Tom Baird")]


@pytest.fixture
def lead(session, people, now):
    return lambda: actor_of(session, people[0], now=now)


@pytest.fixture
def team(session, people, lead, now) -> Team:
    """A team of one that is still forming."""
    return create_team(session, name="Otter Works", lead=people[0], actor=lead(), now=now)


def stored(session, record):
    """The record's row, whatever the session has loaded."""
    table = type(record).__table__
    return session.connection().execute(select(table).where(table.c.id == record.id)).one()


def a_question(call: Call) -> Question:
    question = Question(
        round_id=call.challenge.round_id,
        challenge_id=call.challenge.id or 0,
        asked_at=call.now,
        text="How many?",
        state="",
        since=call.now,
    )
    begin(call.session, question, actor=CIVFLOW, now=call.now)
    return question


# What a step does ----------------------------------------------------------------------------------------------------


def test_a_step_moves_the_record_and_is_remembered(session, team, lead, now):
    later = now + timedelta(hours=1)
    head = team.head
    move = advance(session, team, "form", actor=lead(), now=later)
    assert (move.from_state, move.to_state, move.record) == ("forming", "formed", team)
    assert (team.state, team.revision, team.since) == ("formed", 1, later)
    row = stored(session, team)
    assert (row.state, row.revision, row.since, row.head) == ("formed", 1, later, team.head)
    entry = history.last_entry(session, "team", team.id)
    assert (entry.number, entry.at, entry.actor_id, entry.actor_name) == (1, later, lead().id, "Priya Raeburn")
    assert (entry.step, entry.from_state, entry.to_state) == ("form", "forming", "formed")
    assert (entry.reason, entry.inputs, entry.previous, entry.hash) == ("", "", head, team.head)


def test_a_step_leaves_nothing_for_the_session_to_write(session, team, lead, now):
    advance(session, team, "form", actor=lead(), now=now)
    assert list(session.dirty) == []


def test_a_reason_is_kept_without_the_space_around_it(session, team, lead, now):
    advance(session, team, "form", actor=lead(), now=now)
    advance(session, team, "look_again", actor=lead(), now=now, reason="  We need a designer. ")
    assert history.last_entry(session, "team", team.id).reason == "We need a designer."


def test_inputs_that_are_columns_are_set_and_signed(call, session, now):
    question = a_question(call)
    later = now + timedelta(minutes=5)
    advance(session, question, "draft", actor=call.actor(call.owner), now=later, answer="Twelve.")
    assert (question.state, question.answer, question.drafted_by_id) == ("drafted", "Twelve.", call.owner.id)
    assert history.last_entry(session, "question", question.id).inputs == '{"answer":"Twelve."}'
    much_later = later + timedelta(minutes=5)
    advance(session, question, "draft", actor=call.actor(call.manager), now=much_later, answer="Thirteen.")
    assert question.since == later  # the state is the same
    advance(session, question, "publish", actor=call.actor(call.owner), now=much_later)
    assert (question.published_at, question.since) == (much_later, much_later)
    row = stored(session, question)
    assert (row.answer, row.drafted_by_id, row.published_at) == ("Thirteen.", call.manager.id, much_later)


def test_a_record_that_is_not_loaded_moves_by_its_id(session, team, lead, now):
    team_id = team.id
    session.commit()
    session.expunge_all()
    move = advance_by_id(session, Team, team_id, "form", actor=lead(), now=now)
    assert move.record_id == team_id
    assert not [record for record in session.identity_map.values() if isinstance(record, Team)]
    assert (move.record.state, move.record.revision) == ("formed", 1)


def test_moving_by_id_brings_a_loaded_record_up_to_date(session, team, lead, now):
    move = advance_by_id(session, Team, team.id, "form", actor=lead(), now=now)
    assert (team.state, team.revision) == ("formed", 1)
    assert move.record is team


def test_options_say_what_is_possible_and_why_not_the_rest(session, team, people, lead, now):
    invite(session, team, people[1], actor=lead(), now=now)
    found_options = {option.step.name: option for option in options(session, team, actor=lead(), now=now)}
    assert found_options["disband"].allowed
    assert found_options["form"].sentences == ("No invitation or request of the team is waiting for an answer.",)
    stranger = {o.step.name: o for o in options(session, team, actor=CIVFLOW, now=now)}
    assert stranger["form"].forbidden


# What is refused -----------------------------------------------------------------------------------------------------


def test_who_may_not_is_told_who_may(session, team, now):
    before = stored(session, team)
    with pytest.raises(Forbidden) as refusal:
        advance(session, team, "form", actor=CIVFLOW, now=now)
    assert refusal.value.sentences == ("You lead this team.",)
    assert stored(session, team) == before
    assert team.state == "forming"


def test_a_refusal_has_every_sentence_and_names_the_fields(call, session):
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    entries = session.scalar(select(func.count()).select_from(History))
    with pytest.raises(Refused) as refusal:
        advance(session, application, "take_back", actor=call.actor(priya), now=call.closes_at)
    assert refusal.value.sentences == ("Give a reason: it is kept with the step.", "The deadline has not passed.")
    assert refusal.value.fields == {"reason": "Give a reason: it is kept with the step."}
    assert stored(session, application).state == "submitted"
    assert session.scalar(select(func.count()).select_from(History)) == entries


def test_inputs_are_checked(call, session, now):
    question = a_question(call)
    with pytest.raises(Refused) as missing:
        advance(session, question, "draft", actor=call.actor(call.owner), now=now)
    assert missing.value.fields == {"answer": "Fill in “The answer”."}
    with pytest.raises(Refused) as long:
        advance(session, question, "draft", actor=call.actor(call.owner), now=now, answer="x" * 4001)
    assert long.value.fields == {"answer": "“The answer” may have 4000 characters; it has 4001."}


@pytest.mark.parametrize(
    ("noun", "trigger", "said"),
    [
        ("question", "draft", {"answer": "Fill in “The answer”."}),
        ("assignment", "accept", {"no_conflict": "Tick “I have no conflict of interest with this team”."}),
        ("assignment", "decline", {"decline_why": "Choose one of the answers to “Why you cannot assess it”."}),
        ("gate", "reopen", {"reason": "Give a reason: it is kept with the step."}),
    ],
)
def test_what_is_missing_is_asked_for_in_the_words_of_its_field(noun, trigger, said):
    step = next(step for step in HANDBOOK[noun].steps if step.name == trigger)
    assert wrong_inputs(HANDBOOK[noun], step, None, "", {}) == said


def test_a_step_that_does_not_begin_here_says_where_it_does(session, team, lead, now):
    with pytest.raises(Refused) as refusal:
        advance(session, team, "look_again", actor=lead(), now=now, reason="Why not.")
    assert refusal.value.sentences == (
        "“Look for members again” is possible while the team is “Formed”; it is “Forming” now.",
    )


def test_what_is_not_there_is_not_found(session, team, lead, now):
    with pytest.raises(NotFound):
        advance(session, team, "fly", actor=lead(), now=now)
    with pytest.raises(NotFound):
        advance_by_id(session, Team, team.id + 1000, "form", actor=lead(), now=now)


def test_who_saw_an_older_revision_reads_who_was_first_and_when(session, team, lead, now):
    later = now + timedelta(minutes=1)
    advance(session, team, "form", actor=lead(), now=later)
    for trigger in ("form", "look_again"):  # whether the step still begins here or not
        with pytest.raises(Conflicted) as conflict:
            advance(session, team, trigger, actor=lead(), now=later, reason="So.", seen=0)
        assert (conflict.value.who, conflict.value.when) == ("Priya Raeburn", later)
        assert conflict.value.sentences == ("Priya Raeburn was first: this team is now “Formed”. Look at it again.",)
    assert stored(session, team).revision == 1


def test_a_record_loaded_before_somebody_elses_step_is_in_conflict(engine, session, team, lead, now):
    actor = lead()
    session.commit()
    with new_session(engine) as other:
        theirs = other.get_one(Team, team.id)
        advance(other, theirs, "form", actor=actor, now=now)
        other.commit()
    with pytest.raises(Conflicted) as conflict:
        advance(session, team, "form", actor=actor, now=now)
    assert conflict.value.who == "Priya Raeburn"


def test_nothing_is_half_done_when_what_follows_fails(session, team, lead, now, monkeypatch):
    def fails(_session, _moves):
        raise RuntimeError("The mail house burnt down.")

    actor = lead()
    session.commit()
    before = stored(session, team)
    monkeypatch.setitem(registered().tellers, "the_members", fails)
    with pytest.raises(RuntimeError, match="burnt down"):
        advance(session, team, "disband", actor=actor, now=now, reason="We are done.")
    session.rollback()
    assert stored(session, team) == before
    assert team.state == "forming"
    assert history.last_entry(session, "team", team.id).step == "begin"


def test_the_database_is_the_last_judge(session, team, lead, now):
    """What it refuses comes as SQLAlchemy's error, although the statement goes straight to the driver."""
    what = history.new_record(
        workflow="team",
        at=now,
        actor=lead(),
        step="form",
        from_state="forming",
        to_state="formed",
        reason="",
        inputs={},
    )
    links = what.links([(team.id, 0, team.head)])
    with pytest.raises(IntegrityError):
        history.append(session.connection(), Team.__table__, {"lead_id": 1_000_000}, what, links)


def test_a_challenge_moves_only_by_its_own_page(session, now):
    with pytest.raises(TypeError):
        advance_by_id(session, Challenge, 1, "open", actor=CLOCK, now=now)
    with pytest.raises(TypeError):
        advance_many(session, Challenge, [1], "open", actor=CLOCK, now=now)


# Records that begin --------------------------------------------------------------------------------------------------


def test_a_record_begins_with_its_first_entry(session, team, lead, now):
    assert (team.state, team.revision, team.since) == ("forming", 0, now)
    entry = history.last_entry(session, "team", team.id)
    assert (entry.number, entry.step, entry.from_state, entry.to_state) == (0, "begin", "", "forming")
    assert (entry.previous, entry.hash) == ("", team.head)
    assert stored(session, team).head == team.head


def test_a_record_that_may_not_begin_is_not_stored(call, session, now):
    priya = call.person("Priya Raeburn")
    team = call.team("Otter Works", priya)
    application = Application(
        round_id=call.challenge.round_id,
        challenge_id=call.challenge.id,
        team_id=team.id,
        reference="1-0001",
        state="",
        since=now,
        closes_at=now,
    )
    with pytest.raises(Refused):
        begin(session, application, actor=call.actor(priya), now=call.closes_at)
    with pytest.raises(Forbidden):
        begin(session, application, actor=call.actor(call.person("Tom Baird")), now=now)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Application)) == 0
    assert history.verify(session).broken is None


def test_a_record_begins_only_where_its_page_says(session, people, team, now):
    membership = Membership(team_id=team.id, person_id=people[1].id, state="", since=now)
    with pytest.raises(Refused):
        begin(session, membership, actor=CIVFLOW, now=now, state="left")


# Many at once --------------------------------------------------------------------------------------------------------


@pytest.fixture
def invited(session, team, now) -> list[Membership]:
    """Ten people who were asked into the team and have not answered."""
    asked = [a_person(session, f"Person {n}", now=now) for n in range(10)]
    memberships = [
        Membership(team_id=team.id, person_id=person.id, respond_by=now + timedelta(days=7), state="", since=now)
        for person in asked
    ]
    begin_many(session, memberships, actor=CIVFLOW, now=now)
    return memberships


def essence(session, membership):
    """What a step leaves behind, without what must differ from record to record."""
    row = stored(session, membership)
    entry = history.last_entry(session, "membership", membership.id)
    return (
        row.state,
        row.revision,
        row.since,
        row.head == entry.hash,
        entry.number,
        entry.at,
        entry.actor_name,
        entry.step,
        entry.from_state,
        entry.to_state,
        entry.reason,
        entry.inputs,
    )


@pytest.mark.parametrize("chunk", [3, 5000])
def test_many_at_once_are_as_many_one_by_one(session, invited, now, monkeypatch, chunk):
    monkeypatch.setattr(gate, "CHUNK", chunk)
    later = now + timedelta(days=7)
    for membership in invited[:5]:
        advance(session, membership, "lapse", actor=CLOCK, now=later)
    bulk = advance_many(session, Membership, [m.id for m in invited[5:]], "lapse", actor=CLOCK, now=later)
    assert [move.record for move in bulk.moved] == invited[5:]
    assert bulk.refused == {}
    assert len({essence(session, membership) for membership in invited}) == 1
    assert {(m.state, m.revision, m.since) for m in invited} == {("lapsed", 1, later)}
    assert history.verify(session).broken is None


def test_of_many_those_that_may_not_move_stay_with_the_reason(session, invited, now):
    invited[3].respond_by = now + timedelta(days=30)
    advance(session, invited[4], "lapse", actor=CIVFLOW, now=now)
    ids = [m.id for m in invited[:6]]
    bulk = advance_many(session, Membership, [*ids, ids[0], 10_000], "lapse", actor=CLOCK, now=now + timedelta(days=7))
    assert [move.record_id for move in bulk.moved] == [*ids[:3], ids[5]]
    assert bulk.refused == {
        10_000: ("There is no such record.",),
        ids[3]: ("The time for it has not come.",),
        ids[4]: ("“Let it lapse” is possible while the membership is “Invited” or “Requested”; it is “Lapsed” now.",),
    }
    assert [m.state for m in invited[:6]] == ["lapsed"] * 3 + ["invited"] + ["lapsed"] * 2


def test_many_that_stand_in_different_states_move_together(session, team, people, invited, now):
    requested = Membership(team_id=team.id, person_id=people[1].id, state="", since=now)
    begin(session, requested, actor=CIVFLOW, now=now, state="requested")
    both = [invited[0].id, requested.id]
    assert len(advance_many(session, Membership, both, "lapse", actor=CIVFLOW, now=now).moved) == 2
    entries = [history.last_entry(session, "membership", record_id) for record_id in both]
    assert [entry.from_state for entry in entries] == ["invited", "requested"]
    assert history.verify(session).broken is None


@pytest.mark.parametrize(("state", "revision"), [("invited", 1), ("requested", 0)])
def test_of_many_one_that_was_moved_meanwhile_is_noticed(session, invited, now, state, revision):
    what = history.new_record(
        workflow="membership",
        at=now,
        actor=CIVFLOW,
        step="lapse",
        from_state="invited",
        to_state="lapsed",
        reason="",
        inputs={},
    )
    right = what.links((m.id, 0, m.head) for m in invited)
    with session.begin_nested() as undone:
        invited[4].state, invited[4].revision = state, revision
        session.flush()
        assert not history.append(session.connection(), Membership.__table__, {}, what, right)
        undone.rollback()
    assert history.append(session.connection(), Membership.__table__, {}, what, right)
    assert history.verify(session).broken is None


def test_nobody_moves_where_the_actor_may_not(session, invited, lead, now):
    with pytest.raises(Forbidden):
        advance_many(session, Membership, [m.id for m in invited], "lapse", actor=lead(), now=now)
    assert {m.state for m in invited} == {"invited"}


def test_an_effect_can_set_columns_of_the_record_in_the_same_statement(call, session):
    people = [call.person(f"Lead {n}") for n in range(3)]
    applications = [call.application(call.team(f"Team {n}", p), complete=True) for n, p in enumerate(people)]
    for application, person in zip(applications, people, strict=True):
        submit(session, application, actor=call.actor(person), now=call.now)
    advance(session, applications[0], "take_in", actor=CLOCK, now=call.closes_at)
    advance_many(session, Application, [a.id for a in applications[1:]], "take_in", actor=CLOCK, now=call.closes_at)
    assert [(a.state, a.stage) for a in applications] == [("in_progress", "sift")] * 3
    rows = session.connection().execute(select(col(Application.state), col(Application.stage))).all()
    assert [tuple(row) for row in rows] == [("in_progress", "sift")] * 3
    assert history.verify(session).broken is None
