"""What the rules about an agreement need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from sqlalchemy import exists

from civflow.services.engine.facts import AGREEMENT, DOCUMENT, Facts

FACTS: Facts = {
    "agreement": {
        "document_made": exists().where(DOCUMENT.c.id == AGREEMENT.c.document_id, DOCUMENT.c.made_at.is_not(None)),
    },
}
