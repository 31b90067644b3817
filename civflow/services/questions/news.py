"""Which answers are news, and in which words."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.engine.effects import Move
from civflow.services.following.registry import StepNews
from civflow.services.questions.questions import askers_of, those_with_an_application, words_of


def _who_asked_or_writes(session: Session, challenge: Challenge, move: Move) -> set[int]:
    people = [person for _, person in askers_of(session, move.record)]
    return {person.id or 0 for person in [*people, *those_with_an_application(session, challenge)]}


def _is_answered(_: Session, __: Challenge, move: Move) -> str:
    question: Any = move.record
    return f"Question {question.number}: {words_of(question)}\n\nThe answer: {question.answer}"


NEWS = {("question", "publish"): StepNews("answer", _is_answered, _who_asked_or_writes)}
