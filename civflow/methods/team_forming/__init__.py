"""People to teams: skills covered and wishes granted as far as sizes, pairs and hand-made placements allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from civflow.methods.team_forming.exact import exact
from civflow.methods.team_forming.plan import Person, Plan, Team
from civflow.methods.team_forming.search import search

SMALL = 10_000  # people x teams that the exact program takes on


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
    cannot reach its smallest size stays empty or has only those placed by hand, and `sentences` says so. Raises
    ValueError when an index is out of range, a size is impossible, a name is used twice, or rules contradict.
    """
    together, apart = list(together), list(apart)
    _check(people, teams, together, apart, placed or {}, wish_points)
    plan = Plan.of(
        people,
        teams,
        together=together,
        apart=apart,
        placed=placed or {},
        skill_points=skill_points,
        wish_points=wish_points,
    )
    if len(people) * len(teams) <= SMALL:
        where, bound, optimal = exact(plan, effort=effort, seed=seed)
    else:
        where, bound, optimal = search(plan, effort=effort, seed=seed), plan.bound(), False
    return _result(plan, where, bound, optimal=optimal)


def _check(
    people: Sequence[Person],
    teams: Sequence[Team],
    together: Iterable[tuple[int, int]],
    apart: Iterable[tuple[int, int]],
    placed: Mapping[int, int],
    wish_points: Sequence[int],
) -> None:
    for names, what in (([p.name for p in people], "person"), ([t.name for t in teams], "team")):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"Two of them are called {twice}: each {what} needs a name of its own.")
    for pair in (*together, *apart):
        if not all(0 <= one < len(people) for one in pair) or pair[0] == pair[1]:
            raise ValueError(f"The pair {pair} does not name two people.")
    for person, team in placed.items():
        if not (0 <= person < len(people) and 0 <= team < len(teams)):
            raise ValueError(f"Person {person} cannot be placed in team {team}: there is no such person or team.")
    for team_ in teams:
        if not 1 <= team_.smallest <= team_.largest:
            raise ValueError(f"{team_.name} cannot have {team_.smallest} to {team_.largest} members.")
    if any(points < 0 for points in wish_points):
        raise ValueError("Points for wishes cannot be negative.")


def _result(plan: Plan, where: Sequence[int | None], bound: float, *, optimal: bool) -> Teams:
    """The plain values and sentences that follow from each person's team."""
    members = tuple(tuple(p for p, t in enumerate(where) if t == team) for team in range(len(plan.teams)))
    value = sum(plan.team_value(team, inside) for team, inside in enumerate(members))
    ranks = [plan.wish_rank(p, t) for p, t in enumerate(where) if t is not None]
    lacks = {team: plan.uncovered(team, inside) for team, inside in enumerate(members) if inside}
    return Teams(
        members=members,
        unplaced=tuple(p for p, t in enumerate(where) if t is None),
        value=value,
        bound=bound,
        ratio=value / bound if bound else 1.0,
        skills_asked=sum(len(team.asks) for team in plan.teams),
        skills_covered=sum(len(plan.teams[team].asks) - len(lack) for team, lack in lacks.items()),
        teams_covered=sum(1 for lack in lacks.values() if not lack),
        wishes_granted=tuple(ranks.count(rank) for rank in range(len(plan.wish_points))),
        no_wish=ranks.count(None),
        optimal=optimal,
        sentences=tuple(_sentences(plan, where, members, lacks)),
    )


def _sentences(
    plan: Plan, where: Sequence[int | None], members: Sequence[Sequence[int]], lacks: Mapping[int, frozenset[str]]
) -> Iterable[str]:
    for team, inside in enumerate(members):
        if not inside:
            yield f"{plan.teams[team].name} stays empty: it could not reach {plan.teams[team].smallest} members."
            continue
        if len(inside) < plan.teams[team].smallest:
            yield f"{plan.teams[team].name} has {len(inside)} of at least {plan.teams[team].smallest} members."
        if lacks[team]:
            yield f"{plan.teams[team].name} lacks {', '.join(sorted(lacks[team]))}."
    for person, its_team in enumerate(where):
        if its_team is None:
            yield f"{plan.people[person].name} has no team."


__all__ = ["Person", "Team", "Teams", "form_teams"]
