"""The record of what happened: entries that are only ever appended, seals of whole days, and acts done once."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.records import moment


class History(SQLModel, table=True):
    """One step of one record, chained to the entry before it of the same record."""

    __table_args__ = (UniqueConstraint("workflow", "record_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    workflow: str = Field(max_length=40)
    record_id: int
    number: int  # the record's revision after the step; 0 is its creation
    at: datetime = moment(index=True)
    actor_id: int | None = Field(default=None, foreign_key="person.id")
    actor_name: str = Field(max_length=120)
    step: str = Field(max_length=40)
    from_state: str = Field(max_length=40)
    to_state: str = Field(max_length=40)
    reason: str = Field(default="")
    inputs: str = Field(default="")  # JSON with sorted keys, or nothing
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class Seal(SQLModel, table=True):
    """The Merkle root of one day's entries, chained to the seal before it."""

    id: int | None = Field(default=None, primary_key=True)
    day: date = Field(unique=True)
    first_id: int
    last_id: int
    entries: int
    root: str = Field(max_length=64)
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)
    sealed_at: datetime = moment()


class Act(SQLModel, table=True):
    """Something that is done once, marked in the transaction that did it."""

    name: str = Field(max_length=120, primary_key=True)
    at: datetime = moment()
