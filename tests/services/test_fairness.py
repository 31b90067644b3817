"""Who decides does not gain: conflicts of interest count always, and who runs a challenge does not apply to it."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from civflow.db import new_session
from civflow.models import Application, Assignment, Challenge, Membership, Organisation, Person, Slot, Team
from civflow.services.applications.begin import AppliedAlready, apply_alone, apply_with_a_new_team
from civflow.services.assessment.assessor_page import sheet
from civflow.services.assessment.gate_page import gate_page
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.services.interviews.booking import open_slots
from civflow.services.interviews.slots import book_slot, offer_slots
from civflow.services.people.conflicts import conflict_of
from civflow.services.teams.teams import create_team, create_team_of_one, invite
from civflow.workflows.engine import Refusal, Refused
from tests.scenes.open_call import grant

NONE_ON_RECORD = "No conflict of interest with this team is on record for the assessor."
NOT_WITH_ITS_TEAMS = "You have no conflict of interest with a team that this gate decides on."
NOT_WITH_THE_SCORED = "You have no conflict of interest with the team whose score it is."


def sentences(press, *args, **inputs) -> tuple[str, ...]:
    """What a refusal says; nothing where the step is taken."""
    try:
        press(*args, **inputs)
    except Refusal as refusal:
        return refusal.sentences
    return ()


# What a conflict is --------------------------------------------------------------------------------------------------


def test_a_conflict_is_the_lead_a_member_now_or_before_the_organisation_or_a_declaration(session, panel):
    team, now = session.get_one(Team, panel.otter.team_id), panel.call.now
    company = Organisation(legal_name="Otter Works Limited", kind="company")
    session.add(company)
    session.flush()
    team.organisation_id = company.id
    people = {name: panel.call.person(name) for name in ("Lead", "Left", "Invited", "Asks", "Employed", "Kin", "No")}
    team.lead_id = people["Lead"].id
    people["Employed"].organisation_id = company.id
    panel.declares(people["Kin"], panel.otter)
    for name, state, joined in (("Left", "left", now), ("Invited", "invited", None), ("Asks", "requested", None)):
        membership = panel.joins(people[name], panel.otter)
        membership.state, membership.joined_at = state, joined
    session.flush()
    assert {name: conflict_of(session, person.id, team.id) for name, person in people.items()} == {
        "Lead": "leads the team",
        "Left": "is or was a member of the team",
        "Employed": "belongs to the team's organisation",
        "Kin": "has put a conflict on record",
        "Invited": None,
        "Asks": None,
        "No": None,
    }


def test_who_has_left_and_asks_to_come_back_keeps_the_conflict(session, call):
    lead, tom = call.person("Priya Raeburn"), call.person("Tom Baird")
    team = call.team("Otter Works", lead)
    membership = invite(session, team, tom, actor=call.actor(lead), now=call.now)
    assert conflict_of(session, tom.id, team.id) is None
    steps = (("accept", tom, ""), ("leave", tom, ""), ("ask_again", tom, "I have time again."))
    for trigger, person, reason in steps:
        advance(session, membership, trigger, actor=call.actor(person), now=call.now, reason=reason)
        assert conflict_of(session, tom.id, team.id) == "is or was a member of the team"
    assert conflict_of(session, lead.id, team.id) == "leads the team"


# Assessing -----------------------------------------------------------------------------------------------------------


def test_an_assessor_who_joins_the_team_no_longer_reads_scores_or_submits_and_the_manager_sees_why(session, panel):
    one, call = panel.chair, panel.call
    theirs, other = panel.assignment(one, panel.otter), panel.assignment(one, panel.heron)
    for assignment in (theirs, other):
        panel.accept(assignment, one)
        panel.score(assignment, one)
    assert sheet(session, theirs, call.actor(one), now=call.now).may_read
    team = session.get_one(Team, panel.otter.team_id)
    membership = invite(session, team, one, actor=call.actor(panel.leads[0]), now=call.now)
    advance(session, membership, "accept", actor=call.actor(one), now=call.now)

    applies = "You do not apply to this challenge."
    assert sentences(panel.score, theirs, one) == (applies, NONE_ON_RECORD)
    assert sentences(panel.submit, theirs, one) == (applies, NONE_ON_RECORD)
    assert sentences(panel.submit, other, one) == (applies,)
    desk = sheet(session, theirs, call.actor(one), now=call.now)
    assert (desk.may_read, desk.answers, desk.scores) == (False, [], {})
    page = gate_page(session, panel.gate, with_scores=False)
    assert {line.team.name: [(s.person.name, s.conflict) for s in line.in_conflict] for line in page.lines} == {
        "Otter Works": [("Assessor One", "is or was a member of the team")],
        "Heron Labs": [],
    }


def test_matching_again_replaces_whoever_has_got_a_conflict_and_never_proposes_another(session, panel):
    """Once the assignment is withdrawn the manager finds somebody else, and not one of the team's own people."""
    call, own, free = panel.call, panel.call.person("Own Man"), panel.call.person("Free Woman")
    for person in (own, free):
        panel.take(call.manager, "seat", person_id=person.id, side="expert")
    for person in (panel.people[2], own):
        panel.joins(person, panel.otter)
    panel.take(call.manager, "match")
    query = select(col(Assignment.assessor_id)).where(col(Assignment.application_id) == panel.otter.id)
    assert set(session.scalars(query)) == {*(p.id for p in panel.people), free.id}


