"""What follows an invitation."""

from __future__ import annotations

from sqlmodel import Session

from civflow.services.engine.effects import Move, effect
from civflow.services.teams.teams import TIME_TO_ANSWER


@effect
def give_time_to_reply(session: Session, move: Move) -> None:
    """Whoever is asked again has as long as at the first time."""
    move.record.respond_by = move.now + TIME_TO_ANSWER
    session.flush()
