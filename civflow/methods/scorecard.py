"""A scorecard: criteria with weights and scales, and the exact figures that assessors' scores give."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

Assessor = TypeVar("Assessor", bound=Hashable)
Number = int | Fraction | Decimal | float
Sheet = Mapping[str, Number]
ExactSheet = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the scorecard: its weight, and the scale that scores are given on."""

    key: str
    label: str
    weight: Number = 1
    lowest: Number = 0
    highest: Number = 4
    minimum: Number | None = None
    """An application whose mean on this criterion is below it does not go on."""


def exact(number: Number) -> Fraction:
    """The number as a fraction; a float counts as the decimal that it prints as, so 0.1 is one tenth."""
    return Fraction(str(number)) if isinstance(number, float) else Fraction(number)


def figure(value: Fraction) -> str:
    """At most two decimals, cut and not rounded: what is below a minimum never reads as equal to it."""
    whole, hundredths = divmod(math.floor(value * 100), 100)
    return f"{whole}.{hundredths:02d}".rstrip("0").rstrip(".")


def criterion_means(sheets: Sequence[ExactSheet], criteria: Sequence[Criterion]) -> dict[str, Fraction]:
    """Criterion key -> mean over the assessors who scored it."""
    columns = {c.key: [sheet[c.key] for sheet in sheets if c.key in sheet] for c in criteria}
    return {key: sum(column, Fraction(0)) / len(column) for key, column in columns.items()}


def weighted_total(values: ExactSheet, criteria: Sequence[Criterion], out_of: int) -> Fraction:
    """out_of x sum of weight x value / highest, over the sum of the weights of the criteria in `values`."""
    used = [c for c in criteria if c.key in values]
    points = (exact(c.weight) * values[c.key] / exact(c.highest) for c in used)
    return out_of * sum(points, Fraction(0)) / sum((exact(c.weight) for c in used), Fraction(0))


def panel_spread(sheets: Sequence[ExactSheet], criteria: Sequence[Criterion], out_of: int) -> Fraction:
    """The widest range of totals among assessors who scored the same criteria."""
    totals: dict[frozenset[str], list[Fraction]] = {}
    for sheet in sheets:
        totals.setdefault(frozenset(sheet), []).append(weighted_total(sheet, criteria, out_of))
    return max(max(values) - min(values) for values in totals.values())


def missed_minimums(
    means: ExactSheet, total: Fraction, criteria: Sequence[Criterion], threshold: Number | None
) -> tuple[str, ...]:
    """A sentence for every minimum that the means or the total are below."""
    floors = [(c.label, means[c.key], c.minimum) for c in criteria]
    floors.append(("The total", total, threshold))
    return tuple(
        f"{label}: {figure(value)} is below the minimum of {figure(exact(floor))}."
        for label, value, floor in floors
        if floor is not None and value < exact(floor)
    )


def check_criteria(criteria: Sequence[Criterion]) -> None:
    """Raise ValueError for a scorecard that cannot be scored on."""
    keys = [c.key for c in criteria]
    if not keys or len(set(keys)) < len(keys):
        raise ValueError("There must be at least one criterion, and no two with the same key.")
    for c in criteria:
        if exact(c.weight) <= 0:
            raise ValueError(f"{c.label}: the weight must be more than 0.")
        if not 0 <= exact(c.lowest) < exact(c.highest):
            raise ValueError(f"{c.label}: the scale must go upwards from 0 or more.")


def check_scores(
    application: str, given: Mapping[Assessor, Sheet], criteria: Sequence[Criterion], complete: bool
) -> None:
    """Raise ValueError when a score is missing, unknown, or outside of its scale."""
    scales = {c.key: c for c in criteria}
    for assessor, sheet in given.items():
        where = f"Application {application}, assessor {assessor}"
        for key, score in sheet.items():
            _check_score(where, scales.get(key), key, score)
        if not sheet or (complete and len(sheet) < len(scales)):
            raise ValueError(f"{where}: not every criterion has a score.")
    for c in criteria:
        if not any(c.key in sheet for sheet in given.values()):
            raise ValueError(f"Application {application} has no score for {c.label}.")


def _check_score(where: str, criterion: Criterion | None, key: str, score: Number) -> None:
    if criterion is None:
        raise ValueError(f"{where}: there is no criterion {key!r}.")
    lowest, highest = exact(criterion.lowest), exact(criterion.highest)
    if not lowest <= exact(score) <= highest:
        scale = f"{figure(lowest)} to {figure(highest)}"
        raise ValueError(f"{where}: {score} for {criterion.label} is not on the scale of {scale}.")
