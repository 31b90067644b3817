"""What the rules about an interview slot need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from civflow.services.assessment.gates import AT_THE_GATE
from civflow.services.engine.facts import (
    APPLICATION,
    GATE,
    PANELLIST,
    SLOT,
    SLOT_PANEL,
    Facts,
    ids,
    others_of,
    pairs,
    value,
)
from civflow.services.people.conflicts import has_conflict
from civflow.workflows.interviews import BOOKED

OTHER_SLOT = others_of(SLOT)

FACTS: Facts = {
    "slot": {
        "chair_id": value(PANELLIST.c.person_id, PANELLIST.c.gate_id == SLOT.c.gate_id, PANELLIST.c.chairs.is_(True)),
        "panel_ids": ids(SLOT_PANEL.c.person_id, SLOT_PANEL.c.slot_id == SLOT.c.id),
        "conflicts_here": pairs(
            SLOT_PANEL.c.person_id,
            APPLICATION.c.id,
            APPLICATION.c.challenge_id == SLOT.c.challenge_id,
            SLOT_PANEL.c.slot_id == SLOT.c.id,
            has_conflict(SLOT_PANEL.c.person_id, APPLICATION.c.team_id),
        ),
        "booked_applications": ids(
            OTHER_SLOT.c.application_id, OTHER_SLOT.c.gate_id == SLOT.c.gate_id, OTHER_SLOT.c.state.in_(BOOKED)
        ),
        "invited_applications": pairs(
            APPLICATION.c.id, APPLICATION.c.team_id, AT_THE_GATE, GATE.c.id == SLOT.c.gate_id
        ),
    },
}
