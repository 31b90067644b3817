"""What news of a question says that its page cannot say by itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from civflow.services.notifications.letters import words
from civflow.services.notifications.taken import Taken
from civflow.services.questions.questions import words_of


@words
def the_question_and_its_answer(_: Session, step: Taken) -> Mapping[str, str]:
    """In the words that everybody reads."""
    question = step.record
    return {"sentence": f"Question {step.value('number')}: {words_of(question)}\n\nThe answer: {question.answer}"}
