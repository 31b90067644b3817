"""Proofs about the handbook: every state is reached and left, somebody can take every step, every name exists."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from types import SimpleNamespace
from typing import Any

from civflow.models.people import ROLES
from civflow.workflows.engine.actors import CIVFLOW, CLOCK, Actor, RoleHeld
from civflow.workflows.engine.declarations import kind_of
from civflow.workflows.engine.facts import Ids, Marks, Names, Numbers, Pairs
from civflow.workflows.engine.language import Case, Rule, Step
from civflow.workflows.engine.sight import needs_of
from civflow.workflows.engine.waiting import lines_of, name_of
from civflow.workflows.engine.workflow import Workflow

KINDS = ("text", "line", "number", "yes", "moment", "date", "choice", "person", "record")  # of an ask
SOMEBODY = 7  # the id of whoever tries a step; the record that is tried on names the same person everywhere
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def findings(page: Workflow, *, effects: Collection[str], facts: Mapping[str, Collection[str]]) -> list[str]:
    """Everything that is wrong with a page, in sentences; none for a page that holds.

    `effects` are the names that services do, `facts` what they can tell of each noun: the handbook cannot import them.
    """
    names, sight = _names(page, effects, facts), _roles(page)
    return list(
        chain(
            _unreached(page),
            _dead_ends(page),
            _nobodys_steps(page),
            _idle(page),
            names,
            sight,
            _asks(page),
            _words(page),
        )
    )


def idle_facts(pages: Iterable[Workflow]) -> list[str]:
    """A sentence for each fact that its page declares and that no rule looks at, of several pages of a noun together."""
    declared: dict[str, set[str]] = {}
    needed: dict[str, set[str]] = {}
    for page in pages:
        declared.setdefault(page.name, set()).update(page.declared)
        needed.setdefault(page.name, set(needs_of(page))).update(page.needs)
    idle = ((noun, name) for noun, names in declared.items() for name in sorted(names - needed[noun]))
    return [f"{noun}: no rule looks at the fact “{name}”." for noun, name in idle]


def paths(page: Workflow) -> dict[str, list[Step]]:
    """State -> the shortest way to it from where a record begins; states that cannot be reached are left out."""
    return _onward(page, page.begins)


def _onward(page: Workflow, starts: Collection[str]) -> dict[str, list[Step]]:
    """State -> the shortest way to it from one of the starts."""
    found: dict[str, list[Step]] = {state: [] for state in starts}
    queue = deque(starts)
    while queue:
        state = queue.popleft()
        for step in page.steps_from(state).values():
            if step.target not in found:
                found[step.target] = [*found[state], step]
                queue.append(step.target)
    return found


def _unreached(page: Workflow) -> Iterator[str]:
    reached = paths(page)
    for state in page.states:
        if state not in reached:
            yield f"{page.name}: nothing leads to the state “{state}”."


def _dead_ends(page: Workflow) -> Iterator[str]:
    finals = {s.name for s in page.states.values() if s.final}
    if not finals:
        yield f"{page.name}: it has no final state."
    for state in page.states.values():
        leaves = any(step.target != state.name for step in page.steps_from(state.name).values())
        if not state.final and not leaves:
            yield f"{page.name}: nothing leaves the state “{state.name}”, and it is not final."
        elif finals and not finals & set(_onward(page, (state.name,))):
            yield f"{page.name}: from the state “{state.name}” no final state can be reached."


def _nobodys_steps(page: Workflow) -> Iterator[str]:
    for step in page.steps:
        for state in step.sources:
            if not step.due and not any(takes(page, rule, state) for rule in step.permits):
                sentences = " ".join(r.sentence for r in step.permits)
                yield f"{page.name}.{step.name}: nobody could ever take it from “{state}”: {sentences}"


def _idle(page: Workflow) -> Iterator[str]:
    """Whoever a state waits for can take some step from it, on a record that names them everywhere."""
    for state in page.states.values():
        for who in dict.fromkeys(who for who, _ in lines_of(state)):
            record = record_of(page, state=state.name)
            admitted = [case for actor in actors() if who.claim(case := Case(page, record, actor, NOW))]
            rules = [rule for step in page.steps_from(state.name).values() for rule in step.permits]
            if not any(rule.claim(case) for case in admitted for rule in rules):
                yield f"{page.name}: the state “{state.name}” waits for {name_of(who)}, who can take no step from it."


def takes(page: Workflow, rule: Rule, state: str) -> bool:
    """Whether any of the actors that there are satisfies a `by` rule on a record that names them everywhere."""
    return any(rule.claim(Case(page, record_of(page, state=state), actor, NOW)) for actor in actors())


def actors() -> Iterator[Actor]:
    """Everybody who can take a step: civflow, the clock, a person without a role, and one with each role."""
    yield from (CIVFLOW, CLOCK, Actor(SOMEBODY, "A person"))
    for role in (*ROLES, "team_lead", "team_member"):
        scope, scope_id = ("team", SOMEBODY) if role.startswith("team") else ("site", None)
        yield Actor(SOMEBODY, role, frozenset({RoleHeld(role, scope, scope_id, limit=10**9)}))


def record_of(page: Workflow, **values: Any) -> SimpleNamespace:
    """A record whose every reference is SOMEBODY, whose numbers are 1, and whose moments have just passed; so its facts."""
    columns = {c.name: _plain(c.name, kind_of(c)) for c in page.table.c}
    facts = {name: _plain(name, kind.of) for name, kind in page.declared.items()}
    return SimpleNamespace(**{**columns, **facts, "state": page.initial, **values})


PLAIN: Mapping[Any, Any] = {
    bool: True,
    int: 1,
    str: "x",
    datetime: NOW,
    Ids: frozenset({SOMEBODY}),
    Names: frozenset({"x"}),
    Pairs: frozenset({(SOMEBODY, SOMEBODY)}),
    Numbers: (1,),
    Marks: (("x", 1),),
}


def _plain(name: str, kind: Any) -> Any:
    return SOMEBODY if name == "id" or name.endswith("_id") else PLAIN.get(kind)


def _names(page: Workflow, effects: Collection[str], facts: Mapping[str, Collection[str]]) -> Iterator[str]:
    for name in sorted(page.effects - set(effects)):
        yield f"{page.name}: no service does “{name}”."
    for name in sorted(page.declared.keys() - set(facts.get(page.name, ()))):
        yield f"{page.name}: no service knows the fact “{name}”."
    for name in sorted(set(needs_of(page)) - page.declared.keys()):
        yield f"{page.name}: who sees it depends on the fact “{name}”, and {page.facts.__name__} has none."
    for step in page.steps:
        for column in (*((step.due,) if step.due else ()), *step.stamps):
            if kind_of(page.table.c[column]) is not datetime:
                yield f"{page.name}.{step.name}: the column “{column}” holds no moment."


def _roles(page: Workflow) -> Iterator[str]:
    """Lists show every record to whoever holds the role that a rule names, so the rule must ask for it."""
    for rule in page.sees:
        others = (a for a in actors() if a.id and not a.holds(rule.role, {}))
        if rule.role and any(rule.claim(Case(page, record_of(page), actor, NOW)) for actor in others):
            yield f"{page.name}: “{rule.sentence}” names the role “{rule.role}”, and admits people without it."


def _asks(page: Workflow) -> Iterator[str]:
    for step in page.steps:
        for ask in step.asks:
            if ask.kind not in KINDS or (ask.kind == "choice") != bool(ask.choices):
                yield f"{page.name}.{step.name}: nobody can answer “{ask.label}”: its kind or its choices are wrong."
            if (ask.kind in ("text", "line")) != bool(ask.read_by):
                yield f"{page.name}.{step.name}: “{ask.label}” does not say who reads it, or is not words that anybody reads."
            if ask.name.endswith("_id") and ask.kind not in ("person", "record"):
                yield f"{page.name}.{step.name}: “{ask.label}” asks for an id, and people know records by their names."
            if (ask.kind == "record") != bool(ask.of and ask.among) or (ask.among and ask.among not in step.needs):
                yield f"{page.name}.{step.name}: “{ask.label}” chooses among '{ask.among}', which no rule of the step needs."


def _words(page: Workflow) -> Iterator[str]:
    for step in page.steps:
        if not step.label or not step.says:
            yield f"{page.name}.{step.name}: it needs a label for its button and a sentence about what happens."
        if any(page.is_backward(step, source) for source in step.sources) and not step.reason:
            yield f"{page.name}.{step.name}: it goes back, so it must ask for a reason."
    for state in page.states.values():
        if not state.sentence:
            yield f"{page.name}: the state “{state.name}” has no sentence."
