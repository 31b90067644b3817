"""Versions: a published text changes only beside itself, is told at once, and is acknowledged before submitting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from civflow.methods.difference import NEW
from civflow.models import ChallengeVersion, Document, Follow, Message, Person, Round, Submission, Team
from civflow.services.applications import version_notices
from civflow.services.applications.answers import acknowledge
from civflow.services.applications.submission import submissions, submit
from civflow.services.challenges import public_page, versions
from civflow.services.challenges.calendar import stage_dates
from civflow.services.challenges.drafts import draft, published_text, text_in_hand, write_challenge
from civflow.services.challenges.stages import gate_of
from civflow.services.challenges.versions import (
    begin_change,
    change_in_hand,
    differences,
    drop_change,
    publish_change,
    versions_of,
    write_change,
)
from civflow.services.engine.advance import advance
from civflow.services.formatting import moment
from civflow.services.programmes.store import programme_of
from civflow.services.records.waiting import waiting_for
from civflow.workflows.engine import NOBODY, Forbidden, Refused
from tests.services.test_search import searched

WHY = "The council has bought a second gauge."
PROMISED = "First decisions promised by"


@pytest.fixture
def changed(session, call, owner) -> ChallengeVersion:
    """A change that is written and not published."""
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    return write_change(
        session,
        call.challenge,
        actor=owner,
        now=call.now,
        sections={"problem": "Words about water."},
        question="How might we see two floods coming?",
    )


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
    shown = public_page.read(session, call.challenge.slug, actor=NOBODY, now=call.now)
    assert shown.sections["problem"] == "Words."


def test_only_those_who_own_or_run_the_challenge_begin_a_change(session, call, priya):
    with pytest.raises(Forbidden):
        begin_change(session, call.challenge, why=WHY, actor=call.actor(priya), now=call.now)


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (" ", "Say in a sentence why the text changes."),
        ("x" * 501, "The reason may have 500 characters; it has 501."),
    ],
)
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


def test_a_change_does_not_differ_by_a_promise_that_moved_with_the_closing_date(session, call, owner, manager):
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    later, before = call.closes_at + timedelta(days=7), call.challenge.decision_promised_at
    advance(session, call.challenge, "extend", actor=manager, now=call.now, reason=WHY, closes_at=later)
    first, text = published_text(session, call.challenge), change_in_hand(session, call.challenge)
    promised = call.challenge.decision_promised_at
    assert (promised, text.decision_promised_at) == (before + timedelta(days=7),) * 2
    assert first.decision_promised_at == before  # a published text keeps what it said
    with pytest.raises(Refused, match="The change differs from what is published"):
        publish_change(session, call.challenge, actor=manager, now=call.now)
    write_change(session, call.challenge, actor=manager, now=call.now, title="Flooding")
    publish_change(session, call.challenge, actor=manager, now=call.now)
    programme, last = programme_of(session, call.challenge), later + timedelta(days=14)
    assert [changed.title for changed in differences(programme, *versions_of(session, call.challenge))] == ["Title"]
    advance(session, call.challenge, "extend", actor=manager, now=call.now, reason=WHY, closes_at=last)
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    own = call.challenge.decision_promised_at + timedelta(days=7)
    write_change(session, call.challenge, actor=owner, now=call.now, decision_promised_at=own)
    publish_change(session, call.challenge, actor=manager, now=call.now)
    texts = versions_of(session, call.challenge)
    assert [text.decision_promised_at - before for text in texts] == [timedelta(days=days) for days in (0, 7, 28)]
    bound = moment(own - timedelta(days=7), programme.timezone)
    for older, titles in ((texts[0], ["Title", PROMISED]), (texts[1], [PROMISED])):
        found = differences(programme, older, texts[2])
        assert [one.title for one in found] == titles
        assert "".join(piece.words for piece in found[-1].pieces if piece.kind != NEW) == bound


def test_a_promise_of_its_own_in_a_change_stays_as_far_from_the_closing_date(session, call, owner, manager):
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    own = call.challenge.decision_promised_at + timedelta(days=14)
    text = write_change(session, call.challenge, actor=owner, now=call.now, decision_promised_at=own)
    later = call.closes_at + timedelta(days=7)
    advance(session, call.challenge, "extend", actor=manager, now=call.now, reason=WHY, closes_at=later)
    assert text.decision_promised_at == own + timedelta(days=7)
    assert published_text(session, call.challenge).decision_promised_at == own - timedelta(days=14)


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
    late, passed = call.closes_at + timedelta(days=2), call.closes_at + timedelta(days=1)  # the clock has not closed it
    with pytest.raises(Refused) as refused:
        write_change(session, call.challenge, actor=owner, now=late, decision_promised_at=passed)
    sentence = "The date of the first decisions has passed. Write a date that lies ahead."
    assert refused.value.fields == {"decision_promised_at": sentence}


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
    assert searched(session, words="about water") == []
    publish_change(session, call.challenge, actor=manager, now=call.now)
    assert searched(session, words="about water") == ["Flooding impact"]
    assert [(v.number, v.published_at) for v in versions_of(session, call.challenge)] == [
        (1, call.now - timedelta(hours=1)),
        (2, call.now),
    ]
    assert (call.challenge.version, call.challenge.question) == (2, "How might we see two floods coming?")
    brief = session.scalars(select(Document).where(col(Document.kind) == "challenge_brief")).all()
    assert [(d.data["version"], d.data["question"]) for d in brief] == [
        (1, "How might we see a flood coming?"),
        (2, "How might we see two floods coming?"),
    ]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_calendar_moves_with_a_promise_that_a_change_moves(session, call, manager):
    gate, promised = gate_of(session, call.challenge, "sift"), call.challenge.decision_promised_at + timedelta(days=14)
    published(session, call, manager, decision_promised_at=promised)
    dates = list(stage_dates(session, call.challenge).values())  # the call, the first gate, and what follows it
    assert (gate.scoring_due_at, dates[1].ends_at, dates[2].starts_at) == (promised, promised, promised)


def test_the_owner_asks_and_the_programme_office_publishes(session, call, owner, manager, changed):
    with pytest.raises(Forbidden):
        publish_change(session, call.challenge, actor=owner, now=call.now)
    advance(session, call.challenge, "hand_in_change", actor=owner, now=call.now)
    told = session.scalars(select(col(Message.address)).where(col(Message.key).contains("hand_in_change")))
    assert list(told) == ["morag.sinclair@example.org"]


def test_a_change_that_is_handed_in_stands_before_the_office_until_it_is_published_or_dropped(
    session, call, owner, manager, changed
):
    def home() -> list[tuple[str, str]]:
        lines = waiting_for(session, actor=manager, now=call.now)
        return [(line.task.text, line.task.href) for line in lines if line.noun == "challenge"]

    def hand_in() -> None:
        advance(session, call.challenge, "hand_in_change", actor=owner, now=call.now)

    before = home()
    hand_in()
    line = (
        "Publish the change of 11.2 Flooding impact, or drop it",
        f"/challenges/{call.challenge.slug}/change/publish",
    )
    assert (before, home()) == ([], [line])
    with pytest.raises(Refused) as again:
        hand_in()
    assert again.value.sentences == ("The programme office has not been asked yet to publish it.",)
    write_change(session, call.challenge, actor=owner, now=call.now, title="Flooding, and what comes of it")
    assert home() == [line]

    publish_change(session, call.challenge, actor=manager, now=call.now)
    assert home() == []
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    write_change(session, call.challenge, actor=owner, now=call.now, title="Flooding impact")
    assert home() == []
    hand_in()
    assert len(home()) == 1
    drop_change(session, call.challenge, reason="Not now.", actor=owner, now=call.now)
    assert home() == []


def test_a_changed_sum_needs_the_budget_and_a_limit_that_covers_it(session, call, owner, manager):
    begin_change(session, call.challenge, why=WHY, actor=owner, now=call.now)
    write_change(session, call.challenge, actor=owner, now=call.now, money_pounds=1_000_001)
    with pytest.raises(Refused) as refused:
        publish_change(session, call.challenge, actor=manager, now=call.now)
    assert refused.value.sentences == ("If the money changes, your limit in pounds covers the new sum.",)
    others = draft(
        session,
        round_=session.get_one(Round, call.challenge.round_id),
        sponsor=None,
        title="Another",
        actor=manager,
        now=call.now,
        money_pounds=4_200_000,
    )
    others.state = "approved"
    session.flush()
    write_change(session, call.challenge, actor=owner, now=call.now, money_pounds=900_000)
    with pytest.raises(Refused) as refused:
        publish_change(session, call.challenge, actor=manager, now=call.now)
    assert refused.value.sentences == ("A changed sum is within the round's budget.",)


# Who is told


def test_everybody_whom_a_change_concerns_is_told_once_and_its_publisher_not(session, call, manager, priya):
    writer = call.application(call.team("Otter Works", priya))
    ewan, fin = call.person("Ewan Baird"), call.person("Finlay Tait")
    sent = call.application(call.team("Second Sight", ewan), complete=True)
    submit(session, sent, actor=call.actor(ewan), now=call.now)
    gone = call.application(call.team("Gone", call.person("Gordon Orr")))
    lead = call.actor(session.get_one(Person, session.get_one(Team, gone.team_id).lead_id))
    advance(session, gone, "withdraw", actor=lead, now=call.now, reason="No time.")
    for n, person in enumerate((priya, fin, call.manager)):
        session.add(
            Follow(
                person_id=person.id,
                workflow="challenge",
                record_id=call.challenge.id,
                token=f"{n}" * 43,
                begun_at=call.now,
            )
        )
    before = set(session.scalars(select(col(Message.id))))
    shown = [(told.standing, told.people) for told in changes_told(session, call, manager)]
    published(session, call, manager, question="How might we see two floods coming?")
    told = session.scalars(select(Message).where(col(Message.id).not_in(before)).order_by(col(Message.address))).all()
    assert {m.address: m.about for m in told} == {
        priya.email: f"/applications/{writer.id}",
        ewan.email: f"/applications/{sent.id}",
        call.owner.email: f"/challenges/{call.challenge.slug}/versions/2",
        fin.email: f"/challenges/{call.challenge.slug}",
    }
    assert len(told) == 4
    bodies = {m.address: m.body for m in told}
    assert all(WHY in body and "The question" in body for body in bodies.values())
    assert "you can submit after that" in bodies[priya.email]
    assert "It stays valid, and answers version 1." in bodies[ewan.email]
    assert shown == [
        ("writes", []),
        ("submitted", []),
        ("runs", ["Hamish Drummond"]),
        ("follows", ["Finlay Tait", "Priya Raeburn"]),
    ]
    # While the call is sealed, a follower who is missing there would be an applicant.


def changes_told(session, call, manager) -> list[version_notices.NoticePreview]:
    """Who the second look names; the change that it looks at is dropped again."""
    begin_change(session, call.challenge, why=WHY, actor=manager, now=call.now)
    write_change(session, call.challenge, actor=manager, now=call.now, title="Flooding")
    told = version_notices.preview(session, call.challenge, actor=manager, now=call.now)
    drop_change(session, call.challenge, reason="To try.", actor=manager, now=call.now)
    return told


# The difference


def test_the_difference_is_read_section_by_section(session, call, manager):
    older = published_text(session, call.challenge)
    newer = published(
        session,
        call,
        manager,
        money_pounds=700_000,
        sections={"problem": "Words about water.", "constraints": "Words, few."},
    )
    programme = programme_of(session, call.challenge)
    found = [(c.title, [tuple(p) for p in c.pieces]) for c in differences(programme, older, newer)]
    assert found == [
        ("The problem", [("same", "Words"), ("new", " about water"), ("same", ".")]),
        ("Constraints", [("same", "Words"), ("new", ", few"), ("same", ".")]),
        ("Money for the contract", [("gone", "£650,000"), ("new", "£700,000"), ("same", " excluding VAT")]),
    ]
    assert (newer.changed, "Background" in versions.unchanged(programme, older, newer)) == (3, True)


# Acknowledging


def test_a_changed_challenge_is_not_submitted_to_without_acknowledgement(session, call, manager, priya):
    application = call.application(call.team("Otter Works", priya), complete=True)
    published(session, call, manager)
    lead = call.actor(priya)
    with pytest.raises(Refused) as refused:
        submit(session, application, actor=lead, now=call.now)
    assert refused.value.sentences == ("You have read the latest text of the challenge.",)
    acknowledge(session, application, actor=lead, now=call.now, version=2)
    kept = submit(session, application, actor=lead, now=call.now)
    assert (application.challenge_version, kept.challenge_version, kept.challenge_id) == (2, 2, call.challenge.id)


def test_reading_an_older_version_acknowledges_nothing(session, call, manager, priya):
    application = call.application(call.team("Otter Works", priya))
    published(session, call, manager)
    published(session, call, manager, title="Flooding, again")
    with pytest.raises(Refused) as refused:
        acknowledge(session, application, actor=call.actor(priya), now=call.now, version=2)
    assert (refused.value.sentences, application.challenge_version) == (("It is the latest version of the text.",), 1)


def test_the_database_keeps_no_submission_to_a_version_that_there_is_not(session, call, priya):
    application = call.application(call.team("Otter Works", priya), complete=True)
    kept = submit(session, application, actor=call.actor(priya), now=call.now)
    assert kept.challenge_version == 1
    session.add(
        Submission(
            application_id=application.id,
            challenge_id=call.challenge.id,
            number=2,
            stage="call",
            challenge_version=2,
            answers={},
            content_hash="",
            submitted_at=call.now,
        )
    )
    with pytest.raises(IntegrityError):
        session.flush()


def test_what_was_submitted_before_a_change_stays_valid_and_can_be_revised(session, call, manager, priya):
    application = call.application(call.team("Otter Works", priya), complete=True)
    lead = call.actor(priya)
    submit(session, application, actor=lead, now=call.now)
    published(session, call, manager)
    assert (application.state, application.challenge_version) == ("submitted", 1)
    advance(session, application, "take_back", actor=lead, now=call.now, reason="To answer the new text.")
    acknowledge(session, application, actor=lead, now=call.now)
    submit(session, application, actor=lead, now=call.now)
    assert [s.challenge_version for s in submissions(session, application)] == [1, 2]
    call.wait_until(call.closes_at)
    assert application.state == "in_progress"


def test_those_who_read_an_application_see_what_it_did_not_answer(session, call, manager):
    assert versions.news_since(session, call.challenge, 1) is None
    published(session, call, manager, title="Flooding")
    published(session, call, manager, title="Floods")
    news = versions.news_since(session, call.challenge, 1)
    assert (news.answered, news.latest.number, news.whys) == (1, 3, [WHY, WHY])
    assert [[tuple(p) for p in c.pieces] for c in news.differences] == [
        [("gone", "Flooding impact"), ("new", "Floods")]
    ]
