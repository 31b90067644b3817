"""What the rules about a message need beyond its own columns, and the SQL that answers it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select

from civflow.services.engine.facts import APPLICATION, CHALLENGE, MEMBERSHIP, MESSAGE, Facts, value
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN

# An application that is sealed, if its seal lies ahead: of somebody in whose team a message arrives that is about it.
SEALED_FOR_THE_ADDRESSEE = and_(
    MEMBERSHIP.c.person_id == MESSAGE.c.person_id,
    MEMBERSHIP.c.team_id == APPLICATION.c.team_id,
    APPLICATION.c.state.in_((*BEING_WRITTEN, *HANDED_IN)),
    APPLICATION.c.challenge_id == CHALLENGE.c.id,
    or_(
        MESSAGE.c.about == "/applications/" + cast(APPLICATION.c.id, String),
        MESSAGE.c.about.like("/applications/" + cast(APPLICATION.c.id, String) + "/%"),
        MESSAGE.c.about.like("/challenges/" + CHALLENGE.c.slug + "%"),
    ),
)


def tells_of_nothing_sealed(now: datetime) -> ColumnElement[bool]:
    """Messages that `it_tells_of_nothing_sealed` of workflows/notifications.py holds of, in SQL."""
    sealed = select(APPLICATION.c.id).where(SEALED_FOR_THE_ADDRESSEE, APPLICATION.c.sealed_until > now)
    return ~sealed.exists()


FACTS: Facts = {
    "message": {"applicant_sealed_until": value(func.max(APPLICATION.c.sealed_until), SEALED_FOR_THE_ADDRESSEE)},
}
