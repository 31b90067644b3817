"""What is told later: whom saved searches lead to a new challenge, and the daily message with what has gathered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlmodel import Session, col

from civflow.models import Alert, Challenge, Follow, Message, News, Person
from civflow.services.engine.about import about_number
from civflow.services.following.publish import SUBJECTS, alert_followers, subject_of
from civflow.services.formatting import DEFAULT_ZONE, count
from civflow.services.notifications.outbox import post_all, write
from civflow.services.records.titles import path_of, short_title_of
from civflow.services.search.challenges import fits
from civflow.services.search.query import in_words, search_at
from civflow.workflows import HANDBOOK

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
    waiting = select(News, Challenge).join(Challenge, about_number(News, "challenge", col(Challenge.id)))
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
    query = (
        select(Alert, News, Follow, Person)
        .join(News, col(News.id) == col(Alert.news_id))
        .join(Follow, col(Follow.id) == col(Alert.follow_id))
        .join(Person, col(Person.id) == col(Alert.person_id))
        .where(col(Alert.person_id).in_(people), col(Alert.told_at).is_(None), col(News.at) <= due_at(now))
        .order_by(col(Alert.person_id), col(News.at), col(News.id))
        .with_for_update(of=Alert)  # skip_locked would make two messages of one person's
    )
    rows = session.execute(query).all()
    about = _places(session, {(row.News.workflow, row.News.record_id) for row in rows})
    messages = [_daily(list(own), about, base_url, now) for _, own in groupby(rows, key=lambda row: row.Person.id)]
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


class _Place(NamedTuple):
    """What a record is called and where it is read; in the order in which a message names them."""

    title: str
    record_id: int
    path: str
    noun: str


def _places(session: Session, records: set[tuple[str, int]]) -> dict[tuple[str, int], _Place]:
    """Noun and number -> what the record is called, and where it is read."""
    found = {}
    for noun in {noun for noun, _ in records}:
        model: Any = HANDBOOK[noun].record
        numbers = {number for other, number in records if other == noun}
        for record in session.scalars(select(model).where(col(model.id).in_(numbers))):
            found[noun, record.id] = _Place(short_title_of(session, record), record.id, path_of(record), noun)
    return found


def _daily(rows: list[Any], about: Mapping[tuple[str, int], _Place], base_url: str, now: datetime) -> Message:
    """One person's message: each record with what happened to it, in the order of time."""
    of_record: dict[_Place, list[str]] = {}
    for row in rows:
        line = f"{subject_of(row.News.workflow, row.News.what)}. {row.News.sentence}"
        of_record.setdefault(about[row.News.workflow, row.News.record_id], []).append(line)
    person, nouns = rows[0].Person, {place.noun for place in of_record}
    items = [{"title": p.title, "link": f"{base_url}{p.path}", "lines": of_record[p]} for p in sorted(of_record)]
    called = HANDBOOK[nouns.pop()].called.lower() if len(nouns) == 1 else "record"
    return write(
        person=person,
        kind="daily",
        key=f"daily-{person.id}-{due_at(now):%Y-%m-%d}-{rows[0].Alert.id}",
        now=now,
        about="/account#following",
        unsubscribe=f"/unsubscribe/{rows[0].Follow.token}/daily",
        number=count(len(items), called),
        items=items,
    )
