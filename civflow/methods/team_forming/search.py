"""Teams by search, for more people than a program can prove: greedy first, then annealing with counted steps."""

from __future__ import annotations

import math
from random import Random

from civflow.methods.team_forming.plan import Plan

STEPS = 400  # for each person, with an effort of 1
HOT, COLD = 3.0, 0.05  # in points of value


class Search:
    """Who is in which team now; every move keeps sizes, groups, pairs and placements."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan, self.random = plan, Random(seed)
        self.where: list[int | None] = [plan.placed.get(g) for g in range(len(plan.groups))]
        self.members: list[set[int]] = [set() for _ in plan.teams]
        for group, team in plan.placed.items():
            self.members[team].add(group)
        self.enemies: dict[int, set[int]] = {}
        for a, b in plan.apart:
            self.enemies.setdefault(a, set()).add(b)
            self.enemies.setdefault(b, set()).add(a)
        self.value = [self.team_value(t, m) for t, m in enumerate(self.members)]

    def team_value(self, team: int, groups: set[int]) -> int:
        return self.plan.team_value(team, [p for g in sorted(groups) for p in self.plan.groups[g]])

    def size(self, groups: set[int]) -> int:
        return sum(len(self.plan.groups[g]) for g in groups)

    def fits(self, team: int, groups: set[int]) -> bool:
        return self.size(groups) <= self.plan.teams[team].largest and not any(
            self.enemies.get(g, set()) & groups for g in groups
        )

    def greedy(self) -> None:
        """Fill team after team up to its smallest size with whoever adds most, then place the rest."""
        for team in sorted(range(len(self.plan.teams)), key=lambda t: t not in self.plan.placed.values()):
            self.fill(team)
        for team in range(len(self.plan.teams)):
            while self.is_full_enough(team) and self.add_best(team):
                pass

    def is_full_enough(self, team: int) -> bool:
        return self.size(self.members[team]) >= self.plan.teams[team].smallest

    def fill(self, team: int) -> None:
        """Up to the team's smallest size, or with nobody but those placed by hand."""
        while not self.is_full_enough(team):
            if not self.add_best(team):
                for group in self.members[team] - self.plan.placed.keys():
                    self.put(group, None)
                return

    def add_best(self, team: int) -> bool:
        free = [g for g, t in enumerate(self.where) if t is None and self.fits(team, self.members[team] | {g})]
        if not free:
            return False
        best = max(free, key=lambda g: (self.team_value(team, self.members[team] | {g}), -g))
        self.put(best, team)
        return True

    def put(self, group: int, team: int | None) -> None:
        old = self.where[group]
        if old is not None:
            self.members[old].discard(group)
            self.value[old] = self.team_value(old, self.members[old])
        self.where[group] = team
        if team is not None:
            self.members[team].add(group)
            self.value[team] = self.team_value(team, self.members[team])

    def anneal(self, steps: int) -> None:
        """Exchange people between teams, or with those who have none; what is worse is kept ever more seldom."""
        movable = [g for g in range(len(self.plan.groups)) if g not in self.plan.placed]
        value = best = sum(self.value)
        best_where = list(self.where)
        for step in range(steps if len(movable) > 1 else 0):
            heat = HOT * (COLD / HOT) ** (step / steps)
            one, other = self.random.sample(movable, 2)
            gain = self._gain(one, other)
            if gain is None or (gain < 0 and self.random.random() >= math.exp(gain / heat)):
                continue
            here, there = self.where[one], self.where[other]
            self.put(one, None)
            self.put(other, here)
            self.put(one, there)
            value += gain
            if value > best:
                best, best_where = value, list(self.where)
        self.where = best_where

    def _gain(self, one: int, other: int) -> int | None:
        """What an exchange adds to the value, or None where a rule forbids it."""
        here, there = self.where[one], self.where[other]
        if here == there:
            return None
        gain = 0
        for team, leaves, comes in ((here, one, other), (there, other, one)):
            if team is None:
                continue
            after = (self.members[team] - {leaves}) | {comes}
            if not self.fits(team, after) or self.size(after) < self.plan.teams[team].smallest:
                return None
            gain += self.team_value(team, after) - self.value[team]
        return gain


def search(plan: Plan, *, effort: float, seed: int) -> list[int | None]:
    """The team of each person; a team that does not reach its smallest size has only those placed by hand."""
    state = Search(plan, seed)
    state.greedy()
    state.anneal(int(STEPS * effort * len(plan.people)))
    where: list[int | None] = [None] * len(plan.people)
    for group, team_ in enumerate(state.where):
        for person in plan.groups[group]:
            where[person] = team_
    return where
