"""Where the words below the flow stand: no two over each other, and no leader line through any of them. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

PAD = 8.0  # between two labels, and between a label and somebody else's line


class Label(NamedTuple):
    """A label's text anchor (`start` or `end`), where that stands, and its row: 0 is the highest."""

    x: float
    anchor: str
    tier: int


def place(edges: Sequence[float], needs: Sequence[float], width: float) -> list[Label]:
    """A label for each stage between two neighbours of `edges`, as wide as its `needs`, within 0 to `width`.

    A label begins at its stage's left edge, where its line comes down, or ends at its stage's right edge. The line of a
    label that stands low passes the rows above, so whichever label lies over that line stands lower still. The search
    begins with the last so-many labels ending, takes the fewest rows, and turns single labels while that helps.
    """
    return list(_placed(tuple(edges), tuple(needs), width))


@lru_cache(maxsize=512)
def _placed(edges: tuple[float, ...], needs: tuple[float, ...], width: float) -> tuple[Label, ...]:
    stages = len(needs)
    ways = [tuple(n >= stages - ends for n in range(stages)) for ends in range(stages + 1)]
    known = {ending: _way(edges, needs, width, ending) for ending in ways}
    possible = [ending for ending in ways if known[ending]]
    if not possible:  # too narrow: each has a row of its own, and the style sheet keeps the words legible
        return tuple(Label(min(edges[n], max(0.0, width - needs[n])), "start", stages - 1 - n) for n in range(stages))

    def rows(ending: tuple[bool, ...]) -> tuple[int, int, int]:
        labels = known[ending] or []
        tiers = [label.tier for label in labels] or [stages]
        return max(tiers), sum(tiers) if labels else stages * stages, sum(ending)

    best = min(possible, key=rows)
    while True:
        turned = [tuple(end != (n == m) for m, end in enumerate(best)) for n in range(stages)]
        known.update((ending, _way(edges, needs, width, ending)) for ending in turned if ending not in known)
        following = min((*turned, best), key=rows)
        if rows(following) == rows(best):
            return tuple(known[best] or ())
        best = following


def _way(edges: Sequence[float], needs: Sequence[float], width: float, ending: Sequence[bool]) -> list[Label] | None:
    """The labels when those `ending` end at their stage's right edge; None where that cannot be."""
    spans = []
    for n, need in enumerate(needs):
        right = width if n + 1 == len(needs) else edges[n + 1] - PAD
        begin = min(edges[n], right - need) if ending[n] else edges[n]
        if begin < 0 or begin + need > width:
            return None
        spans.append((begin, begin + need))
    below = [{m for m, span in enumerate(spans) if m != n and _lies_over(span, edges[n])} for n in range(len(needs))]
    tiers = _tiers(spans, below)  # `below` each label: those that lie over its line, and so stand lower
    if tiers is None:
        return None
    return [
        Label(end, "end", tier) if ends else Label(begin, "start", tier)
        for (begin, end), ends, tier in zip(spans, ending, tiers, strict=True)
    ]


def _lies_over(span: tuple[float, float], line: float) -> bool:
    return span[0] - PAD < line < span[1] + PAD


def _tiers(spans: Sequence[tuple[float, float]], below: Sequence[set[int]]) -> list[int] | None:
    """The highest row of each, lower than all whose line it lies over and beside nobody; None where two wait in a ring."""
    found: dict[int, int] = {}
    while len(found) < len(spans):
        ready = [m for m in range(len(spans)) if m not in found and all(n in found for n in _passed(m, below))]
        if not ready:
            return None
        one = ready[-1]
        tier = 1 + max((found[n] for n in _passed(one, below)), default=-1)
        while any(found[n] == tier and _touch(spans[n], spans[one]) for n in found):
            tier += 1
        found[one] = tier
    return [found[n] for n in range(len(spans))]


def _passed(label: int, below: Sequence[set[int]]) -> list[int]:
    """Those whose lines the label lies over."""
    return [n for n, labels in enumerate(below) if label in labels]


def _touch(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] + PAD and other[0] < one[1] + PAD
