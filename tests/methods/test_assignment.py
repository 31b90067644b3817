"""Assignment: the optimum against every possibility, rules that never break, and sentences for what is missing."""

import re
from collections.abc import Iterator
from dataclasses import astuple
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from civflow.methods.assignment import Assignment, assign
from civflow.methods.assignment.flow import _candidates as first_candidates
from civflow.methods.assignment.flow import best_pairs, flow, usable_pairs
from civflow.methods.assignment.seats import Seats, read_seats

Pairs = set[tuple[int, int]]


def everything(n: int, m: int, needed: int, limit: int, forbidden: Pairs) -> Iterator[list[tuple[int, ...]]]:
    """Every assignment that breaks no conflict and no load."""
    able = [[j for j in range(m) if (a, j) not in forbidden] for a in range(n)]
    panels = [[some for size in range(needed + 1) for some in combinations(row, size)] for row in able]
    for choice in product(*panels):
        if all(sum(j in panel for panel in choice) <= limit for j in range(m)):
            yield list(choice)


def worth(table: list[list[float]], choice: list[tuple[int, ...]]) -> float:
    return sum(table[a][j] for a, panel in enumerate(choice) for j in panel)


def spread(choice: list[tuple[int, ...]]) -> tuple[int, int]:
    """How good the coverage is: more seats first, then seats spread over the applications."""
    return sum(map(len, choice)), -sum(len(panel) ** 2 for panel in choice)


small = st.builds(
    lambda numbers, forbidden, needed, limit: (
        [[x / 1000 for x in numbers[4 * a : 4 * a + 4]] for a in range(3)],
        forbidden,
        needed,
        limit,
    ),
    st.lists(st.integers(0, 1000), min_size=12, max_size=12),
    st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=6),
    st.integers(1, 3),
    st.integers(0, 3),
)


@given(small)
def test_nothing_is_better_than_the_total(instance: tuple[list[list[float]], Pairs, int, int]) -> None:
    table, conflicts, needed, limit = instance
    result = assign(table, per_application=needed, largest_load=limit, conflicts=conflicts, aim="total")
    choices = list(everything(3, 4, needed, limit, conflicts))
    best = max(choices, key=lambda choice: (spread(choice), worth(table, choice)))
    found = [tuple(j for a, j in result.pairs if a == row) for row in range(3)]
    assert spread(found) == spread(best)
    assert result.total == pytest.approx(worth(table, best))
    assert result.bound == pytest.approx(result.total)
    assert result.missing == tuple(needed - len(panel) for panel in found)


@given(small)
def test_the_worst_served_has_a_true_bound_and_the_total_pays_little(
    instance: tuple[list[list[float]], Pairs, int, int],
) -> None:
    table, conflicts, needed, limit = instance
    plain, fair, fairest = (
        assign(table, per_application=needed, largest_load=limit, conflicts=conflicts, aim=aim)
        for aim in ("total", "reweighted", "fairest")
    )
    assert plain.worst <= fairest.worst
    assert fair.ratio >= 0.995
    assert plain.missing == fair.missing == fairest.missing
    if not any(plain.missing):
        full = [c for c in everything(3, 4, needed, limit, conflicts) if all(len(panel) == needed for panel in c)]
        best = max(min(sum(table[a][j] for j in panel) / needed for a, panel in enumerate(c)) for c in full)
        assert fairest.worst_bound >= best - 1e-9
        assert fairest.worst <= best + 1e-9


def crowd(n: int, m: int, seed: int) -> np.ndarray:
    """Everybody wants the same assessors, so the best candidates of all applications are the same few."""
    random = np.random.default_rng(seed)
    return np.clip(random.random(m) * 0.8 + random.random((n, m)) * 0.2, 0, 1)


def topics(n: int, m: int, seed: int) -> np.ndarray:
    """Half of the applications want the same fifth of the assessors, and can tell few of those apart."""
    random = np.random.default_rng(seed)
    wants, knows = random.choice(5, n, p=[0.5, 0.2, 0.15, 0.1, 0.05]), random.choice(5, m)
    return np.where(wants[:, None] == knows, 0.8, 0.2) + random.choice([0, 0.05, 0.1], (n, m))


def seats_of(affinity: np.ndarray, needed: int, limit: int, conflicts: object = ()) -> Seats:
    return read_seats(
        affinity,
        per_application=needed,
        largest_load=limit,
        conflicts=conflicts,
        already=(),
        sides=None,
        one_from_each=(),
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [4, 5, 3])
def test_few_arcs_reach_the_optimum_over_all_arcs(limit: int) -> None:
    random = np.random.default_rng(limit)
    seats = seats_of(crowd(120, 90, limit), 3, limit, np.argwhere(random.random((120, 90)) < 0.1))
    a, j = np.nonzero(usable_pairs(seats))
    step = 2_000 * 211 if limit == 3 else 0
    chosen = flow(seats, a, j, seats.worth[a, j].astype(np.int64), step)
    found = best_pairs(seats)
    assert len(found.a) == chosen.sum()
    assert seats.worth[found.a, found.j].sum() == seats.worth[a, j][chosen].sum()


