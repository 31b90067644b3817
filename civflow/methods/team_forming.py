"""People to teams: skills covered and wishes granted as far as sizes, pairs and hand-made placements allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wants to be in a team."""

    name: str
    skills: frozenset[str] = frozenset()
    wishes: tuple[str, ...] = ()
    """Challenges, the dearest first."""


@dataclass(frozen=True, slots=True)
class Team:
    """A team to be filled: the challenge it works on, the skills it asks for, and its size."""

    name: str
    challenge: str
    asks: frozenset[str] = frozenset()
    smallest: int = 4
    largest: int = 6


@dataclass(frozen=True, slots=True)
class Teams:
    """Who is in which team, how good that is, and what could not be done. People and teams are indices."""

    members: tuple[tuple[int, ...], ...]
    """People per team, sorted; empty for a team that could not be filled."""
    unplaced: tuple[int, ...]
    """People without a team."""
    value: int
    """skill_points x asked skills covered + wish_points of the wishes granted."""
    bound: float
    """No teams under the same rules can have a greater value."""
    ratio: float
    """value / bound, 1.0 when both are zero."""
    skills_asked: int
    skills_covered: int
    teams_covered: int
    """Teams that have every skill they ask for."""
    wishes_granted: tuple[int, ...]
    """People who got their first, second, third ... wish; as many entries as `wish_points`."""
    no_wish: int
    """Placed people who got none of their wishes."""
    optimal: bool
    """True when it is proved that nothing better exists."""
    sentences: tuple[str, ...]
    """Rules that could not be met and skills that stay uncovered, one sentence each."""


def form_teams(
    people: Sequence[Person],
    teams: Sequence[Team],
    *,
    together: Iterable[tuple[int, int]] = (),
    apart: Iterable[tuple[int, int]] = (),
    placed: Mapping[int, int] | None = None,
    skill_points: int = 3,
    wish_points: Sequence[int] = (3, 2, 1),
    effort: float = 1.0,
    seed: int = 0,
) -> Teams:
    """Place people in teams so that asked skills are covered and wishes granted as far as can be.

    together   pairs of people who must be in one team (chains make groups)
    apart      pairs of people who must not be in one team
    placed     person -> team, made by hand, never changed
    effort     1.0 is about two seconds of search for 200 people and ten for 1,000; it counts work, not time,
               so that equal input gives equal output on every machine
    seed       another seed, another search order

    Sizes, pairs and placements are never broken: who cannot be placed without breaking one stays unplaced, a team that
    cannot reach its smallest size stays empty, and `sentences` says so. Raises ValueError when an index is out of
    range, a size is impossible, or a name is used twice.
    """
    raise NotImplementedError
