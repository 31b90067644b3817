"""What the rules about a live session need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from civflow.services.engine.facts import CHALLENGE, LIVE_SESSION, ROUND, Facts, value

FACTS: Facts = {
    "live_session": {
        "rehearsal": value(ROUND.c.rehearsal, ROUND.c.id == LIVE_SESSION.c.round_id),
        "challenge_version": value(CHALLENGE.c.version, CHALLENGE.c.id == LIVE_SESSION.c.challenge_id),
    },
}
