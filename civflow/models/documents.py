"""Finished PDFs, and the data they are made from."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from civflow.models.records import moment


class Document(SQLModel, table=True):
    """A PDF about one record: asked for with its data, made by a job, and the same bytes for the same data."""

    __table_args__ = (Index("ix_document_about", "workflow", "record_id"),)
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=120, unique=True)
    kind: str = Field(max_length=40)
    title: str = Field(max_length=200)
    workflow: str = Field(max_length=40)
    record_id: int
    data: dict[str, Any] = Field(sa_type=JSON)
    asked_at: datetime = moment()
    made_at: datetime | None = moment(default=None, nullable=True)
    path: str = Field(default="", max_length=200)  # below the folder of the files
    size: int = 0  # bytes
    content_hash: str = Field(default="", max_length=64)
