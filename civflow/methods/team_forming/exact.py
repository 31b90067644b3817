"""Teams as an integer program: the best there are, or the best found with a bound on what could be."""

from __future__ import annotations

from typing import Any

from civflow.methods.team_forming.plan import Plan

WORK = 4.0  # seconds on a fixed machine that the solver counts, for an effort of 1


def exact(plan: Plan, *, effort: float, seed: int) -> tuple[list[int | None], float, bool]:
    """The team of each person, a bound on the value, and whether nothing better exists.

    Value comes first; among equals as many people as possible have a team. One worker and deterministic limits, so
    that equal input gives equal output. Where the teams of those who were placed by hand cannot all be filled, such a
    team may also be left to them alone.
    """
    return _solved(plan, effort, seed, alone=False) or _solved(plan, effort, seed, alone=True) or _unsolved(plan)


def _solved(plan: Plan, effort: float, seed: int, *, alone: bool) -> tuple[list[int | None], float, bool] | None:
    """`exact`, or None where it found nothing; `alone` allows teams of nobody but those placed by hand."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - heavy

    model = cp_model.CpModel()
    groups, teams = range(len(plan.groups)), range(len(plan.teams))
    inside = {(g, t): model.new_bool_var("") for g in groups for t in teams}
    used = [model.new_bool_var("") for _ in teams]
    for g in groups:
        model.add_at_most_one(inside[g, t] for t in teams)
        if g in plan.placed:
            model.add(inside[g, plan.placed[g]] == 1)
    for t, team in enumerate(plan.teams):
        size = sum(len(plan.groups[g]) * inside[g, t] for g in groups)
        by_hand = plan.size_by_hand(t) if alone else 0
        model.add(size >= team.smallest * used[t])
        model.add(size <= by_hand + (team.largest - by_hand) * used[t])
        for a, b in sorted(plan.apart):
            model.add_at_most_one([inside[a, t], inside[b, t]])
    value = _value(plan, model, inside)
    everybody = sum(len(plan.groups[g]) * inside[g, t] for g in groups for t in teams)
    scale = len(plan.people) + 1
    model.maximize(scale * value + everybody)
    solver = _solver(cp_model, effort, seed)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    where: list[int | None] = [None] * len(plan.people)
    for (g, t), chosen in inside.items():
        if solver.value(chosen):
            for person in plan.groups[g]:
                where[person] = t
    bound = min(plan.bound(), float(int(solver.best_objective_bound) // scale))
    return where, bound, status == cp_model.OPTIMAL


def _value(plan: Plan, model: Any, inside: dict[tuple[int, int], Any]) -> Any:
    """skill_points x covered skills + wish_points, as an expression."""
    terms = []
    for t, team in enumerate(plan.teams):
        for skill in sorted(team.asks):
            able = [
                inside[g, t]
                for g, group in enumerate(plan.groups)
                if any(skill in plan.people[p].skills for p in group)
            ]
            covered = model.new_bool_var("")
            model.add(sum(able) >= covered)
            terms.append(plan.skill_points * covered)
    for (g, t), chosen in inside.items():
        wishes = sum(plan.wish_value(p, t) for p in plan.groups[g])
        if wishes:
            terms.append(wishes * chosen)
    return sum(terms)


def _solver(cp_model: Any, effort: float, seed: int) -> Any:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.linearization_level = 2  # without it the gap stays near a fifth for half a minute
    solver.parameters.max_deterministic_time = WORK * effort
    return solver


def _unsolved(plan: Plan) -> tuple[list[int | None], float, bool]:
    """What is there when the effort was too small to find anything."""
    return plan.by_hand(), plan.bound(), False
