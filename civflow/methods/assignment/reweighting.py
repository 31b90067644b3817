"""A better worst-served application for a little of the total: the flow again, with its affinities worth more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from civflow.methods.assignment.flow import best_pairs
from civflow.methods.assignment.seats import FORBIDDEN, Seats

if TYPE_CHECKING:
    from civflow.methods.assignment.seats import Bools, Ints

ROUNDS = 6
TOTAL_THAT_STAYS = 0.995  # of the largest total


def reweighted_pairs(seats: Seats, a: Ints, j: Ints) -> tuple[Ints, Ints]:
    """Pairs that serve the worst-served application better than (a, j) do, for at most half a percent of the total.

    In each round the affinities of an application count the more, the worse it was served in the last one. Every
    round is a flow of its own, so seats, loads, sides and conflicts hold as before. Without a better one: (a, j).
    """
    import numpy as np

    full = _full(seats, a)
    if not full.any():
        return a, j
    best, worst, least = (a, j), _worst(seats, a, j, full), TOTAL_THAT_STAYS * seats.worth[a, j].sum()
    weight = np.ones(len(seats.needed))
    for _ in range(ROUNDS):
        served = _served(seats, a, j)
        mean = served[full].mean()
        weight = np.where(full, weight * (1 + 0.5 * (mean - served) / max(mean, 1)), weight).clip(0.25, 4)
        scaled = np.where(seats.worth > FORBIDDEN, np.rint(seats.worth * weight[:, None]), FORBIDDEN)
        a, j = best_pairs(replace(seats, worth=scaled.astype(np.int32)))
        found = _worst(seats, a, j, full)
        if found > worst and seats.worth[a, j].sum() >= least and (_full(seats, a) == full).all():
            best, worst = (a, j), found
    return best


def _full(seats: Seats, a: Ints) -> Bools:
    """n: applications with all their seats filled."""
    import numpy as np

    full: Bools = (seats.taken + np.bincount(a, minlength=len(seats.needed)) >= seats.needed) & (seats.needed > 0)
    return full


def _served(seats: Seats, a: Ints, j: Ints) -> Ints:
    """n: sum of worth that an application gets, the pairs that it had already included."""
    import numpy as np

    sums: Ints = seats.fixed + np.bincount(a, seats.worth[a, j], minlength=len(seats.needed)).astype(np.int64)
    return sums


def _worst(seats: Seats, a: Ints, j: Ints, full: Bools) -> int:
    return int(_served(seats, a, j)[full].min())
