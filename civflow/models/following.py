"""What people follow, what there is to tell of a challenge, and who is told of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from civflow.models.people import one_of
from civflow.models.records import moment

DELIVERIES = {"at_once": "At once", "daily": "Once a day"}
_WAITING = text("told_at IS NULL")
_NOT_LOOKED_FOR = text("looked_for_at IS NULL")


class Follow(SQLModel, table=True):
    """A challenge, or a saved search, that a person is told about until `ended_at`; `token` ends it by a link."""

    __table_args__ = (
        UniqueConstraint("person_id", "challenge_id"),
        UniqueConstraint("person_id", "search"),
        CheckConstraint("(challenge_id IS NULL) <> (search IS NULL)", "one_or_the_other"),
        CheckConstraint(one_of("delivery", tuple(DELIVERIES)), "delivery"),
    )
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    challenge_id: int | None = Field(default=None, foreign_key="challenge.id", index=True)
    search: str | None = Field(default=None, max_length=600)  # as it stands in the address of the list, in one order
    delivery: str = Field(default="at_once", max_length=10)
    token: str = Field(max_length=43, unique=True)
    begun_at: datetime = moment()
    ended_at: datetime | None = moment(default=None, nullable=True)


class News(SQLModel, table=True):
    """Something that happened to a challenge and that everybody may know; `key` keeps it from being told twice."""

    __table_args__ = (
        Index("ix_news_not_looked_for", "id", sqlite_where=_NOT_LOOKED_FOR, postgresql_where=_NOT_LOOKED_FOR),
    )
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    key: str = Field(max_length=100, unique=True)
    what: str = Field(max_length=20)
    sentence: str
    at: datetime = moment()
    looked_for_at: datetime | None = moment(default=None, nullable=True)  # whom saved searches lead to is found later


class Alert(SQLModel, table=True):
    """One person, one piece of news; `told_at` is empty while it waits for the daily message."""

    __table_args__ = (
        UniqueConstraint("person_id", "news_id"),
        Index("ix_alert_waiting", "person_id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    news_id: int = Field(foreign_key="news.id", index=True)
    follow_id: int = Field(foreign_key="follow.id", index=True)
    told_at: datetime | None = moment(default=None, nullable=True)
