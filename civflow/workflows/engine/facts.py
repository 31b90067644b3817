"""Facts: what rules look at beyond a record's own columns; a page declares each with its type, as a class.

    class HubFacts(Facts):
        host_ids: Ids
        open_circles: int
        next_meeting: datetime | None

A fact that can be missing says so (`| None`); lists are never missing, only empty. Services answer them in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType, UnionType
from typing import Any, NamedTuple, get_args, get_type_hints

Ids = frozenset[int]
Names = frozenset[str]  # ids that are words: stages, criteria
Pairs = frozenset[tuple[int, int]]
Numbers = tuple[int, ...]  # in no order; one that comes twice is there twice
Marks = tuple[tuple[str, int], ...]  # a criterion and a score, as often as it was given


class Facts:
    """The facts that a page declares: a class with an annotation for each. This one declares none."""


KINDS: tuple[Any, ...] = (bool, int, str, datetime, Ids, Names, Pairs, Numbers, Marks)


class Kind(NamedTuple):
    """What a fact is: one of KINDS, or something else that nobody can answer; and whether it may be missing."""

    of: Any
    optional: bool

    def __str__(self) -> str:
        words = str(self.of) if get_args(self.of) else self.of.__name__
        return f"{words} or None" if self.optional else words


def declared(facts: type) -> Mapping[str, Kind]:
    """Name -> kind, of every fact that a class declares, or a protocol asks for."""
    return MappingProxyType({name: _kind(hint) for name, hint in get_type_hints(facts).items()})


def _kind(hint: Any) -> Kind:
    """The kind that a type stands for: `X | None` is X, and may be missing."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    return Kind(parts[0], True) if isinstance(hint, UnionType) and len(parts) == 1 else Kind(hint, False)
