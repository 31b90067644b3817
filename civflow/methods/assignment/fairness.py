"""A better worst-served application for very little of the total: re-weighted flows, then exchanges."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

from civflow.methods.assignment.flow import Optimum, flow, usable_pairs
from civflow.methods.assignment.seats import FORBIDDEN, Bools, Ints, Seats

Floats = NDArray[np.float64]

MOST_FLOWS = 2
MANY = 0.05  # when more of the applications than this are served badly, weights only move the trouble around
MOST_EXCHANGES = 2_000
PAIRS_FOR_A_PROGRAM = 20_000  # a linear program of this size takes about a third of a second
EQUAL = 1e-9
TOLERANCE = 1e-6  # of the linear program


@dataclass(frozen=True, slots=True)
class Goal:
    """Where to stop: a mean that the worst-served application reaches, and a total that must stay."""

    mean: float
    total: float


def is_full(seats: Seats, a: Ints) -> Bools:
    """n: applications that have all the assessors they need; those that need none do not count."""
    full: Bools = (seats.taken + np.bincount(a, minlength=len(seats.needed)) >= seats.needed) & (seats.needed > 0)
    return full


def means(seats: Seats, a: Ints, j: Ints) -> Floats:
    """n: mean worth over the assessors that an application needs; an empty seat is worth nothing."""
    sums = seats.fixed + np.bincount(a, seats.worth[a, j], minlength=len(seats.needed))
    mean: Floats = sums / np.maximum(seats.needed, seats.taken).clip(1)
    return mean


def worst_bound(seats: Seats, optimum: Optimum) -> float:
    """No assignment gives the worst-served of the full applications a greater mean worth than this.

    The least that one of them has when each gets the best assessors there are for it; where few assessors are good for
    many, the linear program that shares them says more, if it is not too large.
    """
    full = is_full(seats, optimum.a)
    if not full.any():
        return 0.0
    bound = float(_best_means(seats)[full].min())
    reached = means(seats, optimum.a, optimum.j)[full].min()
    if reached < bound and seats.worth.size <= PAIRS_FOR_A_PROGRAM:
        bound = min(bound, _shared_best(seats, full) + TOLERANCE)
    return bound


def fairer_pairs(seats: Seats, optimum: Optimum, goal: Goal) -> tuple[Ints, Ints]:
    """Pairs that fill the same seats and serve the worst-served application better, as far as `goal` allows.

    First come flows in which the affinities of badly served applications count for more: that costs least, because
    everything is weighed against everything. What they leave is done by single exchanges of two assessors.
    """
    full = is_full(seats, optimum.a)
    if not full.any():
        return optimum.a, optimum.j
    seats = _only_filled(seats, optimum)
    worth = seats.worth[optimum.arc_a, optimum.arc_j].astype(np.int64)
    best = pairs = (optimum.a, optimum.j)
    weight = np.ones(len(full))
    for _ in range(MOST_FLOWS):
        mean = means(seats, *pairs)
        if mean[full].min() >= goal.mean:
            break
        short = np.where(full, (goal.mean - mean) / goal.mean, 0)
        if (short > 0).mean() > MANY and len(full) > 1 / MANY:
            break
        weight = np.where(short > 0, weight * (1.25 + (8 * short).clip(0, 1)), weight)
        chosen = flow(seats, optimum.arc_a, optimum.arc_j, np.rint(worth * weight[optimum.arc_a]).astype(np.int64))
        pairs = optimum.arc_a[chosen], optimum.arc_j[chosen]
        best = max(best, pairs, key=lambda found: _merit(seats, found, full, goal))
    return Exchange(seats, *best, full).until(goal)


def _merit(seats: Seats, pairs: tuple[Ints, Ints], full: Bools, goal: Goal) -> tuple[bool, float, float]:
    total = float(seats.worth[pairs].sum())
    return total >= goal.total, min(float(means(seats, *pairs)[full].min()), goal.mean), total


def _only_filled(seats: Seats, optimum: Optimum) -> Seats:
    """The seats that were filled; those that cannot be are gone, so that every flow fills the same ones."""
    filled = np.zeros(seats.reserved.shape, dtype=np.int64)
    np.add.at(filled, (optimum.a, seats.side[optimum.j]), 1)
    reserved = seats.reserved & (filled > 0)
    return replace(seats, reserved=reserved, open=(filled - reserved).sum(axis=1))


class Exchange:
    """Pairs that improve by single exchanges: with another application's assessor, or with one who has room."""

    def __init__(self, seats: Seats, a: Ints, j: Ints, full: Bools) -> None:
        self.seats, self.a, self.j, self.full = seats, a.copy(), j.copy(), full
        self.allowed = seats.worth > FORBIDDEN
        self.allowed[a, j] = False
        self.room = seats.spare - np.bincount(j, minlength=len(seats.spare))
        self.mean = means(seats, a, j)
        self.size = np.maximum(seats.needed, seats.taken).clip(1)
        self.total = int(seats.worth[a, j].sum())

    def until(self, goal: Goal) -> tuple[Ints, Ints]:
        """Exchange until the goal is reached, nothing helps the worst-served, or the total would fall too far."""
        for _ in range(MOST_EXCHANGES):
            worst = int(np.where(self.full, self.mean, np.inf).argmin())
            if self.mean[worst] >= goal.mean - EQUAL or not self._lift(worst, goal):
                break
        return self.a, self.j

    def _lift(self, worst: int, goal: Goal) -> bool:
        """Make the exchange that lifts this application most; of equal ones, that which keeps most of the total."""
        found = [self._best_for(int(place), goal) for place in np.flatnonzero(self.a == worst)]
        if not found:
            return False
        (reached, gain), place, other = max(found, key=lambda one: one[0])
        if reached <= self.mean[worst] + EQUAL or self.total + gain < goal.total:
            return False
        self._exchange(place, other)
        self.total += gain
        return True

    def _best_for(self, place: int, goal: Goal) -> tuple[tuple[float, int], int, int]:
        """(lower of the two new means, gain of the total), this place, and the place or assessor to exchange it with.

        Places 0 to p-1 are the pairs; place p + i stands for a further application of assessor i.
        """
        worth, side = self.seats.worth, self.seats.side
        a, j, pairs, assessors = self.a[place], self.j[place], len(self.a), len(side)
        owner = np.concatenate([self.a, np.full(assessors, a)])
        who = np.concatenate([self.j, np.arange(assessors)])
        allowed = self.allowed[a, who] & (side[who] == side[j])
        allowed[:pairs] &= self.allowed[self.a, j]
        allowed[pairs:] &= self.room > 0
        here = worth[a, who] - worth[a, j]
        there = np.zeros(len(who), dtype=np.int64)
        there[:pairs] = worth[self.a, j] - worth[self.a, self.j]
        after = np.minimum(self.mean[a] + here / self.size[a], goal.mean)
        others = np.where(np.arange(len(who)) < pairs, self.mean[owner] + there / self.size[owner], np.inf)
        reached = np.where(allowed, np.minimum(after, others), -1.0)
        first = np.flatnonzero(reached >= reached.max() - EQUAL)
        gains = here[first] + there[first]
        best = int(first[gains.argmax()])
        return (float(reached[best]), int(gains.max())), place, best

    def _exchange(self, place: int, other: int) -> None:
        if other < len(self.a):
            owner, who = int(self.a[other]), int(self.j[other])
            self._move(owner, who, int(self.j[place]), other)
        else:
            who = other - len(self.a)
            self.room[self.j[place]] += 1
            self.room[who] -= 1
        self._move(int(self.a[place]), int(self.j[place]), who, place)

    def _move(self, a: int, old: int, new: int, place: int) -> None:
        self.allowed[a, old], self.allowed[a, new] = True, False
        self.mean[a] += (self.seats.worth[a, new] - self.seats.worth[a, old]) / self.size[a]
        self.j[place] = new


