"""What is not done, and why: sentences for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime


class HandbookError(Exception):
    """A page of the handbook that contradicts itself; raised when the page is imported."""


class Refusal(Exception):
    """Something that people asked for and that is not done; `sentences` say why.

    Those of them that are `claims` are rules: they say what would have to be true.
    """

    def __init__(self, *sentences: str, claims: Iterable[str] = ()) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.claims = tuple(claims)


class Forbidden(Refusal):
    """This person may not take this step; any one of the claims would permit it."""


class Refused(Refusal):
    """Something that must be true first is not true; `fields` are the inputs that the sentences speak of."""

    def __init__(self, *sentences: str, fields: Mapping[str, str] | None = None, claims: Iterable[str] = ()) -> None:
        super().__init__(*sentences, claims=claims)
        self.fields = dict(fields or {})


class Conflicted(Refusal):
    """Somebody else was first; `who` and `when` say so."""

    def __init__(self, sentence: str, *, who: str, when: datetime | None) -> None:
        super().__init__(sentence)
        self.who, self.when = who, when


class NotFound(Refusal):
    """There is no such record, or nobody tells this person that there is."""
