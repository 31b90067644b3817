"""A live session about a challenge: people ask, the sponsor answers, everybody hears it."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class LiveSession(Tracked, table=True):
    """A meeting for everybody where questions about a challenge are asked and answered aloud."""

    __tablename__ = "live_session"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", "ends_after_it_starts"),
        CheckConstraint("place <> '' OR link <> ''", "is_somewhere"),
    )
    round_id: int = Field(foreign_key="round.id")
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    title: str = Field(max_length=120)
    starts_at: datetime = moment(index=True)
    ends_at: datetime = moment()
    place: str = Field(default="", max_length=300)
    link: str = Field(default="", max_length=500)
    recording: str = Field(default="", max_length=500)
