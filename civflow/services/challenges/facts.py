"""What the rules about a challenge need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from civflow.models.challenge_reviews import NOT_CHOSEN
from civflow.services.engine.facts import (
    AGREEMENT,
    APPLICATION,
    ASKED_CHANGE,
    CHALLENGE,
    CHALLENGE_SCORE,
    GATE,
    GRANT,
    HISTORY,
    MEMBERSHIP,
    PLACE,
    ROUND,
    SCORER,
    VERSION,
    Facts,
    count,
    ids,
    marks,
    names,
    others_of,
    pairs,
    running,
    value,
)
from civflow.workflows.agreements import SIGNED
from civflow.workflows.applications import WON
from civflow.workflows.assessment.gates import NOT_BEGUN, RELEASED
from civflow.workflows.challenges.readiness import COMMITS_NOTHING
from civflow.workflows.delivery.places import ACCEPTED, AT_WORK, OFFERED
from civflow.workflows.teams.memberships import MEMBERS

OTHER_CHALLENGE = others_of(CHALLENGE)

# The text of a challenge that is being written: the first one, or a change of what is published.
IN_HAND = and_(
    VERSION.c.challenge_id == CHALLENGE.c.id, VERSION.c.published_at.is_(None), VERSION.c.dropped_at.is_(None)
)

# Who is named to score a challenge in its latest review; somebody who was taken off is named no longer.
NAMED = and_(
    SCORER.c.challenge_id == CHALLENGE.c.id, SCORER.c.review == CHALLENGE.c.review, SCORER.c.taken_off_at.is_(None)
)

EARLIER = others_of(HISTORY)


def _taken(history: Table, step: str) -> tuple[ColumnElement[bool], ...]:
    """The entries of a challenge about one of its steps."""
    own = history.c.workflow == "challenge", history.c.record_id == CHALLENGE.c.id
    return *own, history.c.step == step


FACTS: Facts = {
    "challenge": {
        "brief_is_complete": value(VERSION.c.complete, IN_HAND),
        "changes_in_hand": count(IN_HAND, CHALLENGE.c.version > 0),
        "times_handed_in": count(
            *_taken(HISTORY, "hand_in_change"),
            HISTORY.c.number > select(func.max(EARLIER.c.number)).where(*_taken(EARLIER, "change")).scalar_subquery(),
        ),
        "changed_parts": value(VERSION.c.changed, IN_HAND),
        "changed_money": value(VERSION.c.money_pounds, IN_HAND),
        "sealed_until": value(func.max(APPLICATION.c.sealed_until), APPLICATION.c.challenge_id == CHALLENGE.c.id),
        "unsealed_ones": count(APPLICATION.c.challenge_id == CHALLENGE.c.id, APPLICATION.c.stage != ""),
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
        "started_gates": count(GATE.c.challenge_id == CHALLENGE.c.id, GATE.c.state.not_in(NOT_BEGUN)),
        "released_gates": names(GATE.c.stage, GATE.c.challenge_id == CHALLENGE.c.id, GATE.c.state.in_(RELEASED)),
        "running_stages": names(
            PLACE.c.stage, PLACE.c.challenge_id == CHALLENGE.c.id, PLACE.c.state.in_((*OFFERED, *ACCEPTED, *AT_WORK))
        ),
        "open_change_ids": ids(
            ASKED_CHANGE.c.id, ASKED_CHANGE.c.challenge_id == CHALLENGE.c.id, ASKED_CHANGE.c.dealt_at.is_(None)
        ),
        "author_ids": ids(
            GRANT.c.person_id,
            GRANT.c.role.in_(("challenge_owner", "challenge_writer")),
            GRANT.c.revoked_at.is_(None),
            or_(
                GRANT.c.scope == "site",
                and_(GRANT.c.scope == "round", GRANT.c.scope_id == CHALLENGE.c.round_id),
                and_(GRANT.c.scope == "challenge", GRANT.c.scope_id == CHALLENGE.c.id),
            ),
        ),
        "applicant_ids": ids(
            MEMBERSHIP.c.person_id,
            MEMBERSHIP.c.state.in_(MEMBERS),
            MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
            APPLICATION.c.challenge_id == CHALLENGE.c.id,
            running(APPLICATION, "application"),
        ),
        "scorer_ids": ids(SCORER.c.person_id, NAMED),
        "waiting_scorer_ids": ids(SCORER.c.person_id, NAMED, SCORER.c.scored_at.is_(None)),
        "scores_given": marks(
            CHALLENGE_SCORE.c.criterion,
            CHALLENGE_SCORE.c.score,
            CHALLENGE_SCORE.c.scorer_id == SCORER.c.id,
            NAMED,
            SCORER.c.scored_at.is_not(None),
        ),
        "winners": count(APPLICATION.c.challenge_id == CHALLENGE.c.id, APPLICATION.c.state.in_(WON)),
        "whole_scores": pairs(
            SCORER.c.person_id,
            CHALLENGE_SCORE.c.id,
            CHALLENGE_SCORE.c.scorer_id == SCORER.c.id,
            NAMED,
            CHALLENGE_SCORE.c.score != NOT_CHOSEN,
            func.trim(CHALLENGE_SCORE.c.reason) != "",
        ),
        "signed_contracts": count(
            AGREEMENT.c.challenge_id == CHALLENGE.c.id,
            AGREEMENT.c.place_id.is_(None),
            AGREEMENT.c.state.in_(SIGNED),
        ),
    },
}
