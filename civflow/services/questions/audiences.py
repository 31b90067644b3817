"""Who hears of an answer in a letter of their own, and so not once more as a follower."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Person
from civflow.services.notifications.registry import audience, hidden_while
from civflow.services.notifications.taken import Taken, challenge_of
from civflow.services.questions.questions import askers_of, those_with_an_application


@hidden_while(lambda session, step: True)  # who asked is nobody's business
@audience
def whom_the_answer_concerns(session: Session, step: Taken) -> list[Person]:
    """Whoever asked it, whoever asked the same, and everybody with a draft or a submission."""
    challenge = challenge_of(session, step)
    people = [person for _, person in askers_of(session, step.record)]
    return list({p.id: p for p in [*people, *those_with_an_application(session, challenge)]}.values())
