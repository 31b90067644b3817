"""Teams and who belongs to them."""

from datetime import datetime

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Team(Tracked, table=True):
    """People who apply together; a person alone is a team of one, and a company is optional."""

    name: str = Field(max_length=120, unique=True)
    lead_id: int = Field(foreign_key="person.id", index=True)
    organisation_id: int | None = Field(default=None, foreign_key="organisation.id", index=True)
    about: str = Field(default="", max_length=1000)
    looking_for: list[str] = Field(default_factory=list, sa_type=JSON)
    alone_id: int | None = Field(default=None, foreign_key="person.id", unique=True)  # whose own team of one it is


class Membership(Tracked, table=True):
    """A person's place in a team, from the invitation or the request onwards."""

    __table_args__ = (UniqueConstraint("team_id", "person_id"),)
    team_id: int = Field(foreign_key="team.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    respond_by: datetime | None = moment(default=None, nullable=True, index=True)
    joined_at: datetime | None = moment(default=None, nullable=True)  # stays when the person leaves or asks again
