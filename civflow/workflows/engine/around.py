"""What people do around a record, whatever its noun: comment on it, follow it. What its page does not name, nobody does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from civflow.workflows.engine.language import Rule


@dataclass(frozen=True)
class Comments:
    """Who reads the comments on a record, and who writes them: seeing the record is not enough.

    `says`: who reads them, in words; without it, the sentences of the rules. `told`: granted roles; whoever holds one
    for the record or for the whole site hears of each comment, as everybody does who has commented and still may.
    `letter`: the template of that message. `path`: of a page of its own with the comments, with columns of the record in
    braces; without one they are read at `/cases/...`.
    """

    read: tuple[Rule, ...]
    write: tuple[Rule, ...]
    says: str = ""
    told: tuple[str, ...] = ()
    letter: str = "comments"
    path: str = ""

    @property
    def hint(self) -> str:
        """Who reads them, in words."""
        sentences = " ".join(f"“{one.sentence}”" for one in self.read)
        return self.says or f"Whoever can say this reads them, and nobody else: {sentences}"


@dataclass(frozen=True)
class Followed:
    """Who may follow a record and hears what happens to it; without a rule for the public, as long as one admits them.

    `when`: of what they are told, as words after "when"; `says`: the same at more length. `subjects`: what happens to
    such records only, as the subject of a message, by the name that the news bears.
    """

    by: tuple[Rule, ...]
    when: str
    says: str = ""
    subjects: Mapping[str, str] = field(default_factory=dict)

    @property
    def public(self) -> bool:
        """Whether anybody may follow such a record."""
        return any(one.public for one in self.by)


class Moment(NamedTuple):
    """A moment of a record in a calendar: the column with it, what it is in words, and the column until when it lasts.

    `name`: of the entry, where calendars have known it by another than the column's.
    """

    column: str
    words: str
    until: str = ""
    name: str = ""
