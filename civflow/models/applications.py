"""An application, and the snapshots that were submitted."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.records import Tracked, moment


class Application(Tracked, table=True):
    """What one team says to one challenge; its words are sealed until the challenge closes."""

    __table_args__ = (
        UniqueConstraint("challenge_id", "team_id"),
        CheckConstraint("state = 'draft' OR state = 'withdrawn' OR submitted_at IS NOT NULL", "submitted_has_a_time"),
    )
    round_id: int = Field(foreign_key="round.id", index=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    reference: str = Field(max_length=20, unique=True)
    title: str = Field(default="", max_length=200)
    stage: str = Field(default="", max_length=40)  # the stage that it has reached, once it is in progress
    closes_at: datetime | None = moment(default=None, nullable=True, index=True)
    sealed_until: datetime | None = moment(default=None, nullable=True, index=True)  # the call's last deadline
    extension_reason: str = Field(default="", max_length=500)
    submitted_at: datetime | None = moment(default=None, nullable=True)
    challenge_version: int = 0
    answers: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)  # form id -> question id -> words
    complete: bool = False  # every answer of the form in hand is there and within its length; kept by services/applications/answers.py


class Submission(SQLModel, table=True):
    """The words as they were when somebody pressed submit; `content_hash` is printed on the receipt."""

    __table_args__ = (
        UniqueConstraint("application_id", "number"),
        ForeignKeyConstraint(
            ["challenge_id", "challenge_version"], ["challenge_version.challenge_id", "challenge_version.number"]
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    challenge_id: int = Field(foreign_key="challenge.id")
    number: int
    stage: str = Field(max_length=40)
    challenge_version: int  # the version of the challenge that it answers
    answers: dict[str, Any] = Field(sa_type=JSON)
    content_hash: str = Field(max_length=64)
    submitted_at: datetime = moment()
    submitted_by_id: int | None = Field(default=None, foreign_key="person.id")
