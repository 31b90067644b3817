"""Messages: what is written into the outbox, once, for whom; and that people see beforehand what will be sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from jinja2 import UndefinedError
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Application, Message, Person, Team
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.notifications.outbox import UNDO, post_all, write
from civflow.services.notifications.preview import preview
from civflow.services.notifications.recipients import holders, members
from civflow.services.notifications.registry import audiences
from civflow.services.notifications.taken import Taken
from civflow.services.teams.teams import invite
from civflow.workflows import HANDBOOK
from tests.scenes.open_call import Call, grant
from tests.scenes.selection import applied, closed

REASON = "The form was for another challenge."


@pytest.fixture
def application(call, session) -> Application:
    """Of a team of two, in the selection; whoever joined is told what the lead is told."""
    (application,) = applied(call, "Otter Works")
    tom, team = call.person("Tom Baird"), session.get_one(Team, application.team_id)
    lead = session.get_one(Person, team.lead_id)
    advance(
        session,
        invite(session, team, tom, actor=call.actor(lead), now=call.now),
        "accept",
        actor=call.actor(tom),
        now=call.now,
    )
    closed(call)
    return application


def rule_out(call: Call, application: Application, reason: str = REASON) -> None:
    advance(call.session, application, "rule_out", actor=call.actor(call.manager), now=call.now, reason=reason)


def told_people(session, step: str) -> list[Message]:
    """The messages about a step, by whom they go to."""
    query = select(Message).where(col(Message.key).like(f"%-{step}-%")).order_by(col(Message.address))
    return list(session.scalars(query))


# The outbox ----------------------------------------------------------------------------------------------------------


def letter(person: Person, key: str, now, subject: str = "Formed") -> Message:
    return write(
        person=person,
        kind="step",
        key=key,
        about="/cases/team/1",
        now=now,
        subject=subject,
        body="Otter Works is complete.",
        reason="",
    )


def test_a_message_has_the_first_line_as_its_subject_and_waits_to_be_undone(session, call, now):
    message = letter(call.owner, "one", now)
    post_all(session, [message], now=now)
    assert (message.subject, message.body) == ("Formed", "Hello Hamish Drummond,\n\nOtter Works is complete.")
    assert (message.address, message.about, message.state) == (call.owner.email, "/cases/team/1", "waiting")
    assert message.not_before == now + timedelta(seconds=30) == now + UNDO


def test_what_a_message_needs_and_does_not_get_is_an_error(call, now):
    with pytest.raises(UndefinedError):
        write(person=call.owner, kind="step", key="one", about="", now=now, subject="Formed")


def test_a_long_title_does_not_break_the_subject(call, now):
    assert letter(call.owner, "one", now, subject="x" * 300).subject == "x" * 200


def test_the_same_key_is_one_message_however_often_it_is_posted(session, call, now):
    def posted(*messages: tuple[str, str]) -> None:
        post_all(session, [letter(call.owner, key, now, subject) for key, subject in messages], now=now)

    before = set(session.scalars(select(col(Message.key))))
    posted(("one", "First"), ("one", "Again"), ("two", "Second"))
    posted(("two", "Later"), ("three", "Third"))
    posted()
    rows = session.execute(select(col(Message.key), col(Message.subject)).order_by(col(Message.id)))
    found = [(key, subject) for key, subject in rows if key not in before]
    assert found == [("one", "First"), ("two", "Second"), ("three", "Third")]


# Who is told ---------------------------------------------------------------------------------------------------------


def test_a_role_reaches_whoever_holds_it_here(session, call, now):
    scopes = {"round": call.challenge.round_id, "challenge": call.challenge.id}
    for name in ("site", "round", "challenge"):
        grant(session, call.person(f"Of the {name}"), "auditor", now, scope=name, scope_id=scopes.get(name))
        elsewhere = call.person(f"Of another {name}")
        if name != "site":
            grant(session, elsewhere, "auditor", now, scope=name, scope_id=scopes[name] + 1)
    former, closed_, other = (call.person(name) for name in ("Former", "Closed", "Assessor"))
    grant(session, former, "auditor", now, revoked_at=now)
    grant(session, closed_, "auditor", now)
    grant(session, other, "assessor", now)
    closed_.closed_at = now
    session.flush()
    found = holders(session, "auditor", round_id=scopes["round"], challenge_id=scopes["challenge"])
    assert [p.name for p in found] == ["Of the challenge", "Of the round", "Of the site"]
    assert [p.name for p in holders(session, "auditor")] == ["Of the site"]


def test_a_team_is_those_who_are_in_it_now(session, call):
    lead, invited, left, member = (call.person(name) for name in ("Priya", "Invited", "Left", "Aileen"))
    team = call.team("Otter Works", lead)
    asked = {p.name: invite(session, team, p, actor=call.actor(lead), now=call.now) for p in (invited, left, member)}
    for name, person in (("Left", left), ("Aileen", member)):
        advance(session, asked[name], "accept", actor=call.actor(person), now=call.now)
    advance(session, asked["Left"], "leave", actor=call.actor(left), now=call.now)
    assert members(session, team.id) == [member, lead]


def test_everybody_but_who_pressed_is_told_once(session, call, application):
    rule_out(call, application)
    messages = told_people(session, "rule_out")
    assert [m.address for m in messages] == ["lead.of.otter.works@example.org", "tom.baird@example.org"]
    assert {m.about for m in messages} == {f"/applications/{application.id}"}
    lead = session.get_one(Person, messages[0].person_id)
    advance(session, application, "reinstate", actor=call.actor(call.manager), now=call.now, reason="It was not.")
    advance(session, application, "withdraw", actor=call.actor(lead), now=call.now, reason="We have no time.")
    others = [call.manager.email, "tom.baird@example.org"]
    assert [m.address for m in told_people(session, "withdraw")] == others
    grant(session, lead, "programme_manager", call.now)  # told twice over, and not at all
    grant(session, session.get_one(Person, messages[1].person_id), "programme_manager", call.now)
    advance(session, application, "reinstate", actor=call.actor(call.manager), now=call.now, reason="You have.")
    advance(session, application, "withdraw", actor=call.actor(lead), now=call.now, reason="No.")
    assert sorted(m.address for m in told_people(session, "withdraw")) == sorted(others * 2)


def test_a_step_that_is_taken_again_is_told_again(session, call, application):
    for _ in range(2):
        rule_out(call, application)
        advance(session, application, "reinstate", actor=call.actor(call.manager), now=call.now, reason="It was not.")
    assert len(told_people(session, "rule_out")) == len(told_people(session, "reinstate")) == 4


def test_who_is_on_both_sides_is_told_once(session, call, application):
    owner_too = session.scalars(select(Person).where(col(Person.name) == "Tom Baird")).one()
    grant(session, owner_too, "challenge_owner", call.now, scope="challenge", scope_id=call.challenge.id)
    agreement = Agreement(
        round_id=call.challenge.round_id,
        challenge_id=call.challenge.id,
        team_id=application.team_id,
        place_id=None,
        kind="contract",
    )
    page = HANDBOOK["agreement"]
    step = Taken(page, page.steps[0], agreement, call.actor(call.manager), call.now)
    found = [p.name for p in audiences()["both_sides"](session, step)]
    assert sorted(found) == ["Hamish Drummond", "Lead of Otter Works", "Tom Baird"]


# What is shown before ------------------------------------------------------------------------------------------------


def test_what_is_shown_before_is_what_is_sent(session, call, application):
    page, manager = workflow_of(session, application), call.actor(call.manager)
    step = page.step("rule_out", application.state)
    shown = preview(session, page, step, application, actor=manager, now=call.now, reason=REASON)
    rule_out(call, application)
    sent = told_people(session, "rule_out")
    assert shown.people == [session.get_one(Person, m.person_id).name for m in sent]
    assert [(letter.subject, letter.body) for letter in shown.letters] == [(sent[0].subject, sent[0].body)]
    assert REASON in sent[0].body


def test_before_the_reason_is_written_its_place_is_shown(session, call, application):
    page = workflow_of(session, application)
    shown = preview(
        session,
        page,
        page.step("rule_out", application.state),
        application,
        now=call.now,
        actor=call.actor(call.manager),
    )
    assert shown.to_people.body.endswith("The reason given:\n(your reason)")
    assert told_people(session, "rule_out") == []


def test_where_nobody_else_is_told_nothing_is_shown(session, call, application):
    page, team = workflow_of(session, application), session.get_one(Team, application.team_id)
    lead = call.actor(session.get_one(Person, team.lead_id))
    shown = {
        trigger: preview(session, page, page.step(trigger, application.state), application, actor=lead, now=call.now)
        for trigger in ("go_on", "withdraw")
    }
    assert shown["go_on"] is None
    assert shown["withdraw"].people == ["Tom Baird", "Morag Sinclair"]  # and not the lead, who would press
