"""What is kept about any record, beside it: by the name of its noun and its number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from civflow.models import Tracked
from civflow.services.engine.advance import PAGES


def keys(record: Tracked) -> dict[str, Any]:
    """The columns that say which record something is about, with their values."""
    return {"workflow": PAGES[type(record)].name, "record_id": record.id}


def about_number(table: Any, noun: str, record_id: Any) -> ColumnElement[bool]:
    """The rows of a table that are about the record of this noun and number."""
    return and_(col(table.workflow) == noun, col(table.record_id) == record_id)


def about(table: Any, record: Tracked) -> ColumnElement[bool]:
    """The rows of a table that are about this record."""
    return about_number(table, PAGES[type(record)].name, record.id)
