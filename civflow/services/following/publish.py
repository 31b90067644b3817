"""Telling followers: what happened to a challenge becomes news, and everybody who follows it is told once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Alert, Challenge, Follow, Message, News, Person
from civflow.services.notifications.outbox import post_all, write

SUBJECTS = {
    "opens": "Open for applications",
    "matches": "A new challenge",
    "changes": "The text has changed",
    "dates": "A date has moved",
    "answer": "A question is answered",
    "closes": "Closed for applications",
    "result": "A result",
    "session": "A live session",
    "ends": "It has ended",
}


def publish_news(
    session: Session,
    challenge: Challenge,
    what: str,
    sentence: str,
    *,
    key: str,
    now: datetime,
    told: Collection[int] = (),
) -> News | None:
    """Tell everybody who follows a challenge, at once or with their next daily message; None if it was told before.

    `what` is a key of SUBJECTS. `sentence` is what happened, in words that everybody may read.
    `key` names the event, such as "challenge-7-version-3" (up to 100 characters): the same key is never told twice.
    `told` are the ids of people who hear of it another way in the same transaction, such as those with a draft.
    Raises KeyError for an unknown `what`.
    """
    subject = SUBJECTS[what]
    if session.scalar(select(col(News.id)).where(col(News.key) == key)) is not None:
        return None
    news = News(
        challenge_id=challenge.id or 0,
        key=key,
        what=what,
        sentence=sentence,
        at=now,
        looked_for_at=None if what == "opens" else now,
    )
    session.add(news)
    session.flush()
    query = select(Follow, Person).join(Person, col(Person.id) == col(Follow.person_id))
    query = query.where(col(Follow.challenge_id) == challenge.id, col(Follow.ended_at).is_(None))
    query = query.where(col(Person.closed_at).is_(None)).order_by(col(Person.id))
    followers = [(follow, person) for follow, person in session.execute(query) if person.id not in set(told)]
    why = because_they_follow(challenge)
    alert_followers(session, challenge, news, followers, subject=subject, why=why, now=now)
    return news


def alert_followers(
    session: Session,
    challenge: Challenge,
    news: News,
    followers: Sequence[tuple[Follow, Person]],
    *,
    subject: str,
    why: str,
    now: datetime,
) -> None:
    """One alert for each follower, none of whom has one about this news: a message now, or a line of the next daily."""
    session.add_all(
        Alert(
            person_id=person.id or 0,
            news_id=news.id or 0,
            follow_id=follow.id or 0,
            told_at=now if follow.delivery == "at_once" else None,
        )
        for follow, person in followers
    )
    session.flush()
    post_all(
        session,
        [
            letter(
                challenge,
                person,
                subject=subject,
                sentence=news.sentence,
                why=why,
                now=now,
                key=f"news-{news.id}-{person.id}",
                unsubscribe=f"/unsubscribe/{follow.token}",
            )
            for follow, person in followers
            if follow.delivery == "at_once"
        ],
        now=now,
    )


def letter(
    challenge: Challenge,
    person: Person,
    *,
    subject: str,
    sentence: str,
    why: str,
    now: datetime,
    key: str = "",
    unsubscribe: str = "",
) -> Message:
    """What somebody reads at once of what happened to a challenge, and why they are told."""
    return write(
        person=person,
        kind="news",
        key=key,
        about=f"/challenges/{challenge.slug}",
        unsubscribe=unsubscribe,
        now=now,
        subject=subject,
        challenge=challenge.title,
        sentence=sentence,
        why=why,
    )


def because_they_follow(challenge: Challenge) -> str:
    """Why a follower is told."""
    return f"you follow “{challenge.title}”"
