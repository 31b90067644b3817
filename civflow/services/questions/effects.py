"""What follows when a question is asked, answered, published or merged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Question
from civflow.services.challenges.calendar import on_a_working_day
from civflow.services.engine.effects import Columns, Move, effect, effect_in_row
from civflow.services.notifications.outbox import post_all, write
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import askers_of, last_moment, root_of, those_with_an_application, words_of
from civflow.workflows import HANDBOOK
from civflow.workflows.notifications import TO_AN_ASKER
from civflow.workflows.questions import PUBLIC


@effect
def set_the_last_moment_for_questions(session: Session, move: Move) -> None:
    """From the opening on it is fixed, so that everybody knows it and only a step with a reason moves it."""
    challenge: Challenge = move.record
    challenge.questions_until = last_moment(session, challenge)
    session.flush()


@effect
def move_the_last_moment_for_questions(session: Session, move: Move) -> None:
    """It moves as far as the closing date does, at the same time of the day, and to no day off."""
    challenge: Challenge = move.record
    before, after, until = move.row.closes_at, challenge.closes_at, challenge.questions_until
    if before and after and until:
        programme = programme_of(session, challenge)
        zone = programme.zone
        old, new, last = (m.astimezone(zone).replace(tzinfo=None) for m in (before, after, until))
        moved = (last + (new - old)).replace(tzinfo=zone).astimezone(UTC)
        challenge.questions_until = max(on_a_working_day(programme, moved), until)  # nobody loses time by more of it
        session.flush()


# What follows


@effect_in_row
def number_the_question(session: Session, rows: Sequence[Any], _now: datetime) -> Sequence[Columns]:
    """Numbers follow the order of publication and are never given twice: the step locks the challenge."""
    challenges = {row.challenge_id for row in rows}
    highest = select(col(Question.challenge_id), func.max(Question.number)).group_by(col(Question.challenge_id))
    last = {row[0]: row[1] or 0 for row in session.execute(highest.where(col(Question.challenge_id).in_(challenges)))}
    columns: list[Columns] = []
    for row in rows:
        if row.number is None:
            last[row.challenge_id] += 1
        columns.append({"number": last[row.challenge_id]} if row.number is None else {})
    return columns


@effect_in_row
def leave_the_other_question(_: Session, rows: Sequence[Any], _now: datetime) -> Sequence[Columns]:
    return [{"merged_into_id": None} for _row in rows]


@effect
def tell_the_person_who_asked(session: Session, move: Move) -> None:
    """Whoever asked it, and whoever asked the same, are told what became of it, with the reason."""
    _tell_the_askers(session, move.record, move)


@effect
def tell_of_the_answer(session: Session, move: Move) -> None:
    """Whoever asked, whoever asked the same, and everybody with a draft; followers are told as of all news."""
    question: Question = move.record
    challenge = session.get_one(Challenge, question.challenge_id)
    told = _tell_the_askers(session, question, move)
    post_all(
        session,
        [
            write(
                person=person,
                kind="answer_for_all",
                now=move.now,
                challenge=challenge.title,
                number=question.number,
                key=f"answer-{question.id}-{question.revision}-{person.id}",
                question=words_of(question),
                answer=question.answer,
                about=f"/challenges/{challenge.slug}#question-{question.number}",
            )
            for person in those_with_an_application(session, challenge)
            if person.id not in told
        ],
        now=move.now,
    )


@effect
def tell_of_the_answer_that_there_is(session: Session, move: Move) -> None:
    """Whoever asked is told where the answer comes from: now if it is there, and again when it is published."""
    _tell_the_askers(session, move.record, move)


def _tell_the_askers(session: Session, question: Question, move: Move) -> set[int | None]:
    """One message to each; who got one."""
    stands_for_it, challenge = root_of(session, question), session.get_one(Challenge, question.challenge_id)
    state, is_answered = HANDBOOK["question"].states[stands_for_it.state], stands_for_it.state in PUBLIC
    messages = []
    for own, person in askers_of(session, question):
        is_merged = own is not stands_for_it
        messages.append(
            write(
                person=person,
                kind="answer",
                now=move.now,
                challenge=challenge.title,
                question=own.text,
                key=f"{TO_AN_ASKER}{question.id}-{question.revision}-{own.id}",
                reason=move.reason,
                state=state.public,
                about=f"/challenges/{challenge.slug}/questions/{own.id}",
                is_merged=is_merged,
                merged=words_of(stands_for_it) if is_merged and is_answered else "",
                number=stands_for_it.number,
                answer=stands_for_it.answer if is_answered else "",
            )
        )
    post_all(session, messages, now=move.now)
    return {message.person_id for message in messages}
