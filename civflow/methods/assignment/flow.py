"""The largest sum of affinities: a min-cost flow over few arcs, proved to be the optimum over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from civflow.methods.assignment.seats import FORBIDDEN, THOUSANDTHS, Bools, Ints, Seats

BEST_PER_APPLICATION = 30
BEST_PER_SEAT = 3  # for each application that an assessor can take, this many become candidates
MOST_ROUNDS = 6
ROWS_AT_ONCE = 512
TIE_BREAKS = 1024
INFINITE = 1 << 40


@dataclass(frozen=True, slots=True)
class Optimum:
    """Pairs (a, j) of an optimal flow, and the arcs among which they were found."""

    a: Ints
    j: Ints
    arc_a: Ints
    arc_j: Ints


def best_pairs(seats: Seats) -> Optimum:
    """The new pairs that fill as many seats as can be filled, and among those have the largest sum of worth.

    Only the best candidates become arcs at first. The prices of the flow then show which of the pairs that were
    left out would improve it; they become arcs too, and when that does not end soon, all do. When seats stay
    empty they are spread: the first seats of all applications come before the second ones.
    """
    usable = usable_pairs(seats)
    arcs = _candidates(seats, usable)
    step = 0
    for round_ in range(MOST_ROUNDS + 1):
        if round_ == MOST_ROUNDS:
            arcs = usable
        a, j = np.nonzero(arcs)
        worth = seats.worth[a, j].astype(np.int64)
        chosen = flow(seats, a, j, worth, step)
        if not step and chosen.sum() < seats.free.sum():
            step = 2 * THOUSANDTHS * (sum(arcs.shape) + 1)  # more than any chain of exchanges is worth
            chosen = flow(seats, a, j, worth, step)
        if arcs is usable:
            break
        better = _better(seats, arcs, usable, *_prices(seats, a, j, worth, chosen, step))
        if not better.any():
            break
        arcs |= better
    return Optimum(a[chosen], j[chosen], a, j)


def flow(seats: Seats, a: Ints, j: Ints, worth: Ints, step: int = 0) -> Bools:
    """Which of the pairs (a, j) a flow of most units and then of largest worth takes.

    `step` is what each further seat of one application costs, so that empty seats are spread.
    """
    if not len(a):
        return np.zeros(0, dtype=bool)
    n, m = seats.worth.shape
    at, kind = np.nonzero(seats.reserved)
    seat_of = np.full(seats.reserved.shape, -1)
    seat_of[at, kind] = m + n + np.arange(len(at))
    source, sink = m + n + len(at), m + n + len(at) + 1
    own = seat_of[a, seats.side[j]]
    opened = np.repeat(np.arange(n), seats.open)
    nth = np.arange(len(opened)) - np.repeat(np.cumsum(seats.open) - seats.open, seats.open)
    first = seats.taken + seats.reserved.sum(axis=1)

    def every(count: int, value: int) -> Ints:
        return np.full(count, value, dtype=np.int64)

    arcs = [  # tail, head, capacity, cost
        (j, np.where(own < 0, m + a, own), every(len(a), 1), -worth),
        (every(m, source), np.arange(m), seats.spare, every(m, 0)),
        (seat_of[at, kind], every(len(at), sink), every(len(at), 1), step * seats.taken[at]),
        (seat_of[at, kind], m + at, seats.open[at], every(len(at), 0)),
        (m + opened, every(len(opened), sink), every(len(opened), 1), step * (first[opened] + nth)),
    ]
    tails, heads, capacities, costs = (np.concatenate(column) for column in zip(*arcs, strict=True))
    solver = SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        tails.astype(np.int32), heads.astype(np.int32), capacities.astype(np.int64), costs.astype(np.int64)
    )
    demand = int(seats.free.sum())
    solver.set_node_supply(source, demand)
    solver.set_node_supply(sink, -demand)
    status = solver.solve_max_flow_with_min_cost()
    if status != solver.OPTIMAL:
        raise RuntimeError(f"The min-cost flow ended with {status}.")
    chosen: Bools = solver.flows(np.arange(len(a), dtype=np.int32)) > 0
    return chosen


def usable_pairs(seats: Seats) -> Bools:
    """n x m: pairs that are allowed and have a seat and an assessor left to make them."""
    usable: Bools = (seats.worth > FORBIDDEN) & (seats.spare > 0)
    for kind in range(seats.reserved.shape[1]):
        no_seat = (seats.open == 0) & ~seats.reserved[:, kind]
        usable[no_seat[:, None] & (seats.side == kind)] = False
    return usable


def _candidates(seats: Seats, usable: Bools) -> Bools:
    """n x m: the best assessors of every application on every side, the best applications of every assessor."""
    n, m = usable.shape
    # Equal affinities are told apart by turns, so that equal applications get different candidates.
    turn = (37 * np.arange(n, dtype=np.int32)[:, None] + 101 * np.arange(m, dtype=np.int32)) % TIE_BREAKS
    key = np.where(usable, seats.worth * TIE_BREAKS + turn, FORBIDDEN)
    keep = np.zeros_like(usable)
    for kind in np.unique(seats.side):
        of_kind = np.flatnonzero(seats.side == kind)
        keep[:, of_kind] = _largest(key[:, of_kind], BEST_PER_APPLICATION)
    most = int(seats.spare.max(initial=0)) * BEST_PER_SEAT
    keep |= _largest(np.ascontiguousarray(key.T), most).T
    keep &= usable
    return keep


def _largest(key: Ints, count: int) -> Bools:
    """True for the `count` largest entries of every row, and for those equal to the last of them."""
    width = key.shape[1]
    if count >= width:
        return np.ones(key.shape, dtype=bool)
    if not count:
        return np.zeros(key.shape, dtype=bool)
    largest: Bools = key >= np.partition(key, width - count, axis=1)[:, width - count, None]
    return largest


def _prices(seats: Seats, a: Ints, j: Ints, worth: Ints, chosen: Bools, step: int) -> tuple[Ints, Ints]:
    """What one more seat would cost: n x (g + 1) for each application and side, and m for each assessor.

    Prices of a flow in the sense of linear programming: no arc (a, j) that is not taken is worth more than the price
    of its seat plus the price of its assessor. If that holds for every pair, the flow is the optimum over all pairs.
    """
    taken, rest = (a[chosen], j[chosen], worth[chosen]), (a[~chosen], j[~chosen], worth[~chosen])
    filled = np.zeros(seats.reserved.shape, dtype=np.int64)
    np.add.at(filled, (taken[0], seats.side[taken[1]]), 1)
    has_spare = np.bincount(taken[1], minlength=len(seats.spare)) < seats.spare
    price = np.zeros(len(seats.spare), dtype=np.int64)
    while True:
        seat_price = _seat_prices(seats, filled, taken, price, step)
        new = price.copy()
        np.maximum.at(new, rest[1], rest[2] - seat_price[rest[0], seats.side[rest[1]]])
        new[has_spare] = 0
        if (new == price).all():
            return seat_price, price
        price = new


def _seat_prices(seats: Seats, filled: Ints, taken: tuple[Ints, Ints, Ints], price: Ints, step: int) -> Ints:
    """n x (g + 1): the least that it takes to make room: the worth of who goes, or less than nothing."""
    nobody = -step * (int(seats.needed.max(initial=0)) + 2)
    leaves = np.full(filled.shape, INFINITE, dtype=np.int64)
    np.minimum.at(leaves, (taken[0], seats.side[taken[1]]), taken[2] - price[taken[1]])
    in_open = filled - (seats.reserved & (filled > 0))
    open_price = np.where(in_open > 0, leaves, INFINITE).min(axis=1)
    used = in_open.sum(axis=1)
    next_seat = nobody + step * (seats.taken + seats.reserved.sum(axis=1) + used)
    open_price = np.where(used < seats.open, np.minimum(open_price, next_seat), open_price)[:, None]
    own_price = np.where(filled > 0, np.minimum(leaves, open_price), (nobody + step * seats.taken)[:, None])
    prices: Ints = np.where(seats.reserved, own_price, open_price)
    return prices


def _better(seats: Seats, arcs: Bools, usable: Bools, seat_price: Ints, price: Ints) -> Bools:
    """n x m: pairs that are no arcs and would improve the flow."""
    better = usable & ~arcs
    for start in range(0, len(better), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        better[rows] &= seats.worth[rows] > seat_price[rows][:, seats.side] + np.asarray(price)
    return better
