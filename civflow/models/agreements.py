"""Agreements."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Agreement(Tracked, table=True):
    """A contract between the sponsor and a team for one stage; nobody signs before the standstill is over."""

    __table_args__ = (
        UniqueConstraint("application_id", "stage"),
        CheckConstraint("price_pounds >= 0", "price"),
        CheckConstraint(
            "state NOT IN ('signed', 'active', 'completed') "
            "OR (team_signed_at IS NOT NULL AND sponsor_signed_at IS NOT NULL)",
            "both_sides_have_signed",
        ),
    )
    round_id: int = Field(foreign_key="round.id", index=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    place_id: int | None = Field(default=None, foreign_key="place.id", index=True)
    stage: str = Field(max_length=40)
    price_pounds: int
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    standstill_ends_at: datetime | None = moment(default=None, nullable=True)
    document_id: int | None = Field(default=None, foreign_key="document.id")
    team_signed_at: datetime | None = moment(default=None, nullable=True)
    team_signed_by_id: int | None = Field(default=None, foreign_key="person.id")
    sponsor_signed_at: datetime | None = moment(default=None, nullable=True)
    sponsor_signed_by_id: int | None = Field(default=None, foreign_key="person.id")
