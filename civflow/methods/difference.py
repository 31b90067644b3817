"""Differences between two texts, word by word, so that people can read what was taken out and what was put in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

SAME, GONE, NEW = "same", "gone", "new"
ISLAND = 1  # words that stayed between two changes; so few are read more easily as a part of the change
TOKEN = re.compile(r"\n+|[^\S\n]+|[\w'’£%]+(?:[.,]\d+)*|[^\w\s]")


class Piece(NamedTuple):
    """Some words that stayed (`same`), that were taken out (`gone`), or that were put in (`new`)."""

    kind: str
    words: str


def difference(old: str, new: str) -> list[Piece]:
    """The pieces of both texts in reading order: without what is `new` they are the old text, and the other way round.

    Words, spaces and line ends are compared whole. A word that stayed between two changes is shown as changed with
    them, since a reader follows one change more easily than three.
    """
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    pieces: list[Piece] = []
    for was, now in _changes(matcher.get_opcodes(), before):
        gone, put = "".join(before[was]), "".join(after[now])
        if gone == put:
            pieces.append(Piece(SAME, gone))
            continue
        pieces += [Piece(kind, words) for kind, words in ((GONE, gone), (NEW, put)) if words]
    return [piece for piece in pieces if piece.words]


Opcode = tuple[str, int, int, int, int]


def _changes(opcodes: Sequence[Opcode], before: Sequence[str]) -> list[tuple[slice, slice]]:
    """The ranges of both texts, equal and changed in turn, with small islands between changes joined to them."""
    found: list[tuple[bool, int, int, int, int]] = []  # whether it is equal, and the ranges
    for position, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        equal = tag == "equal"
        inside = 0 < position < len(opcodes) - 1
        if equal and inside and _is_island(before[i1:i2]):
            equal = False
        if found and not equal and not found[-1][0]:
            _, a1, _, b1, _ = found.pop()
            found.append((False, a1, i2, b1, j2))
        else:
            found.append((equal, i1, i2, j1, j2))
    return [(slice(i1, i2), slice(j1, j2)) for _, i1, i2, j1, j2 in found]


def _is_island(tokens: Sequence[str]) -> bool:
    """Whether so little stayed that it is read as a part of the change; a line end always separates."""
    words = [token for token in tokens if token.strip()]
    return len(words) <= ISLAND and not any("\n" in token for token in tokens)
