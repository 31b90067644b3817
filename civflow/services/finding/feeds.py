"""What feeds, calendars and search engines read of the public challenges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, func, literal_column, select
from sqlmodel import Session, col

from civflow.models import Challenge, News, Round
from civflow.services.finding import Found, Wanted, every
from civflow.services.finding.statements import IS_PUBLIC, IS_PUBLISHED
from civflow.workflows.engine import NOBODY

MOST_ENTRIES, MOST_DATES, MOST_ADDRESSES = 50, 1000, 49_000  # a sitemap may have 50,000 addresses


class Entry(NamedTuple):
    """A challenge of a feed, and when something last happened to it."""

    challenge: Found
    updated_at: datetime | None


class Date(NamedTuple):
    """A moment of a challenge: `what` is opens, closes or decision."""

    challenge: Found
    what: str
    at: datetime


def entries(session: Session, wanted: Wanted) -> list[Entry]:
    """The public challenges that fit, the latest opened first, each with the moment of its latest news."""
    rows = [row for row in every(session, wanted, actor=NOBODY, most=MOST_ENTRIES) if row.is_readable]
    latest = select(col(News.challenge_id), func.max(col(News.at))).group_by(col(News.challenge_id))
    at = {row[0]: row[1] for row in session.execute(latest.where(col(News.challenge_id).in_([r.id for r in rows])))}
    return [Entry(row, at.get(row.id) or row.opens_at) for row in rows]


def dates(rows: Sequence[Found], now: datetime) -> Iterator[Date]:
    """When each challenge opens and closes, and by when a decision is promised; not what an end has cut off."""
    for row in rows:
        moments = {"opens": row.opens_at, "closes": row.closes_at, "decision": row.decision_promised_at}
        yield from (Date(row, what, at) for what, at in moments.items()
                    if at and (at <= now or row.group != "finished"))  # fmt: skip


def addresses(session: Session) -> list[tuple[str, datetime]]:
    """The slugs of the challenges that everybody can read, with the moment of their last change; the newest first."""
    query = select(col(Challenge.slug), col(Challenge.since)).join(Round, col(Round.id) == col(Challenge.round_id))
    query = query.where(IS_PUBLIC, literal_column(IS_PUBLISHED, Boolean()))
    rows = session.execute(query.order_by(col(Challenge.id).desc()).limit(MOST_ADDRESSES))
    return [(row[0], row[1]) for row in rows]
