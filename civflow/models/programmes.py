"""A programme file as it was when a round pinned it, and the states it gives a challenge."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from civflow.models.records import moment


class Programme(SQLModel, table=True):
    """One version of one programme file; the content never changes once it is stored."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=40, index=True)
    version: str = Field(max_length=20)
    content_hash: str = Field(max_length=64, unique=True)
    source: str
    stored_at: datetime = moment()


class ProgrammeState(SQLModel, table=True):
    """A state that challenges of a programme may have: what a CHECK is for the other nouns."""

    __tablename__ = "programme_state"
    programme_id: int = Field(foreign_key="programme.id", primary_key=True)
    state: str = Field(max_length=40, primary_key=True)
