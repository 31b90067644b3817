"""A round: a set of challenges that run under one version of one programme."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Round(Tracked, table=True):
    """A round of a programme; a rehearsal is a round that nobody outside sees."""

    __table_args__ = (CheckConstraint("budget_pounds >= 0", "budget"),)
    programme_id: int = Field(foreign_key="programme.id", index=True)
    slug: str = Field(max_length=60, unique=True)
    title: str = Field(max_length=120)
    rehearsal: bool = False
    budget_pounds: int = 0
    starts_at: datetime = moment()
    ends_at: datetime = moment()
