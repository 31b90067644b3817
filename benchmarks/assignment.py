"""How fast assessors are assigned, and how near to the best that there is: one line of JSON."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

sys.path[0] = str(Path(__file__).parents[1])  # and not this folder, whose names hide the libraries'

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from civflow.methods.assignment import Aim, Assignment, assign  # noqa: E402
from civflow.methods.assignment.flow import flow, usable_pairs  # noqa: E402
from civflow.methods.assignment.seats import Seats, read_seats  # noqa: E402

Found = TypeVar("Found")

TOPICS = 25
NEEDED = 3
AIMS: tuple[Aim, ...] = ("total", "reweighted", "fairest")
LIMIT = "limit"
SLOW = 2_000_000  # pairs above which all of them take too long for every round


def instance(applications: int, assessors: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
    """Affinities by shared topics, 5% of conflicts, and loads a quarter larger than they have to be."""
    random = np.random.default_rng(seed)

    def profiles(count: int, fewest: int, most: int) -> NDArray[np.float64]:
        found = np.zeros((count, TOPICS))
        for row in found:
            size = random.integers(fewest, most + 1)
            row[random.choice(TOPICS, size, replace=False)] = random.random(size) + 0.2
        unit: NDArray[np.float64] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    cosine = profiles(applications, 1, 3) @ profiles(assessors, 2, 5).T
    affinity = np.clip(0.85 * cosine + random.normal(0, 0.07, cosine.shape), 0, 1)
    conflicts = np.argwhere(random.random(cosine.shape) < 0.05)
    return affinity, conflicts, int(np.ceil(1.25 * NEEDED * applications / assessors))


def greedy(seats: Seats) -> float:
    """The peer without a solver: pairs from the best to the worst, each taken while there is a seat and room."""
    seats_left, room, total = seats.open.copy(), seats.spare.copy(), 0
    order = np.argsort(-seats.worth, axis=None, kind="stable")
    for a, j in zip(*np.unravel_index(order, seats.worth.shape), strict=True):
        if seats.worth[a, j] >= 0 and seats_left[a] and room[j]:
            seats_left[a] -= 1
            room[j] -= 1
            total += int(seats.worth[a, j])
    return total / 1000


def all_pairs(seats: Seats) -> float:
    """The limit: one flow over all pairs, nothing left out and nothing proved."""
    a, j = np.nonzero(usable_pairs(seats))
    worth = seats.worth[a, j].astype(np.int64)
    return float(worth[flow(seats, a, j, worth)].sum()) / 1000


def timed(work: Callable[[], Found]) -> tuple[float, Found]:
    gc.collect()
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure(applications: int, assessors: int, seed: int, rounds: int) -> dict[str, object]:
    affinity, conflicts, most = instance(applications, assessors, seed)
    given: dict[str, Any] = {"per_application": NEEDED, "largest_load": most, "conflicts": conflicts}
    seats = read_seats(affinity, **given, already=(), sides=None, one_from_each=())
    works = {aim: partial(assign, affinity, **given, aim=aim) for aim in AIMS}
    times: dict[str, list[float]] = {name: [] for name in (*works, LIMIT)}
    results: dict[str, Assignment] = {}
    optimum, order = 0.0, np.random.default_rng(seed)
    for number in range(rounds):
        for name in order.permutation([*works, LIMIT]):
            if name != LIMIT:
                seconds, results[name] = timed(works[name])
            elif number == 0 or affinity.size < SLOW:
                seconds, optimum = timed(lambda: all_pairs(seats))
            else:
                continue
            times[name].append(seconds)
    seconds, total = timed(lambda: greedy(seats))
    found: dict[str, object] = {"applications": applications, "assessors": assessors, "limit_s": _short(times[LIMIT])}
    found |= {aim: described(results[aim], optimum, times[aim]) for aim in AIMS}
    found["greedy"] = {"seconds": _short([seconds]), "ratio_to_optimum": round(total / optimum, 5)}
    return found


def described(result: Assignment, optimum: float, times: list[float]) -> dict[str, object]:
    assert not any(result.missing), "The instance cannot be covered."
    return {
        "seconds": _short(times),
        "ratio_to_optimum": round(result.total / optimum, 5),
        "worst": round(result.worst, 4),
        "worst_to_bound": round(result.worst_ratio, 4),
    }


def _short(times: list[float]) -> float:
    return round(median(times), 4)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--sizes", default="100x40,1000x300,5000x1000", help="applications x assessors, with commas")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--json", action="store_true", help="one line of JSON, the only form there is")
    args = words.parse_args()
    sizes = [tuple(map(int, size.split("x"))) for size in args.sizes.split(",")]
    measure(20, 10, args.seed, 1)  # the solver is imported once, outside of what is measured
    found = [measure(n, m, args.seed, args.rounds) for n, m in sizes]
    print(json.dumps({"benchmark": "assignment", "needed": NEEDED, "rounds": args.rounds, "sizes": found}))


if __name__ == "__main__":
    main()
