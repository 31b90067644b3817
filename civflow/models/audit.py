"""Checks of the whole record that somebody has asked for, each with what it found."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from civflow.models.records import moment


class Verification(SQLModel, table=True):
    """A check of every chain and seal: asked for, begun, and ended with its report."""

    __table_args__ = (CheckConstraint("ended_at IS NULL OR begun_at IS NOT NULL", "ends_after_it_began"),)
    id: int | None = Field(default=None, primary_key=True)
    asked_by_id: int = Field(foreign_key="person.id", index=True)
    asked_at: datetime = moment()
    begun_at: datetime | None = moment(default=None, nullable=True)
    ended_at: datetime | None = moment(default=None, nullable=True, index=True)
    entries: int = 0
    records: int = 0
    seals: int = 0
    broken: str = ""  # what does not fit, in a sentence; empty where everything does
