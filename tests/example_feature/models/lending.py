"""A shed with tools, and a tool that somebody has."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Shed(Tracked, table=True):
    """A shed with tools, which somebody keeps until `closes_at`; `missing`: how many tools were out then."""

    name: str = Field(max_length=80)
    keeper_id: int = Field(foreign_key="person.id", index=True)
    closes_at: datetime = moment()
    missing: int | None = None


class Loan(Tracked, table=True):
    """A tool of a shed that somebody has."""

    shed_id: int = Field(foreign_key="shed.id", index=True)
    tool: str = Field(max_length=80)
    borrower_id: int = Field(foreign_key="person.id", index=True)
