"""Interview times, and who of the panel is there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from civflow.models.records import Tracked, moment

BOOKED = text("state = 'booked'")


class Slot(Tracked, table=True):
    """Thirty minutes in which a panel hears one team."""

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", "ends_after_it_starts"),
        CheckConstraint(
            "state NOT IN ('booked', 'held', 'missed') OR application_id IS NOT NULL", "booked_for_an_application"
        ),
        Index("uq_slot_booked", "gate_id", "application_id", unique=True, sqlite_where=BOOKED, postgresql_where=BOOKED),
    )
    round_id: int = Field(foreign_key="round.id")
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    gate_id: int = Field(foreign_key="gate.id", index=True)
    application_id: int | None = Field(default=None, foreign_key="application.id", index=True)
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    where: str = Field(default="", max_length=300)
    attended: int = 0  # how many panel members were there


class SlotPanel(SQLModel, table=True):
    """A panel member who is asked to hear the teams of a slot."""

    __tablename__ = "slot_panel"
    slot_id: int = Field(foreign_key="slot.id", primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
