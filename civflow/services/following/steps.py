"""The effect that tells the followers of a step: which steps are news, in which words, and who hears of it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Membership
from civflow.services.calendar import first_decision
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.following.telling import tell
from civflow.services.naming import stage_title
from civflow.services.programmes import programme_of
from civflow.services.questions import askers_of, those_with_an_application, words_of
from civflow.services.telling import AUDIENCES
from civflow.services.wording import moment


class Telling(NamedTuple):
    """How a step is told: a key of SUBJECTS, its sentence, and who hears of it another way."""

    what: str
    sentence: Callable[[Session, Challenge, Move], str]
    elsewhere: Callable[[Session, Challenge, Move], set[int]] = lambda session, challenge, move: set()


@effect
def tell_the_followers(session: Session, move: Move) -> None:
    """Tell who follows the challenge of this step, unless they are told of the same step another way."""
    record = move.record
    challenge = record if isinstance(record, Challenge) else session.get_one(Challenge, record.challenge_id)
    telling = TELLINGS[move.workflow.name, move.step.name]
    people = [p for name in move.step.then if name in AUDIENCES for p in AUDIENCES[name](session, record)]
    told = {p.id for p in people if p.id} | telling.elsewhere(session, challenge, move) | {move.actor.id or 0}
    key = f"{move.workflow.name}-{record.id}-{record.revision}-{move.step.name}"
    tell(session, challenge, telling.what, telling.sentence(session, challenge, move), key=key, now=move.now, told=told)


def _applicants(session: Session, challenge: Challenge, _: Move) -> set[int]:
    """The active members of every team that has begun an application: they get a message or a letter of their own."""
    teams = select(col(Application.team_id)).where(col(Application.challenge_id) == challenge.id)
    query = select(col(Membership.person_id)).where(col(Membership.team_id).in_(teams))
    return set(session.scalars(query.where(stands_before(Membership, "leave"))))


def _who_asked_or_writes(session: Session, challenge: Challenge, move: Move) -> set[int]:
    people = [person for _, person in askers_of(session, move.record)]
    return {person.id or 0 for person in [*people, *those_with_an_application(session, challenge)]}


def _when(session: Session, challenge: Challenge, value: datetime | None) -> str:
    return moment(value, programme_of(session, challenge).timezone) if value else "a date that is not set yet"


def _opens(session: Session, challenge: Challenge, _: Move) -> str:
    return f"The call is open. It closes on {_when(session, challenge, challenge.closes_at)}."


def _moves(session: Session, challenge: Challenge, move: Move) -> str:
    when = _when(session, challenge, challenge.closes_at)
    return f"The closing date has moved for everybody, to {when}. The reason given: {move.reason}"


def _moves_questions(session: Session, challenge: Challenge, move: Move) -> str:
    when = _when(session, challenge, challenge.questions_until)
    return f"Questions can now be asked until {when}. The reason given: {move.reason}"


def _is_answered(_: Session, __: Challenge, move: Move) -> str:
    question: Any = move.record
    return f"Question {question.number}: {words_of(question)}\n\nThe answer: {question.answer}"


def _is_decided(session: Session, challenge: Challenge, move: Move) -> str:
    return f"The result of “{stage_title(session, challenge.id or 0, move.record.stage)}” is published."


def _closes(session: Session, challenge: Challenge, _: Move) -> str:
    promised = first_decision(session, challenge)
    then = f" The first decisions are promised by {_when(session, challenge, promised)}." if promised else ""
    return f"The call is closed for applications.{then}"


TELLINGS = {
    ("challenge", "open"): Telling("opens", _opens),
    ("challenge", "extend"): Telling("dates", _moves, _applicants),
    ("challenge", "move_questions"): Telling("dates", _moves_questions),
    ("challenge", "reopen"): Telling("dates", _moves, _applicants),
    ("challenge", "close"): Telling("closes", _closes),
    ("challenge", "withdraw"): Telling("ends", lambda *_: "It is withdrawn, and does not open."),
    ("challenge", "cancel"): Telling("ends", lambda s, c, move: f"It is cancelled. The reason given: {move.reason}"),
    ("challenge", "end_without_winner"): Telling("result", lambda *_: "It has ended without a winner."),
    ("challenge", "complete"): Telling("ends", lambda *_: "It has come to its end."),
    ("gate", "release"): Telling("result", _is_decided, _applicants),
    ("question", "publish"): Telling("answer", _is_answered, _who_asked_or_writes),
}
