"""What the rules about an agreement need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import exists

from civflow.services.engine.facts import AGREEMENT, APPLICATION, CHALLENGE, DOCUMENT, Facts, value
from civflow.services.people.conflicts import conflicted

FACTS: Facts = {
    "agreement": {
        "conflicted_ids": conflicted(AGREEMENT.c.team_id),
        "application_state": value(APPLICATION.c.state, APPLICATION.c.id == AGREEMENT.c.application_id),
        "challenge_state": value(CHALLENGE.c.state, CHALLENGE.c.id == AGREEMENT.c.challenge_id),
        "document_made": exists().where(DOCUMENT.c.id == AGREEMENT.c.document_id, DOCUMENT.c.made_at.is_not(None)),
    },
}
