"""What the letter about an interview says."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from civflow.models import Application
from civflow.services.formatting import moment
from civflow.services.notifications.letters import words
from civflow.services.notifications.taken import Taken, challenge_of
from civflow.services.records.titles import title_of
from civflow.services.records.zones import zone_of


@words
def the_interview(session: Session, step: Taken) -> Mapping[str, str]:
    """Who comes, when and where, and how it stands now."""
    slot = step.record
    application = session.get(Application, step.value("application_id") or 0)
    return {
        "challenge": challenge_of(session, step).title,
        "team": title_of(session, application) if application else "No team",
        "where": slot.where or "online",
        "when": moment(slot.starts_at, zone_of(session, slot), begins=True),
        "state": step.page.states[step.step.target].staff,
    }
