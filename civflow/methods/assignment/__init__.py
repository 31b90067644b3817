"""Assessors to applications: the best panel for every application that conflicts, loads and sides allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from civflow.methods.assignment.flow import best_pairs
from civflow.methods.assignment.reweighting import reweighted_pairs
from civflow.methods.assignment.seats import THOUSANDTHS, Pair, Seats, read_seats

if TYPE_CHECKING:
    from civflow.methods.assignment.seats import Ints

Aim = Literal["total", "reweighted"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who assesses what, how good that is, and what could not be done.

    Applications and assessors are indices: the row and the column of `affinity`. Affinity counts to three decimals,
    and every figure here is a sum of those.
    """

    pairs: tuple[Pair, ...]
    """The new (application, assessor) pairs, sorted; those given as `already` are not repeated."""
    loads: tuple[int, ...]
    """Applications per assessor, those given as `already` included."""
    missing: tuple[int, ...]
    """Assessors that each application still lacks; all zero when the demand is covered."""
    total: float
    """Sum of the affinities of all pairs, new and already."""
    bound: float
    """The greatest total that any assignment with this coverage could have under the same rules."""
    ratio: float
    """total / bound, 1.0 when both are zero."""
    worst: float
    """The smallest sum of affinities that an application has, among those whose demand is covered."""
    worst_bound: float
    """No assignment can give its worst-served application more than this."""
    sentences: tuple[str, ...]
    """What could not be done and why, one sentence each; empty when everything is covered."""


def assign(
    affinity: Any,
    *,
    per_application: int | Sequence[int],
    largest_load: int | Sequence[int],
    conflicts: Iterable[Pair] = (),
    already: Iterable[Pair] = (),
    sides: Sequence[str] | None = None,
    one_from_each: Sequence[str] = (),
    aim: Aim = "reweighted",
    names: Sequence[str] | None = None,
) -> Assignment:
    """Give every application its assessors so that the sum of affinities is as large as can be.

    affinity          applications x assessors, 0 to 1: nested sequences or a numpy array
    per_application   assessors that an application needs, `already` included: one number, or one per application
    largest_load      applications that an assessor takes at most, `already` included: one number, or one per assessor
    conflicts         (application, assessor) pairs that must never be made
    already           (application, assessor) pairs that exist and stay
    sides             the side that each assessor is on, such as "sponsor" or "programme"
    one_from_each     sides of which every application needs at least one; a seat is kept free when nobody can take it
    aim               "total": the largest sum; "reweighted": up to half a percent of it for a better worst-served one
    names             what the sentences call the applications; "Application 1" and so on by default

    Demand that cannot be covered is not an error: as much as can be covered is, and `sentences` says what is missing.
    Equal input gives equal output. Raises ValueError when sizes, indices or figures are wrong, or when a pair in
    `already` has a conflict.
    """
    seats = read_seats(
        affinity, per_application=per_application, largest_load=largest_load, conflicts=conflicts, already=already,
        sides=sides, one_from_each=one_from_each,
    )  # fmt: skip
    if not seats.worth.size:
        return _result(seats, *_nothing(), bound=0, names=names)
    a, j = best_pairs(seats)
    bound = int(seats.worth[a, j].sum())
    if aim == "reweighted":
        a, j = reweighted_pairs(seats, a, j)
    return _result(seats, a, j, bound=bound, names=names)


def _nothing() -> tuple[Ints, Ints]:
    import numpy as np

    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)


def _result(seats: Seats, a: Ints, j: Ints, *, bound: int, names: Sequence[str] | None) -> Assignment:
    """The plain values that follow from the new pairs (a, j); `bound` is the largest sum of new pairs, in thousandths."""
    import numpy as np

    n, m = len(seats.needed), len(seats.limit)
    got = seats.taken + np.bincount(a, minlength=n)
    served = seats.fixed + np.bincount(a, seats.worth[a, j] if len(a) else None, minlength=n).astype(np.int64)
    covered = (got >= seats.needed) & (seats.needed > 0)
    loads = seats.load + np.bincount(j, minlength=m)
    missing = (seats.needed - got).clip(0)
    total, most = int(served.sum()), int(seats.fixed.sum()) + bound
    return Assignment(
        pairs=tuple(sorted((int(x), int(y)) for x, y in zip(a, j, strict=True))),
        loads=tuple(map(int, loads)), missing=tuple(map(int, missing)), total=total / THOUSANDTHS,
        bound=most / THOUSANDTHS, ratio=total / most if most else 1.0,
        worst=float(served[covered].min()) / THOUSANDTHS if covered.any() else 0.0,
        worst_bound=_worst_bound(seats, covered) / THOUSANDTHS,
        sentences=_sentences(seats, missing, loads, names),
    )  # fmt: skip


def _worst_bound(seats: Seats, covered: Any) -> float:
    """The least that a covered application would have if every one of them got the best assessors that it may have."""
    import numpy as np

    best = []
    for row in np.flatnonzero(covered):
        free = int(seats.needed[row] - seats.taken[row])
        most = np.sort(seats.worth[row][seats.worth[row] >= 0])[::-1][: max(free, 0)]
        best.append(int(seats.fixed[row]) + int(most.sum()))
    return float(min(best)) if best else 0.0


def _sentences(seats: Seats, missing: Ints, loads: Ints, names: Sequence[str] | None) -> tuple[str, ...]:
    import numpy as np

    found = []
    full = int((loads >= seats.limit).sum())
    for row in np.flatnonzero(missing):
        name = names[int(row)] if names else f"Application {row + 1}"
        needed, conflicts, everybody = int(seats.needed[row]), int(seats.conflict[row].sum()), len(seats.limit)
        why = f"{conflicts} of the {everybody} assessors {'has' if conflicts == 1 else 'have'} a conflict"
        found.append(f"{name} has {needed - int(missing[row])} of the {needed} assessors it needs: {why}, and {full} "
                     f"{'is' if full == 1 else 'are'} full.")  # fmt: skip
    return tuple(found)


__all__ = ["Aim", "Assignment", "assign"]
