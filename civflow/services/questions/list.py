"""The questions about a challenge for those who answer them: what waits, since when, until when, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Question
from civflow.services.formatting import count
from civflow.services.programmes.store import programme_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import State
from civflow.workflows.questions import PUBLIC, WAITING

PAGE = HANDBOOK["question"]
GROUPS = {"ours": "Waiting for us", **{s.name: s.staff for s in PAGE.states.values()}, "all": "All"}
EACH = 50  # on a page


@dataclass(frozen=True)
class Line:
    """One question of the list."""

    question: Question
    state: State
    waits: str  # "has waited 3 days", or nothing where it no longer does
    is_late: bool
    other: Question | None  # the one that it is merged into


@dataclass(frozen=True)
class List:
    """A page of the list, oldest first, with how many there are in each group."""

    lines: list[Line]
    counts: dict[str, int]
    late: int
    total: int  # in the chosen group


def listed(session: Session, challenge: Challenge, *, group: str, page: int, now: datetime) -> List:
    """The questions of a group of GROUPS, oldest first, EACH at a time; four statements."""
    here = col(Question.challenge_id) == challenge.id
    by_state = select(col(Question.state), func.count()).where(here).group_by(col(Question.state))
    counts = {row[0]: row[1] for row in session.execute(by_state)}
    counts |= {"ours": sum(counts.get(s, 0) for s in WAITING), "all": sum(counts.values())}
    query = select(Question).where(here).order_by(col(Question.asked_at), col(Question.id))
    states = {"ours": WAITING, "all": tuple(PAGE.states)}.get(group, (group,))
    query = query.where(col(Question.state).in_(states))
    found = session.scalars(query.limit(EACH).offset((page - 1) * EACH)).all()
    zone = programme_of(session, challenge).zone
    others = _others(session, found)
    lines = [line_of(q, now=now, zone=zone, other=others.get(q.merged_into_id or 0)) for q in found]
    return List(lines, counts, waiting_for_us(session, challenge, now=now).late, counts.get(group, 0))


class WaitingQuestions(NamedTuple):
    """How many questions wait for staff, and how many of them are late."""

    number: int
    late: int


def waiting_for_us(session: Session, challenge: Challenge, *, now: datetime) -> WaitingQuestions:
    late = func.sum(case((col(Question.answer_promised_at) < now, 1), else_=0))
    query = select(func.count(), late).where(
        col(Question.challenge_id) == challenge.id, col(Question.state).in_(WAITING)
    )
    number, over = session.execute(query).one()
    return WaitingQuestions(number, over or 0)


def line_of(question: Question, *, now: datetime, zone: ZoneInfo, other: Question | None = None) -> Line:
    """How long a question has waited, in days of the programme's zone, and whether its promise is broken."""
    is_waiting = question.state in WAITING
    days = (now.astimezone(zone).date() - question.asked_at.astimezone(zone).date()).days
    waits = f"has waited {count(days, 'day')}" if days else "was asked today"
    promised = question.answer_promised_at
    return Line(
        question,
        PAGE.states[question.state],
        waits if is_waiting else "",
        is_waiting and promised is not None and promised < now,
        other,
    )


def _others(session: Session, questions: Sequence[Question]) -> dict[int, Question]:
    """The questions that some of these are merged into, by id."""
    ids = {q.merged_into_id for q in questions if q.merged_into_id}
    return {q.id or 0: q for q in session.scalars(select(Question).where(col(Question.id).in_(ids)))} if ids else {}


def candidates(session: Session, question: Question) -> Sequence[Question]:
    """The questions that this one can be merged into: waiting ones first, oldest first, then the answered by number."""
    query = select(Question).where(
        col(Question.challenge_id) == question.challenge_id,
        col(Question.id) != question.id,
        col(Question.state).in_((*WAITING, *PUBLIC)),
    )
    return session.scalars(query.order_by(col(Question.number).nulls_first(), col(Question.asked_at))).all()


def merged_into(session: Session, question: Question) -> Sequence[Question]:
    """The questions that were merged into this one, oldest first."""
    query = select(Question).where(col(Question.merged_into_id) == question.id)
    return session.scalars(query.order_by(col(Question.asked_at), col(Question.id))).all()
