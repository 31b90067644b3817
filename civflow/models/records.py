"""The columns that every record with a workflow has."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from civflow.db import UTCDateTime


def moment(**options: object) -> datetime:
    """A column that holds an aware datetime."""
    return Field(sa_type=UTCDateTime, **options)  # type: ignore[call-overload,no-any-return]


class Tracked(SQLModel):
    """A record that changes state only through the gate; `head` is the hash of its last history entry."""

    id: int | None = Field(default=None, primary_key=True)
    state: str = Field(max_length=40, index=True)
    revision: int = 0
    head: str = Field(default="", max_length=64)
    since: datetime = moment()
