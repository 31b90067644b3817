"""What letters and news of a live session say that its page cannot say by itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from civflow.services.live_sessions.sessions import letter_about, sentence_of
from civflow.services.notifications.letters import filled, words
from civflow.services.notifications.taken import Taken, challenge_of

SAID = ("title", "place", "link", "recording", "starts_at", "ends_at")
WHAT = {
    "change": "has changed",
    "cancel": "is cancelled",
    "add_recording": "can be watched",
    "schedule_again": "takes place at another time",
}


@words
def when_and_where_the_session_is(session: Session, step: Taken) -> Mapping[str, str]:
    """Nobody reads of it before its challenge is public."""
    challenge, what = challenge_of(session, step), WHAT[step.step.name]
    said = {name: str(step.value(name) or "") for name in SAID}
    said |= {name: filled(session, step, f"{{{name}}}") for name in ("starts_at", "ends_at")}
    sentence = sentence_of(said, step.step.target, what, step.reason) if challenge.version else ""
    return letter_about(challenge, step.record, what, sentence)
