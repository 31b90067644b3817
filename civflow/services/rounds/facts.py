"""What the rules about a round need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import func

from civflow.services.engine.facts import CHALLENGE, ROUND, Facts, count, running, value
from civflow.workflows.challenges.readiness import APPROVED, COMMITS_NOTHING

FACTS: Facts = {
    "round": {
        "approved_challenges": count(CHALLENGE.c.round_id == ROUND.c.id, CHALLENGE.c.state.in_(APPROVED)),
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
}
