"""A round from above: what waits for whom, what is late and why, what is due, and what the reader may know of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Assignment, Gate, Round
from civflow.services.assessment.progress import gates_at
from civflow.services.challenges.drafts import draft
from civflow.services.challenges.stages import gate_of
from civflow.services.dashboards.manager import dashboard
from civflow.services.dashboards.owner import dashboard as owners_dashboard
from civflow.services.dashboards.round import overview
from civflow.services.engine.advance import advance
from civflow.services.questions.questions import ask
from tests.scenes.open_call import Call, grant
from tests.scenes.selection import decided, released, score, sift, three_applied
from tests.web.visitor import statements


def seen_by(call: Call, person):
    round_ = call.session.get_one(Round, call.challenge.round_id)
    return overview(call.session, round_, actor=call.actor(person), now=call.now)


def a_decided_sift(call: Call) -> Gate:
    """A sift whose result is approved and not released: three teams go on."""
    three_applied(call)
    gate = sift(call)
    score(call, gate)
    decided(call, gate, going_on=3)
    return gate


@pytest.fixture
def decided_gate(scenes, call) -> Gate:
    return scenes.play(a_decided_sift)


def waits_for(call: Call, person) -> list[tuple[str, str]]:
    return [(w.text, w.href) for w in seen_by(call, person).waiting]


def test_before_a_gate_begins_its_panel_is_missed(call):
    call.wait_until(call.closes_at - timedelta(days=8))
    assert waits_for(call, call.manager) == []

    call.wait_until(call.closes_at - timedelta(days=6))

    gate = gate_of(call.session, call.challenge, "sift")
    assert waits_for(call, call.manager) == [
        ("Seat the panel for Sift of 11.2 Flooding impact", f"/gates/{gate.id}/panel")
    ]
    (waiting,) = seen_by(call, call.manager).waiting
    assert waiting.detail == (
        "The programme wants at least 3 people, so that each application gets 3 assessors; nobody sits on it."
    )
    assert waiting.due == call.closes_at


def test_what_waits_at_a_gate_goes_with_its_steps(call, gate):
    page, steps = f"/gates/{gate.id}", []
    steps += waits_for(call, call.manager)
    score(call, gate)
    steps += waits_for(call, call.manager)
    advance(call.session, gate, "moderate", actor=call.actor(call.manager), now=call.now)
    steps += waits_for(call, call.manager)
    assert steps == [
        ("End the scoring: Sift of 11.2 Flooding impact", f"/cases/gate/{gate.id}/moderate"),
        ("Propose the result: Sift of 11.2 Flooding impact", f"{page}/propose"),
    ]


def test_what_waits_is_due_by_the_calendar_and_what_is_late_comes_first(call, decided_gate):
    call.now = decided_gate.scoring_due_at + timedelta(hours=1)
    waiting = seen_by(call, call.manager).waiting
    assert [(w.text, w.due) for w in waiting] == [
        ("Release 3 letters: Sift of 11.2 Flooding impact", decided_gate.scoring_due_at),
        ("Seat the panel for Interview of 11.2 Flooding impact", decided_gate.scoring_due_at),
    ]


def test_an_owner_and_a_manager_read_the_same_number_of_assessments(call, gate):
    """Those that were matched late, and have not been sent yet, are asked for too."""
    late = call.session.scalars(select(Assignment).order_by(col(Assignment.id))).first()
    late.state = "proposed"
    call.session.flush()
    owned = owners_dashboard(call.session, actor=call.actor(call.owner), now=call.now)
    [selection] = owned.parts["challenges"][0].selection
    [at] = [at for at in gates_at(call.session, [call.challenge], actor=call.actor(call.manager))[1] if at.gate is gate]
    assert (selection.done, selection.asked) == (at.done, at.asked) == (0, 9)


def test_after_the_letters_the_next_gate_waits_for_its_panel_and_its_interviews(call, decided_gate):
    assert waits_for(call, call.manager) == [
        ("Release 3 letters: Sift of 11.2 Flooding impact", f"/gates/{decided_gate.id}/release")
    ]

    released(call, decided_gate)

    following = gate_of(call.session, call.challenge, "interview")
    assert waits_for(call, call.manager) == [
        ("Seat the panel for Interview of 11.2 Flooding impact", f"/gates/{following.id}/panel"),
        ("Offer 3 interviews for Interview of 11.2 Flooding impact", f"/gates/{following.id}/interviews"),
    ]


def test_scores_that_are_due_are_counted_and_late_ones_say_how_late_and_why(call, gate):
    score(call, gate, leave=4)
    call.now = gate.scoring_due_at - timedelta(days=2)

    (due,) = seen_by(call, call.manager).due
    assert (due.title, due.what, due.at) == (
        "Sift of 11.2 Flooding impact",
        "4 of 9 assessments outstanding",
        gate.scoring_due_at,
    )

    call.now = gate.scoring_due_at + timedelta(days=3)
    found = seen_by(call, call.manager)
    assert [due.title for due in found.due] == ["Interview of 11.2 Flooding impact"]
    assert [(late.what, late.href, late.why) for late in found.late] == [
        (
            "4 of 9 assessments outstanding",
            f"/gates/{gate.id}",
            (
                "Every assessor has submitted, or the panel has decided to proceed without them.",
                "Every application has scores from at least two assessors.",
            ),
        )
    ]


def test_an_answer_of_somebody_else_waits_to_be_published(call):
    question = ask(call.session, call.challenge, text="May I?", actor=call.actor(call.person("Asker")), now=call.now)
    assert waits_for(call, call.manager) == []
    advance(call.session, question, "draft", actor=call.actor(call.owner), now=call.now, answer="Yes.")

    expected = (
        "Publish an answer about 11.2 Flooding impact",
        f"/challenges/{call.challenge.slug}/questions/{question.id}/publish",
    )
    assert expected in waits_for(call, call.manager)
    assert waits_for(call, call.owner) == []  # who wrote it does not clear it
    second = call.person("Second owner")
    grant(call.session, second, "challenge_owner", call.now, scope="challenge", scope_id=call.challenge.id)
    clears = ("Check and publish an answer about “Flooding impact”", expected[1].removesuffix("/publish"))
    assert waits_for(call, second) == [clears]  # the line of their own home page


def test_a_question_beyond_its_promised_day_is_late(call):
    question = ask(call.session, call.challenge, text="May I?", actor=call.actor(call.person("Asker")), now=call.now)
    question.answer_promised_at = call.now + timedelta(days=3)
    call.now += timedelta(days=4)

    (late,) = seen_by(call, call.manager).late
    assert (late.title, late.what, late.href) == (
        "11.2 Flooding impact",
        "1 question without a published answer",
        f"/challenges/{call.challenge.slug}/questions",
    )


def test_an_owner_of_another_challenge_learns_nothing_of_this_one(call, decided_gate):
    call.now = decided_gate.scoring_due_at + timedelta(days=3)
    hidden = draft(
        call.session,
        round_=call.session.get_one(Round, call.challenge.round_id),
        sponsor=None,
        title="Not announced",
        actor=call.actor(call.manager),
        now=call.now,
    )
    own = draft(
        call.session,
        round_=call.session.get_one(Round, call.challenge.round_id),
        sponsor=None,
        title="Own",
        actor=call.actor(call.manager),
        now=call.now,
    )
    other = call.person("Owner of another")
    grant(call.session, other, "challenge_owner", call.now, scope="challenge", scope_id=own.id)

    found = seen_by(call, other)

    assert ([task.text for task in found.waiting], found.late, found.due) == (["Finish the draft of “Own”"], [], [])
    shown = {strip.challenge.id: (strip.is_ours, strip.gates, strip.numbers) for strip in found.strips}
    assert shown == {call.challenge.id: (False, [], {}), own.id: (True, [], {})}
    assert hidden.id not in shown


def test_an_auditor_sees_everything_and_nothing_waits(call, gate):
    auditor = call.person("Auditor")
    grant(call.session, auditor, "auditor", call.now)

    found = seen_by(call, auditor)

    assert found.waiting == ()
    (strip,) = found.strips
    assert [at.gate.id for at in strip.gates][:1] == [gate.id]
    assert strip.numbers == {"application": 3}


def test_a_round_asks_the_same_however_much_it_holds(call, engine):
    round_ = call.session.get_one(Round, call.challenge.round_id)

    def asked() -> int:
        call.session.expire_all()
        with statements(engine) as of:
            dashboard(call.session, actor=call.actor(call.manager), now=call.now)
        return len(of)

    draft(call.session, round_=round_, sponsor=None, title="One", actor=call.actor(call.manager), now=call.now)
    few = asked()
    for number in range(6):
        draft(
            call.session,
            round_=round_,
            sponsor=None,
            title=f"Number {number}",
            actor=call.actor(call.manager),
            now=call.now,
        )
    assert asked() == few
