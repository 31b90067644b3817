"""Versions: a published text changes only beside itself, is told at once, and is acknowledged before submitting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import ChallengeVersion, Document, Message
from civflow.services import publication
from civflow.services.advance import advance
from civflow.services.challenges import published_text, text_in_hand, write_challenge
from civflow.services.versions import (
    begin_change,
    change_in_hand,
    drop_change,
    publish_change,
    versions_of,
    write_change,
)
from civflow.workflows.engine import NOBODY, Forbidden, Refused
from tests.an_open_call import Call, open_call

WHY = "The council has bought a second gauge."


@pytest.fixture
def call(session, now) -> Call:
    return open_call(session, now)


@pytest.fixture
def owner(call):
    return call.actor(call.owner)


@pytest.fixture
def manager(call):
    return call.actor(call.manager)


@pytest.fixture
def priya(call):
    return call.person("Priya Raeburn")


@pytest.fixture
def changed(session, call, owner) -> ChallengeVersion:
    """A change that is written and not published."""
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    return write_change(session, call.challenge, actor=owner, now=call.now, sections={"problem": "Words about water."},
                        question="How might we see two floods coming?")  # fmt: skip


def published(session, call, manager, **columns) -> ChallengeVersion:
    """Another version of the text, published."""
    begin_change(session, call.challenge, why=WHY, actor=manager, now=call.now)
    write_change(session, call.challenge, actor=manager, now=call.now, **(columns or {"title": "Flooding"}))
    return publish_change(session, call.challenge, actor=manager, now=call.now)


# Writing a change


def test_a_change_is_written_beside_the_published_text(session, call, changed):
    assert (changed.number, changed.why, changed.sections["problem"]) == (2, WHY, "Words about water.")
    assert (call.challenge.version, call.challenge.question) == (1, "How might we see a flood coming?")
    assert published_text(session, call.challenge).sections["problem"] == "Words."
    shown = publication.read(session, call.challenge.slug, actor=NOBODY, now=call.now)
    assert shown.sections["problem"] == "Words."


def test_only_those_who_own_or_run_the_challenge_begin_a_change(session, call, priya):
    with pytest.raises(Forbidden):
        begin_change(session, call.challenge, why=WHY, actor=call.actor(priya), now=call.now)


@pytest.mark.parametrize(("why", "sentence"), [
    (" ", "Say in a sentence why the text changes."),
    ("x" * 501, "The reason may have 500 characters; it has 501."),
])  # fmt: skip
def test_a_change_says_why(session, call, owner, why, sentence):
    with pytest.raises(Refused) as refused:
        begin_change(session, call.challenge, why=why, actor=owner, now=call.now)
    assert refused.value.fields == {"why": sentence}


def test_one_change_is_written_at_a_time(session, call, owner, changed):
    with pytest.raises(Refused) as refused:
        begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    assert refused.value.sentences == ("No change of the text is being written already.",)


def test_the_published_text_itself_is_never_written(session, call, owner):
    with pytest.raises(Refused):
        write_challenge(session, call.challenge, actor=owner, now=call.now, title="Another")


def test_a_change_that_changes_nothing_is_not_published(session, call, owner, manager):
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    with pytest.raises(Refused) as refused:
        publish_change(session, call.challenge, actor=manager, now=call.now)
    assert refused.value.sentences == ("The change differs from what is published.",)


def test_a_change_that_leaves_a_section_empty_is_not_published(session, call, owner, manager, changed):
    write_change(session, call.challenge, actor=owner, now=call.now, sections={"problem": " "})
    with pytest.raises(Refused) as refused:
        publish_change(session, call.challenge, actor=manager, now=call.now)
    assert refused.value.sentences == ("The changed text has a title, a question and every required section.",)


def test_what_cannot_be_is_refused_at_its_field(session, call, owner, changed):
    with pytest.raises(Refused) as refused:
        write_change(session, call.challenge, actor=owner, now=call.now, title=" ", money_pounds=5_000_001)
    assert set(refused.value.fields) == {"title", "money_pounds"}
    with pytest.raises(Refused) as refused:
        write_change(session, call.challenge, actor=owner, now=call.now, sections={"problem": "word " * 401})
    assert set(refused.value.fields) == {"problem"}


def test_a_dropped_change_keeps_its_words_and_gives_its_number_back(session, call, owner, changed):
    with pytest.raises(Refused):
        drop_change(session, call.challenge, reason=" ", actor=owner, now=call.now)
    drop_change(session, call.challenge, reason="The gauge is not bought.", actor=owner, now=call.now)
    assert (changed.number, changed.dropped_at, changed.sections["problem"]) == (None, call.now, "Words about water.")
    assert change_in_hand(session, call.challenge) is None
    assert text_in_hand(session, call.challenge) == published_text(session, call.challenge)
    assert begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now).number == 2


# Publishing it


def test_a_published_change_is_the_text_and_the_columns_of_the_challenge(session, call, manager, changed):
    call.now += timedelta(hours=1)
    publish_change(session, call.challenge, actor=manager, now=call.now)
    assert [(v.number, v.published_at) for v in versions_of(session, call.challenge)] == [
        (1, call.now - timedelta(hours=1)), (2, call.now),
    ]  # fmt: skip
    assert (call.challenge.version, call.challenge.question) == (2, "How might we see two floods coming?")
    brief = session.scalars(select(Document).where(col(Document.kind) == "challenge_brief")).all()
    assert [(d.data["version"], d.data["question"]) for d in brief] == [
        (1, "How might we see a flood coming?"), (2, "How might we see two floods coming?"),
    ]  # fmt: skip


def test_the_owner_asks_and_the_programme_office_publishes(session, call, owner, manager, changed):
    with pytest.raises(Forbidden):
        publish_change(session, call.challenge, actor=owner, now=call.now)
    advance(session, call.challenge, "hand_in_change", actor=owner, now=call.now)
    told = session.scalars(select(col(Message.address)).where(col(Message.key).contains("hand_in_change")))
    assert list(told) == ["morag.sinclair@example.org"]
