"""The assignment as arrays: affinities in thousandths, seats to fill, and what each assessor can still take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pair = tuple[int, int]
FORBIDDEN = -1
THOUSANDTHS = 1000


@dataclass(frozen=True, slots=True)
class Seats:
    """What is to be filled. n applications, m assessors; sides 0 to g-1 each have a reserved seat, g is the rest."""

    worth: NDArray[np.int32]
    """n x m: affinity in thousandths, FORBIDDEN where there is a conflict or the pair exists already."""
    conflict: Bools
    """n x m"""
    exists: Bools
    """n x m: pairs that exist already."""
    needed: Ints
    """n: assessors that the application needs in all."""
    taken: Ints
    """n: how many of them it has already."""
    reserved: Bools
    """n x (g + 1): a seat is kept for this side (never for the rest)."""
    open: Ints
    """n: seats that anybody may take."""
    load: Ints
    """m: applications that the assessor has already."""
    limit: Ints
    """m: applications that the assessor takes at most."""
    side: Ints
    """m"""
    side_names: tuple[str, ...]
    fixed: Ints
    """n: worth of the pairs that exist already."""

    @property
    def spare(self) -> Ints:
        """m: applications that the assessor can still take."""
        return (self.limit - self.load).clip(0)

    @property
    def free(self) -> Ints:
        """n: seats that are not taken already."""
        free: Ints = self.open + self.reserved.sum(axis=1)
        return free


def read_seats(
    affinity: Any,
    *,
    per_application: int | Sequence[int],
    largest_load: int | Sequence[int],
    conflicts: Iterable[Pair],
    already: Iterable[Pair],
    sides: Sequence[str] | None,
    one_from_each: Sequence[str],
) -> Seats:
    """Check what `assign` was given and turn it into arrays; ValueError says what is wrong."""
    worth = _worth(affinity)
    needed = _counts(per_application, worth.shape[0], "per_application", "application")
    limit = _counts(largest_load, worth.shape[1], "largest_load", "assessor")
    side = _sides(sides, one_from_each, worth.shape[1])
    conflict, exists = _mask(conflicts, worth.shape, "conflicts"), _mask(already, worth.shape, "already")
    if (conflict & exists).any():
        a, j = np.argwhere(conflict & exists)[0]
        raise ValueError(f"Assessor {j} has a conflict with application {a} and is assigned to it already.")
    kinds = len(one_from_each)
    if kinds > needed[needed > 0].min(initial=kinds):
        raise ValueError(f"An application needs one assessor from each of {kinds} sides, but has fewer seats.")

    taken = exists.sum(axis=1)
    reserved = np.zeros((len(needed), kinds + 1), dtype=bool)
    for kind in range(kinds):
        reserved[:, kind] = (needed > 0) & ~exists[:, side == kind].any(axis=1)
        reserved[:, kind] &= reserved[:, : kind + 1].sum(axis=1) <= needed - taken
    return Seats(
        worth=np.where(conflict | exists, np.int32(FORBIDDEN), worth),
        conflict=conflict,
        exists=exists,
        needed=needed,
        taken=taken,
        reserved=reserved,
        open=(needed - taken - reserved.sum(axis=1)).clip(0),
        load=exists.sum(axis=0),
        limit=limit,
        side=side,
        side_names=tuple(one_from_each),
        fixed=np.where(exists, worth, 0).sum(axis=1, dtype=np.int64),
    )


def _worth(affinity: Any) -> NDArray[np.int32]:
    values = np.asarray(affinity)
    if not values.size:
        return np.zeros((len(values), values.shape[1] if values.ndim > 1 else 0), dtype=np.int32)
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.number):
        raise ValueError("The affinity must be a table of numbers: one row per application.")
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError("Every affinity must be a number from 0 to 1.")
    worth: NDArray[np.int32] = np.rint(values * THOUSANDTHS).astype(np.int32)
    return worth


def _counts(given: int | Sequence[int], length: int, name: str, whose: str) -> Ints:
    counts = np.asarray(given)
    if counts.ndim == 0:
        counts = np.full(length, counts)
    if counts.shape != (length,):
        raise ValueError(f"{name} must be one number, or one for each {whose}: {length}, not {counts.size}.")
    if counts.size and (not np.issubdtype(counts.dtype, np.integer) or counts.min() < 0):
        raise ValueError(f"{name} must be whole numbers of 0 or more.")
    return counts.astype(np.int64)


def _sides(sides: Sequence[str] | None, one_from_each: Sequence[str], assessors: int) -> Ints:
    if len(set(one_from_each)) < len(one_from_each):
        raise ValueError("one_from_each must name each side once.")
    if sides is None:
        if one_from_each:
            raise ValueError("one_from_each needs the side of every assessor.")
        return np.zeros(assessors, dtype=np.int64)
    if len(sides) != assessors:
        raise ValueError(f"There must be a side for each assessor: {assessors}, not {len(sides)}.")
    number = {name: kind for kind, name in enumerate(one_from_each)}
    return np.array([number.get(name, len(number)) for name in sides], dtype=np.int64)


def _mask(pairs: Iterable[Pair], shape: tuple[int, ...], name: str) -> Bools:
    mask = np.zeros(shape, dtype=bool)
    given = pairs if isinstance(pairs, np.ndarray) else list(pairs)
    indices = np.asarray(given if len(given) else np.zeros((0, 2)), dtype=np.int64)
    if indices.shape[1:] != (2,) or (indices < 0).any() or (indices >= np.array(shape)).any():
        raise ValueError(f"{name} must be pairs of an application (below {shape[0]}) and an assessor ({shape[1]}).")
    mask[indices[:, 0], indices[:, 1]] = True
    return mask
