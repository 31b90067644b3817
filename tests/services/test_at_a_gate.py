"""An application at a gate: one definition for every rule and page, also where one stands in reserve."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from civflow.models import Application
from civflow.services.assessment.gate_page import gate_page
from civflow.services.assessment.gates import applications_at
from civflow.services.assessment.matching import match
from civflow.services.assessment.progress import gates_at
from civflow.services.assessment.ranking import ranking_of
from civflow.services.dashboards.around import around
from civflow.services.engine.advance import advance
from civflow.services.engine.facts import GATE, facts
from civflow.services.interviews.booking import gate_here, open_slots
from civflow.services.interviews.slots import offer_slots
from civflow.workflows.engine import CIVFLOW
from tests.scenes.panel import Panel


def standing(session: Session, panel: Panel) -> dict[str, Any]:
    """Which of the two applications stand at the gate, as each of those who ask for it sees them."""
    both, now = [panel.otter, panel.heron], panel.call.now
    (at,) = (
        at
        for at in gates_at(session, [panel.call.challenge], actor=panel.call.actor(panel.call.manager))[
            panel.call.challenge.id
        ]
        if at.gate is panel.gate
    )
    known = facts()["gate"]
    number = session.execute(select(known["applications_here"]).select_from(GATE).where(GATE.c.id == panel.gate.id))
    seen = around(session, both, now=now)
    return {
        "listed": list(applications_at(session, panel.gate)),
        "number for its rules": number.scalar(),
        "number on the strip": at.here,
        "of the team's page": [one for one in both if gate_here(session, one) is panel.gate],
        "may book": [one for one in both if open_slots(session, one, now=now)],
        "of the team's home": [one for one in both if seen.gates.get(one.id)],
        "offered on the team's home": [one for one in both if seen.offered.get(one.id)],
    }


def agreed(*applications: Application) -> dict[str, Any]:
    found = list(applications)
    return {
        "listed": found,
        "number for its rules": len(found),
        "number on the strip": len(found),
        "of the team's page": found,
        "may book": found,
        "of the team's home": found,
        "offered on the team's home": found,
    }


def test_what_is_in_the_selection_stands_at_the_gate_and_what_is_in_reserve_does_not(session, panel):
    (slot,) = offer_slots(
        session,
        panel.gate,
        starts=[panel.call.now + timedelta(days=1)],
        where="",
        now=panel.call.now,
        panel=[person.id for person in panel.people[:2]],
        actor=panel.call.actor(panel.call.manager),
    )
    assert standing(session, panel) == agreed(panel.otter, panel.heron)

    advance(session, panel.heron, "keep_in_reserve", actor=CIVFLOW, now=panel.call.now)
    assert standing(session, panel) == agreed(panel.otter)
    assert {application.id for application, _ in match(session, panel.gate).pairs} <= {panel.otter.id}
    assert [line.application for line in gate_page(session, panel.gate, with_scores=True).lines] == [panel.otter]
    office = panel.call.actor(panel.call.manager)
    advance(session, slot, "cancel", actor=office, now=panel.call.now, reason="The written words are enough.")
    panel.everybody_scores()
    assert [one.application for one in ranking_of(session, panel.gate).ranked] == [panel.otter.id]
