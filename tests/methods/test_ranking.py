"""Ranking: the formula, the declared order for ties, the line, and what is left to the panel."""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civflow.methods.ranking import THE_PANEL, Criterion, Edge, Line, Ranked, Ranking, rank

SOLVES = Criterion("solves", "Solves the challenge", weight=2)
NEW = Criterion("new", "Innovation")
BOTH = (SOLVES, NEW)

Sheets = Mapping[str, Mapping[str, Mapping[str, float]]]


def sheets(**applications: list[tuple[float, float]]) -> Sheets:
    """Each application's list of (solves, new) scores, one pair per assessor."""
    return {
        name: {f"assessor {n}": {"solves": a, "new": b} for n, (a, b) in enumerate(pairs)}
        for name, pairs in applications.items()
    }


def outcomes(ranking: Ranking[str]) -> dict[str, str]:
    return {one.application: one.outcome for one in ranking.ranked}


def ranks(ranking: Ranking[str]) -> dict[str, int]:
    return {one.application: one.rank for one in ranking.ranked}


def edges(ranking: Ranking[str]) -> dict[str, tuple[Edge | None, Edge | None]]:
    """What each is behind by, and what ahead by, where totals are equal."""
    return {one.application: (one.behind, one.ahead_of) for one in ranking.ranked}


def place_of(ranking: Ranking[str], application: str) -> Ranked[str]:
    return next(one for one in ranking.ranked if one.application == application)


def test_the_total_is_the_weighted_mean_as_a_share_of_the_scale() -> None:
    one = rank(sheets(Ash=[(4, 2), (3, 1)]), BOTH).ranked[0]
    assert one.means == {"solves": Fraction(7, 2), "new": Fraction(3, 2)}
    # 100 x (2 x 3.5/4 + 1 x 1.5/4) / 3
    assert one.total == Fraction(100) * (2 * Fraction(7, 8) + Fraction(3, 8)) / 3
    assert one.total == Fraction(425, 6)
    assert one.assessors == 2


def test_scales_of_different_length_count_the_same() -> None:
    price = Criterion("new", "Price", highest=100)
    even = rank({"Ash": {1: {"solves": 2, "new": 50}}}, (replace(SOLVES, weight=1), price))
    assert even.ranked[0].total == 50


def test_the_spread_is_the_highest_minus_the_lowest_assessors_total() -> None:
    ranking = rank(sheets(Ash=[(4, 4), (2, 2), (1, 0)], Birch=[(3, 3)]), BOTH)
    assert place_of(ranking, "Ash").spread == 100 - Fraction(100) * Fraction(2, 12)
    assert place_of(ranking, "Birch").spread == 0


def test_the_best_total_is_first_whatever_the_order_of_input() -> None:
    scores = sheets(Ash=[(1, 1)], Birch=[(4, 1)], Cedar=[(2, 3)])
    for names in permutations(scores):
        assert ranks(rank({name: scores[name] for name in names}, BOTH)) == {"Birch": 1, "Cedar": 2, "Ash": 3}


def test_equal_totals_are_separated_by_the_declared_order() -> None:
    # Ash and Birch: 2 x 2 + 4 = 2 x 4 + 0.
    scores = sheets(Ash=[(2, 4)], Birch=[(4, 0)], Cedar=[(4, 4)])
    by_solves = rank(scores, BOTH, ties=["solves", "new"])
    by_new = rank(scores, BOTH, ties=["new"])
    assert ranks(by_solves) == {"Cedar": 1, "Birch": 2, "Ash": 3}
    assert ranks(by_new) == {"Cedar": 1, "Ash": 2, "Birch": 3}
    assert edges(by_solves) == {
        "Cedar": (None, None),
        "Birch": (None, Edge(3, SOLVES.label)),
        "Ash": (Edge(2, SOLVES.label), None),
    }
    assert edges(by_new) == {
        "Cedar": (None, None),
        "Ash": (None, Edge(3, NEW.label)),
        "Birch": (Edge(2, NEW.label), None),
    }
    assert by_solves.ties == ()


