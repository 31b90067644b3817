"""Places in a work stage, agreements, sprints and deliverables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Place(Tracked, table=True):
    """A team's place in a work stage."""

    __table_args__ = (
        UniqueConstraint("application_id", "stage"),
        CheckConstraint("money_pounds >= 0", "money"),
        CheckConstraint("state NOT IN ('active', 'completed') OR begun_at IS NOT NULL", "the_stage_has_begun"),
    )
    round_id: int = Field(foreign_key="round.id", index=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    stage: str = Field(max_length=40)
    money_pounds: int = 0
    respond_by: datetime | None = moment(default=None, nullable=True, index=True)
    begun_at: datetime | None = moment(default=None, nullable=True)  # from then on its work is planned
    starts_at: datetime = moment()
    ends_at: datetime = moment()


class Sprint(Tracked, table=True):
    """Two weeks of a place, with a goal and a review."""

    __table_args__ = (UniqueConstraint("place_id", "number"), CheckConstraint("ends_at > starts_at", "ends_after"))
    round_id: int = Field(foreign_key="round.id")
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    place_id: int = Field(foreign_key="place.id", index=True)
    number: int
    goal: str = Field(default="", max_length=1000)
    starts_at: datetime = moment(index=True)
    ends_at: datetime = moment(index=True)


class Deliverable(Tracked, table=True):
    """Something a team owes the sponsor by a day, with what counts as done written beforehand."""

    round_id: int = Field(foreign_key="round.id")
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    place_id: int = Field(foreign_key="place.id", index=True)
    sprint_id: int | None = Field(default=None, foreign_key="sprint.id", index=True)
    title: str = Field(max_length=200)
    done_when: str = Field(max_length=1000)
    due_at: datetime = moment()
    note: str = Field(default="", max_length=2000)
    submitted_at: datetime | None = moment(default=None, nullable=True)
    accepted_at: datetime | None = moment(default=None, nullable=True)
