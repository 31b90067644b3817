"""What follows when a live session is planned, moved or cancelled: people are told."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Challenge, LiveSession
from civflow.services.engine.effects import Move, effect
from civflow.services.live_sessions.sessions import NOUN, WHAT, _tell


@effect
def tell_of_the_session(session: Session, move: Move) -> None:
    """Followers, and everybody with a draft, are told once the challenge is public."""
    live: LiveSession = move.record
    challenge = session.get_one(Challenge, live.challenge_id)
    key = f"{NOUN}-{live.id}-{live.revision}"
    _tell(session, live, challenge, WHAT[move.step.name], key=key, now=move.now, reason=move.reason)
