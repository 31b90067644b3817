"""What people follow, what there is to tell of a record, and who is told of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from civflow.models.people import one_of
from civflow.models.records import moment

DELIVERIES = {"at_once": "At once", "daily": "Once a day"}
_WAITING = text("told_at IS NULL")
_NOT_LOOKED_FOR = text("looked_for_at IS NULL")


class Follow(SQLModel, table=True):
    """A record, or a saved search, that a person is told about until `ended_at`; `token` ends it by a link."""

    __table_args__ = (
        UniqueConstraint("person_id", "workflow", "record_id"),
        UniqueConstraint("person_id", "search"),
        CheckConstraint("(record_id IS NULL) <> (search IS NULL)", "one_or_the_other"),
        CheckConstraint("(workflow IS NULL) = (record_id IS NULL)", "a_record_has_a_noun"),
        CheckConstraint(one_of("delivery", tuple(DELIVERIES)), "delivery"),
        Index("ix_follow_record", "workflow", "record_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    workflow: str | None = Field(default=None, max_length=40)
    record_id: int | None = None
    search: str | None = Field(default=None, max_length=600)  # as it stands in the address of the list, in one order
    delivery: str = Field(default="at_once", max_length=10)
    token: str = Field(max_length=43, unique=True)
    begun_at: datetime = moment()
    ended_at: datetime | None = moment(default=None, nullable=True)


class News(SQLModel, table=True):
    """Something that happened to a record and that everybody may know; `key` keeps it from being told twice."""

    __table_args__ = (
        Index("ix_news_record", "workflow", "record_id"),
        Index("ix_news_not_looked_for", "id", sqlite_where=_NOT_LOOKED_FOR, postgresql_where=_NOT_LOOKED_FOR),
    )
    id: int | None = Field(default=None, primary_key=True)
    workflow: str = Field(max_length=40)
    record_id: int
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
