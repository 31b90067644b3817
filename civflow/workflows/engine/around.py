"""What people do around a record, whatever its noun: the page says who comments on it. What it does not name, nobody does."""

from __future__ import annotations

from dataclasses import dataclass

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
