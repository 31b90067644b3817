"""Gates, panels, assignments, scores and outcomes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.people import one_of
from civflow.models.records import Tracked, moment

SIDES = ("sponsor", "programme", "expert")
IN_THE_LINE = ("goes_on", "reserve")  # what a result says of whoever it may take further
DECISIONS = (*IN_THE_LINE, "not_selected")
DECLINES = ("conflict", "not_my_area", "too_many")


class Gate(Tracked, table=True):
    """Who goes on from one stage of one challenge to the next."""

    __table_args__ = (
        UniqueConstraint("challenge_id", "stage"),
        CheckConstraint("cap >= 1", "cap"),
        CheckConstraint("state NOT IN ('approved', 'released') OR approved_by_id IS NOT NULL", "approved_has_a_name"),
    )
    round_id: int = Field(foreign_key="round.id", index=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    stage: str = Field(max_length=40)
    cap: int
    going_on: int = 0
    number_reason: str = Field(default="", max_length=500)
    stake_pounds: int = 0  # what the places cost together that this gate gives
    criteria: str = Field(default="", max_length=1000)  # the ids of what an assessor scores here, with commas between
    scale_least: int = 0  # from here to there an assessor scores each of them
    scale_most: int = 0
    resubmit_by: datetime | None = moment(default=None, nullable=True)  # until then teams may improve their proposal
    scoring_due_at: datetime | None = moment(default=None, nullable=True)
    proceed_reason: str | None = Field(default=None, max_length=500)
    approved_by_id: int | None = Field(default=None, foreign_key="person.id")
    approved_at: datetime | None = moment(default=None, nullable=True)
    released_at: datetime | None = moment(default=None, nullable=True)


class Panellist(SQLModel, table=True):
    """A member of a gate's panel, and the side they sit for."""

    __table_args__ = (UniqueConstraint("gate_id", "person_id"), CheckConstraint(one_of("side", SIDES), "side"))
    id: int | None = Field(default=None, primary_key=True)
    gate_id: int = Field(foreign_key="gate.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    side: str = Field(max_length=20)
    chairs: bool = False
    largest_load: int = 20


class Conflict(SQLModel, table=True):
    """A person who must not assess a team; declared before the content is shown, and never deleted."""

    __table_args__ = (UniqueConstraint("person_id", "team_id"),)
    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    why: str = Field(max_length=500)
    declared_at: datetime = moment()


class Assignment(Tracked, table=True):
    """One assessor, one application, one gate."""

    __table_args__ = (
        UniqueConstraint("gate_id", "application_id", "assessor_id"),
        CheckConstraint(f"decline_why IS NULL OR {one_of('decline_why', DECLINES)}", "decline_why"),
        CheckConstraint("state <> 'submitted' OR declared_at IS NOT NULL", "declared_before_submitting"),
    )
    round_id: int = Field(foreign_key="round.id", index=True)
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    gate_id: int = Field(foreign_key="gate.id", index=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    team_id: int = Field(foreign_key="team.id")
    assessor_id: int = Field(foreign_key="person.id", index=True)
    side: str = Field(max_length=20)
    respond_by: datetime | None = moment(default=None, nullable=True)
    due_at: datetime | None = moment(default=None, nullable=True)
    declared_at: datetime | None = moment(default=None, nullable=True)  # "I have no conflict", said before reading
    decline_why: str | None = Field(default=None, max_length=20)
    comment: str = Field(default="", max_length=4000)
    submitted_at: datetime | None = moment(default=None, nullable=True)


class Score(SQLModel, table=True):
    """One criterion's score with its reason; moderation keeps the first value beside the second."""

    __table_args__ = (
        UniqueConstraint("assignment_id", "criterion"),
        CheckConstraint("value >= 0 AND value <= 100", "value"),
        CheckConstraint("moderated_value IS NULL OR moderated_reason <> ''", "moderation_has_a_reason"),
    )
    id: int | None = Field(default=None, primary_key=True)
    assignment_id: int = Field(foreign_key="assignment.id", index=True)
    criterion: str = Field(max_length=40)
    value: int
    reason: str = Field(max_length=2000)
    scored_at: datetime = moment()
    moderated_value: int | None = None
    moderated_reason: str = Field(default="", max_length=2000)
    moderated_by_id: int | None = Field(default=None, foreign_key="person.id")


class Outcome(SQLModel, table=True):
    """What a gate says of one application; `total` is in hundredths of a point out of 100, so that equality is exact."""

    __table_args__ = (
        UniqueConstraint("gate_id", "application_id"),
        CheckConstraint(one_of("decision", DECISIONS), "decision"),
    )
    id: int | None = Field(default=None, primary_key=True)
    gate_id: int = Field(foreign_key="gate.id", index=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    rank: int
    total: int
    decision: str = Field(max_length=20)
    tie_break: str = Field(default="", max_length=300)
