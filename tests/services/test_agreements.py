"""Agreements: what is kept when both have signed, and who reads whose name."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Document
from civflow.services.agreements.agreements import signed_copy
from civflow.services.applications.submission import submit
from civflow.services.engine.advance import advance, case_of
from civflow.services.records.timeline import timeline, timeline_for
from tests.scenes.open_call import grant, place_of


@pytest.fixture
def agreement(call, session, priya, tmp_path) -> Agreement:
    """For the exploration; it is issued, and the team has signed."""
    application = call.application(call.team("Otter Works", priya), complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(application, "interview", "exploration")
    place = place_of(session, application)
    advance(session, place, "accept", actor=call.actor(priya), now=call.now)
    agreement = session.scalars(select(Agreement)).one()
    call.make_documents(tmp_path)
    advance(session, agreement, "issue", actor=call.actor(call.manager), now=call.now)
    advance(session, agreement, "sign_for_the_team", actor=call.actor(priya), now=call.now, may_sign=True)
    return agreement


def sign_for_the_sponsor(call, agreement, now=None):
    advance(
        call.session,
        agreement,
        "sign_for_the_sponsor",
        actor=call.actor(call.owner),
        now=now or call.now,
        may_sign=True,
    )


def test_both_signatures_stand_in_a_copy_beside_the_text_that_was_signed(call, session, agreement):
    assert signed_copy(session, agreement) is None
    sign_for_the_sponsor(call, agreement)
    text, copy = session.get_one(Document, agreement.document_id), signed_copy(session, agreement)
    assert [(s["side"], s["name"], s["signed_at"]) for s in copy.data["signatures"]] == [
        ("team", "Priya Raeburn", call.now.isoformat()),
        ("sponsor", "Hamish Drummond", call.now.isoformat()),
    ]
    assert copy.data["text_hash"] == text.content_hash
    assert {name: copy.data[name] for name in text.data if name != "starts_at"} == {
        name: text.data[name] for name in text.data if name != "starts_at"
    }
    kept = select(Document.id).where(col(Document.kind) == "agreement").order_by(col(Document.id))
    assert session.scalars(kept).all() == [text.id, copy.id]


def test_it_begins_when_both_have_signed_at_the_earliest(call, session, agreement):
    late = agreement.starts_at.replace(day=agreement.starts_at.day + 2)
    sign_for_the_sponsor(call, agreement, now=late)
    assert (agreement.starts_at, signed_copy(session, agreement).data["starts_at"]) == (late, late.isoformat())


def told_people(call, agreement, person):
    """Who did what, the newest first, as a person reads it."""
    case = case_of(call.session, agreement, actor=call.actor(person), now=call.now)
    return [(entry.what, entry.who) for entry in timeline_for(call.session, agreement, case)]


def test_both_sides_and_finance_read_who_signed(call, session, priya, agreement):
    finance, auditor = (call.person(name) for name in ("Fiona Money", "Aud Itor"))
    grant(session, finance, "finance_officer", call.now)
    grant(session, auditor, "auditor", call.now)
    sign_for_the_sponsor(call, agreement)
    everything = [
        ("Sign for the sponsor", "Hamish Drummond"),
        ("Sign for the team", "Priya Raeburn"),
        ("Issue the agreement", "Morag Sinclair"),
        ("The agreement was drafted", "civflow"),
    ]
    readers = (finance, auditor, priya, call.owner, call.manager)
    assert [told_people(call, agreement, person) for person in readers] == [everything] * len(readers)


def test_bringing_into_force_is_not_called_drafting(call, session, agreement):
    sign_for_the_sponsor(call, agreement)
    call.wait_until(agreement.starts_at)
    case = case_of(session, agreement, actor=call.actor(call.manager), now=call.now)
    last, *_, first = timeline_for(session, agreement, case)
    assert (last.what, last.was, last.now_is) == ("Bring into force", "Signed", "In force")
    assert (first.what, first.was, first.now_is) == ("The agreement was drafted", "", "")


def test_where_names_are_kept_back_the_side_stands_instead(call, session, agreement):
    # As a team would read it that has no part in it: nobody's name, but the side of each.
    sign_for_the_sponsor(call, agreement)
    assert [entry.who for entry in timeline(session, agreement, team_id=0)] == [
        "Somebody of the sponsor",
        "Somebody of the team",
        "The programme",
        "civflow",
    ]
