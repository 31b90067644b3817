"""What is told later: whom saved searches lead to a new challenge, and the daily message with what has gathered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlmodel import Session, col

from civflow.models import Alert, Challenge, Follow, Message, News, Person
from civflow.services.following.publish import SUBJECTS, alert_followers
from civflow.services.formatting import DEFAULT_ZONE, count
from civflow.services.notifications.outbox import post_all, write
from civflow.services.search.challenges import fits
from civflow.services.search.query import in_words, search_at

DAILY_AT = time(8)  # in London
AT_ONCE = 200  # people whose daily message is written in one transaction


def is_waiting(session: Session, *, now: datetime) -> bool:
    """Whether a new challenge has not been compared with the saved searches, or a daily message is due."""
    new = session.scalars(select(col(News.id)).where(col(News.looked_for_at).is_(None)).limit(1)).first()
    return new is not None or session.scalars(_due(now).limit(1)).first() is not None


def compare_with_searches(session: Session, *, now: datetime) -> int:
    """Tell everybody whose saved search finds a challenge that has opened, and who has not been told; how many.

    Of two workers the second waits, here and below, and finds nothing left to tell.
    """
    waiting = select(News, Challenge).join(Challenge, col(Challenge.id) == col(News.challenge_id))
    waiting = waiting.where(col(News.looked_for_at).is_(None)).order_by(col(News.id))
    told = 0
    for news, challenge in session.execute(waiting.with_for_update(of=News)).all():
        for search in _searches(session):
            if fits(session, search_at(search), challenge.id or 0):
                followers = _followers(session, search, news)
                why = f"it fits your search for {in_words(search_at(search))}"
                alert_followers(session, challenge, news, followers, subject=SUBJECTS["matches"], why=why, now=now)
                told += len(followers)
        news.looked_for_at = now
    session.flush()
    return told


def _searches(session: Session) -> Sequence[str]:
    """Every search that somebody follows, once."""
    query = select(col(Follow.search)).where(col(Follow.search).is_not(None), col(Follow.ended_at).is_(None))
    return [search for search in session.scalars(query.distinct().order_by(col(Follow.search))) if search]


def _followers(session: Session, search: str, news: News) -> list[tuple[Follow, Person]]:
    """Who follows a search and has no alert about this news yet."""
    told = select(col(Alert.person_id)).where(col(Alert.news_id) == news.id)
    query = select(Follow, Person).join(Person, col(Person.id) == col(Follow.person_id))
    query = query.where(col(Follow.search) == search, col(Follow.ended_at).is_(None), col(Person.closed_at).is_(None))
    query = query.where(col(Person.id).not_in(told)).order_by(col(Person.id))
    return [(follow, person) for follow, person in session.execute(query)]


def send_daily(session: Session, *, base_url: str, now: datetime) -> int:
    """Write the daily message of up to AT_ONCE people for whom something has gathered; how many.

    Links in it begin with `base_url`. A day's message holds what had happened before DAILY_AT; what was not sent in
    time is sent as soon as it can be.
    """
    people = list(session.scalars(_due(now).limit(AT_ONCE)))
    columns = (Alert, News, Follow, Person, col(Challenge.title), col(Challenge.slug))
    query = (
        select(*columns)
        .join(News, col(News.id) == col(Alert.news_id))
        .join(Follow, col(Follow.id) == col(Alert.follow_id))
        .join(Person, col(Person.id) == col(Alert.person_id))
        .join(Challenge, col(Challenge.id) == col(News.challenge_id))
        .where(col(Alert.person_id).in_(people), col(Alert.told_at).is_(None), col(News.at) <= due_at(now))
        .order_by(col(Alert.person_id), col(Challenge.title), col(Challenge.id), col(News.at), col(News.id))
        .with_for_update(of=Alert)  # skip_locked would make two messages of one person's
    )
    rows = session.execute(query).all()
    messages = [_daily(list(own), base_url, now) for _, own in groupby(rows, key=lambda row: row.Person.id)]
    for row in rows:
        row.Alert.told_at = now
    post_all(session, messages, now=now)
    return len(messages)


def due_at(now: datetime) -> datetime:
    """The last moment, until now, at which a daily message was due."""
    local = now.astimezone(ZoneInfo(DEFAULT_ZONE))
    today = datetime.combine(local.date(), DAILY_AT, local.tzinfo)
    return today if today <= local else datetime.combine(local.date() - timedelta(days=1), DAILY_AT, local.tzinfo)


def _due(now: datetime) -> Select[int]:
    """The people for whom something has gathered."""
    query = select(col(Alert.person_id)).join(News, col(News.id) == col(Alert.news_id))
    query = query.join(Person, col(Person.id) == col(Alert.person_id)).where(col(Person.closed_at).is_(None))
    return (
        query.where(col(Alert.told_at).is_(None), col(News.at) <= due_at(now)).distinct().order_by(col(Alert.person_id))
    )


def _daily(rows: list[Any], base_url: str, now: datetime) -> Message:
    """One person's message: each challenge with what happened to it, in the order of time."""
    person, items = rows[0].Person, []
    for (title, slug), own in groupby(rows, key=lambda row: (row.title, row.slug)):
        lines = [f"{SUBJECTS[row.News.what]}. {row.News.sentence}" for row in own]
        items.append({"title": title, "link": f"{base_url}/challenges/{slug}", "lines": lines})
    return write(
        person=person,
        kind="daily",
        key=f"daily-{person.id}-{due_at(now):%Y-%m-%d}-{rows[0].Alert.id}",
        now=now,
        about="/account#following",
        unsubscribe=f"/unsubscribe/{rows[0].Follow.token}/daily",
        number=count(len(items), "challenge"),
        items=items,
    )
