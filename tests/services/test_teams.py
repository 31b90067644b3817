"""Teams: founding, inviting, asking, answering, handing over and leaving."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Membership, Message
from civflow.services.engine.advance import advance
from civflow.services.teams.teams import (
    ask_to_join,
    change_about,
    company,
    create_team,
    create_team_of_one,
    invite,
    looking,
    membership_of,
    roster,
    teams_of,
    waiting_for_me,
)
from civflow.workflows.engine import Forbidden, Refused


@pytest.fixture
def priya(call):
    return call.person("Priya Raeburn", "data")


def subjects_to(session, person):
    return list(session.scalars(select(Message.subject).where(col(Message.person_id) == person.id)))


def test_a_founder_is_the_lead_and_the_first_member(call, session, priya, otter):
    assert [(m.state, p.name) for m, p in roster(session, otter)] == [("active", "Priya Raeburn")]
    assert (otter.lead_id, otter.state) == (priya.id, "forming")
    assert list(teams_of(session, priya.id)) == [otter]
    assert call.actor(priya).holds("team_lead", {"team": otter.id})


def test_a_team_needs_a_name_of_its_own_and_short_words(call, session, priya, otter):
    for name, about, fields in (
        ("  ", "", {"name": "Give the team a name."}),
        ("Otter Works", "", {"name": "Another team is called “Otter Works”. Choose another name."}),
        ("x" * 121, "", {"name": "The name has 121 characters; it may have 120."}),
        ("New", "x" * 1001, {"about": "The text about the team has 1001 characters; it may have 1000."}),
    ):
        with pytest.raises(Refused) as refused:
            create_team(session, name=name, about=about, lead=priya, actor=call.actor(priya), now=call.now)
        assert refused.value.fields == fields
    assert list(teams_of(session, priya.id)) == [otter]


def test_nobody_founds_a_team_for_somebody_else(call, session, priya):
    with pytest.raises(Forbidden) as refused:
        create_team(session, name="Theirs", lead=priya, actor=call.actor(call.owner), now=call.now)
    assert refused.value.sentences == ("You lead the team that you found.",)


def test_a_person_alone_is_a_team_under_their_own_name(call, session, priya):
    teams = [create_team_of_one(session, priya, actor=call.actor(priya), now=call.now) for _ in range(2)]
    assert [(team.id, team.name) for team in teams] == [(teams[0].id, "Priya Raeburn")] * 2


@pytest.mark.parametrize("change", ["invites", "disbands", "hands over"])
def test_a_team_of_one_that_is_no_longer_one_stays_and_the_person_gets_another(call, session, priya, change):
    first, tom = create_team_of_one(session, priya, actor=call.actor(priya), now=call.now), call.person("Tom Baird")
    if change == "disbands":
        advance(session, first, "disband", actor=call.actor(priya), now=call.now, reason="Over.")
    else:
        asked = invite(session, first, tom, actor=call.actor(priya), now=call.now)
    if change == "hands over":
        advance(session, asked, "accept", actor=call.actor(tom), now=call.now)
        advance(session, first, "hand_over", actor=call.actor(priya), now=call.now, lead_id=tom.id)
        mine = membership_of(session, first, priya.id)
        advance(session, mine, "leave", actor=call.actor(priya), now=call.now)
    second = create_team_of_one(session, priya, actor=call.actor(priya), now=call.now)
    assert [(first.name, first.alone_id), (second.name, second.alone_id)] == [
        ("Priya Raeburn", None),
        ("Priya Raeburn 2", priya.id),
    ]
    assert create_team_of_one(session, priya, actor=call.actor(priya), now=call.now) is second


def test_a_company_is_optional_and_is_known_by_its_number(session, call):
    assert company(session, legal_name=" ") is None
    made = company(session, legal_name="Otter Limited", number="sc123", size="small")
    assert made
    assert (made.number, made.kind, made.size) == ("SC123", "company", "small")
    assert company(session, legal_name="Otter Limited", number="SC123") is made
    for name, number in (("Otter Limited", "SC999"), ("Invented Council", "")):
        with pytest.raises(Refused) as refused:
            company(session, legal_name=name, number=number)
        assert refused.value.fields == {
            "company": f"“{name}” is here already with another number. Check the name and the number."
        }
    for size in ("", "huge"):
        with pytest.raises(Refused) as refused:
            company(session, legal_name="Heron Limited", number="SC124", size=size)
        assert refused.value.fields == {"size": "Say how many people work for the company."}


def test_an_invitation_is_told_and_accepted(call, session, priya, otter):
    hana = call.person("Hana Begg")
    membership = invite(session, otter, hana, actor=call.actor(priya), now=call.now)
    assert subjects_to(session, hana) == ["Priya Raeburn invites you to Otter Works"]
    assert waiting_for_me(session, hana.id) == [(membership, otter, hana)]
    advance(session, membership, "accept", actor=call.actor(hana), now=call.now)
    assert [p.name for m, p in roster(session, otter) if m.state == "active"] == ["Priya Raeburn", "Hana Begg"]
    assert waiting_for_me(session, hana.id) == []
    assert call.actor(hana).holds("team_member", {"team": otter.id})


def test_only_the_lead_invites_and_nobody_is_asked_twice(call, session, priya, otter):
    hana, omar = call.person("Hana Begg"), call.person("Omar Tait")
    with pytest.raises(Forbidden):
        invite(session, otter, omar, actor=call.actor(hana), now=call.now)
    invite(session, otter, hana, actor=call.actor(priya), now=call.now)
    with pytest.raises(Refused) as refused:
        invite(session, otter, hana, actor=call.actor(priya), now=call.now)
    assert refused.value.sentences == ("Hana Begg is on the team's list already, below.",)
    assert [p.name for _, p in roster(session, otter)] == ["Priya Raeburn", "Hana Begg"]


def test_a_complete_team_takes_nobody_until_it_looks_again(call, session, priya, otter):
    hana, lead = call.person("Hana Begg"), call.actor(priya)
    advance(session, otter, "form", actor=lead, now=call.now)
    with pytest.raises(Refused) as refused:
        invite(session, otter, hana, actor=lead, now=call.now)
    assert refused.value.sentences == ("The team is looking for members.",)
    advance(session, otter, "look_again", actor=lead, now=call.now, reason="We need a designer.")
    assert invite(session, otter, hana, actor=lead, now=call.now).state == "invited"


def test_a_person_asks_and_the_lead_answers(call, session, priya, otter):
    hana = call.person("Hana Begg", "design", "law")
    membership = ask_to_join(session, otter, actor=call.actor(hana), now=call.now)
    assert (membership.state, subjects_to(session, priya)) == ("requested", ["Hana Begg asks to join Otter Works"])
    assert waiting_for_me(session, priya.id) == [(membership, otter, hana)]
    with pytest.raises(Forbidden):
        advance(session, membership, "admit", actor=call.actor(hana), now=call.now)
    advance(session, membership, "admit", actor=call.actor(priya), now=call.now)
    with pytest.raises(Refused) as refused:
        ask_to_join(session, otter, actor=call.actor(hana), now=call.now)
    assert refused.value.sentences == ("You are on the team's list already, below.",)


def test_who_is_invited_again_has_time_again(call, session, priya, otter):
    hana = call.person("Hana Begg")
    membership = invite(session, otter, hana, actor=call.actor(priya), now=call.now)
    call.wait_until(call.now + timedelta(days=15))
    assert membership.state == "lapsed"
    advance(session, membership, "invite_again", actor=call.actor(priya), now=call.now, reason="Back from leave.")
    call.wait_until(call.now + timedelta(days=13))
    assert membership.state == "invited"
    call.wait_until(call.now + timedelta(days=2))
    assert membership.state == "lapsed"


def test_who_said_no_may_ask_again(call, session, priya, otter):
    hana = call.person("Hana Begg")
    membership = invite(session, otter, hana, actor=call.actor(priya), now=call.now)
    advance(session, membership, "decline", actor=call.actor(hana), now=call.now)
    advance(session, membership, "ask_again", actor=call.actor(hana), now=call.now, reason="I have time now.")
    assert membership_of(session, otter, hana.id).state == "requested"


def test_the_lead_hands_over_before_leaving(call, session, priya, otter):
    hana, omar = call.person("Hana Begg"), call.person("Omar Tait")
    advance(
        session,
        invite(session, otter, hana, actor=call.actor(priya), now=call.now),
        "accept",
        actor=call.actor(hana),
        now=call.now,
    )
    own = membership_of(session, otter, priya.id)
    with pytest.raises(Refused) as refused:
        advance(session, own, "leave", actor=call.actor(priya), now=call.now)
    assert refused.value.sentences == ("This person does not lead the team; who leads it hands the lead over first.",)
    with pytest.raises(Refused) as refused:
        advance(session, otter, "hand_over", actor=call.actor(priya), now=call.now, lead_id=omar.id)
    assert refused.value.sentences == ("The new lead is an active member of the team.",)
    advance(session, otter, "hand_over", actor=call.actor(priya), now=call.now, lead_id=hana.id)
    advance(session, own, "leave", actor=call.actor(priya), now=call.now)
    assert (otter.lead_id, own.state) == (hana.id, "left")
    assert list(teams_of(session, priya.id)) == []
    assert not call.actor(priya).holds("team_lead", {"team": otter.id})


def test_the_lead_removes_a_member_with_a_reason(call, session, priya, otter):
    hana = call.person("Hana Begg")
    membership = invite(session, otter, hana, actor=call.actor(priya), now=call.now)
    advance(session, membership, "accept", actor=call.actor(hana), now=call.now)
    with pytest.raises(Refused) as refused:
        advance(session, membership, "remove", actor=call.actor(priya), now=call.now)
    assert refused.value.fields == {"reason": "Give a reason: it is kept with the step."}
    advance(session, membership, "remove", actor=call.actor(priya), now=call.now, reason="She asked me to.")
    assert membership.state == "left"


def test_a_team_with_a_submitted_application_is_not_disbanded(call, session, priya, otter):
    application = call.application(otter, complete=True)
    advance(session, application, "submit", actor=call.actor(priya), now=call.now)
    with pytest.raises(Refused) as refused:
        advance(session, otter, "disband", actor=call.actor(priya), now=call.now, reason="We part.")
    assert refused.value.sentences == ("None of the team's applications is still in a challenge.",)


def test_the_lead_alone_says_what_the_team_looks_for(call, session, priya, otter):
    hana = call.person("Hana Begg")
    assert list(looking(session)) == []
    change_about(session, otter, about="Rivers.", looking_for=["design"], actor=call.actor(priya))
    assert list(looking(session)) == [otter]
    with pytest.raises(Forbidden):
        change_about(session, otter, about="", looking_for=[], actor=call.actor(hana))
    advance(session, otter, "form", actor=call.actor(priya), now=call.now)
    assert list(looking(session)) == []


def test_two_memberships_of_one_person_are_impossible(session, call, otter, priya):
    rows = session.scalars(select(Membership).where(col(Membership.team_id) == otter.id)).all()
    assert [m.person_id for m in rows] == [priya.id]
