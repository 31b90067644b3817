"""What teams are formed from: people, teams, groups that stay together, and what a team is worth."""

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
class Plan:
    """The whole question. People and teams are indices; `groups` are the people who move as one."""

    people: Sequence[Person]
    teams: Sequence[Team]
    groups: tuple[tuple[int, ...], ...]
    apart: frozenset[tuple[int, int]]
    """Pairs of groups that must not share a team, the smaller index first."""
    placed: Mapping[int, int]
    """Group -> team, made by hand."""
    skill_points: int
    wish_points: Sequence[int]

    @classmethod
    def of(
        cls,
        people: Sequence[Person],
        teams: Sequence[Team],
        *,
        together: Iterable[tuple[int, int]],
        apart: Iterable[tuple[int, int]],
        placed: Mapping[int, int],
        skill_points: int,
        wish_points: Sequence[int],
    ) -> Plan:
        """Raises ValueError when the rules contradict each other."""
        home = list(range(len(people)))
        for one, other in together:
            old, new = home[other], home[one]
            home = [new if h == old else h for h in home]
        heads = sorted(set(home))
        groups = tuple(tuple(p for p, h in enumerate(home) if h == head) for head in heads)
        group = {p: heads.index(home[p]) for p in range(len(people))}
        split = {tuple(sorted((group[a], group[b]))) for a, b in apart}
        if any(a == b for a, b in split):
            raise ValueError("Two people must stay together and must stay apart.")
        by_hand: dict[int, int] = {}
        for person, team in placed.items():
            if by_hand.setdefault(group[person], team) != team:
                raise ValueError(f"{people[person].name} and somebody who stays with them are placed in two teams.")
        plan = cls(people, teams, groups, frozenset((a, b) for a, b in split), by_hand, skill_points, wish_points)
        plan._check_hand()
        return plan

    def _check_hand(self) -> None:
        """Raises ValueError when the placements made by hand break a rule themselves."""
        for number, team in enumerate(self.teams):
            if self.size_by_hand(number) > team.largest:
                raise ValueError(f"More people are placed in {team.name} than the {team.largest} that it can have.")
        for a, b in sorted(self.apart):
            if a in self.placed and self.placed[a] == self.placed.get(b):
                team = self.teams[self.placed[a]]
                raise ValueError(f"Two people who must stay apart are placed in {team.name}.")

    def size_by_hand(self, team: int) -> int:
        """How many people are in the team because they, or somebody who stays with them, were placed there."""
        return sum(len(self.groups[g]) for g, t in self.placed.items() if t == team)

    def by_hand(self) -> list[int | None]:
        """The team of each person as far as it was made by hand."""
        where: list[int | None] = [None] * len(self.people)
        for group, team in self.placed.items():
            for person in self.groups[group]:
                where[person] = team
        return where

    def wish_rank(self, person: int, team: int) -> int | None:
        """0 for the dearest wish, None where the team's challenge is no wish or its rank has no points."""
        wishes = self.people[person].wishes[: len(self.wish_points)]
        challenge = self.teams[team].challenge
        return wishes.index(challenge) if challenge in wishes else None

    def wish_value(self, person: int, team: int) -> int:
        rank = self.wish_rank(person, team)
        return 0 if rank is None else self.wish_points[rank]

    def uncovered(self, team: int, members: Iterable[int]) -> frozenset[str]:
        """The skills that the team asks for and none of its members has."""
        return self.teams[team].asks.difference(*(self.people[p].skills for p in members))

    def team_value(self, team: int, members: Sequence[int]) -> int:
        """skill_points x asked skills covered + wish_points; an empty team is worth nothing."""
        if not members:
            return 0
        covered = len(self.teams[team].asks) - len(self.uncovered(team, members))
        return self.skill_points * covered + sum(self.wish_value(p, team) for p in members)

    def bound(self) -> float:
        """Every skill covered that somebody has, and everybody's dearest wish that there is a team for."""
        skills = frozenset[str]().union(*(p.skills for p in self.people))
        asked = sum(len(team.asks & skills) for team in self.teams)
        wishes = sum(
            max((self.wish_value(p, t) for t in range(len(self.teams))), default=0) for p in range(len(self.people))
        )
        return float(self.skill_points * asked + wishes)
