"""Who goes on: weighted totals, a ranking with declared tie-breaks, and the line that the cap draws."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Generic, Literal, TypeVar

Application = TypeVar("Application", bound=Hashable)
Assessor = TypeVar("Assessor", bound=Hashable)
Number = int | Fraction | Decimal | float
Outcome = Literal["goes_on", "reserve", "not_selected", "tied"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the scorecard."""

    key: str
    label: str
    weight: Number = 1
    lowest: Number = 0
    highest: Number = 4
    minimum: Number | None = None
    """An application whose mean on this criterion is below it does not go on."""


@dataclass(frozen=True, slots=True)
class Line:
    """How many go on. `hard` is a cap that must not be passed; otherwise it is a target, and another number needs a
    reason. `reserves` is how many of the next stay on the reserve list."""

    number: int
    hard: bool = True
    reserves: int = 0


@dataclass(frozen=True, slots=True)
class Ranked(Generic[Application]):
    """One application's place. All figures are exact fractions; totals are out of `out_of` (100 unless told)."""

    application: Application
    rank: int
    """1 is best. Applications in an unresolved tie share a rank, and the next rank skips (1, 2, 2, 4)."""
    total: Fraction
    means: Mapping[str, Fraction]
    """Criterion key -> mean of the assessors' scores."""
    spread: Fraction
    """Highest minus lowest assessor's total: how far apart the panel is."""
    assessors: int
    outcome: Outcome
    """`tied` only when the line runs through an unresolved tie: the panel decides."""
    decided_by: str | None
    """The label of the criterion (or "the panel's decision") that broke a tie here; None when the total alone did."""
    below: tuple[str, ...]
    """Sentences: the minimums that were missed; empty when none was."""


@dataclass(frozen=True, slots=True)
class Ranking(Generic[Application]):
    """All applications, best first, and what the panel has to decide or explain."""

    ranked: tuple[Ranked[Application], ...]
    ties: tuple[tuple[Application, ...], ...]
    """Groups that nothing declared could separate, best first."""
    reason_needed: bool
    """The number that goes on differs from the target."""
    sentences: tuple[str, ...]

    @property
    def is_settled(self) -> bool:
        """True when no application waits for the panel to decide a tie at the line."""
        return all(r.outcome != "tied" for r in self.ranked)


def rank(
    scores: Mapping[Application, Mapping[Assessor, Mapping[str, Number]]],
    criteria: Sequence[Criterion],
    *,
    line: Line | None = None,
    ties: Sequence[str] = (),
    threshold: Number | None = None,
    panel_order: Sequence[Application] = (),
    out_of: int = 100,
    names: Mapping[Application, str] | None = None,
) -> Ranking[Application]:
    """Rank applications by the weighted mean of their assessors' locked scores.

        mean(c)  = sum of the assessors' scores on criterion c / number of assessors
        total    = out_of x sum over c of weight(c) x mean(c) / highest(c)  /  sum of the weights

    scores       application -> assessor -> criterion key -> score (locked scores only)
    ties         criterion keys in declared order: equal totals are separated by the higher mean on the first, then the
                 second, ...
    panel_order  the panel's recorded order for what is then still tied, best first
    threshold    the smallest total that goes on, out of `out_of`
    line         how many go on; None when all that pass the minimums do
    names        what the sentences call the applications

    Arithmetic is exact, so two totals are equal when they are equal and never by rounding. A tie that nothing declared
    separates stays a tie: it is never broken by order or id. Raises ValueError when an application has no scores, a
    score is missing, unknown or outside of its scale, a weight is not positive, or `ties` names no criterion.
    """
    raise NotImplementedError
