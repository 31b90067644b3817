"""What the rules about a place and a sprint need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from civflow.services.engine.facts import (
    AGREEMENT,
    APPLICATION,
    CHALLENGE,
    DELIVERABLE,
    HISTORY,
    PLACE,
    SPRINT,
    Facts,
    count,
    running,
    value,
)

FACTS: Facts = {
    "place": {
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
        "open_deliverables": count(DELIVERABLE.c.place_id == PLACE.c.id, running(DELIVERABLE, "deliverable")),
        "open_sprints": count(SPRINT.c.place_id == PLACE.c.id, running(SPRINT, "sprint")),
    },
    "sprint": {
        "place_state": value(PLACE.c.state, PLACE.c.id == SPRINT.c.place_id),
        "open_deliverables": count(DELIVERABLE.c.sprint_id == SPRINT.c.id, running(DELIVERABLE, "deliverable")),
    },
}