@pytest.mark.parametrize(
    ("affinity", "limit", "alone", "in_all"),
    [(crowd(300, 150, 0), 7, (900, 621_075), (900, 621_109)), (topics(300, 150, 0), 6, (795, 633_300), (900, 671_400))],
)
def test_what_the_first_candidates_lack_is_found(
    affinity: np.ndarray, limit: int, alone: tuple[int, int], in_all: tuple[int, int]
) -> None:
    seats = seats_of(affinity, 3, limit)
    usable = usable_pairs(seats)
    a, j = np.nonzero(first_candidates(seats, usable))
    chosen = flow(seats, a, j, seats.worth[a, j].astype(np.int64))
    found = best_pairs(seats)
    assert (chosen.sum(), seats.worth[a, j][chosen].sum()) == alone
    assert (len(found.a), seats.worth[found.a, found.j].sum()) == in_all
    assert len(found.arc_a) < usable.sum()


def rules_hold(result: Assignment, *, n: int, needed: int, limit: int, conflicts: Pairs, already: Pairs) -> None:
    everybody = set(result.pairs) | already
    assert len(result.pairs) == len(set(result.pairs))
    assert not set(result.pairs) & already
    assert not everybody & conflicts
    for assessor, load in enumerate(result.loads):
        assert load == sum(j == assessor for _, j in everybody)
        assert load <= max(limit, sum(j == assessor for _, j in already))
    for application in range(n):
        has = sum(a == application for a, _ in everybody)
        assert has <= max(needed, sum(a == application for a, _ in already))
        assert result.missing[application] == max(needed - has, 0)
    assert any(result.missing) <= bool(result.sentences)


cells = st.tuples(st.integers(0, 19), st.integers(0, 7))


@given(
    st.integers(0, 9), st.sets(cells, max_size=60), st.sets(cells, max_size=12), st.integers(0, 4), st.integers(0, 9)
)
def test_no_rule_is_ever_broken(seed: int, conflicts: Pairs, already: Pairs, needed: int, limit: int) -> None:
    already -= conflicts
    affinity = np.random.default_rng(seed).choice([0.2, 0.5, 0.8], (20, 8))
    results = [
        assign(affinity, per_application=needed, largest_load=limit, conflicts=conflicts, already=already, aim=aim)
        for aim in ("total", "reweighted", "fairest", "reweighted")
    ]
    for result in results:
        rules_hold(result, n=20, needed=needed, limit=limit, conflicts=conflicts, already=already)
        assert result.ratio <= 1
        assert result.worst <= result.worst_bound + 1e-9
    assert astuple(results[1]) == astuple(results[3])


@given(st.integers(0, 9), st.sets(cells, max_size=40), st.sets(cells, max_size=6), st.integers(2, 4), st.integers(2, 9))
def test_a_seat_is_kept_for_each_side(seed: int, conflicts: Pairs, already: Pairs, needed: int, limit: int) -> None:
    already -= conflicts
    sides = ["sponsor"] * 3 + ["programme"] * 3 + ["guest"] * 2
    affinity = np.random.default_rng(seed).random((20, 8))
    result = assign(
        affinity,
        per_application=needed,
        largest_load=limit,
        conflicts=conflicts,
        already=already,
        sides=sides,
        one_from_each=["sponsor", "programme"],
    )
    rules_hold(result, n=20, needed=needed, limit=limit, conflicts=conflicts, already=already)
    for application in range(20):
        new = {j for a, j in result.pairs if a == application}
        old = {j for a, j in already if a == application}
        here = {sides[j] for j in new | old}
        absent = {"sponsor", "programme"} - here
        if needed - len(new | old) < len(absent):  # the seats were taken: what is left goes to absent sides only
            assert all([sides[i] for i in new | old].count(sides[j]) == 1 for j in new)
            assert "guest" not in {sides[j] for j in new}
        if absent and not result.missing[application]:
            assert len(old) > needed - 2
            assert any(f"Application {application + 1} has nobody" in sentence for sentence in result.sentences)


def test_one_from_each_side_costs_total_and_is_kept() -> None:
    affinity = [[0.9, 0.8, 0.1], [0.9, 0.8, 0.2]]
    free = assign(affinity, per_application=2, largest_load=2, aim="total")
    both = assign(
        affinity,
        per_application=2,
        largest_load=2,
        sides=["sponsor", "sponsor", "programme"],
        one_from_each=["sponsor", "programme"],
        aim="total",
    )
    assert free.pairs == ((0, 0), (0, 1), (1, 0), (1, 1))
    assert both.pairs == ((0, 0), (0, 2), (1, 0), (1, 2))


