"""Who else is at a record, and what they say about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.people import one_of
from civflow.models.records import moment

COMMENTS = ("comment", "resolved", "reopened")


class Presence(SQLModel, table=True):
    """Where a person is: at which record, in which part; overwritten, forgotten after some minutes, never part of the record."""

    __table_args__ = (UniqueConstraint("workflow", "record_id", "person_id"),)
    id: int | None = Field(default=None, primary_key=True)
    workflow: str = Field(max_length=40)
    record_id: int
    person_id: int = Field(foreign_key="person.id", index=True)
    part: str = Field(default="", max_length=60)  # the id of a part, or nothing for the list of them
    writes: bool = False
    at: datetime = moment()


class Comment(SQLModel, table=True):
    """Something said about a record, or a part of it: a comment, an answer, or that it is settled or open again.

    The first of a thread has no `thread_id`, and says with `is_open` how the thread stands. Nothing is ever changed
    but that: what was said stays.
    """

    __table_args__ = (
        CheckConstraint(one_of("kind", COMMENTS), "kind"),
        CheckConstraint("kind <> 'comment' OR text <> ''", "a_comment_has_words"),
        CheckConstraint("thread_id IS NOT NULL OR kind = 'comment'", "a_thread_begins_with_a_comment"),
        Index("ix_comment_part", "workflow", "record_id", "part"),
    )
    id: int | None = Field(default=None, primary_key=True)
    workflow: str = Field(max_length=40)
    record_id: int
    part: str = Field(default="", max_length=60)  # nothing where a record has no parts
    thread_id: int | None = Field(default=None, foreign_key="comment.id", index=True)
    kind: str = Field(default="comment", max_length=10)
    text: str = Field(default="", max_length=2000)
    by_id: int = Field(foreign_key="person.id")
    at: datetime = moment()
    is_open: bool = True
