"""What the rules about a place and a sprint need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import select

from civflow.services.challenges.approved_places import places_at
from civflow.services.engine.facts import (
    AGREEMENT,
    APPLICATION,
    CHALLENGE,
    DELIVERABLE,
    GATE,
    HISTORY,
    PLACE,
    SPRINT,
    Facts,
    count,
    running,
    value,
)
from civflow.services.people.conflicts import conflicted

# A place is offered and taken up again while its challenge stands at its stage, so after the gate that was released last.
LAST_GATE = (
    select(GATE.c.id)
    .where(GATE.c.challenge_id == PLACE.c.challenge_id, GATE.c.released_at.is_not(None))
    .order_by(GATE.c.released_at.desc(), GATE.c.id.desc())
    .limit(1)
    .correlate(PLACE)
    .scalar_subquery()
)

FACTS: Facts = {
    "deliverable": {"conflicted_ids": conflicted(DELIVERABLE.c.team_id)},
    "place": {
        "conflicted_ids": conflicted(PLACE.c.team_id),
        "agreement_state": value(AGREEMENT.c.state, AGREEMENT.c.place_id == PLACE.c.id),
        "application_state": value(APPLICATION.c.state, APPLICATION.c.id == PLACE.c.application_id),
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == PLACE.c.challenge_id),
        "left_with_it": count(
            APPLICATION.c.id == PLACE.c.application_id,
            HISTORY.c.workflow == "application",
            HISTORY.c.record_id == APPLICATION.c.id,
            HISTORY.c.number == APPLICATION.c.revision,
            HISTORY.c.step == "leave",
            HISTORY.c.at == PLACE.c.since,
        ),
        **places_at(LAST_GATE, but=PLACE.c.application_id),
        "open_deliverables": count(DELIVERABLE.c.place_id == PLACE.c.id, running(DELIVERABLE, "deliverable")),
        "open_sprints": count(SPRINT.c.place_id == PLACE.c.id, running(SPRINT, "sprint")),
    },
    "sprint": {
        "place_state": value(PLACE.c.state, PLACE.c.id == SPRINT.c.place_id),
        "open_deliverables": count(DELIVERABLE.c.sprint_id == SPRINT.c.id, running(DELIVERABLE, "deliverable")),
    },
}
