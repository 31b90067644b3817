"""Who else is in a draft, and what they say about it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from civflow.models.people import one_of
from civflow.models.records import moment

COMMENTS = ("comment", "resolved", "reopened")


class Presence(SQLModel, table=True):
    """Where a person is in a draft: overwritten, forgotten after some minutes, and never part of the record."""

    __table_args__ = (UniqueConstraint("challenge_id", "person_id"),)
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id")
    person_id: int = Field(foreign_key="person.id", index=True)
    part: str = Field(default="", max_length=60)  # the id of a part, or nothing for the list of them
    writes: bool = False
    at: datetime = moment()


class Comment(SQLModel, table=True):
    """Something said about a part of a draft: a comment, an answer, or that it is settled or open again.

    The first of a thread has no `thread_id`, and says with `is_open` how the thread stands. Nothing is ever changed
    but that: what was said stays.
    """

    __tablename__ = "draft_remark"
    __table_args__ = (
        CheckConstraint(one_of("kind", COMMENTS), "kind"),
        CheckConstraint("kind <> 'comment' OR text <> ''", "a_comment_has_words"),
        CheckConstraint("thread_id IS NOT NULL OR kind = 'comment'", "a_thread_begins_with_a_comment"),
        Index("ix_draft_remark_part", "challenge_id", "part"),
    )
    id: int | None = Field(default=None, primary_key=True)
    challenge_id: int = Field(foreign_key="challenge.id")
    part: str = Field(max_length=60)
    thread_id: int | None = Field(default=None, foreign_key="draft_remark.id", index=True)
    kind: str = Field(default="comment", max_length=10)
    text: str = Field(default="", max_length=2000)
    by_id: int = Field(foreign_key="person.id")
    at: datetime = moment()
    is_open: bool = True
