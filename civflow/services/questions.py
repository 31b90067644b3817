"""Questions: anybody asks, staff answer, everybody reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Person, Question
from civflow.services.advance import begin
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.messages import post
from civflow.workflows.engine import Actor, Refused

LONGEST = 2000  # characters


def ask(session: Session, challenge: Challenge, *, text: str, actor: Actor, now: datetime) -> Question:
    """Ask about an open challenge. Raises Refused for an empty or overlong text, or a closed challenge."""
    words = text.strip()
    if not words or len(words) > LONGEST:
        sentence = "Write your question." if not words else f"Your question has {len(words)} characters; {LONGEST} fit."
        raise Refused(sentence, fields={"text": sentence})
    question = Question(
        round_id=challenge.round_id, challenge_id=challenge.id or 0, asked_by_id=actor.id, asked_at=now,
        text=words, state="", since=now,
    )  # fmt: skip
    begin(session, question, actor=actor, now=now)
    return question


def unanswered(session: Session, challenge: Challenge, *, actor: Actor, staff: bool) -> Sequence[Question]:
    """Questions that nobody reads yet, oldest first: to staff all that wait, to anybody else their own."""
    if actor.id is None:
        return []
    query = select(Question).where(col(Question.challenge_id) == challenge.id)
    if staff:
        query = query.where(stands_before(Question, "publish") | stands_before(Question, "draft"))
    else:
        query = query.where(col(Question.asked_by_id) == actor.id, col(Question.number).is_(None))
    return session.scalars(query.order_by(col(Question.asked_at), col(Question.id))).all()


@effect
def number_the_question(session: Session, move: Move) -> None:
    """Numbers follow the order of publication and are never given twice."""
    question: Question = move.record
    if question.number is None:
        last = select(func.max(Question.number)).where(col(Question.challenge_id) == question.challenge_id)
        question.number = (session.scalar(last) or 0) + 1
        session.flush()


@effect
def tell_the_person_who_asked(session: Session, move: Move) -> None:
    question: Question = move.record
    if question.asked_by_id is None:
        return
    challenge = session.get_one(Challenge, question.challenge_id)
    state = move.workflow.states[move.to_state]
    post(
        session, person=session.get_one(Person, question.asked_by_id), kind="answer", now=move.now,
        key=f"question-{question.id}-{question.revision}", about=f"/challenges/{challenge.slug}",
        challenge=challenge.title, question=question.text, reason=move.reason, state=state.public,
        answer="" if move.reason else question.answer,
    )  # fmt: skip