def test_a_pair_that_exists_takes_the_seat_of_its_side() -> None:
    result = assign(
        [[0.1, 0.2, 0.9]],
        per_application=2,
        largest_load=1,
        already=[(0, 2)],
        sides=["sponsor", "programme", "programme"],
        one_from_each=["sponsor", "programme"],
    )
    assert result.pairs == ((0, 0),)
    assert result.loads == (1, 0, 1)
    assert result.total == 1.0


UNFAIR = [[0.90, 0.30, 0.10], [0.70, 0.25, 0.10]]  # 0.90 + 0.25 is more than 0.30 + 0.70, and worse for the second


def test_a_little_less_in_all_for_a_better_worst_served() -> None:
    affinity = UNFAIR + [[0.5, 0.5, 0.9]] * 60
    plain, fair = (
        assign(affinity, per_application=1, largest_load=[1, 1, 60], aim=aim) for aim in ("total", "reweighted")
    )
    assert (plain.worst, plain.ratio) == (0.25, 1)
    assert (fair.worst, fair.pairs[:2]) == (0.3, ((0, 1), (1, 0)))
    assert fair.worst_bound == pytest.approx(0.9 - 0.6 * 13 / 21, abs=1e-6)  # were assessors split in two
    assert fair.worst_ratio == fair.worst / fair.worst_bound
    assert 0.995 <= fair.ratio < 1
    assert fair.bound == plain.total


def test_only_the_fairest_pays_more_than_half_a_percent() -> None:
    results = [assign(UNFAIR, per_application=1, largest_load=1, aim=aim) for aim in ("reweighted", "fairest")]
    assert [result.pairs for result in results] == [((0, 0), (1, 1)), ((0, 1), (1, 0))]
    assert [result.worst for result in results] == [0.25, 0.3]


def test_few_good_assessors_are_shared_out() -> None:
    # One good assessor for each application, and at first some applications get two and others none.
    affinity = [[0.8 if j < 8 else 0.2 for j in range(16)] for _ in range(16)]
    fair = assign(affinity, per_application=2, largest_load=2)
    assert fair.worst == 0.5
    assert fair.ratio == 1


def test_an_assessor_with_room_may_be_the_better_one() -> None:
    # The optimum leaves assessor 2 without work; an exchange with nobody helps application 1.
    affinity = [[0.9, 0.9, 0.0], [0.6, 0.1, 0.4]]
    affinity += [[1.0, 0.0, 0.0]]
    fairest = assign(affinity, per_application=1, largest_load=[1, 1, 1], aim="fairest")
    assert fairest.worst == 0.4
    assert fairest.pairs == ((0, 1), (1, 2), (2, 0))


def test_sizes_of_its_own_for_everybody() -> None:
    result = assign(np.full((3, 4), 0.5), per_application=[1, 2, 0], largest_load=[0, 1, 1, 1])
    assert result.loads == (0, 1, 1, 1)
    assert [sum(a == row for a, _ in result.pairs) for row in range(3)] == [1, 2, 0]
    assert result.sentences == ()


def test_empty_seats_are_spread() -> None:
    result = assign([[1, 1, 1], [0, 0, 0]], per_application=2, largest_load=1)
    assert sorted(result.missing) == [0, 1]
    result = assign([[1, 1, 1]] * 2 + [[0.1, 0, 0]], per_application=2, largest_load=1)
    assert result.missing == (1, 1, 1)
    assert result.total == 2.1


def test_an_application_says_what_it_lacks_and_why() -> None:
    result = assign(
        np.full((3, 6), 0.5),
        per_application=[3, 1, 1],
        largest_load=[1, 0, 1, 1, 1, 1],
        conflicts=[(0, 2), (0, 3), (0, 4), (0, 5), (1, 0), (1, 1)],
        names=["Ash", "Birch", "Cedar"],
    )
    assert result.missing == (2, 0, 0)
    assert result.sentences == (
        "Ash has 1 of the 3 assessors it needs: 4 of the 6 assessors have a conflict, the other is full.",
    )


