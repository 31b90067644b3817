"""What an approver has approved at a gate is what its places cost, whoever takes a place afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Gate, Outcome, Person, Place
from civflow.services.assessment.ranking import outcomes_of
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.workflows.engine import CIVFLOW, Refusal
from tests.scenes.open_call import Call, grant, place_of
from tests.scenes.selection import TEAMS, applied

BEYOND = (
    "A place that was approved at the gate is free; for one more, whoever takes the step is an approver, and their "
    "limit in pounds covers what all the places cost with it."
)


@dataclass
class Line:
    """One team has gone on from the interviews to the exploration at £5,000, and two wait in reserve."""

    call: Call
    gate: Gate
    ahead: Application
    reserve: list[Application]
    office: Person

    def step(self, record, trigger: str, person: Person | None = None) -> tuple[str, ...]:
        """Take a step, by a programme manager who approves nothing if nobody is named; the sentences of a refusal."""
        actor = self.call.actor(person or self.office)
        try:
            advance(self.call.session, record, trigger, actor=actor, now=self.call.now, reason="A place is free.")
        except Refusal as refusal:
            return refusal.sentences
        return ()

    def approver(self, limit: int) -> Person:
        person = self.call.person(f"Approver of {limit}")
        grant(self.call.session, person, "approver", self.call.now, limit_pounds=limit)
        return person


def interviewed(call: Call) -> Line:
    session = call.session
    ahead, *reserve, _ = applied(call, *TEAMS, "Curlew Systems")  # the last one still stands at the sift
    call.wait_until(call.closes_at)
    office = call.person("Ishbel Office")
    grant(session, office, "programme_manager", call.now)
    gate = gate_of(session, call.challenge, "interview")
    for rank, application in enumerate((ahead, *reserve), start=1):
        call.goes_on(application, "interview")
        decision = "reserve" if rank > 1 else "goes_on"
        session.add(Outcome(gate_id=gate.id, application_id=application.id, rank=rank, total=5000, decision=decision))
    gate.approved_by_id = call.manager.id  # scenery: the gate is released, with one place
    gate.state, gate.going_on, gate.stake_pounds = "released", 1, 5_000
    gate.approved_at = gate.released_at = call.now
    call.challenge.state = "exploration"
    call.goes_on(ahead, "exploration")
    for application in reserve:
        advance(session, application, "keep_in_reserve", actor=CIVFLOW, now=call.now)
    return Line(call, gate, ahead, reserve, office)


@pytest.fixture
def line(scenes, call) -> Line:
    return scenes.play(interviewed)


def test_nobody_is_promoted_beyond_what_was_approved(session, line):
    first = line.reserve[0]
    assert line.step(first, "promote") == (BEYOND,)
    assert line.step(first, "promote", line.approver(9_999)) == (BEYOND,)
    assert (first.state, first.stage) == ("reserve", "interview")
    assert len(session.scalars(select(Place)).all()) == 1
    assert line.step(first, "promote", line.approver(10_000)) == ()
    assert (first.state, first.stage) == ("in_progress", "exploration")
    assert line.step(line.reserve[1], "promote", line.approver(14_999)) == (BEYOND,)


def test_a_place_that_became_free_goes_to_the_reserve(line):
    place = place_of(line.call.session, line.ahead)
    lead = line.call.session.scalars(select(Person).where(col(Person.name) == "Lead of Otter Works")).one()
    assert line.step(place, "decline", lead) == ()
    assert line.step(line.reserve[0], "promote") == ()
    assert line.step(line.reserve[1], "promote") == (BEYOND,)


def test_a_place_that_another_team_has_taken_is_not_offered_again(line):
    place = place_of(line.call.session, line.ahead)
    line.call.wait_until(place.respond_by + timedelta(seconds=1))
    line.call.session.refresh(place)
    assert place.state == "lapsed"
    assert line.step(line.reserve[0], "promote") == ()
    assert line.step(place, "offer_again") == (BEYOND,)
    assert line.step(place, "offer_again", line.approver(10_000)) == ()


def test_a_team_that_was_not_selected_later_has_used_its_place(line):
    line.ahead.stage, line.ahead.state = "pitch", "not_selected"  # scenery: after the next gate
    line.call.session.flush()
    assert line.step(line.reserve[0], "promote") == (BEYOND,)


def test_where_nobody_goes_on_nobody_waits_for_a_place(session, call, panel):
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    for other in session.scalars(select(Gate).where(col(Gate.stage) == "interview")).all():
        session.delete(other)
    session.flush()
    panel.gate.stage = "interview"  # scenery: a gate whose programme keeps one in reserve
    session.flush()
    panel.take(panel.chair, "propose", going_on=0, number_reason="None convinced.")
    assert [outcome.decision for outcome in outcomes_of(session, panel.gate)] == ["not_selected", "not_selected"]