def _best_means(seats: Seats) -> Floats:
    """n: mean worth when an application has the best assessors that its seats admit, wherever else they are needed."""
    key = np.where(usable_pairs(seats), seats.worth, 0)
    rows, sums = np.arange(len(key)), seats.fixed.copy()
    for kind in range(seats.reserved.shape[1] - 1):
        of_kind = np.where(seats.side == kind, key, 0)
        first = of_kind.argmax(axis=1)
        best_there = np.where(seats.reserved[:, kind], of_kind[rows, first], 0)
        sums += best_there
        key[rows, first] = np.where(best_there > 0, 0, key[rows, first])
    most = min(int(seats.open.max(initial=0)), key.shape[1])
    if most:
        top = -np.sort(-np.partition(key, key.shape[1] - most, axis=1)[:, key.shape[1] - most :], axis=1)
        sums += np.where(np.arange(most) < seats.open[:, None], top, 0).sum(axis=1)
    best: Floats = sums / np.maximum(seats.needed, seats.taken).clip(1)
    return best


def _shared_best(seats: Seats, full: Bools) -> float:
    """The largest t such that every `full` application has a mean of t when assessors may be split into fractions."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    infinity = solver.infinity()
    least = solver.NumVar(0, infinity, "")
    solver.Maximize(least)
    seat = [solver.Constraint(0, int(free)) for free in seats.free]
    load = [solver.Constraint(0, int(spare)) for spare in seats.spare]
    served = [solver.Constraint(-int(fixed), infinity) for fixed in seats.fixed]
    for row in np.flatnonzero(full):
        served[row].SetCoefficient(least, -int(max(seats.needed[row], seats.taken[row])))
    for row, column in np.argwhere(usable_pairs(seats)):
        share = solver.NumVar(0, 1, "")
        seat[row].SetCoefficient(share, 1)
        load[column].SetCoefficient(share, 1)
        served[row].SetCoefficient(share, int(seats.worth[row, column]))
    return float(least.solution_value()) if solver.Solve() == solver.OPTIMAL else infinity