@pytest.mark.parametrize(
    ("assessors", "limit", "conflicts", "sentence"),
    [
        (2, 9, [], "Application 1 has 2 of the 3 assessors it needs: there are only 2 assessors."),
        (1, 9, [], "Application 1 has 1 of the 3 assessors it needs: there is only 1 assessor."),
        (3, 9, [0], "Application 1 has 2 of the 3 assessors it needs: 1 of the 3 assessors has a conflict."),
        (3, 9, [0, 1, 2], "Application 1 has 0 of the 3 assessors it needs: all 3 assessors have a conflict."),
        (1, 9, [0], "Application 1 has 0 of the 3 assessors it needs: the only assessor has a conflict."),
        (3, [0, 1, 1], [], "Application 1 has 2 of the 3 assessors it needs: the other is full."),
        (3, 0, [], "Application 1 has 0 of the 3 assessors it needs: all 3 assessors are full."),
        (
            5,
            [1, 0, 0, 0, 0],
            [4],
            "Application 1 has 1 of the 3 assessors it needs: 1 of the 5 assessors has a conflict, the others are full.",
        ),
    ],
)
def test_every_reason_has_its_words(assessors: int, limit: int, conflicts: list[int], sentence: str) -> None:
    result = assign(
        np.full((1, assessors), 0.5), per_application=3, largest_load=limit, conflicts=[(0, j) for j in conflicts]
    )
    assert result.sentences[-1] == sentence


def test_a_side_that_cannot_come_is_named() -> None:
    result = assign(
        [[0.5] * 4],
        per_application=2,
        largest_load=1,
        conflicts=[(0, 2), (0, 3)],
        sides=["sponsor", "sponsor", "programme", "programme"],
        one_from_each=["sponsor", "programme"],
    )
    assert len(result.pairs) == 1
    assert result.missing == (1,)
    assert result.sentences == ("Application 1 has nobody from the programme side: all 2 assessors have a conflict.",)


def test_a_side_whose_seat_is_taken_is_named() -> None:
    result = assign(
        [[0.5] * 3],
        per_application=2,
        largest_load=1,
        already=[(0, 0), (0, 1)],
        sides=["sponsor", "sponsor", "programme"],
        one_from_each=["sponsor", "programme"],
    )
    assert result.pairs == ()
    assert result.sentences == (
        "Application 1 has nobody from the programme side: its other assessors have all the seats.",
    )


def test_too_little_room_in_all_is_said_first() -> None:
    result = assign(np.full((4, 3), 0.5), per_application=2, largest_load=2)
    assert result.sentences[0] == "8 assessments to give, and the assessors can take 6: raise loads or add assessors."
    assert len(result.sentences) == 3


def test_who_has_more_than_they_take_is_named_and_gets_nothing() -> None:
    result = assign(
        np.full((3, 2), 0.5), per_application=1, largest_load=1, already=[(0, 0), (1, 0)], assessor_names=["Jo", "Al"]
    )
    assert result.pairs == ((2, 1),)
    assert result.sentences == ("Jo has 2 applications already, more than the 1 they take.",)


@pytest.mark.parametrize("affinity", [[], [[], []], np.zeros((0, 3)), np.zeros((3, 0))])
def test_nobody_and_nothing(affinity: object) -> None:
    result = assign(affinity, per_application=2, largest_load=2)
    assert (result.pairs, result.total, result.bound, result.ratio) == ((), 0, 0, 1)
    assert (result.worst, result.worst_bound, result.worst_ratio) == (0, 0, 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"affinity": [0.5]}, "The affinity must be a table of numbers: one row per application."),
        ({"affinity": [["a"]]}, "The affinity must be a table of numbers: one row per application."),
        ({"affinity": [[1.01, 0], [0, 0]]}, "Every affinity must be a number from 0 to 1."),
        ({"affinity": [[float("nan"), 0], [0, 0]]}, "Every affinity must be a number from 0 to 1."),
        ({"per_application": [1]}, "per_application must be one number, or one for each application: 2, not 1."),
        ({"per_application": -1}, "per_application must be whole numbers of 0 or more."),
        ({"largest_load": 1.5}, "largest_load must be whole numbers of 0 or more."),
        ({"conflicts": [(2, 0)]}, "conflicts must be pairs of an application (below 2) and an assessor (2)."),
        ({"already": [(0, -1)]}, "already must be pairs of an application (below 2) and an assessor (2)."),
        (
            {"already": [(1, 0)], "conflicts": [(1, 0)]},
            "Assessor 0 has a conflict with application 1 and is assigned to it already.",
        ),
        ({"sides": ["sponsor"]}, "There must be a side for each assessor: 2, not 1."),
        ({"one_from_each": ["sponsor"]}, "one_from_each needs the side of every assessor."),
        ({"sides": ["a", "b"], "one_from_each": ["a", "a"]}, "one_from_each must name each side once."),
        (
            {"sides": ["a", "b"], "one_from_each": ["a", "b"]},
            "An application needs one assessor from each of 2 sides, but has fewer seats.",
        ),
        ({"names": ["Ash"]}, "There must be a name for each application: 2, not 1."),
        ({"assessor_names": ["Jo"]}, "There must be a name for each assessor: 2, not 1."),
    ],
)
def test_what_is_refused(change: dict[str, object], sentence: str) -> None:
    arguments: dict[str, object] = {"affinity": [[0.5, 0.5]] * 2, "per_application": 1, "largest_load": 1} | change
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        assign(**arguments)  # type: ignore[arg-type]
