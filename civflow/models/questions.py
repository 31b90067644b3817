"""A question that somebody asks about a challenge, and its answer for everybody."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Question(Tracked, table=True):
    """A question about a challenge; the public never learns who asked."""

    __table_args__ = (
        UniqueConstraint("challenge_id", "number"),
        CheckConstraint("state <> 'published' OR answer <> ''", "published_has_an_answer"),
    )
    round_id: int = Field(foreign_key="round.id")
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    asked_by_id: int | None = Field(default=None, foreign_key="person.id")
    asked_at: datetime = moment()
    answer_promised_at: datetime | None = moment(default=None, nullable=True)
    number: int | None = None
    text: str = Field(max_length=2000)
    answer: str = Field(default="", max_length=4000)
    drafted_by_id: int | None = Field(default=None, foreign_key="person.id")
    published_at: datetime | None = moment(default=None, nullable=True)
