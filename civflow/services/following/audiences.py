"""The followers of a record, to whom a step is news."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Follow, Person, Tracked
from civflow.services.engine.about import about
from civflow.services.engine.advance import PAGES
from civflow.services.engine.effects import Move, Send
from civflow.services.following.publish import (
    because_they_follow,
    followed_record,
    kinds,
    letter,
    publish_news,
    subject_of,
)
from civflow.services.notifications.letters import sentence
from civflow.services.notifications.recipients import SOMEBODY
from civflow.services.notifications.registry import Shown, audiences, is_hidden, mark_told
from civflow.services.notifications.taken import Taken, taken
from civflow.workflows.engine import News

NAME = "the_followers"


def _followed(session: Session, step: Taken) -> Tracked:
    """What people follow who hear of the step: its record, or the one to which it belongs."""
    return followed_record(session, step.record)


def _told_otherwise(session: Session, step: Taken) -> set[int]:
    """Who hears of the step in a letter, and who takes it."""
    known, news = audiences(), step.news(NAME)
    names = [name for name in (*step.step.tells, *news.besides) if name in known]
    return {person.id or 0 for name in names for person in known[name](session, step)} | {step.actor.id or 0}


def _tell(session: Session, moves: Sequence[Move]) -> Send:
    steps = [taken(move) for move in moves]
    stories = [(s, sentence(session, s, s.news(NAME)), _told_otherwise(session, s)) for s in steps]

    def send() -> None:
        for step, says, others in stories:
            if not says:
                continue
            record, kind = _followed(session, step), step.news(NAME).kind
            publish_news(session, record, kind, says, key=step.key, now=step.now, told=others)

    return send


def _show(session: Session, step: Taken, _: Collection[int | None]) -> Shown | None:
    """What a follower would read, where there is one."""
    if not the_followers(session, step):
        return None
    record, news = _followed(session, step), step.news(NAME)
    subject, says = subject_of(PAGES[type(record)].name, news.kind), sentence(session, step, news)
    if not says:
        return None
    why = because_they_follow(session, record)
    message = letter(session, record, SOMEBODY, subject=subject, sentence=says, why=why, now=step.now)
    return Shown(NAME, [], message.subject, message.body)


def the_followers(session: Session, step: Taken) -> list[Person]:
    """Whoever follows the record and is not told another way; who applies to a sealed call is not left out of them."""
    record, news, known = _followed(session, step), step.news(NAME), audiences()
    names = [name for name in (*step.step.tells, *news.besides) if name in known]
    sealed = any(is_hidden(known[name], session, step) for name in names)
    others = {step.actor.id} if sealed else _told_otherwise(session, step)
    query = select(Person).join(Follow, col(Follow.person_id) == col(Person.id))
    query = query.where(about(Follow, record), col(Follow.ended_at).is_(None))
    query = query.where(col(Person.closed_at).is_(None)).order_by(col(Person.id))
    return [person for person in session.scalars(query) if person.id not in others]


def _faults(news: News) -> Iterator[str]:
    if news.kind not in kinds():
        yield f"the news is of the kind “{news.kind}”, and there are {', '.join(kinds())}"


mark_told(the_followers, News, teller=_tell, shows=_show, faults=_faults)
