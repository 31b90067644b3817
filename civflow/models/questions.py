"""A question that somebody asks about a challenge, and its answer for everybody."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Question(Tracked, table=True):
    """A question about a challenge. Nobody who runs the challenge learns who asked, nor does the public.

    `wording` is the question as everybody reads it, where its own words would tell who asks. `number` is given at the
    first publication and never again. `portal_reference` is what the procurement portal calls it, if it came from there.
    """

    __table_args__ = (
        UniqueConstraint("challenge_id", "number"),
        UniqueConstraint("challenge_id", "portal_reference"),
        CheckConstraint("state <> 'published' OR answer <> ''", "published_has_an_answer"),
        CheckConstraint("state <> 'published' OR number IS NOT NULL", "published_has_a_number"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", "merged_into_another"),
        CheckConstraint("merged_into_id <> id", "merged_into_itself"),
    )
    round_id: int = Field(foreign_key="round.id")
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    asked_by_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    asked_at: datetime = moment()
    answer_promised_at: datetime | None = moment(default=None, nullable=True)
    number: int | None = None
    text: str = Field(max_length=2000)
    wording: str = Field(default="", max_length=2000)
    answer: str = Field(default="", max_length=4000)
    drafted_by_id: int | None = Field(default=None, foreign_key="person.id")
    cleared_by_id: int | None = Field(default=None, foreign_key="person.id")
    published_at: datetime | None = moment(default=None, nullable=True)
    merged_into_id: int | None = Field(default=None, foreign_key="question.id", index=True)
    version_id: int | None = Field(default=None, foreign_key="challenge_version.id")  # the text that it changes
    portal_reference: str | None = Field(default=None, max_length=60)