def test_whoever_shares_a_rank_is_behind_and_ahead_of_the_same_ones() -> None:
    # all four: 8 points of 8 in all, parted by the first criterion alone
    scores = sheets(Ash=[(4, 0)], Birch=[(3, 2)], Cedar=[(3, 2)], Doum=[(2, 4)])
    ranking = rank(scores, BOTH, ties=["solves"])
    assert ranks(ranking) == {"Ash": 1, "Birch": 2, "Cedar": 2, "Doum": 4}
    between = (Edge(1, SOLVES.label), Edge(4, SOLVES.label))
    assert edges(ranking) == {
        "Ash": (None, Edge(2, SOLVES.label)),
        "Birch": between,
        "Cedar": between,
        "Doum": (Edge(2, SOLVES.label), None),
    }


def test_totals_that_floats_would_part_are_equal() -> None:
    # 0.1 + 0.2 and 0.3 + 0: three assessors, in tenths.
    scores = sheets(Ash=[(0.1, 0), (0.2, 0)], Birch=[(0.3, 0), (0, 0)])
    assert rank(scores, BOTH).ties == (("Ash", "Birch"),)


def test_a_tie_that_nothing_separates_is_left_to_the_panel() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(2, 2)], Cedar=[(2, 2)], Doum=[(1, 1)])
    ranking = rank(scores, BOTH, ties=["solves", "new"], line=Line(2, reserves=1), names={"Birch": "Birch Ltd"})
    assert ranks(ranking) == {"Ash": 1, "Birch": 2, "Cedar": 2, "Doum": 4}
    assert outcomes(ranking) == {"Ash": "goes_on", "Birch": "tied", "Cedar": "tied", "Doum": "not_selected"}
    assert not ranking.is_settled
    (sentence,) = ranking.sentences
    assert sentence == (
        "Birch Ltd and Cedar share rank 2 with 50, and nothing declared separates them: "
        "1 of them can go on and 1 can be in reserve, and the panel decides which."
    )


def test_the_panels_recorded_order_settles_it() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(2, 2)], Cedar=[(2, 2)])
    ranking = rank(scores, BOTH, line=Line(2), panel_order=["Cedar", "Birch"])
    assert ranks(ranking) == {"Ash": 1, "Cedar": 2, "Birch": 3}
    assert outcomes(ranking) == {"Ash": "goes_on", "Cedar": "goes_on", "Birch": "not_selected"}
    assert edges(ranking) == {
        "Ash": (None, None),
        "Cedar": (None, Edge(3, THE_PANEL)),
        "Birch": (Edge(2, THE_PANEL), None),
    }
    assert ranking.is_settled
    assert ranking.sentences == ()


def test_the_panels_order_never_overrules_a_total() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(2, 2)])
    assert ranks(rank(scores, BOTH, panel_order=["Birch", "Ash"])) == {"Ash": 1, "Birch": 2}


def test_a_panels_order_that_names_half_of_a_tie_leaves_it() -> None:
    scores = sheets(Ash=[(2, 2)], Birch=[(2, 2)])
    assert rank(scores, BOTH, panel_order=["Birch"]).ties == (("Ash", "Birch"),)


def test_a_tie_that_no_line_runs_through_changes_nothing() -> None:
    scores = sheets(Ash=[(2, 2)], Birch=[(2, 2)], Cedar=[(1, 1)])
    ranking = rank(scores, BOTH, line=Line(2))
    assert outcomes(ranking) == {"Ash": "goes_on", "Birch": "goes_on", "Cedar": "not_selected"}
    assert ranking.sentences == (
        "Ash and Birch share rank 1 with 50, and nothing declared separates them; no outcome depends on it.",
    )


def test_a_tie_at_the_end_of_the_reserve_list() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(2, 2)], Cedar=[(2, 2)])
    ranking = rank(scores, BOTH, line=Line(1, reserves=1))
    assert outcomes(ranking) == {"Ash": "goes_on", "Birch": "tied", "Cedar": "tied"}
    assert ranking.sentences[0].endswith(": 1 can be in reserve, and the panel decides which.")


