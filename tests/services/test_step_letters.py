"""Messages about a step, in the reader's words: what happened, what they are to do, and by when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Message, Person, Round
from civflow.services.applications.submission import submit
from civflow.services.challenges.drafts import draft, write_challenge
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.notifications.preview import preview
from civflow.services.programmes.store import programme_of
from civflow.services.teams.teams import invite
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, Letter
from tests.scenes.open_call import grant


@pytest.fixture
def team(call):
    return call.team("Otter Works", call.person("Priya Raeburn"))


def messages_to(session, person):
    """Subject and text of what a person was sent, without the greeting, the newest last."""
    query = select(Message).where(col(Message.person_id) == person.id).order_by(col(Message.id))
    return [(m.subject, m.body.partition("\n\n")[2]) for m in session.scalars(query)]


def test_no_two_steps_of_a_noun_have_one_subject():
    subjects = {
        (page.name, step.name, told.subject)
        for page in HANDBOOK.values()
        for step in page.steps
        for told in step.tells.values()
        if isinstance(told, Letter) and told.subject
    }
    assert len({(noun, subject) for noun, _, subject in subjects}) == len(subjects) > 40


def test_an_approver_reads_that_it_is_theirs_to_approve_and_by_when(call, session):
    ada = call.person("Ada Innes")
    grant(session, ada, "approver", call.now, limit_pounds=900_000)
    manager = call.actor(call.manager)
    round_ = session.get_one(Round, call.challenge.round_id)
    challenge = draft(
        session,
        round_=round_,
        sponsor=None,
        title="Ghost gear",
        reference="11.3",
        question="How might we find lost nets?",
        actor=manager,
        now=call.now,
    )
    sections = {section.id: "Words." for section in programme_of(session, challenge).brief}
    write_challenge(
        session,
        challenge,
        actor=manager,
        now=call.now,
        sections=sections,
        money_pounds=650_000,
        opens_at=call.closes_at,
        closes_at=call.closes_at.replace(month=3),
    )
    advance(session, challenge, "submit_for_review", actor=manager, now=call.now)
    assert messages_to(session, ada) == [
        (
            "Approve or answer: 11.3 Ghost gear",
            (
                "Morag Sinclair has sent the challenge for approval. It asks for £650,000 and is to open on "
                "Monday 2 February 2026, 12 noon (UK time). Read it, then approve it or say what has to change: "
                "the sponsor is promised an answer by Monday 19 January 2026, 5pm (UK time)."
            ),
        )
    ]


def test_another_last_moment_for_questions_is_told_with_its_date(call, session, team):
    call.application(team)
    owner, until = call.actor(call.owner), call.closes_at - timedelta(days=1)
    page = workflow_of(session, call.challenge)
    step = page.steps_from("open")["move_questions"]
    shown = preview(session, page, step, call.challenge, actor=owner, now=call.now)
    assert "can be asked until (the moment that you give)." in shown.to_people.body
    advance(
        session, call.challenge, "move_questions", actor=owner, now=call.now, reason="Many ask.", questions_until=until
    )
    assert messages_to(session, session.get_one(Person, team.lead_id))[-1][1].startswith(
        "The last moment for questions has moved, for everybody: they can be asked until "
        "Sunday 1 February 2026, 12 noon (UK time)."
    )


@pytest.mark.parametrize(
    ("trigger", "subject"),
    [
        ("take_back", "Taken back, so not submitted: 1-0001 of Otter Works to 11.2 Flooding impact"),
        ("withdraw", "Withdrawn, so it does not count: 1-0001 of Otter Works to 11.2 Flooding impact"),
    ],
)
def test_every_member_is_told_that_it_does_not_count_until_it_is_submitted_again(call, session, team, trigger, subject):
    priya = session.get_one(Person, team.lead_id)
    hana = call.person("Hana Begg")
    membership = invite(session, team, hana, actor=call.actor(priya), now=call.now)
    advance(session, membership, "accept", actor=call.actor(hana), now=call.now)
    application = call.application(team, complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    advance(session, application, trigger, actor=call.actor(priya), now=call.now, reason="A slip.")
    found, text = messages_to(session, hana)[-1]
    assert found == subject
    assert "by Monday 2 February 2026, 12 noon (UK time) at the latest" in text
    assert text.endswith("The reason given:\nA slip.")


def test_a_refused_reserve_reads_no_name_of_a_step(call, session, team):
    application = call.application(team, complete=True)
    priya = session.get_one(Person, team.lead_id)
    submit(session, application, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    advance(session, application, "keep_in_reserve", actor=CIVFLOW, now=call.now)
    advance(
        session, application, "close_the_reserve", actor=call.actor(call.manager), now=call.now, reason="All taken."
    )
    subject, text = messages_to(session, priya)[-1]
    assert subject == f"No place became free: {application.reference} of Otter Works to 11.2 Flooding impact"
    assert "Release from the reserve" not in text
