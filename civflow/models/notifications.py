"""The outbox: messages are rows of the transaction that makes them true, and leave after it."""

from datetime import datetime

from sqlmodel import Field

from civflow.models.records import Tracked, moment


class Message(Tracked, table=True):
    """A message to one person; `key` makes it unique, so that nothing is told twice."""

    key: str = Field(max_length=120, unique=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    address: str = Field(max_length=254)
    subject: str = Field(max_length=200)
    body: str
    about: str = Field(default="", max_length=200)  # the path of the page that it is about
    unsubscribe: str = Field(default="", max_length=80)  # the path that ends messages of this kind
    document_id: int | None = Field(default=None, foreign_key="document.id")
    not_before: datetime = moment(index=True)  # until then it can be cancelled
    attempts: int = 0
    sent_at: datetime | None = moment(default=None, nullable=True)