def test_cap_and_reserve_list() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(3, 4)], Cedar=[(2, 4)], Doum=[(1, 4)], Elm=[(0, 4)])
    assert outcomes(rank(scores, BOTH, line=Line(2, reserves=2))) == {
        "Ash": "goes_on",
        "Birch": "goes_on",
        "Cedar": "reserve",
        "Doum": "reserve",
        "Elm": "not_selected",
    }
    assert set(outcomes(rank(scores, BOTH)).values()) == {"goes_on"}


def test_an_application_below_a_minimum_leaves_its_place_to_the_next() -> None:
    floor = (SOLVES, replace(NEW, minimum=2))
    scores = sheets(Ash=[(4, 1.5)], Birch=[(3, 2)], Cedar=[(1, 2)], Doum=[(0, 2)])
    ranking = rank(scores, floor, line=Line(2), threshold=40)
    assert ranks(ranking) == {"Ash": 1, "Birch": 2, "Cedar": 3, "Doum": 4}
    assert outcomes(ranking) == {
        "Ash": "not_selected",
        "Birch": "goes_on",
        "Cedar": "not_selected",
        "Doum": "not_selected",
    }
    assert [one.below for one in ranking.ranked] == [
        ("Innovation: 1.5 is below the minimum of 2.",),
        (),
        ("The total: 33.33 is below the minimum of 40.",),
        ("The total: 16.66 is below the minimum of 40.",),
    ]


def test_just_below_a_minimum_never_reads_as_equal_to_it() -> None:
    exactly = rank(sheets(Ash=[(3, 2)]), BOTH, threshold=Fraction(200, 3)).ranked[0]
    assert exactly.below == ()
    nearly = rank({"Ash": {1: {"new": 2.9999}}}, (Criterion("new", "Innovation", minimum=3),)).ranked[0]
    assert nearly.below == ("Innovation: 2.99 is below the minimum of 3.",)


def test_another_number_than_the_target_needs_a_reason() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(3, 4)], Cedar=[(2, 4)], Doum=[(1, 4)])
    at_target = rank(scores, BOTH, line=Line(3, hard=False))
    more = rank(scores, BOTH, line=Line(3, hard=False, chosen=4))
    one = rank(scores, BOTH, line=Line(3, hard=False, chosen=1))
    assert (at_target.reason_needed, at_target.sentences) == (False, ())
    assert set(outcomes(more).values()) == {"goes_on"}
    assert more.sentences == ("The target is 3 and 4 go on: the reason has to be recorded.",)
    assert one.sentences == ("The target is 3 and 1 goes on: the reason has to be recorded.",)
    assert more.reason_needed
    assert one.reason_needed


def test_fewer_than_a_target_needs_a_reason_and_fewer_than_a_cap_does_not() -> None:
    scores = sheets(Ash=[(4, 4)], Birch=[(1, 1)])
    assert rank(scores, BOTH, line=Line(2, hard=False), threshold=50).reason_needed
    assert not rank(scores, BOTH, line=Line(2, hard=True), threshold=50).reason_needed