def test_nobody_hears_a_team_in_an_interview_that_they_have_a_conflict_with(session, panel):
    call, slots = panel.call, []
    for number in range(2):
        slots += offer_slots(
            session,
            panel.gate,
            starts=[call.now + timedelta(hours=1 + number)],
            where="Online",
            panel=[p.id for p in panel.people[number : number + 2]],
            actor=call.actor(call.manager),
            now=call.now,
        )
    panel.joins(panel.chair, panel.otter)
    assert list(open_slots(session, panel.otter, now=call.now)) == slots[1:]
    assert list(open_slots(session, panel.heron, now=call.now)) == slots
    lead = call.actor(panel.leads[0])
    assert sentences(book_slot, session, slots[0], panel.otter, actor=lead, now=call.now) == (
        "At least two members of the panel have no conflict of interest with this team: whoever has one steps out.",
    )
    book_slot(session, session.get_one(Slot, slots[1].id), panel.otter, actor=lead, now=call.now)


# Deciding ------------------------------------------------------------------------------------------------------------


def test_nobody_decides_on_a_team_that_they_have_a_conflict_with(session, panel):
    """The chair has declared one with Heron Labs, and the approver was once in Otter Works."""
    call, chair, una = panel.call, panel.chair, panel.approver
    panel.everybody_scores()
    panel.take(chair, "moderate")
    panel.declares(chair, panel.heron)
    panel.joins(una, panel.otter).state = "left"
    session.flush()
    own, others = (panel.a_score(a).id for a in (panel.heron, panel.otter))

    assert sentences(panel.take, chair, "adjust", score_id=own, value=4, why="I know.") == (NOT_WITH_THE_SCORED,)
    assert sentences(panel.take, chair, "adjust", score_id=others, value=4, why="We agree.") == ()
    assert sentences(panel.take, chair, "settle", application_id=panel.heron.id, reason="So.") == (
        "Another application has the same rank as this one.",
        NOT_WITH_ITS_TEAMS,
    )
    assert sentences(panel.take, chair, "propose", going_on=2) == (NOT_WITH_ITS_TEAMS,)
    assert sentences(panel.take, chair, "score_again", reason="So.") == (NOT_WITH_ITS_TEAMS,)
    panel.take(call.manager, "propose", going_on=2)
    assert sentences(panel.take, una, "approve") == (NOT_WITH_ITS_TEAMS,)
    assert sentences(panel.take, una, "send_back", reason="So.") == (NOT_WITH_ITS_TEAMS,)
    panel.take(call.manager, "approve")
    panel.declares(call.manager, panel.otter)
    assert sentences(panel.take, call.manager, "reopen", reason="So.") == (NOT_WITH_ITS_TEAMS,)
    assert sentences(panel.take, call.manager, "release") == (NOT_WITH_ITS_TEAMS,)


def test_a_conflict_with_a_team_that_the_gate_does_not_decide_on_is_none_here(session, panel):
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    elsewhere = panel.call.team("Elsewhere", panel.approver)
    assert conflict_of(session, panel.approver.id, elsewhere.id) == "leads the team"
    panel.take(panel.chair, "propose", going_on=2)
    panel.take(panel.approver, "approve")


# Applying ------------------------------------------------------------------------------------------------------------

NOBODY_RUNS_IT = (
    "Nobody in the team runs or writes this challenge, decides on it or assesses for it: whoever does leaves the team "
    "first."
)


