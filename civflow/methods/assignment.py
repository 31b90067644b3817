"""Assessors to applications: the best panel for every application that conflicts, loads and sides allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Aim = Literal["total", "reweighted", "fairest"]
Pair = tuple[int, int]


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
) -> Assignment:
    """Give every application its assessors so that the sum of affinities is as large as can be.

    affinity          applications x assessors, 0 to 1: nested sequences or a numpy array
    per_application   assessors that an application needs, `already` included: one number, or one per application
    largest_load      applications that an assessor takes at most, `already` included: one number, or one per assessor
    conflicts         (application, assessor) pairs that must never be made
    already           (application, assessor) pairs that exist and stay
    sides             the side that each assessor is on, such as "sponsor" or "programme"
    one_from_each     sides of which every application needs at least one; a seat is kept free when nobody can take it
    aim               "total": the largest sum; "reweighted": a little less of it for a better worst-served
                      application; "fairest": the worst-served application first, then the sum
    names             what the sentences call the applications; "Application 1" and so on by default

    Demand that cannot be covered is not an error: as much as can be covered is, and `sentences` says what is missing.
    Equal input gives equal output. Raises ValueError when sizes, indices or figures are wrong, or when a pair in
    `already` has a conflict.
    """
    raise NotImplementedError
