"""Assessors to applications: the best panel for every application that conflicts, loads and sides allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from civflow.methods.assignment.fairness import Goal, fairer_pairs, is_full, means, worst_bound
from civflow.methods.assignment.flow import best_pairs
from civflow.methods.assignment.seats import THOUSANDTHS, Ints, Pair, Seats, read_seats
from civflow.methods.assignment.sentences import sentences

Aim = Literal["total", "reweighted", "fairest"]
# The share of its bound at which the worst-served is well served, and the share of the largest total that stays.
SHARES = {"reweighted": (0.99, 0.995), "fairest": (1.0, 0.0)}


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who assesses what, how good that is, and what could not be done.

    Applications and assessors are indices: the row and the column of `affinity`. Affinity counts to three decimals,
    and every figure here comes from those.
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
    """The greatest total that any assignment with this coverage could have under the same rules: the optimum."""
    ratio: float
    """total / bound, 1.0 when both are zero."""
    worst: float
    """The smallest mean affinity of an application's assessors, among the applications that have all they need."""
    worst_bound: float
    """No assignment can give the worst-served of these applications more than this."""
    worst_ratio: float
    """worst / worst_bound, 1.0 when both are zero."""
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
    assessor_names: Sequence[str] | None = None,
) -> Assignment:
    """Give every application its assessors so that the sum of affinities is as large as can be.

    affinity          applications x assessors, 0 to 1: nested sequences or a numpy array
    per_application   assessors that an application needs, `already` included: one number, or one per application
    largest_load      applications that an assessor takes at most, `already` included: one number, or one per assessor
    conflicts         (application, assessor) pairs that must never be made
    already           (application, assessor) pairs that exist and stay
    sides             the side that each assessor is on, such as "sponsor" or "programme"
    one_from_each     sides of which every application needs at least one; a seat is kept free when nobody can take it
    aim               "total": the largest sum; "reweighted": at most half a percent of it for a better worst-served
                      application; "fairest": the worst-served application comes first, then the sum
    names             what the sentences call the applications; "Application 1" and so on by default
    assessor_names    what they call the assessors

    Demand that cannot be covered is not an error: as much as can be covered is, empty seats are spread over the
    applications, and `sentences` says what is missing. Equal input gives equal output. Raises ValueError when sizes,
    indices or figures are wrong, or when a pair in `already` has a conflict.

    How: an integer minimum-cost flow, whose optimum is that of the linear program (the matrix is totally unimodular);
    then flows in which badly served applications weigh more, and single exchanges, within the limits that `aim` sets.
    """
    seats = read_seats(
        affinity,
        per_application=per_application,
        largest_load=largest_load,
        conflicts=conflicts,
        already=already,
        sides=sides,
        one_from_each=one_from_each,
    )
    _check_names(names, len(seats.needed), "application")
    _check_names(assessor_names, len(seats.limit), "assessor")
    optimum = best_pairs(seats)
    most, mean = int(seats.worth[optimum.a, optimum.j].sum()), worst_bound(seats, optimum)
    a, j = optimum.a, optimum.j
    if aim != "total":
        worst_share, total_share = SHARES[aim]
        a, j = fairer_pairs(seats, optimum, Goal(mean=worst_share * mean, total=total_share * most))
    said = tuple(sentences(seats, a, j, names, assessor_names))
    return _result(seats, a, j, most=most, mean=mean, said=said)


def _result(seats: Seats, a: Ints, j: Ints, *, most: int, mean: float, said: tuple[str, ...]) -> Assignment:
    """Plain values; `most`: the largest sum of new pairs; `mean`: the bound for the worst-served; in thousandths."""
    full, fixed = is_full(seats, a), int(seats.fixed.sum())
    missing = (seats.needed - seats.taken - np.bincount(a, minlength=len(seats.needed))).clip(0)
    total, bound = fixed + int(seats.worth[a, j].sum()), fixed + most
    worst = float(means(seats, a, j)[full].min()) if full.any() else 0.0
    return Assignment(
        pairs=tuple(sorted(zip(a.tolist(), j.tolist(), strict=True))),
        loads=tuple((seats.load + np.bincount(j, minlength=len(seats.load))).tolist()),
        missing=tuple(missing.tolist()),
        total=total / THOUSANDTHS,
        bound=bound / THOUSANDTHS,
        ratio=total / bound if bound else 1.0,
        worst=worst / THOUSANDTHS,
        worst_bound=mean / THOUSANDTHS,
        worst_ratio=worst / mean if mean else 1.0,
        sentences=said,
    )


def _check_names(names: Sequence[str] | None, count: int, what: str) -> None:
    if names is not None and len(names) != count:
        raise ValueError(f"There must be a name for each {what}: {count}, not {len(names)}.")


__all__ = ["Aim", "Assignment", "assign"]
