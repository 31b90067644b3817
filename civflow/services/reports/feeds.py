"""What feeds, calendars and search engines read of the public challenges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, func, literal_column, select
from sqlmodel import Session, col

from civflow.models import Challenge, News, Round
from civflow.services.challenges.funnel import funnels
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import last_moment
from civflow.services.search.challenges import Found, every
from civflow.services.search.query import Wanted
from civflow.services.search.sql import IS_PUBLIC, IS_PUBLISHED
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import NOBODY

MOST_ENTRIES, MOST_DATES, MOST_ADDRESSES = 50, 1000, 49_000  # a sitemap may have 50,000 addresses


class Entry(NamedTuple):
    """A challenge of a feed, and when something last happened to it."""

    challenge: Found
    updated_at: datetime | None


class Date(NamedTuple):
    """A moment of a challenge: `what` is opens, closes, decision or questions, or the id of a stage with its title.

    A gate lasts until a moment: people are heard and scored in between. Of other stages only the beginning is marked.
    """

    challenge: Found
    what: str
    at: datetime
    stage: str = ""
    until: datetime | None = None


def entries(session: Session, wanted: Wanted) -> list[Entry]:
    """The public challenges that fit, the latest opened first, each with the moment of its latest news."""
    rows = [row for row in every(session, wanted, actor=NOBODY, most=MOST_ENTRIES) if row.is_readable]
    latest = select(col(News.record_id), func.max(col(News.at))).group_by(col(News.record_id))
    latest = latest.where(col(News.workflow) == "challenge", col(News.record_id).in_([r.id for r in rows]))
    at = {row[0]: row[1] for row in session.execute(latest)}
    return [Entry(row, at.get(row.id) or row.opens_at) for row in rows]


def dates(rows: Sequence[Found], now: datetime) -> Iterator[Date]:
    """When each challenge opens and closes, and by when a decision is promised; not what an end has cut off."""
    for row in rows:
        moments = {one.name: getattr(row, one.column) for one in HANDBOOK["challenge"].calendar}
        yield from (
            Date(row, what, at) for what, at in moments.items() if at and (at <= now or row.group != "finished")
        )


def dates_within(session: Session, challenge: Challenge, row: Found, now: datetime) -> Iterator[Date]:
    """The last moment for questions and the stages of one challenge, as far as its page says them to everybody."""
    if not row.is_readable:
        return
    asked_until, programme = last_moment(session, challenge), programme_of(session, challenge)
    stages = [s for s in funnels(session, [challenge], [programme])[row.id] if s.kind != "call"]
    within = [Date(row, "questions", asked_until)] if asked_until else []
    within += [Date(row, s.id, s.starts_at, s.title, s.ends_at if s.kind == "gate" else None) for s in stages]
    yield from (date for date in within if date.at <= now or row.group != "finished")


def addresses(session: Session) -> list[tuple[str, datetime]]:
    """The slugs of the challenges that everybody can read, with the moment of their last change; the newest first."""
    query = select(col(Challenge.slug), col(Challenge.since)).join(Round, col(Round.id) == col(Challenge.round_id))
    query = query.where(IS_PUBLIC, literal_column(IS_PUBLISHED, Boolean()))
    rows = session.execute(query.order_by(col(Challenge.id).desc()).limit(MOST_ADDRESSES))
    return [(row[0], row[1]) for row in rows]
