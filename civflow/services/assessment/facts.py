"""What the rules about a gate and an assignment need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import and_, func, not_, select, type_coerce

from civflow.models.assessment import IN_THE_LINE
from civflow.services.assessment.gates import AT_THE_GATE
from civflow.services.engine.facts import (
    APPLICATION,
    ASSIGNMENT,
    CHALLENGE,
    DATES,
    GATE,
    MEMBERSHIP,
    OUTCOME,
    PANELLIST,
    SCORE,
    SLOT,
    SLOT_PANEL,
    Facts,
    count,
    ids,
    names,
    numbers,
    others_of,
    pairs,
    value,
)
from civflow.services.engine.lists import ListOf
from civflow.services.people.conflicts import conflicted, has_conflict, person_and_record
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN, WITHDRAWN
from civflow.workflows.assessment.assignments import ASKED_FOR, LOCKED, TO_COME
from civflow.workflows.assessment.gate_rules import ASSESSORS_EACH
from civflow.workflows.engine import Names
from civflow.workflows.interviews import BOOKED, HELD, OVER, STANDING

ITS_SLOT = and_(SLOT.c.gate_id == ASSIGNMENT.c.gate_id, SLOT.c.application_id == ASSIGNMENT.c.application_id)

EQUAL = others_of(OUTCOME)

OUTSTANDING = and_(
    ASSIGNMENT.c.gate_id == GATE.c.id,
    ASSIGNMENT.c.state.in_(TO_COME),
)

SUBMITTED_HERE = (
    select(func.count())
    .select_from(ASSIGNMENT)
    .where(
        ASSIGNMENT.c.gate_id == GATE.c.id,
        ASSIGNMENT.c.application_id == APPLICATION.c.id,
        ASSIGNMENT.c.state.in_(LOCKED),
        ~has_conflict(ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.team_id),
    )
    .correlate(GATE, APPLICATION)
    .scalar_subquery()
)

DECIDED = select(OUTCOME.c.application_id).where(OUTCOME.c.gate_id == GATE.c.id).correlate(GATE)

FACTS: Facts = {
    "gate": {
        "panel_size": count(PANELLIST.c.gate_id == GATE.c.id),
        "chair_id": value(PANELLIST.c.person_id, PANELLIST.c.gate_id == GATE.c.id, PANELLIST.c.chairs.is_(True)),
        "panel_ids": ids(PANELLIST.c.person_id, PANELLIST.c.gate_id == GATE.c.id),
        "applications_here": count(AT_THE_GATE),
        "applicant_ids": ids(
            MEMBERSHIP.c.person_id,
            MEMBERSHIP.c.joined_at.is_not(None),
            MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
            APPLICATION.c.challenge_id == GATE.c.challenge_id,
            APPLICATION.c.state.not_in((*BEING_WRITTEN, *HANDED_IN, *WITHDRAWN)),
        ),
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == GATE.c.challenge_id),
        "sealed_until": value(func.max(APPLICATION.c.sealed_until), APPLICATION.c.challenge_id == GATE.c.challenge_id),
        "sealed_ones": count(APPLICATION.c.challenge_id == GATE.c.challenge_id, APPLICATION.c.state.in_(HANDED_IN)),
        "outstanding": count(OUTSTANDING),
        "thinly_scored": count(AT_THE_GATE, SUBMITTED_HERE < ASSESSORS_EACH),
        "open_interviews": count(SLOT.c.gate_id == GATE.c.id, SLOT.c.state.in_(BOOKED)),
        "assessor_ids": ids(
            ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.gate_id == GATE.c.id, ASSIGNMENT.c.state.in_(LOCKED)
        ),
        "tied_ids": ids(
            OUTCOME.c.application_id,
            OUTCOME.c.gate_id == GATE.c.id,
            EQUAL.c.gate_id == OUTCOME.c.gate_id,
            EQUAL.c.rank == OUTCOME.c.rank,
            EQUAL.c.id != OUTCOME.c.id,
        ),
        "ranks": numbers(OUTCOME.c.rank, OUTCOME.c.gate_id == GATE.c.id),
        "scores_in_conflict": count(
            ASSIGNMENT.c.gate_id == GATE.c.id,
            ASSIGNMENT.c.state.in_(LOCKED),
            has_conflict(ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.team_id),
        ),
        "gone_from_the_line": count(
            OUTCOME.c.gate_id == GATE.c.id,
            OUTCOME.c.decision.in_(IN_THE_LINE),
            OUTCOME.c.application_id == APPLICATION.c.id,
            not_(AT_THE_GATE),
        ),
        "unranked": count(AT_THE_GATE, APPLICATION.c.id.not_in(DECIDED)),
        "conflicts_here": pairs(
            *person_and_record(APPLICATION.c.id, APPLICATION.c.team_id, AT_THE_GATE | APPLICATION.c.id.in_(DECIDED))
        ),
        "scores_here": pairs(
            SCORE.c.id,
            ASSIGNMENT.c.application_id,
            SCORE.c.assignment_id == ASSIGNMENT.c.id,
            ASSIGNMENT.c.gate_id == GATE.c.id,
        ),
        "begins_at": value(
            DATES.c.starts_at, DATES.c.challenge_id == GATE.c.challenge_id, DATES.c.stage == GATE.c.stage
        ),
        "asked": count(ASSIGNMENT.c.gate_id == GATE.c.id, ASSIGNMENT.c.state.in_(ASKED_FOR)),
        "submitted": count(ASSIGNMENT.c.gate_id == GATE.c.id, ASSIGNMENT.c.state.in_(LOCKED)),
        "interviews": count(SLOT.c.gate_id == GATE.c.id, SLOT.c.state.in_(STANDING) | (SLOT.c.attended > 0)),
        "letters": count(OUTCOME.c.gate_id == GATE.c.id),
    },
    "assignment": {
        "chair_id": value(
            PANELLIST.c.person_id, PANELLIST.c.gate_id == ASSIGNMENT.c.gate_id, PANELLIST.c.chairs.is_(True)
        ),
        "conflicted_ids": conflicted(ASSIGNMENT.c.team_id, gate=ASSIGNMENT.c.gate_id),
        "gate_state": value(GATE.c.state, GATE.c.id == ASSIGNMENT.c.gate_id),
        "criteria": value(type_coerce(GATE.c.criteria, ListOf(Names, commas=True)), GATE.c.id == ASSIGNMENT.c.gate_id),
        "scale_least": value(GATE.c.scale_least, GATE.c.id == ASSIGNMENT.c.gate_id),
        "scale_most": value(GATE.c.scale_most, GATE.c.id == ASSIGNMENT.c.gate_id),
        "scored": names(SCORE.c.criterion, SCORE.c.assignment_id == ASSIGNMENT.c.id, SCORE.c.reason != ""),
        "interviews_here": count(SLOT.c.gate_id == ASSIGNMENT.c.gate_id, SLOT.c.state.in_((*STANDING, *OVER))),
        "interviews_over": count(ITS_SLOT, SLOT.c.state.in_(OVER)),
        "hearer_ids": ids(
            SLOT_PANEL.c.person_id,
            ITS_SLOT,
            SLOT.c.state.in_(HELD),
            SLOT_PANEL.c.slot_id == SLOT.c.id,
            ~has_conflict(SLOT_PANEL.c.person_id, SLOT.c.team_id),
        ),
        "conflicts": has_conflict(ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.team_id),
    },
}
