"""Questions: anybody asks, staff answer, a second person clears, everybody reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Follow, Person, Question
from civflow.services.challenges.applicants import applicants
from civflow.services.challenges.calendar import in_working_days, on_a_working_day
from civflow.services.challenges.seal import are_sealed
from civflow.services.challenges.versions import LONGEST_WHY, begin_change, change_in_hand
from civflow.services.engine.about import about_number
from civflow.services.engine.advance import advance, begin, options
from civflow.services.formatting import moment
from civflow.services.programmes.store import programme_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Case, Forbidden, Refused
from civflow.workflows.programme import Programme
from civflow.workflows.questions import ANSWERING, PUBLIC, it_was_asked_in_time

LONGEST = 2000  # characters


def ask(session: Session, challenge: Challenge, *, text: str, actor: Actor, now: datetime) -> Question:
    """Ask about an open challenge. Raises Refused for an empty or overlong text, a closed challenge, or too late."""
    words = text.strip()
    if not words or len(words) > LONGEST:
        sentence = "Write your question." if not words else f"Your question has {len(words)} characters; {LONGEST} fit."
        raise Refused(sentence, fields={"text": sentence})
    question = new_question(session, challenge, words, asked_at=now, asked_by_id=actor.id, now=now)
    try:
        begin(session, question, actor=actor, now=now)
    except Refused as refused:
        if it_was_asked_in_time.sentence in refused.sentences:
            raise Refused(too_late(session, challenge)) from None
        raise
    return question


def new_question(
    session: Session, challenge: Challenge, text: str, *, asked_at: datetime, now: datetime, **columns: Any
) -> Question:
    """A question that is not stored yet, with the moment by which its answer is promised."""
    programme = programme_of(session, challenge)
    return Question(
        round_id=challenge.round_id,
        challenge_id=challenge.id or 0,
        asked_at=asked_at,
        text=text,
        state="",
        since=now,
        answer_promised_at=promised(programme, asked_at, challenge.closes_at),
        **columns,
    )


def too_late(session: Session, challenge: Challenge) -> str:
    """The sentence for somebody who asks after the last moment for questions."""
    until = last_moment(session, challenge)
    when = f" It ended on {moment(until, programme_of(session, challenge).timezone)}." if until else ""
    return f"The time for questions is over.{when}"


def must_answer(challenge: Challenge, *, actor: Actor, now: datetime) -> None:
    """Raise Forbidden for somebody who does not answer the questions about this challenge."""
    page = HANDBOOK["question"]
    nothing = Question(
        round_id=challenge.round_id, challenge_id=challenge.id or 0, asked_at=now, text="", state="", since=now
    )
    case = Case(page, nothing, actor, now, state=page.initial)
    if not any(permits.claim(case) for permits in ANSWERING):
        needed = [permits.sentence for permits in ANSWERING]
        raise Forbidden(*needed, claims=needed)


# Dates


def promised(programme: Programme, asked_at: datetime, closes_at: datetime | None) -> datetime:
    """By when a question is answered: 5 pm of a working day, and never later than the call closes."""
    end = in_working_days(programme, asked_at, programme.questions.working_days)
    return min(end, closes_at) if closes_at and closes_at > asked_at else end


def last_moment(session: Session, challenge: Challenge) -> datetime | None:
    """Until when questions can be asked; where nobody has set it, as long before the end as the programme says.

    Where that falls on a day off it is the working day before, unless the call would not have opened by then.
    """
    if challenge.questions_until or not challenge.closes_at:
        return challenge.questions_until
    programme = programme_of(session, challenge)
    local = challenge.closes_at.astimezone(programme.zone).replace(tzinfo=None) - programme.questions.before_closing
    plain = local.replace(tzinfo=programme.zone).astimezone(UTC)
    default, opens = on_a_working_day(programme, plain), challenge.opens_at
    return default if opens is None or default > opens else max(plain, opens)


# Publishing


def publish(
    session: Session, question: Question, *, actor: Actor, now: datetime, seen: int | None = None, changes: bool = False
) -> None:
    """Publish the answer; where it `changes` the challenge, a change of the text is begun, or the one in hand is meant.

    `seen` is the revision that the person had before their eyes. Raises what `advance` and `begin_change` raise; then
    nothing is to be kept.
    """
    said: dict[str, Any] = {"changes": True} if changes else {}
    advance(session, question, "publish", actor=actor, now=now, seen=seen, **said)
    if changes:
        challenge = session.get_one(Challenge, question.challenge_id)
        why = f"Question {question.number} was asked and answered: {words_of(question)}"
        text = change_in_hand(session, challenge)
        text = text or begin_change(session, challenge, why=why[:LONGEST_WHY], actor=actor, now=now)
        question.version_id = text.id
        session.flush()


def may_change_the_text(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> bool:
    """Whether this person may begin a change of the published text now, or one is being written."""
    if change_in_hand(session, challenge):
        return True
    offered = options(session, challenge, actor=actor, now=now)
    return any(option.allowed for option in offered if option.step.name == "change")


# Reading


def asked_by(session: Session, challenge: Challenge, *, actor: Actor) -> Sequence[Question]:
    """The questions of this person that nobody reads yet, oldest first."""
    if actor.id is None:
        return []
    query = select(Question).where(col(Question.challenge_id) == challenge.id, col(Question.asked_by_id) == actor.id)
    query = query.where(col(Question.state).not_in(PUBLIC))
    return session.scalars(query.order_by(col(Question.asked_at), col(Question.id))).all()


def words_of(question: Question) -> str:
    """The question as everybody reads it."""
    return question.wording or question.text


def askers_of(session: Session, question: Question) -> list[tuple[Question, Person]]:
    """Everybody who asked this, with the question in their own words: also those whose questions are merged into it."""
    together, found = [question], [question]
    while found:
        query = select(Question).where(col(Question.merged_into_id).in_([q.id for q in found]))
        found = list(session.scalars(query.order_by(col(Question.id))))
        together += found
    ids = [q.asked_by_id for q in together if q.asked_by_id]
    there = select(Person).where(col(Person.id).in_(ids), col(Person.closed_at).is_(None))
    people = {p.id: p for p in session.scalars(there)}
    return [(q, people[q.asked_by_id]) for q in together if q.asked_by_id in people]


def those_with_an_application(session: Session, challenge: Challenge) -> list[Person]:
    """The members of every team that writes an application to the challenge, or has handed one in; each once."""
    return list({a.person.id: a.person for a in applicants(session, challenge)}.values())


class AnswerReach(NamedTuple):
    """How many people are told of an answer, in which role; nobody counts twice, and nobody is named."""

    askers: int
    writing: int
    following: int


def answer_reach(session: Session, question: Question, *, now: datetime) -> AnswerReach:
    """Whom the publication of this answer would reach now."""
    askers = {person.id for _, person in askers_of(session, question)}
    challenge = session.get_one(Challenge, question.challenge_id)
    writing = {person.id for person in those_with_an_application(session, challenge)} - askers
    follow = select(col(Follow.person_id)).where(about_number(Follow, "challenge", question.challenge_id))
    following = set(session.scalars(follow.where(col(Follow.ended_at).is_(None)))) - askers
    if not are_sealed(session, challenge, now=now):
        following -= writing  # before, a follower who is missing among the others would be an applicant
    return AnswerReach(len(askers), len(writing), len(following))


def root_of(session: Session, question: Question) -> Question:
    """The question whose answer is the answer to this one."""
    while question.merged_into_id:
        question = session.get_one(Question, question.merged_into_id)
    return question