def test_price_and_quality_may_have_different_assessors() -> None:
    scores = {"Ash": {"quality": {"solves": 4}, "other": {"solves": 2}, "price": {"new": 1}}}
    one = rank(scores, BOTH, complete=False).ranked[0]
    assert one.means == {"solves": 3, "new": 1}
    assert one.total == Fraction(100) * (2 * Fraction(3, 4) + Fraction(1, 4)) / 3
    assert one.spread == 50
    with pytest.raises(ValueError, match=r"^Application Ash, assessor quality: not every criterion has a score\.$"):
        rank(scores, BOTH)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scores": {"Ash": {}}}, "Application Ash has no score for Solves the challenge."),
        (
            {"scores": {"Ash": {"Jo": {"solves": 5, "new": 1}}}},
            "Application Ash, assessor Jo: 5 for Solves the challenge is not on the scale of 0 to 4.",
        ),
        (
            {"scores": {"Ash": {"Jo": {"solves": 1, "new": 1, "fun": 1}}}},
            "Application Ash, assessor Jo: there is no criterion 'fun'.",
        ),
        (
            {"scores": {"Ash": {"Jo": {}}}, "complete": False},
            "Application Ash, assessor Jo: not every criterion has a score.",
        ),
        ({"criteria": ()}, "There must be at least one criterion, and no two with the same key."),
        ({"criteria": (NEW, NEW)}, "There must be at least one criterion, and no two with the same key."),
        ({"criteria": (SOLVES, replace(NEW, weight=0))}, "Innovation: the weight must be more than 0."),
        (
            {"criteria": (SOLVES, replace(NEW, highest=0))},
            "Innovation: the scale must go upwards from 0 or more.",
        ),
        ({"ties": ["price"]}, "The order for ties must name criteria of this scorecard, each once."),
        ({"ties": ["new", "new"]}, "The order for ties must name criteria of this scorecard, each once."),
        ({"panel_order": ["Elm"]}, "The panel's order must name applications that are ranked, each once."),
        ({"line": Line(-1)}, "The numbers that go on or wait in reserve cannot be negative."),
        ({"line": Line(1, chosen=2)}, "At most 1 can go on, so 2 cannot be chosen."),
    ],
)
def test_what_is_refused(change: dict[str, object], sentence: str) -> None:
    arguments: dict[str, object] = {"scores": sheets(Ash=[(1, 1)]), "criteria": BOTH} | change
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        rank(**arguments)  # type: ignore[arg-type]


pairs = st.tuples(st.integers(0, 4), st.integers(0, 4))
rounds = st.dictionaries(st.sampled_from("ABCDEFGH"), st.lists(pairs, min_size=2, max_size=2), min_size=1, max_size=8)


@given(rounds)
def test_the_total_is_the_mean_of_the_assessors_totals(scores: dict[str, list[tuple[int, int]]]) -> None:
    for one in rank(sheets(**scores), BOTH).ranked:  # type: ignore[arg-type]
        alone = [rank(sheets(x=[pair]), BOTH).ranked[0].total for pair in scores[one.application]]
        assert one.total == sum(alone) / len(alone)
        assert one.spread == max(alone) - min(alone)


@given(rounds, st.integers(0, 8), st.integers(0, 3), st.integers(0, 100))
def test_the_line_is_kept(scores: dict[str, list[tuple[int, int]]], number: int, reserves: int, threshold: int) -> None:
    line = Line(number, reserves=reserves)
    ranking = rank(sheets(**scores), BOTH, ties=["new"], line=line, threshold=threshold)  # type: ignore[arg-type]
    found = list(outcomes(ranking).values())
    able = [one for one in ranking.ranked if not one.below]
    assert found.count("goes_on") <= number
    assert all(one.outcome == "not_selected" for one in ranking.ranked if one.below)
    assert [one.total for one in ranking.ranked] == sorted((one.total for one in ranking.ranked), reverse=True)
    order = ["goes_on", "tied", "reserve", "tied", "not_selected"]
    if ranking.is_settled:
        assert found.count("goes_on") == min(number, len(able))
        assert found.count("reserve") == min(reserves, len(able) - found.count("goes_on"))
        seen = [one.outcome for one in able]
        assert seen == sorted(seen, key=order.index)
    for group in ranking.ties:
        assert len({outcomes(ranking)[name] for name in group if not place_of(ranking, name).below}) <= 1


@given(rounds, st.permutations("ABCDEFGH"))
def test_the_order_of_input_changes_no_rank_and_no_outcome(
    scores: dict[str, list[tuple[int, int]]], order: list[str]
) -> None:
    shuffled = {name: scores[name] for name in order if name in scores}
    one = rank(sheets(**scores), BOTH, ties=["solves"], line=Line(3))  # type: ignore[arg-type]
    other = rank(sheets(**shuffled), BOTH, ties=["solves"], line=Line(3))  # type: ignore[arg-type]
    assert (ranks(one), outcomes(one), sorted(one.sentences)) == (
        ranks(other),
        outcomes(other),
        sorted(other.sentences),
    )
