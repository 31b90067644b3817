"""What letters about an application say that its page cannot say by itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from civflow.models import Team
from civflow.services.notifications.letters import filled, words
from civflow.services.notifications.taken import Taken, challenge_of


@words
def the_new_deadline_of_the_team(session: Session, step: Taken) -> Mapping[str, str]:
    """For one team alone."""
    return {
        "challenge": challenge_of(session, step).title,
        "when": filled(session, step, "{closes_at}"),
        "team": session.get_one(Team, step.record.team_id).name,
    }
