"""What the rules about an application need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import exists, select

from civflow.services.challenges.approved_places import places_at
from civflow.services.engine.facts import (
    APPLICATION,
    ASSIGNMENT,
    CHALLENGE,
    GATE,
    MEMBERSHIP,
    Facts,
    count,
    ids,
    others_of,
    value,
)
from civflow.services.people.conflicts import conflicted, has_conflict, takes_part
from civflow.workflows.assessment.assignments import MAY_READ, PROPOSED
from civflow.workflows.assessment.gates import NOT_BEGUN, RELEASED
from civflow.workflows.teams.memberships import MEMBERS

ANOTHER = others_of(APPLICATION)
ITS_GATE = (
    select(GATE.c.id)
    .where(GATE.c.challenge_id == APPLICATION.c.challenge_id, GATE.c.stage == APPLICATION.c.stage)
    .correlate(APPLICATION)
    .scalar_subquery()
)

FACTS: Facts = {
    "application": {
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "decision_promised_at": value(CHALLENGE.c.decision_promised_at, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "gate_is_released": exists()
        .where(
            GATE.c.challenge_id == APPLICATION.c.challenge_id,
            GATE.c.stage == APPLICATION.c.stage,
            GATE.c.state.in_(RELEASED),
        )
        .correlate(APPLICATION),
        "challenge_closes_at": value(CHALLENGE.c.closes_at, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "challenge_version_now": value(CHALLENGE.c.version, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "resubmit_by": value(
            GATE.c.resubmit_by,
            GATE.c.challenge_id == APPLICATION.c.challenge_id,
            GATE.c.stage == APPLICATION.c.stage,
            GATE.c.state.in_(NOT_BEGUN),
        ),
        "assessor_ids": ids(
            ASSIGNMENT.c.assessor_id,
            ASSIGNMENT.c.application_id == APPLICATION.c.id,
            ASSIGNMENT.c.state.not_in(PROPOSED),
        ),
        "reader_ids": ids(
            ASSIGNMENT.c.assessor_id,
            ASSIGNMENT.c.application_id == APPLICATION.c.id,
            ASSIGNMENT.c.state.in_(MAY_READ),
            ~has_conflict(ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.team_id),
        ),
        "unsealed_ones": count(ANOTHER.c.challenge_id == APPLICATION.c.challenge_id, ANOTHER.c.stage != ""),
        **places_at(ITS_GATE, but=APPLICATION.c.id),
        "conflicted_ids": conflicted(APPLICATION.c.team_id),
        "runner_ids": ids(
            MEMBERSHIP.c.person_id,
            MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
            MEMBERSHIP.c.state.in_(MEMBERS),
            takes_part(MEMBERSHIP.c.person_id, APPLICATION.c.challenge_id, APPLICATION.c.round_id),
        ),
    },
}
