"""A challenge, its supporting sponsors, the versions of its text, and its calendar."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.records import Tracked, moment


class Challenge(Tracked, table=True):
    """A problem of a public body; its states come from the programme that its round pinned."""

    __table_args__ = (
        ForeignKeyConstraint(["programme_id", "state"], ["programme_state.programme_id", "programme_state.state"]),
        CheckConstraint("closes_at IS NULL OR opens_at IS NULL OR closes_at > opens_at", "closes_after_it_opens"),
        CheckConstraint("money_pounds >= 0", "money"),
        # What the public list counts and sorts by, so that it need not read the challenges themselves.
        Index(
            "ix_challenge_listed", "state", "announced", "version", "source_url", "round_id", "closes_at", "opens_at"
        ),
    )
    round_id: int = Field(foreign_key="round.id", index=True)
    programme_id: int = Field(foreign_key="programme.id")
    sponsor_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    slug: str = Field(max_length=100, unique=True)
    reference: str = Field(default="", max_length=20)
    title: str = Field(max_length=200)
    question: str = Field(default="", max_length=500)
    version: int = 0  # the number of the published text; 0 before the first
    money_pounds: int = 0
    opens_at: datetime | None = moment(default=None, nullable=True, index=True)
    closes_at: datetime | None = moment(default=None, nullable=True, index=True)
    questions_until: datetime | None = moment(default=None, nullable=True)  # set at the opening, if nobody has before
    decision_promised_at: datetime | None = moment(default=None, nullable=True)
    budget_holder: str = Field(default="", max_length=200)
    route_to_adoption: str = Field(default="", max_length=2000)
    sponsor_time: str = Field(default="", max_length=500)
    data_access: str = Field(default="", max_length=1000)
    exit_if_too_expensive: str = Field(default="", max_length=1000)
    review: int = 0  # how often it was sent for approval
    reply_promised_at: datetime | None = moment(default=None, nullable=True)  # to the sponsor, when it was sent last
    low_score_reason: str = Field(default="", max_length=500)  # why it was approved although it scored low
    notice_reference: str = Field(default="", max_length=300)
    announce_at: datetime | None = moment(default=None, nullable=True, index=True)  # by the clock, while it is approved
    announced: bool = False  # the public reads title, sponsor and opening date before it opens
    copied_from_id: int | None = Field(default=None, foreign_key="challenge.id", index=True)
    source_url: str = Field(default="", max_length=500)
    earlier_result: str = Field(default="", max_length=300)
    themes: list[str] = Field(default_factory=list, sa_type=JSON)  # keys of workflows/themes.py
    place: str = Field(default="", max_length=100, index=True)  # where it is delivered
    sponsors_in_source: str = Field(default="", max_length=300)


class ChallengeVersion(SQLModel, table=True):
    """What a challenge says at one moment: its sections (id -> words), title, question, money and promises.

    While the first version is a draft, the columns beside `sections` are those of the challenge itself. Once it is
    published it never changes: the next version is written beside it, and a promise that moves with the closing date
    moves on the challenge alone. A change that was dropped loses its number.
    """

    __tablename__ = "challenge_version"
    __table_args__ = (
        UniqueConstraint("challenge_id", "number"),
        CheckConstraint("(dropped_at IS NULL) = (number IS NOT NULL)", "dropped_has_no_number"),
        CheckConstraint("published_at IS NULL OR dropped_at IS NULL", "published_is_not_dropped"),
        CheckConstraint("money_pounds >= 0", "money"),
    )
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    number: int | None = None
    title: str = Field(default="", max_length=200)
    question: str = Field(default="", max_length=500)
    money_pounds: int = 0
    decision_promised_at: datetime | None = moment(default=None, nullable=True)
    closes_at: datetime | None = moment(default=None, nullable=True)  # of the call, when this text made its promise
    notice_reference: str = Field(default="", max_length=300)
    sections: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    why: str = Field(default="", max_length=500)  # why the text was changed; everybody reads it
    complete: bool = (
        False  # every required section is there and within its length; kept by services/challenges/drafts.py
    )
    changed: int = 0  # how many parts differ from the version before; kept by services/challenges/versions.py
    written_by_id: int | None = Field(default=None, foreign_key="person.id")
    written_at: datetime = moment()
    published_at: datetime | None = moment(default=None, nullable=True)
    dropped_at: datetime | None = moment(default=None, nullable=True)


class StageDates(SQLModel, table=True):
    """When a stage of one challenge begins and ends, and what the challenge overrides there."""

    __tablename__ = "stage_dates"
    __table_args__ = (
        UniqueConstraint("challenge_id", "stage"),
        CheckConstraint("ends_at > starts_at", "ends_after_it_starts"),
    )
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    stage: str = Field(max_length=40)
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    cap: int | None = None
    money_pounds: int | None = None


class SupportingSponsor(SQLModel, table=True):
    """A public body that supports a challenge beside the one that leads it."""

    __tablename__ = "supporting_sponsor"
    __table_args__ = (UniqueConstraint("challenge_id", "organisation_id"),)
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id")
    organisation_id: int = Field(foreign_key="organisation.id", index=True)
    added_by_id: int | None = Field(default=None, foreign_key="person.id")
    added_at: datetime = moment()
