"""Before a challenge is approved: what was asked to be changed in it, who was named to score it, and their scores."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.records import moment


class AskedChange(SQLModel, table=True):
    """A change that was asked for in one part of a draft, with the reason; `dealt_at` is set when the sponsor says so."""

    __tablename__ = "asked_change"
    __table_args__ = (
        UniqueConstraint("challenge_id", "review", "part"),
        CheckConstraint("(dealt_at IS NULL) = (dealt_by_id IS NULL)", "dealt_with_by_somebody"),
    )
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    review: int  # the number of the review in which it was asked for
    part: str = Field(max_length=60)  # the id of a page of the draft
    reason: str = Field(max_length=500)
    asked_by_id: int = Field(foreign_key="person.id")
    asked_at: datetime = moment()
    dealt_by_id: int | None = Field(default=None, foreign_key="person.id")
    dealt_at: datetime | None = moment(default=None, nullable=True)
    how: str = Field(default="", max_length=500)  # what was done about it, or why nothing


class Scorer(SQLModel, table=True):
    """Somebody who was named to score a challenge in one of its reviews; what they have sent never changes."""

    __table_args__ = (
        UniqueConstraint("challenge_id", "review", "person_id"),
        CheckConstraint("taken_off_at IS NULL OR scored_at IS NULL", "whoever_has_scored_stays"),
    )
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    review: int
    person_id: int = Field(foreign_key="person.id", index=True)
    named_by_id: int = Field(foreign_key="person.id")
    named_at: datetime = moment()
    taken_off_at: datetime | None = moment(default=None, nullable=True)
    scored_at: datetime | None = moment(default=None, nullable=True)


# What a kept row says of a score or a reason that is still missing; neither can be sent.
NOT_CHOSEN, NOT_GIVEN = -1, " "


class ChallengeScore(SQLModel, table=True):
    """What a scorer gives a challenge for one criterion of the programme file, with the reason."""

    __tablename__ = "challenge_score"
    __table_args__ = (UniqueConstraint("scorer_id", "criterion"), CheckConstraint("reason <> ''", "it_has_a_reason"))
    id: int | None = Field(default=None, primary_key=True)
    scorer_id: int = Field(foreign_key="scorer.id", index=True)
    criterion: str = Field(max_length=40)
    score: int
    reason: str = Field(max_length=500)
