"""Telling followers: what happened to a record becomes news, and everybody who follows it is told once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Alert, Challenge, Follow, Message, News, Person, Tracked
from civflow.services.engine.about import about, keys
from civflow.services.engine.access import visibility_case
from civflow.services.engine.advance import PAGES
from civflow.services.notifications.outbox import post_all, write
from civflow.services.people import actor_of
from civflow.services.records.titles import MODELS, path_of, short_title_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import HandbookError
from civflow.workflows.engine.sight import may_follow

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


def kinds() -> tuple[str, ...]:
    """What news can be about, of any noun."""
    own = (what for page in HANDBOOK.values() if page.followed for what in page.followed.subjects)
    return tuple(dict.fromkeys((*SUBJECTS, *own)))


def subject_of(noun: str, what: str) -> str:
    """What a message about this news is called. Raises KeyError for news that nobody has words for."""
    followed = HANDBOOK[noun].followed
    own = followed.subjects.get(what) if followed else None
    return own or SUBJECTS[what]


def followed_record(session: Session, record: Tracked) -> Tracked:
    """What people follow to hear of this record: itself, or what it belongs to. Raises HandbookError where it is nothing."""
    page = PAGES[type(record)]
    if page.followed:
        return record
    for column in page.table.c.keys():  # noqa: SIM118 - a collection of columns gives columns, not names
        above = page.refers(column)
        model = MODELS.get(above.name) if above is not None else None
        if model and PAGES[model].followed and getattr(record, column) is not None:
            return session.get_one(model, getattr(record, column))
    raise HandbookError(f"{page.name}: nobody follows it, nor anything that it belongs to.")


def _may_hear(session: Session, record: Tracked, person: Person, now: datetime) -> bool:
    """Whether the record is still a follower's to follow: what is not for the public is for those whom its page names."""
    followed = PAGES[type(record)].followed
    if followed is None or followed.public:
        return True
    return may_follow(visibility_case(session, record, actor=actor_of(session, person, now=now), now=now))


def publish_news(
    session: Session,
    record: Tracked,
    what: str,
    sentence: str,
    *,
    key: str,
    now: datetime,
    told: Collection[int] = (),
) -> News | None:
    """Tell everybody who follows a record, at once or with their next daily message; None if it was told before.

    `what` is a key of SUBJECTS, or of the subjects that the record's page names. `sentence` is what happened, in words
    that everybody may read who may follow the record.
    `key` names the event, such as "challenge-7-version-3" (up to 100 characters): the same key is never told twice.
    `told` are the ids of people who hear of it another way in the same transaction, such as those with a draft.
    Raises KeyError for an unknown `what`.
    """
    subject = subject_of(PAGES[type(record)].name, what)
    if session.scalar(select(col(News.id)).where(col(News.key) == key)) is not None:
        return None
    news = News(
        **keys(record),
        key=key,
        what=what,
        sentence=sentence,
        at=now,
        looked_for_at=None if what == "opens" and isinstance(record, Challenge) else now,
    )
    session.add(news)
    session.flush()
    query = select(Follow, Person).join(Person, col(Person.id) == col(Follow.person_id))
    query = query.where(about(Follow, record), col(Follow.ended_at).is_(None))
    query = query.where(col(Person.closed_at).is_(None)).order_by(col(Person.id))
    followers = [
        (follow, person)
        for follow, person in session.execute(query)
        if person.id not in set(told) and _may_hear(session, record, person, now)
    ]
    why = because_they_follow(session, record)
    alert_followers(session, record, news, followers, subject=subject, why=why, now=now)
    return news


def alert_followers(
    session: Session,
    record: Tracked,
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
                session,
                record,
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
    session: Session,
    record: Tracked,
    person: Person,
    *,
    subject: str,
    sentence: str,
    why: str,
    now: datetime,
    key: str = "",
    unsubscribe: str = "",
) -> Message:
    """What somebody reads at once of what happened to a record, and why they are told."""
    return write(
        person=person,
        kind="news",
        key=key,
        about=path_of(record),
        unsubscribe=unsubscribe,
        now=now,
        subject=subject,
        title=short_title_of(session, record),
        sentence=sentence,
        why=why,
    )


def because_they_follow(session: Session, record: Tracked) -> str:
    """Why a follower is told."""
    return f"you follow “{short_title_of(session, record)}”"
