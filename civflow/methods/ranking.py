"""Who goes on: weighted totals, a ranking with declared tie-breaks, and the line that the cap draws."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Generic, Literal, NamedTuple, TypeVar

from civflow.methods.scorecard import (
    Assessor,
    Criterion,
    Number,
    Sheet,
    check_criteria,
    check_scores,
    criterion_means,
    exact,
    figure,
    missed_minimums,
    panel_spread,
    weighted_total,
)

__all__ = ["THE_PANEL", "Criterion", "Edge", "Line", "Ranked", "Ranking", "rank"]

Application = TypeVar("Application", bound=Hashable)
Outcome = Literal["goes_on", "reserve", "not_selected", "tied"]
Scores = Mapping[Application, Mapping[Assessor, Sheet]]

THE_PANEL = "the panel's decision"


@dataclass(frozen=True, slots=True)
class Line:
    """How many go on, and how many of the next stay on the reserve list."""

    number: int
    hard: bool = True
    """True: a cap that nothing passes. False: a target, and another number needs a reason."""
    chosen: int | None = None
    """The number that the panel takes instead of `number`; never more than a hard cap."""
    reserves: int = 0


class Edge(NamedTuple):
    """What separates two neighbours with the same total: the other's rank, and a criterion's label or THE_PANEL."""

    rank: int
    by: str


@dataclass(frozen=True, slots=True)
class Ranked(Generic[Application]):
    """One application's place. Figures are exact fractions; totals are out of `out_of` (100 unless told)."""

    application: Application
    rank: int
    """1 is best. Applications in an unresolved tie share a rank, and the next rank skips (1, 2, 2, 4)."""
    total: Fraction
    means: Mapping[str, Fraction]
    """Criterion key -> mean of the assessors' scores, on the criterion's own scale."""
    spread: Fraction
    """Highest minus lowest assessor's total: how far apart the panel is."""
    assessors: int
    outcome: Outcome
    """`tied` only when a line runs through an unresolved tie: the panel decides."""
    behind: Edge | None
    """The next better one where its total is the same; None when the total alone decided."""
    ahead_of: Edge | None
    """The next one where its total is the same."""
    below: tuple[str, ...]
    """Sentences: the minimums that were missed; empty when none was."""


@dataclass(frozen=True, slots=True)
class Ranking(Generic[Application]):
    """All applications, best first, and what the panel has to decide or to explain."""

    ranked: tuple[Ranked[Application], ...]
    ties: tuple[tuple[Application, ...], ...]
    """Groups that nothing declared could separate, best first."""
    reason_needed: bool
    """Another number than the target goes on, so the reason has to be recorded."""
    sentences: tuple[str, ...]
    """One for every unresolved tie, and one when a reason is needed."""

    @property
    def is_settled(self) -> bool:
        """True when no application waits for the panel to decide a tie."""
        return all(one.outcome != "tied" for one in self.ranked)


def rank(
    scores: Scores[Application, Assessor],
    criteria: Sequence[Criterion],
    *,
    line: Line | None = None,
    ties: Sequence[str] = (),
    threshold: Number | None = None,
    panel_order: Sequence[Application] = (),
    out_of: int = 100,
    complete: bool = True,
    names: Mapping[Application, str] | None = None,
) -> Ranking[Application]:
    """Rank applications by the weighted means of their assessors' locked scores.

        mean(c) = sum of the scores on criterion c / number of assessors who scored it
        total   = out_of x (sum over c of weight(c) x mean(c) / highest(c)) / sum of the weights

    scores       application -> assessor -> criterion key -> score (locked scores only)
    line         how many go on; None when all that reach the minimums do
    ties         criterion keys in declared order: equal totals are separated by the higher mean on the
                 first, then on the second, ...
    threshold    the smallest total that goes on, out of `out_of`
    panel_order  the panel's recorded order, best first; it separates a group that is then still tied when it
                 names all of the group
    complete     every assessor has scored every criterion; False where price and quality have different
                 assessors (the spread then compares those who scored the same criteria)
    names        what the sentences call the applications; str(application) by default

    Ranks go by the total over all applications; one that missed a minimum keeps its rank and is not selected,
    and the places are counted among the others. Arithmetic is exact (a float counts as the decimal that it
    prints as), so totals are equal when they are equal and never by rounding. A tie that nothing declared
    separates stays one: order and id never break it.

    Raises ValueError when an application has no scores, a score is missing, unknown or outside of its scale,
    a scale or weight is impossible, a number is negative, more are chosen than a hard cap allows, or `ties`
    or `panel_order` name something unknown or twice.
    """
    check_criteria(criteria)
    _check_order(ties, criteria, panel_order, scores)
    _check_line(line)
    for application, given in scores.items():
        check_scores(str(application), given, criteria, complete)
    sheets = {
        one: [{key: exact(score) for key, score in sheet.items()} for sheet in given.values()]
        for one, given in scores.items()
    }
    means = {one: criterion_means(sheets[one], criteria) for one in scores}
    totals = {one: weighted_total(means[one], criteria, out_of) for one in scores}
    missed = {one: missed_minimums(means[one], totals[one], criteria, threshold) for one in scores}

    keys = {one: (totals[one], *(means[one][key] for key in ties)) for one in scores}
    groups = _groups(keys, panel_order)
    outcomes = _outcomes(groups, missed, line)
    labels = {c.key: c.label for c in criteria}
    ranked = []
    for group, place, behind, ahead in _with_edges(groups, keys, [labels[key] for key in ties]):
        for one in group:
            figures = (totals[one], means[one], panel_spread(sheets[one], criteria, out_of), len(sheets[one]))
            ranked.append(Ranked(one, place, *figures, outcomes[one], behind, ahead, missed[one]))
    return _ranking(ranked, groups, line, {one: (names or {}).get(one, str(one)) for one in scores})


