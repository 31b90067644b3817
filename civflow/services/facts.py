"""What rules need beyond a record's own columns: for each noun, a name and the SQL that answers it for one record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String, Table, and_, case, cast, exists, func, or_, select

from civflow.models import (
    Agreement,
    Application,
    AskedChange,
    Assignment,
    Challenge,
    ChallengeScore,
    ChallengeVersion,
    Deliverable,
    Document,
    Gate,
    Grant,
    History,
    LiveSession,
    Membership,
    Message,
    Outcome,
    Panellist,
    Place,
    Question,
    Round,
    Score,
    Scorer,
    Slot,
    SlotPanel,
    Sprint,
    Team,
    Tracked,
)
from civflow.services.conflicts import has_conflict, listed, runs, takes_part
from civflow.workflows import HANDBOOK
from civflow.workflows.agreements import SIGNED
from civflow.workflows.assignments import MAY_READ, TO_COME
from civflow.workflows.engine import Workflow
from civflow.workflows.gates import ASSESSORS_EACH
from civflow.workflows.readiness import COMMITS_NOTHING


def table(model: Any) -> Table:
    return model.__table__  # type: ignore[no-any-return]


AGREEMENT, APPLICATION, ASSIGNMENT, CHALLENGE = map(table, (Agreement, Application, Assignment, Challenge))
VERSION, DELIVERABLE, DOCUMENT, GATE = map(table, (ChallengeVersion, Deliverable, Document, Gate))
OUTCOME, PANELLIST, PLACE, QUESTION, ROUND = map(table, (Outcome, Panellist, Place, Question, Round))
MEMBERSHIP, SCORE, SLOT, SLOT_PANEL, SPRINT, TEAM = map(table, (Membership, Score, Slot, SlotPanel, Sprint, Team))
LIVE_SESSION, GRANT, HISTORY, MESSAGE = table(LiveSession), table(Grant), table(History), table(Message)
ASKED_CHANGE, SCORER, CHALLENGE_SCORE = map(table, (AskedChange, Scorer, ChallengeScore))


def finals(name: str) -> list[str]:
    """The final states of a noun."""
    return [s.name for s in HANDBOOK[name].states.values() if s.final]


def running(model: Table, name: str) -> ColumnElement[bool]:
    """Records of a noun that are not in a final state."""
    return model.c.state.not_in(finals(name))


def count(*where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.count()).where(*where).scalar_subquery()


def value(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(column).where(*where).limit(1).scalar_subquery()


def joined(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    """The values with commas between, or NULL."""
    return select(func.aggregate_strings(cast(column, String), ",")).where(*where).scalar_subquery()


def _others(t: Table) -> Table:
    """The same table under another name, for a subquery about its other rows."""
    return t.alias(f"other_{t.name}")  # type: ignore[return-value]


OTHER_CHALLENGE = _others(CHALLENGE)
OTHER_QUESTION = _others(QUESTION)
OTHER_SLOT = _others(SLOT)
OUTSTANDING = and_(
    ASSIGNMENT.c.gate_id == GATE.c.id,
    ASSIGNMENT.c.state.in_(TO_COME),
)
HERE = and_(
    APPLICATION.c.challenge_id == GATE.c.challenge_id,
    APPLICATION.c.state == "in_progress",
    APPLICATION.c.stage == GATE.c.stage,
)
SUBMITTED_HERE = (
    select(func.count())
    .select_from(ASSIGNMENT)
    .where(
        ASSIGNMENT.c.gate_id == GATE.c.id,
        ASSIGNMENT.c.application_id == APPLICATION.c.id,
        ASSIGNMENT.c.state == "submitted",
    )
    .correlate(GATE, APPLICATION)
    .scalar_subquery()
)

DECIDED = select(OUTCOME.c.application_id).where(OUTCOME.c.gate_id == GATE.c.id).correlate(GATE)

# The text of a challenge that is being written: the first one, or a change of what is published.
IN_HAND = and_(
    VERSION.c.challenge_id == CHALLENGE.c.id, VERSION.c.published_at.is_(None), VERSION.c.dropped_at.is_(None)
)

# Who is named to score a challenge in its latest review; somebody who was taken off is named no longer.
NAMED = and_(
    SCORER.c.challenge_id == CHALLENGE.c.id, SCORER.c.review == CHALLENGE.c.review, SCORER.c.taken_off_at.is_(None)
)

# An application that is sealed, if its seal lies ahead: of somebody in whose team a message arrives that is about it.
SEALED_FOR_THE_ADDRESSEE = and_(
    MEMBERSHIP.c.person_id == MESSAGE.c.person_id,
    MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
    APPLICATION.c.state.in_(("draft", "submitted")),
    APPLICATION.c.challenge_id == CHALLENGE.c.id,
    or_(
        MESSAGE.c.about == "/applications/" + cast(APPLICATION.c.id, String),
        MESSAGE.c.about.like("/applications/" + cast(APPLICATION.c.id, String) + "/%"),
        MESSAGE.c.about.like("/challenges/" + CHALLENGE.c.slug + "%"),
    ),
)

FACTS: dict[str, dict[str, ColumnElement[Any]]] = {
    "round": {
        "approved_challenges": count(CHALLENGE.c.round_id == ROUND.c.id, CHALLENGE.c.state == "approved"),
        "running_challenges": count(CHALLENGE.c.round_id == ROUND.c.id, running(CHALLENGE, "challenge")),
        "last_close": value(
            func.max(CHALLENGE.c.closes_at), CHALLENGE.c.round_id == ROUND.c.id, running(CHALLENGE, "challenge")
        ),
        "money_committed": value(
            func.coalesce(func.sum(CHALLENGE.c.money_pounds), 0),
            CHALLENGE.c.round_id == ROUND.c.id,
            CHALLENGE.c.state.not_in(COMMITS_NOTHING),
        ),
    },
    "challenge": {
        "brief_is_complete": value(VERSION.c.complete, IN_HAND),
        "changes_in_hand": count(IN_HAND, CHALLENGE.c.version > 0),
        "changed_parts": value(VERSION.c.changed, IN_HAND),
        "changed_money": value(VERSION.c.money_pounds, IN_HAND),
        "last_deadline": value(
            func.max(APPLICATION.c.closes_at),
            APPLICATION.c.challenge_id == CHALLENGE.c.id,
            APPLICATION.c.state.in_(("draft", "submitted")),
        ),
        "rehearsal": value(ROUND.c.rehearsal, ROUND.c.id == CHALLENGE.c.round_id),
        "round_state": value(ROUND.c.state, ROUND.c.id == CHALLENGE.c.round_id),
        "round_ends_at": value(ROUND.c.ends_at, ROUND.c.id == CHALLENGE.c.round_id),
        "round_budget": value(ROUND.c.budget_pounds, ROUND.c.id == CHALLENGE.c.round_id),
        "round_money_committed": select(func.coalesce(func.sum(OTHER_CHALLENGE.c.money_pounds), 0))
        .where(
            OTHER_CHALLENGE.c.round_id == CHALLENGE.c.round_id,
            OTHER_CHALLENGE.c.id != CHALLENGE.c.id,
            OTHER_CHALLENGE.c.state.not_in(COMMITS_NOTHING),
        )
        .scalar_subquery(),
        "started_gates": count(GATE.c.challenge_id == CHALLENGE.c.id, GATE.c.state != "waiting"),
        "released_gates": joined(GATE.c.stage, GATE.c.challenge_id == CHALLENGE.c.id, GATE.c.state == "released"),
        "running_stages": joined(
            PLACE.c.stage, PLACE.c.challenge_id == CHALLENGE.c.id, PLACE.c.state.in_(("offered", "accepted", "active"))
        ),
        "open_change_ids": joined(
            ASKED_CHANGE.c.id, ASKED_CHANGE.c.challenge_id == CHALLENGE.c.id, ASKED_CHANGE.c.dealt_at.is_(None)
        ),
        "author_ids": joined(
            GRANT.c.person_id,
            GRANT.c.role.in_(("challenge_owner", "challenge_writer")),
            GRANT.c.revoked_at.is_(None),
            or_(
                GRANT.c.scope == "site",
                and_(GRANT.c.scope == "round", GRANT.c.scope_id == CHALLENGE.c.round_id),
                and_(GRANT.c.scope == "challenge", GRANT.c.scope_id == CHALLENGE.c.id),
            ),
        ),
        "applicant_ids": joined(
            MEMBERSHIP.c.person_id,
            MEMBERSHIP.c.state == "active",
            MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
            APPLICATION.c.challenge_id == CHALLENGE.c.id,
            running(APPLICATION, "application"),
        ),
        "scorer_ids": joined(SCORER.c.person_id, NAMED),
        "waiting_scorer_ids": joined(SCORER.c.person_id, NAMED, SCORER.c.scored_at.is_(None)),
        "scores_given": select(
            func.aggregate_strings(CHALLENGE_SCORE.c.criterion + ":" + cast(CHALLENGE_SCORE.c.score, String), ",")
        )
        .where(CHALLENGE_SCORE.c.scorer_id == SCORER.c.id, NAMED, SCORER.c.scored_at.is_not(None))
        .correlate(CHALLENGE)
        .scalar_subquery(),
        "signed_contracts": count(
            AGREEMENT.c.challenge_id == CHALLENGE.c.id,
            AGREEMENT.c.place_id.is_(None),
            AGREEMENT.c.state.in_(SIGNED),
        ),
    },
    "team": {
        "active_member_ids": joined(
            MEMBERSHIP.c.person_id, MEMBERSHIP.c.team_id == TEAM.c.id, MEMBERSHIP.c.state == "active"
        ),
        "active_members": count(MEMBERSHIP.c.team_id == TEAM.c.id, MEMBERSHIP.c.state == "active"),
        "others_joined": count(
            MEMBERSHIP.c.team_id == TEAM.c.id,
            MEMBERSHIP.c.joined_at.is_not(None),
            MEMBERSHIP.c.person_id != TEAM.c.alone_id,
        ),
        "listed_ids": joined(MEMBERSHIP.c.person_id, MEMBERSHIP.c.team_id == TEAM.c.id),
        "taken_in": joined(
            cast(APPLICATION.c.round_id, String) + ":" + cast(APPLICATION.c.challenge_id, String),
            APPLICATION.c.team_id == TEAM.c.id,
            APPLICATION.c.stage != "",
            APPLICATION.c.state.not_in(("draft", "submitted")),
        ),
        "open_memberships": count(MEMBERSHIP.c.team_id == TEAM.c.id, MEMBERSHIP.c.state.in_(("invited", "requested"))),
        "running_applications": count(
            APPLICATION.c.team_id == TEAM.c.id, APPLICATION.c.state != "draft", running(APPLICATION, "application")
        ),
    },
    "question": {
        "rehearsal": value(ROUND.c.rehearsal, ROUND.c.id == QUESTION.c.round_id),
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == QUESTION.c.challenge_id),
        "questions_until": value(CHALLENGE.c.questions_until, CHALLENGE.c.id == QUESTION.c.challenge_id),
        "mergeable_ids": joined(
            OTHER_QUESTION.c.id,
            OTHER_QUESTION.c.challenge_id == QUESTION.c.challenge_id,
            OTHER_QUESTION.c.id != QUESTION.c.id,
            OTHER_QUESTION.c.state.in_(("asked", "drafted", "published")),
        ),
    },
    "live_session": {
        "rehearsal": value(ROUND.c.rehearsal, ROUND.c.id == LIVE_SESSION.c.round_id),
        "challenge_version": value(CHALLENGE.c.version, CHALLENGE.c.id == LIVE_SESSION.c.challenge_id),
    },
    "membership": {
        "team_state": value(TEAM.c.state, TEAM.c.id == MEMBERSHIP.c.team_id),
        "lead_id": value(TEAM.c.lead_id, TEAM.c.id == MEMBERSHIP.c.team_id),
        "runs_its_challenges": count(
            APPLICATION.c.team_id == MEMBERSHIP.c.team_id,
            running(APPLICATION, "application"),
            runs(MEMBERSHIP.c.person_id, APPLICATION.c.challenge_id, APPLICATION.c.round_id),
        ),
    },
    "application": {
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "decision_promised_at": value(CHALLENGE.c.decision_promised_at, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "challenge_closes_at": value(CHALLENGE.c.closes_at, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "challenge_version_now": value(CHALLENGE.c.version, CHALLENGE.c.id == APPLICATION.c.challenge_id),
        "resubmit_by": value(
            GATE.c.resubmit_by,
            GATE.c.challenge_id == APPLICATION.c.challenge_id,
            GATE.c.stage == APPLICATION.c.stage,
            GATE.c.state == "waiting",
        ),
        "assessor_ids": joined(
            ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.application_id == APPLICATION.c.id, ASSIGNMENT.c.state != "proposed"
        ),
        "reader_ids": joined(
            ASSIGNMENT.c.assessor_id,
            ASSIGNMENT.c.application_id == APPLICATION.c.id,
            ASSIGNMENT.c.state.in_(MAY_READ),
            ~has_conflict(ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.team_id),
        ),
        "runner_ids": joined(
            MEMBERSHIP.c.person_id,
            MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
            MEMBERSHIP.c.state == "active",
            takes_part(MEMBERSHIP.c.person_id, APPLICATION.c.challenge_id, APPLICATION.c.round_id),
        ),
    },
    "gate": {
        "panel_size": count(PANELLIST.c.gate_id == GATE.c.id),
        "chair_id": value(PANELLIST.c.person_id, PANELLIST.c.gate_id == GATE.c.id, PANELLIST.c.chairs.is_(True)),
        "panel_ids": joined(PANELLIST.c.person_id, PANELLIST.c.gate_id == GATE.c.id),
        "applications_here": count(HERE),
        "applicant_ids": joined(
            MEMBERSHIP.c.person_id,
            MEMBERSHIP.c.joined_at.is_not(None),
            MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
            APPLICATION.c.challenge_id == GATE.c.challenge_id,
            APPLICATION.c.state != "withdrawn",
        ),
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == GATE.c.challenge_id),
        "sealed_ones": count(APPLICATION.c.challenge_id == GATE.c.challenge_id, APPLICATION.c.state == "submitted"),
        "outstanding": count(OUTSTANDING),
        "thinly_scored": count(HERE, SUBMITTED_HERE < ASSESSORS_EACH),
        "open_interviews": count(SLOT.c.gate_id == GATE.c.id, SLOT.c.state == "booked"),
        "assessor_ids": joined(
            ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.gate_id == GATE.c.id, ASSIGNMENT.c.state == "submitted"
        ),
        "ranks": joined(OUTCOME.c.rank, OUTCOME.c.gate_id == GATE.c.id),
        "conflicts_here": listed(
            APPLICATION.c.id,
            APPLICATION.c.team_id,
            HERE | APPLICATION.c.id.in_(DECIDED),
        ),
        "scores_here": select(
            func.aggregate_strings(cast(SCORE.c.id, String) + ":" + cast(ASSIGNMENT.c.application_id, String), ",")
        )
        .where(SCORE.c.assignment_id == ASSIGNMENT.c.id, ASSIGNMENT.c.gate_id == GATE.c.id)
        .scalar_subquery(),
    },
    "assignment": {
        "chair_id": value(
            PANELLIST.c.person_id, PANELLIST.c.gate_id == ASSIGNMENT.c.gate_id, PANELLIST.c.chairs.is_(True)
        ),
        "gate_state": value(GATE.c.state, GATE.c.id == ASSIGNMENT.c.gate_id),
        "criteria": value(GATE.c.criteria, GATE.c.id == ASSIGNMENT.c.gate_id),
        "scale_least": value(GATE.c.scale_least, GATE.c.id == ASSIGNMENT.c.gate_id),
        "scale_most": value(GATE.c.scale_most, GATE.c.id == ASSIGNMENT.c.gate_id),
        "scored": joined(SCORE.c.criterion, SCORE.c.assignment_id == ASSIGNMENT.c.id, SCORE.c.reason != ""),
        "conflicts": case((has_conflict(ASSIGNMENT.c.assessor_id, ASSIGNMENT.c.team_id), 1), else_=0),
    },
    "slot": {
        "chair_id": value(PANELLIST.c.person_id, PANELLIST.c.gate_id == SLOT.c.gate_id, PANELLIST.c.chairs.is_(True)),
        "panel_ids": joined(SLOT_PANEL.c.person_id, SLOT_PANEL.c.slot_id == SLOT.c.id),
        "conflicted_applications": joined(
            APPLICATION.c.id,
            APPLICATION.c.challenge_id == SLOT.c.challenge_id,
            SLOT_PANEL.c.slot_id == SLOT.c.id,
            has_conflict(SLOT_PANEL.c.person_id, APPLICATION.c.team_id),
        ),
        "booked_applications": joined(
            OTHER_SLOT.c.application_id, OTHER_SLOT.c.gate_id == SLOT.c.gate_id, OTHER_SLOT.c.state == "booked"
        ),
        "invited_applications": joined(
            cast(APPLICATION.c.id, String) + ":" + cast(APPLICATION.c.team_id, String),
            HERE,
            GATE.c.id == SLOT.c.gate_id,
        ),
    },
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
    "agreement": {
        "document_made": case(
            (exists().where(DOCUMENT.c.id == AGREEMENT.c.document_id, DOCUMENT.c.made_at.is_not(None)), 1), else_=0
        ),
    },
    "sprint": {
        "place_state": value(PLACE.c.state, PLACE.c.id == SPRINT.c.place_id),
        "open_deliverables": count(DELIVERABLE.c.sprint_id == SPRINT.c.id, running(DELIVERABLE, "deliverable")),
    },
    "message": {"applicant_sealed_until": value(func.max(APPLICATION.c.sealed_until), SEALED_FOR_THE_ADDRESSEE)},
}


def stands_before(model: type[Tracked], trigger: str) -> ColumnElement[bool]:
    """Records that stand where a step of the handbook begins, whatever the states are called."""
    page = next(page for page in HANDBOOK.values() if page.record is model)
    return page.table.c.state.in_(page.sources(trigger))


HEAVY = {"answers", "themes"}  # columns that no rule looks at


def columns(workflow: Workflow, needs: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """What a case of this workflow reads: the record's own columns and the facts by name. Raises KeyError."""
    own = [c for c in workflow.table.c if c.name not in HEAVY]
    return [*own, *(FACTS[workflow.name][name].label(name) for name in needs)]