@pytest.mark.parametrize("role", ["challenge_owner", "programme_manager", "approver", "panel"])
def test_who_runs_a_challenge_does_not_apply_to_it_and_nor_does_their_team(session, call, role):
    lead, judge = call.person("Priya Raeburn"), call.person("Judge")
    if role == "panel":
        advance(
            session,
            gate_of(session, call.challenge, "sift"),
            "seat",
            actor=call.actor(call.manager),
            now=call.now,
            person_id=judge.id,
            side="expert",
        )
    elif role == "challenge_owner":
        grant(session, judge, role, call.now, scope="challenge", scope_id=call.challenge.id)
    else:
        grant(session, judge, role, call.now, scope="round", scope_id=call.challenge.round_id)
    own, mixed = call.team("Own", judge), call.team("Mixed", lead)
    membership = invite(session, mixed, judge, actor=call.actor(lead), now=call.now)
    advance(session, membership, "accept", actor=call.actor(judge), now=call.now)
    assert sentences(call.application, own) == (NOBODY_RUNS_IT,)
    assert sentences(call.application, mixed) == (NOBODY_RUNS_IT,)


def test_six_presses_at_once_make_one_team_of_one_and_one_application(engine, session, call):
    priya, start, said = call.person("Priya Raeburn"), Barrier(6), []
    challenge, now = call.challenge.id, call.now
    session.commit()

    def press() -> None:
        with new_session(engine) as other:
            start.wait()
            try:
                apply_alone(other, other.get_one(Challenge, challenge), other.get_one(Person, priya.id), now=now)
                other.commit()
            except AppliedAlready as refusal:
                said.append((refusal.sentences, refusal.application.reference))

    workers = [Thread(target=press) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    sentence = "You have an application to this challenge already, as Priya Raeburn: 1-0001."
    assert said == [((sentence,), "1-0001")] * 5
    assert [team.name for team in session.scalars(select(Team))] == ["Priya Raeburn"]
    assert len(session.scalars(select(Application)).all()) == 1


def test_the_database_takes_one_team_of_one_and_one_application_of_a_team(session, call):
    """Also where nobody has asked before: what is written twice is written once."""
    priya = call.person("Priya Raeburn")
    first = create_team_of_one(session, priya, actor=call.actor(priya), now=call.now)
    with pytest.raises(Refused), session.begin_nested():
        create_team(session, name="Another", lead=priya, actor=call.actor(priya), now=call.now, alone=True)
    application = call.application(first)
    session.flush()
    twice = Application(**{**application.model_dump(exclude={"id"}), "reference": "1-0002"})
    session.add(twice)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_other_people_of_the_same_team_or_in_another_one_apply(session, call):
    """The same person may be in two teams of different people; the same people under two names may not."""
    priya, tom = call.person("Priya Raeburn"), call.person("Tom Baird")
    both = call.team("Both", priya)
    asked = invite(session, both, tom, actor=call.actor(priya), now=call.now)
    advance(session, asked, "accept", actor=call.actor(tom), now=call.now)
    assert call.application(both).reference == "1-0001"
    assert apply_alone(session, call.challenge, priya, now=call.now).reference == "1-0002"
    assert apply_with_a_new_team(session, call.challenge, tom, name="Tom's", now=call.now).reference == "1-0003"
    again = call.team("Again", tom)
    asked = invite(session, again, priya, actor=call.actor(tom), now=call.now)
    advance(session, asked, "accept", actor=call.actor(priya), now=call.now)
    assert sentences(call.application, again) == (
        "The people of Again have an application to this challenge already, as Both: 1-0001.",
    )


def test_who_runs_another_challenge_or_did_once_may_apply(session, call):
    lead = call.person("Priya Raeburn")
    grant(session, lead, "challenge_owner", call.now, scope="challenge", scope_id=call.challenge.id + 1)
    grant(session, lead, "approver", call.now, scope="round", scope_id=call.challenge.round_id + 1)
    grant(session, lead, "programme_manager", call.now, revoked_at=call.now)
    call.application(call.team("Otter Works", lead))


def test_who_runs_a_challenge_does_not_join_a_team_that_has_applied_and_an_assessor_gets_a_conflict(session, panel):
    call, lead = panel.call, panel.call.actor(panel.leads[0])
    team = session.get_one(Team, panel.otter.team_id)
    rule = "The person does not run or decide on a challenge to which the team has applied."
    for person in (call.owner, panel.approver):
        asked = invite(session, team, person, actor=lead, now=call.now)
        assert sentences(advance, session, asked, "accept", actor=call.actor(person), now=call.now) == (rule,)
    wants = Membership(team_id=team.id, person_id=call.manager.id, state="requested", since=call.now)
    session.add(wants)
    session.flush()
    assert sentences(advance, session, wants, "admit", actor=lead, now=call.now) == (rule,)
    asked = invite(session, team, panel.chair, actor=lead, now=call.now)
    advance(session, asked, "accept", actor=call.actor(panel.chair), now=call.now)
    assert conflict_of(session, panel.chair.id, team.id) == "is or was a member of the team"
