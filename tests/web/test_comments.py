"""Comments on any record: a noun whose page names who reads and writes them has a thread at its page, and no other noun."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Comment, Membership, Message, Person
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Comments
from civflow.workflows.rules import a_team_member, the_programme_manager, the_team_lead
from tests.web.visitor import HTMX, errors_of, text_of


@pytest.fixture
def team(call, session, monkeypatch) -> str:
    """The page of a team of two whose noun lets its members comment, and those who manage programmes read it."""
    declared = Comments(read=(a_team_member, the_programme_manager), write=(a_team_member,))
    monkeypatch.setattr(HANDBOOK["team"], "comments", declared)
    made = call.team("Otter Works", call.person("Priya Raeburn"))
    keys = {"person_id": call.person("Rob Kerr").id, "team_id": made.id, "since": call.now}
    session.add(Membership(**keys, state="active"))
    session.commit()
    return f"/cases/team/{made.id}"


def named(session, name: str) -> Person:
    found = session.scalars(select(Person).where(col(Person.name) == name)).one()
    session.commit()
    return found


@pytest.fixture
def priya(come, session, team):
    return come(named(session, "Priya Raeburn"))


@pytest.fixture
def rob(come, session, team):
    return come(named(session, "Rob Kerr"))


def said(visitor, path) -> list[str]:
    return [" ".join(a.get_text(" ").split()) for a in visitor.page(path).select("#comments .app-comments__words")]


def test_whoever_may_comment_does_so_at_the_record_and_others_answer_and_settle(
    priya, rob, manager, session, call, team
):
    thread = f"{team}/comments"
    assert priya.page(team).select_one("#comments-title").get_text() == "Comments"
    posted = priya.post(thread, {"text": "Shall <b>we</b>?"}, on=team)
    assert (posted.status_code, posted.headers["Location"]) == (303, f"{thread}#comments")
    kept = session.scalars(select(Comment)).one()
    assert (kept.workflow, f"/cases/team/{kept.record_id}", kept.part) == ("team", team, "")
    number = kept.id
    session.commit()
    assert rob.post(thread, {"text": "Yes.", "answers": number}, on=thread).status_code == 303
    assert [said(who, page) for who in (priya, rob, manager) for page in (team, thread)] == [
        ["Shall <b>we</b>?", "Yes."]
    ] * 6
    settled = rob.post(thread, {"settles": number}, on=thread, headers=HTMX)
    assert (settled.status_code, "The comment is settled." in settled.text, "<html" in settled.text) == (
        200,
        True,
        False,
    )
    refused = priya.post(thread, {"text": " "}, on=thread)
    assert (refused.status_code, errors_of(refused)) == (422, ["Write your comment."])


def test_who_reads_comments_and_writes_none_has_no_box_and_who_is_not_named_reads_none(
    come, priya, manager, session, call, team
):
    thread = f"{team}/comments"
    priya.post(thread, {"text": "Only for us."}, on=team)
    read = manager.page(thread)
    assert (said(manager, thread), read.select("#comments form")) == (["Only for us."], [])
    assert manager.post(thread, {"text": "May I?"}, on="/account").status_code == 403
    sees = come(call.owner)  # whoever sees the team, as everybody who is signed in does, does not read them
    assert (sees.get(team).status_code, sees.get(thread).status_code) == (200, 403)
    assert "Only for us." not in sees.get(team).text
    assert sees.page(team).select("#comments") == []
    assert sees.post(thread, {"text": "May I?"}, on="/account").status_code == 403
    assert come().get(thread).headers["Location"].startswith("/sign-in")


def test_a_noun_that_names_nobody_has_no_comments(manager, call):
    for noun, number in (("round", call.challenge.round_id), ("message", 1), ("no_noun", 1)):
        path = f"/cases/{noun}/{number}/comments"
        assert (manager.get(path).status_code, manager.post(path, {"text": "x"}, on="/account").status_code) == (
            404,
            404,
        )
    assert manager.page(f"/cases/round/{call.challenge.round_id}").select("#comments") == []


def test_a_noun_whose_comments_have_a_page_of_their_own_leads_there(manager, call):
    challenge = f"/cases/challenge/{call.challenge.id}"
    led = manager.get(f"{challenge}/comments")
    assert (led.status_code, led.headers["Location"]) == (303, f"/challenges/{call.challenge.slug}/edit")
    assert manager.post(f"{challenge}/comments", {"text": "x"}, on="/account").status_code == 404
    assert manager.page(challenge).select("#comments") == []


def test_who_has_commented_is_told_once_until_they_may_no_longer_read(priya, rob, session, call, team, monkeypatch):
    thread = f"{team}/comments"
    for visitor, words in ((priya, "One."), (rob, "Two."), (rob, "Three.")):
        visitor.post(thread, {"text": words}, on=team)
    told = select(Message).where(col(Message.key).startswith("comments-team-")).order_by(col(Message.id))
    [message] = session.scalars(told).all()
    assert (message.person_id, message.about, message.subject) == (
        named(session, "Priya Raeburn").id,
        thread,
        "New comments on “Otter Works”",
    )
    session.commit()
    only_the_lead = Comments(read=(the_team_lead,), write=(the_team_lead,))
    monkeypatch.setattr(HANDBOOK["team"], "comments", only_the_lead)
    call.now += timedelta(hours=1)
    priya.post(thread, {"text": "Four."}, on=team)
    assert len(session.scalars(told).all()) == 1


def test_who_is_at_the_comments_is_told_who_else_is(priya, rob, call, team):
    rob.get(f"{team}/comments")
    call.now += timedelta(minutes=2)
    assert "Here too: Rob Kerr, 2 minutes ago." in text_of(priya.get(f"{team}/comments"))
    call.now += timedelta(minutes=10)
    assert "Here too" not in text_of(priya.get(f"{team}/comments"))
