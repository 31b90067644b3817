"""The outbox: what was written to people, found by words and state; a link that signs somebody in is theirs alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from civflow.models import Follow, Message
from civflow.services.engine.advance import advance
from tests.scenes.open_call import grant
from tests.web.visitor import Visitor, an_app, text_of


@pytest.fixture
def outside(session, settings, engine, call):
    """A function that brings somebody to a site that is not a demonstration."""
    served = replace(settings, demonstration=False, secret_key="s" * 32, smtp_url="smtp://127.0.0.1:25")
    app = an_app(served, engine, lambda: call.now)
    return lambda person=None: Visitor(app).sign_in(session, person, now=call.now) if person else Visitor(app)


def subjects(visitor, path: str = "/outbox") -> list[str]:
    return [a.get_text() for a in visitor.page(path).select("#messages-list th a")]


def test_messages_are_found_by_words_and_state(come, call):
    manager = come(call.manager)
    both = ["Approved: 11.2 Flooding impact", "Approve or answer: 11.2 Flooding impact"]
    assert subjects(manager) == subjects(manager, "/outbox?state=waiting") == both
    assert subjects(manager, "/outbox?q=hamish") == both[:1]
    assert subjects(manager, "/outbox?q=%25") == subjects(manager, "/outbox?state=sent") == []
    assert "No message fits." in text_of(manager.get("/outbox?q=%25"))


def test_a_link_that_signs_somebody_in_is_shown_to_nobody_else(come, outside, call):
    come().post("/sign-in/link", {"email": "hamish.drummond@example.org"}, on="/sign-in/link")
    link = come().page("/outbox").select_one("#messages-list th a")["href"]
    about = next(a["href"] for a in come().page(link).select("main a") if a.get_text() == "The page that it is about")
    assert come().page(about).h1.get_text() == "Sign in as Hamish Drummond"
    shown = outside(call.manager).get(link)
    assert "nobody but the person it is addressed to reads it" in text_of(shown)
    assert about not in shown.text


def test_whoever_reads_a_message_to_somebody_else_knows_that_its_page_may_be_closed(come, call):
    path = come(call.manager).page("/outbox?q=hamish").select_one("#messages-list th a")["href"]
    closed = "it was written to somebody else: perhaps you may not see it"
    said = [closed in text_of(come(who).get(path)) for who in (call.owner, call.manager)]
    assert said == [False, True]


def test_what_goes_to_a_team_of_a_sealed_call_is_listed_for_nobody_else_until_the_seal_opens(come, session, call):
    lead, follower, auditor = (call.person(name) for name in ("Otter Lead", "Finlay Tait", "Aud Itor"))
    call.application(call.team("Otter Works", lead))
    grant(session, auditor, "auditor", call.now)
    session.add(
        Follow(
            person_id=follower.id, workflow="challenge", record_id=call.challenge.id, token="f" * 43, begun_at=call.now
        )
    )
    advance(
        session,
        call.challenge,
        "extend",
        actor=call.actor(call.manager),
        now=call.now,
        reason="Ill.",
        closes_at=call.closes_at + timedelta(days=1),
    )
    session.commit()

    to_lead, to_follower = "otter.lead@example.org", "finlay.tait@example.org"

    def told_people(who) -> set[str]:
        rows = come(who).page("/outbox").select("#messages-list tbody tr")
        return {row.td.get_text() for row in rows} & {to_lead, to_follower}

    assert {who.name: told_people(who) for who in (call.manager, lead, auditor)} == {
        "Morag Sinclair": {to_follower},
        "Otter Lead": {to_lead, to_follower},
        "Aud Itor": {to_lead, to_follower},
    }
    [path] = [f"/outbox/{m.id}" for m in session.scalars(select(Message)) if m.address == to_lead]
    assert [come(who).get(path).status_code for who in (call.manager, lead, auditor)] == [404, 200, 200]
    call.wait_until(call.challenge.closes_at)
    session.commit()
    assert (told_people(call.manager), come(call.manager).get(path).status_code) == ({to_lead, to_follower}, 200)


def test_the_outbox_is_for_the_programme_office_and_auditors(outside, call):
    assert outside().get("/outbox").headers["Location"] == "/sign-in?then=%2Foutbox"
    assert outside(call.owner).get("/outbox").status_code == 403
    assert len(subjects(outside(call.manager))) == 2
