"""A role of somebody who applies sleeps towards what they apply to: they are told, and nobody else learns anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Assignment, Conflict, Grant, Panellist, Person
from civflow.services.assessment.matching import match
from civflow.services.challenges.stages import gate_of
from civflow.services.dashboards.tasks import dashboards
from civflow.services.engine.access import in_sight, load_visible
from civflow.services.engine.advance import advance
from civflow.services.notifications.recipients import holders
from civflow.services.people import roles
from civflow.services.people.asleep import NOBODY_ELSE, sleeping
from civflow.workflows.engine import CIVFLOW, Forbidden, NotFound, Refused
from tests.scenes.open_call import Call, open_call
from tests.scenes.selection import applied, closed, score, seat, sift


@pytest.fixture
def call(scenes) -> Call:
    return scenes.play(open_call)


@pytest.fixture
def ours(call) -> Application:
    first, *_ = applied(call)
    return first


def lead_of(call: Call, application: Application) -> Person:
    return next(p for p in call.session.scalars(select(Person)) if p.name == "Lead of Otter Works")


def give(call: Call, person: Person, role: str, **scope: object) -> Grant:
    return roles.grant(call.session, person, role, actor=CIVFLOW, now=call.now, **scope)


GIVEN = [
    "programme_manager",
    "approver",
    "administrator",
    "finance_officer",
    "auditor",
    "challenge_owner",
    "challenge_writer",
]


@pytest.mark.parametrize("role", GIVEN)
def test_a_role_is_given_to_an_applicant_like_to_anybody_else_and_sleeps(call, ours, role):
    """Whoever gives it reads the same as for anybody: else they would learn who applies."""
    lead, round_id = lead_of(call, ours), call.challenge.round_id
    give(call, lead, role, limit_pounds=10**6)
    actor = call.actor(lead)
    here = {"challenge": call.challenge.id, "round": round_id}
    assert (actor.holds(role, here), actor.limit(role, here)) == (False, 0)
    assert actor.holds(role, {"challenge": 10**6, "round": round_id}) == (role != "auditor")
    assert lead not in holders(call.session, role, challenge_id=call.challenge.id, round_id=round_id)
    assert (lead in holders(call.session, role, round_id=round_id)) is True


def test_an_applicant_opens_no_rival_and_moves_no_deadline_of_their_own(call):
    ours, rival, _ = applied(call)
    lead = lead_of(call, ours)
    for role in ("programme_manager", "approver", "auditor"):
        give(call, lead, role, limit_pounds=10**6)
    later = call.closes_at + timedelta(days=1)
    with pytest.raises(Forbidden):
        advance(call.session, ours, "extend", actor=call.actor(lead), now=call.now, closes_at=later, reason="For us.")
    closed(call)
    with pytest.raises(NotFound):
        load_visible(call.session, Application, rival.id, actor=call.actor(lead), now=call.now)
    seen = call.session.scalars(select(col(Application.id)).where(in_sight(call.actor(lead), Application))).all()
    assert seen == []
    advance(call.session, ours, "rule_out", actor=call.actor(call.manager), now=call.now, reason="Not eligible.")
    with pytest.raises(Forbidden):
        advance(call.session, ours, "reinstate", actor=call.actor(lead), now=call.now, reason="We are.")


def test_a_role_wakes_when_the_team_withdraws(call, ours):
    lead, here = lead_of(call, ours), {"challenge": call.challenge.id}
    give(call, lead, "programme_manager")
    give(call, lead, "challenge_writer", scope="challenge", scope_id=call.challenge.id)
    assert {h.role for h in call.actor(lead).asleep} == {"challenge_writer"}
    advance(call.session, ours, "withdraw", actor=call.actor(lead), now=call.now, reason="We stop.")
    assert call.actor(lead).holds("programme_manager", here)
    assert call.actor(lead).asleep == frozenset()
    with pytest.raises(Refused) as refused:
        advance(call.session, ours, "write_again", actor=call.actor(lead), now=call.now, reason="We go on.")
    assert "Nobody in the team runs or writes this challenge" in refused.value.sentences[0]


def test_only_the_person_is_told(call, ours):
    lead = lead_of(call, ours)
    assert sleeping(call.session, call.actor(lead)) == []
    give(call, lead, "programme_manager")
    give(call, lead, "approver", limit_pounds=5)
    give(call, lead, "auditor")
    there = "sleep for “Flooding impact”, because your team applies there."
    assert sleeping(call.session, call.actor(lead)) == [
        f"Your role as auditor sleeps as long as your team applies to a challenge. {NOBODY_ELSE}",
        f"Your roles as approver and programme manager {there} {NOBODY_ELSE}",
    ]
    assert sleeping(call.session, call.actor(call.manager)) == []


def test_an_applicant_is_seated_while_the_call_is_sealed_and_judges_nothing(call):
    """Refusing the seat would tell that they apply."""
    ours, *_ = applied(call)
    lead, gate = lead_of(call, ours), gate_of(call.session, call.challenge, "sift")
    seat(call, gate, "Assessor A", "Assessor B", "Assessor C")
    seated = {"person_id": lead.id, "side": "sponsor", "chairs": False}
    advance(call.session, gate, "seat", actor=call.actor(call.manager), now=call.now, **seated)
    with pytest.raises(NotFound):
        load_visible(call.session, type(gate), gate.id, actor=call.actor(lead), now=call.now)
    closed(call)
    assert lead.id not in {seat.person_id for _, seat in match(call.session, gate).pairs}
    with pytest.raises(Refused) as refused:
        advance(call.session, gate, "seat", actor=call.actor(call.manager), now=call.now, **seated)
    assert refused.value.sentences == (
        "The person does not apply to this challenge: nobody judges beside an application of their own.",
    )


def test_a_conflict_keeps_the_office_from_deciding_about_one_team(call, ours):
    closed(call)
    former = call.person("A Former Member")
    give(call, former, "programme_manager")
    call.session.add(Conflict(person_id=former.id, team_id=ours.team_id, why="My sister's", declared_at=call.now))
    with pytest.raises(Refused) as refused:
        advance(call.session, ours, "rule_out", actor=call.actor(former), now=call.now, reason="Out.")
    assert refused.value.sentences == ("You have no conflict of interest with the team.",)
    advance(call.session, ours, "rule_out", actor=call.actor(call.manager), now=call.now, reason="Out.")


def test_neither_office_nor_panel_touches_scores_of_a_team_with_which_they_have_a_conflict(call, ours):
    closed(call)
    gate = sift(call)
    score(call, gate)
    assignment = call.session.scalars(select(Assignment).where(col(Assignment.application_id) == ours.id)).first()
    chair = call.session.scalars(
        select(Panellist).where(col(Panellist.gate_id) == gate.id, col(Panellist.chairs))
    ).one()
    former = call.person("A Former Member")
    give(call, former, "programme_manager")
    call.session.flush()
    for person in (former, call.session.get_one(Person, chair.person_id)):
        call.session.add(Conflict(person_id=person.id, team_id=ours.team_id, why="My sister's", declared_at=call.now))
        for step in ("reopen", "set_aside"):
            with pytest.raises(Refused) as refused:
                advance(call.session, assignment, step, actor=call.actor(person), now=call.now, reason="Again.")
            assert refused.value.sentences == ("You have no conflict of interest with the team.",)
    advance(call.session, assignment, "reopen", actor=call.actor(call.manager), now=call.now, reason="Again.")


def test_the_home_page_of_a_sleeping_role_shows_nothing_of_the_challenge(call, ours):
    lead = lead_of(call, ours)
    give(call, lead, "challenge_owner")
    shown = {
        name: [mine.challenge.title for d in found if d.role == "owner" for mine in d.parts["challenges"]]
        for name, found in (
            (who.name, dashboards(call.session, actor=call.actor(who), now=call.now)) for who in (lead, call.owner)
        )
    }
    assert shown == {lead.name: [], call.owner.name: ["Flooding impact"]}
