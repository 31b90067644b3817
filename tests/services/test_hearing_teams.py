"""At a gate that hears the teams: nobody's scores are locked before the interview, and who scores has heard the team."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Assignment, Message, Person, Slot
from civflow.services.engine.advance import advance
from civflow.services.interviews.booking import open_slots
from civflow.services.interviews.slots import book_slot, offer_slots
from civflow.workflows.engine import Refusal
from tests.scenes.panel import Panel

OVER = "At a gate that hears the teams, the team's interview is over: it was held, or the team did not come."
HEARD = "Whoever scores a team that was heard has heard it."
TWO = "At least two members of the panel have no conflict of interest with this team: whoever has one steps out."


def offered(panel: Panel, *people: Person) -> Slot:
    (slot,) = offer_slots(
        panel.session,
        panel.gate,
        starts=[panel.call.now + timedelta(days=1)],
        where="",
        panel=[person.id or 0 for person in people or panel.people],
        actor=panel.call.actor(panel.call.manager),
        now=panel.call.now,
    )
    return slot


def refused(panel: Panel, record, trigger: str, person: Person, **inputs) -> tuple[str, ...]:
    try:
        advance(panel.session, record, trigger, actor=panel.call.actor(person), now=panel.call.now, **inputs)
    except Refusal as refusal:
        return refusal.sentences
    return ()


def scored(panel: Panel, person: Person) -> Assignment:
    """An assignment of Otter Works with every score, to be submitted."""
    assignment = panel.assignment(person, panel.otter)
    panel.accept(assignment, person)
    panel.score(assignment, person)
    return assignment


@pytest.mark.parametrize(("trigger", "more"), [("hold", {"attended": 2}), ("miss", {"reason": "Nobody came."})])
def test_scores_are_locked_only_when_the_interview_is_over(panel, trigger, more):
    slot, assignment = offered(panel), scored(panel, panel.chair)
    assert refused(panel, assignment, "submit", panel.chair) == (OVER,)
    book_slot(panel.session, slot, panel.otter, actor=panel.call.actor(panel.leads[0]), now=panel.call.now)
    assert refused(panel, assignment, "submit", panel.chair) == (OVER,)
    panel.call.now += timedelta(days=2)
    advance(panel.session, slot, trigger, actor=panel.call.actor(panel.call.manager), now=panel.call.now, **more)
    assert refused(panel, assignment, "submit", panel.chair) == ()


def test_only_who_has_heard_the_team_submits(panel):
    one, two, three = panel.people
    slot, theirs = offered(panel, one, two), scored(panel, three)
    book_slot(panel.session, slot, panel.otter, actor=panel.call.actor(panel.leads[0]), now=panel.call.now)
    panel.call.now += timedelta(days=2)
    advance(panel.session, slot, "hold", actor=panel.call.actor(one), now=panel.call.now, attended=2)
    assert refused(panel, theirs, "submit", three) == (HEARD,)
    assert refused(panel, scored(panel, two), "submit", two) == ()


def test_where_every_interview_is_cancelled_the_written_words_are_scored(panel):
    slot, assignment = offered(panel), scored(panel, panel.chair)
    office = panel.call.actor(panel.call.manager)
    advance(panel.session, slot, "cancel", actor=office, now=panel.call.now, reason="A strike.")
    assert refused(panel, assignment, "submit", panel.chair) == ()


def test_whoever_has_a_conflict_steps_out_and_two_are_left(session, panel):
    slot, (one, two, _) = offered(panel), panel.people
    panel.declares(one, panel.otter)
    assert list(open_slots(session, panel.otter, now=panel.call.now)) == [slot]
    book_slot(session, slot, panel.otter, actor=panel.call.actor(panel.leads[0]), now=panel.call.now)
    told = session.scalars(select(Message).where(col(Message.key).like("slot-%-book-%"))).all()
    assert {m.person_id for m in told} == {p.id for p in (*panel.people[1:], panel.leads[0])}
    panel.declares(two, panel.otter)
    panel.call.now += timedelta(days=2)
    assert refused(panel, slot, "hold", panel.call.manager, attended=2) == (TWO,)