def _ranking(
    ranked: Sequence[Ranked[Application]],
    groups: Sequence[tuple[Application, ...]],
    line: Line | None,
    name: Mapping[Application, str],
) -> Ranking[Application]:
    tied = tuple(group for group in groups if len(group) > 1)
    able = sum(not one.below for one in ranked)
    going_on = able if line is None else min(able, _number(line))
    sentences = [_tie_sentence(group, ranked, line, name) for group in tied]
    if reason_needed := line is not None and not line.hard and going_on != line.number:
        goes = f"{going_on} {'goes' if going_on == 1 else 'go'} on"
        sentences.append(f"The target is {line.number} and {goes}: the reason has to be recorded.")
    return Ranking(tuple(ranked), tied, reason_needed, tuple(sentences))


def _groups(
    keys: Mapping[Application, tuple[Fraction, ...]], panel_order: Sequence[Application]
) -> list[tuple[Application, ...]]:
    """Applications best first, in groups that nothing declared separates."""
    order = sorted(keys, key=keys.__getitem__, reverse=True)
    groups: list[tuple[Application, ...]] = []
    for _, equal in groupby(order, key=keys.__getitem__):
        group = tuple(equal)
        if set(group) <= set(panel_order):
            groups.extend((one,) for one in sorted(group, key=panel_order.index))
        else:
            groups.append(group)
    return groups


def _outcomes(
    groups: Iterable[tuple[Application, ...]],
    missed: Mapping[Application, tuple[str, ...]],
    line: Line | None,
) -> dict[Application, Outcome]:
    outcomes: dict[Application, Outcome] = {}
    place = 0
    for group in groups:
        able = [one for one in group if not missed[one]]
        outcomes.update(dict.fromkeys(group, "not_selected"))
        outcomes.update(dict.fromkeys(able, _outcome(place, place + len(able), line)))
        place += len(able)
    return outcomes


def _outcome(first: int, end: int, line: Line | None) -> Outcome:
    """What happens to a group that takes the places `first` up to but not including `end`."""
    if line is None:
        return "goes_on"
    number = _number(line)
    if end <= number:
        return "goes_on"
    if first >= number + line.reserves:
        return "not_selected"
    return "reserve" if first >= number and end <= number + line.reserves else "tied"


def _number(line: Line) -> int:
    return line.number if line.chosen is None else line.chosen


def _with_edges(
    groups: Sequence[tuple[Application, ...]],
    keys: Mapping[Application, tuple[Fraction, ...]],
    labels: Sequence[str],
) -> Iterator[tuple[tuple[Application, ...], int, Edge | None, Edge | None]]:
    """Each group with its rank, and what separates it from the one before and the one after with the same total."""

    def between(one: tuple[Application, ...], other: tuple[Application, ...]) -> str | None:
        pairs = list(zip(keys[one[0]], keys[other[0]], strict=True))
        if pairs[0][0] != pairs[0][1]:
            return None
        return next((label for label, (a, b) in zip(labels, pairs[1:], strict=True) if a != b), THE_PANEL)

    causes = [None, *(between(a, b) for a, b in pairwise(groups)), None]
    before = place = 1
    for group, behind, ahead in zip(groups, causes, causes[1:], strict=False):
        following = place + len(group)
        yield group, place, Edge(before, behind) if behind else None, Edge(following, ahead) if ahead else None
        before, place = place, following


def _tie_sentence(
    group: tuple[Application, ...],
    ranked: Sequence[Ranked[Application]],
    line: Line | None,
    name: Mapping[Application, str],
) -> str:
    places = {one.application: one for one in ranked}
    first = places[group[0]]
    *most, last = sorted(name[one] for one in group)
    tie = f"{', '.join(most)} and {last} share rank {first.rank} with {figure(first.total)}"
    tie = f"{tie}, and nothing declared separates them"
    tied = [one for one in group if places[one].outcome == "tied"]
    if line is None or not tied:
        return f"{tie}; no outcome depends on it."
    before = sum(not one.below for one in ranked if one.rank < first.rank)
    go = min(max(_number(line) - before, 0), len(tied))
    wait = min(max(_number(line) + line.reserves - before, 0), len(tied)) - go
    parts = [f"{go} of them can go on"] * (go > 0) + [f"{wait} can be in reserve"] * (wait > 0)
    return f"{tie}: {' and '.join(parts)}, and the panel decides which."


def _check_order(
    ties: Sequence[str], criteria: Sequence[Criterion], panel_order: Sequence[object], known: Iterable[object]
) -> None:
    if len(set(ties)) < len(ties) or not set(ties) <= {c.key for c in criteria}:
        raise ValueError("The order for ties must name criteria of this scorecard, each once.")
    if len(set(panel_order)) < len(panel_order) or not set(panel_order) <= set(known):
        raise ValueError("The panel's order must name applications that are ranked, each once.")


def _check_line(line: Line | None) -> None:
    if line is None:
        return
    if line.number < 0 or line.reserves < 0 or _number(line) < 0:
        raise ValueError("The numbers that go on or wait in reserve cannot be negative.")
    if line.hard and _number(line) > line.number:
        raise ValueError(f"At most {line.number} can go on, so {line.chosen} cannot be chosen.")
