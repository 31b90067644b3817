"""What the rules about a team and a membership need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from civflow.services.engine.facts import APPLICATION, MEMBERSHIP, TEAM, Facts, count, ids, pairs, running, value
from civflow.services.people.conflicts import runs
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN
from civflow.workflows.teams.memberships import INVITATIONS, MEMBERS, REQUESTS

FACTS: Facts = {
    "team": {
        "active_member_ids": ids(
            MEMBERSHIP.c.person_id, MEMBERSHIP.c.team_id == TEAM.c.id, MEMBERSHIP.c.state.in_(MEMBERS)
        ),
        "active_members": count(MEMBERSHIP.c.team_id == TEAM.c.id, MEMBERSHIP.c.state.in_(MEMBERS)),
        "others_joined": count(
            MEMBERSHIP.c.team_id == TEAM.c.id,
            MEMBERSHIP.c.joined_at.is_not(None),
            MEMBERSHIP.c.person_id != TEAM.c.alone_id,
        ),
        "listed_ids": ids(MEMBERSHIP.c.person_id, MEMBERSHIP.c.team_id == TEAM.c.id),
        "taken_in": pairs(
            APPLICATION.c.round_id,
            APPLICATION.c.challenge_id,
            APPLICATION.c.team_id == TEAM.c.id,
            APPLICATION.c.stage != "",
            APPLICATION.c.state.not_in((*BEING_WRITTEN, *HANDED_IN)),
        ),
        "open_memberships": count(MEMBERSHIP.c.team_id == TEAM.c.id, MEMBERSHIP.c.state.in_((*INVITATIONS, *REQUESTS))),
        "running_applications": count(
            APPLICATION.c.team_id == TEAM.c.id,
            APPLICATION.c.state.not_in(BEING_WRITTEN),
            running(APPLICATION, "application"),
        ),
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
}
