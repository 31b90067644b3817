"""The handbook's grammar: states, steps, rules, cases; what may be done now, and why not the rest.

A rule is a claim, the sentence that people read, and one line of code. A step names who may take it (`by`), what must
be true (`requires`), what it asks for, by when it happens by itself (`due`), and what follows (`then`). Nothing here
knows a database, a request or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, Table
from transitions import Machine

from civflow.models.records import Tracked


class HandbookError(Exception):
    """A page of the handbook that contradicts itself; raised when the page is imported."""


class Refusal(Exception):
    """Something that people asked for and that is not done; `sentences` say why.

    Those of them that are `claims` are rules: they say what would have to be true.
    """

    def __init__(self, *sentences: str, claims: Iterable[str] = ()) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.claims = tuple(claims)


class Forbidden(Refusal):
    """This person may not take this step; any one of the claims would permit it."""


class Refused(Refusal):
    """Something that must be true first is not true; `fields` are the inputs that the sentences speak of."""

    def __init__(self, *sentences: str, fields: Mapping[str, str] | None = None, claims: Iterable[str] = ()) -> None:
        super().__init__(*sentences, claims=claims)
        self.fields = dict(fields or {})


class Conflicted(Refusal):
    """Somebody else was first; `who` and `when` say so."""

    def __init__(self, sentence: str, *, who: str, when: datetime | None) -> None:
        super().__init__(sentence)
        self.who, self.when = who, when


class NotFound(Refusal):
    """There is no such record, or nobody tells this person that there is."""


class Held(NamedTuple):
    """A role that an actor holds in one scope; `limit` is in whole pounds."""

    role: str
    scope: str
    scope_id: int | None
    limit: int | None = None

    def counts_in(self, scopes: Mapping[str, int | None]) -> bool:
        """Whether it is for the whole site or for one of `scopes` (scope -> id, None where a record stands in none)."""
        return self.scope == "site" or (self.scope_id is not None and self.scope_id == scopes.get(self.scope))


@dataclass(frozen=True)
class Actor:
    """Who takes a step: a person with roles, or civflow itself (`automatic`)."""

    id: int | None
    name: str
    roles: frozenset[Held] = frozenset()
    automatic: bool = False

    def holds(self, role: str, scopes: Mapping[str, int | None]) -> bool:
        """Whether the actor has `role` for the whole site or in one of `scopes` (scope -> id)."""
        return any(h.role == role and h.counts_in(scopes) for h in self.roles)

    def limit(self, role: str, scopes: Mapping[str, int | None]) -> int:
        """The largest limit in pounds with which the actor holds `role`; 0 when it holds none."""
        return max((h.limit or 0 for h in self.roles if h.role == role and h.counts_in(scopes)), default=0)


CLOCK = Actor(None, "The clock", automatic=True)
CIVFLOW = Actor(None, "civflow", automatic=True)
NOBODY = Actor(None, "Nobody")


@dataclass(frozen=True)
class Rule:
    """A named claim about a case. `needs` are facts beyond the record's own columns (services/facts.py)."""

    name: str
    sentence: str
    claim: Callable[[Case], bool]
    needs: tuple[str, ...] = ()

    def __call__(self, case: Case) -> bool:
        return bool(self.claim(case))


def rule(sentence: str, *, needs: tuple[str, ...] = ()) -> Callable[[Callable[[Case], bool]], Rule]:
    """Make a rule of a function; `sentence` is what people read in the handbook and in a refusal."""
    return lambda claim: Rule(claim.__name__, sentence, claim, needs)


class State(NamedTuple):
    """A state: its id, a sentence, and what it is called by staff, by applicants, and while it lies ahead."""

    name: str
    sentence: str
    label: str = ""
    public: str = ""
    future: str = ""
    final: bool = False
    tone: str = "neutral"  # of the tag: neutral, waiting, active, done or stopped; the words carry the meaning

    @property
    def staff(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def ahead(self) -> str:
        return self.future or self.public or self.staff


class Ask(NamedTuple):
    """An input of a step. `kind`: text, line, number, yes, moment, date, choice (with `choices`), or a record
    that people name in words: person (by e-mail address), application (by reference) and question (by the number in its
    page's address), given as its id."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = True
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Step:
    """One way from a state to another.

    `by`: any one of these rules permits the actor. `due`: the record's datetime column from which the clock takes the
    step. `stamps`: datetime columns that are set to now. `signs`: columns that are set to the actor's id. An ask whose
    name is a column of the record sets that column. `locks`: other records (`challenge`, `gate`, ...) that the rules
    look at and that must not change meanwhile. `onwards`: it goes on, although its target stands earlier on the page.
    `undo`: whether it can be undone, in words, where workflows/undoing.py cannot know. `on_its_page`: it is taken only
    on a page of its own, because a service checks or writes there more than the step asks for. `aside`: its button is
    never the one that stands out.
    """

    name: str
    source: str | tuple[str, ...]
    target: str
    by: Rule | tuple[Rule, ...]
    requires: tuple[Rule, ...] = ()
    label: str = ""
    says: str = ""
    asks: tuple[Ask, ...] = ()
    reason: bool = False
    due: str | None = None
    then: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    onwards: bool = False
    undo: str = ""
    on_its_page: bool = False
    aside: bool = False

    @cached_property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else tuple(self.source)

    @cached_property
    def permits(self) -> tuple[Rule, ...]:
        return (self.by,) if isinstance(self.by, Rule) else tuple(self.by)

    @property
    def button(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()

    @cached_property
    def needs(self) -> tuple[str, ...]:
        names = (name for r in (*self.permits, *self.requires) for name in r.needs)
        return tuple(dict.fromkeys(names))


BY_CIVFLOW = Rule(
    "by_civflow", "It comes into being as a consequence of another step.", lambda case: case.actor.automatic
)


@dataclass
class Case:
    """A record, the actor, the time and the inputs: all that a rule may look at.

    `record` has the columns of its table and the facts that the rules named; in pure tests it is any plain object.
    """

    workflow: Workflow
    record: Any
    actor: Actor
    now: datetime
    reason: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    state: str = ""

    def __post_init__(self) -> None:
        self.state = self.state or self.record.state

    @cached_property
    def scopes(self) -> dict[str, int | None]:
        return {scope: getattr(self.record, column, None) for scope, column in self.workflow.scopes}

    def holds(self, role: str) -> bool:
        return self.actor.holds(role, self.scopes)

    def limit(self, role: str) -> int:
        return self.actor.limit(role, self.scopes)


class Option(NamedTuple):
    """A step that the record's state offers: whether this actor may take it now, and if not, why."""

    step: Step
    allowed: bool
    forbidden: bool
    sentences: tuple[str, ...]
    due: datetime | None


class Workflow:
    """The page of one noun: its states (the first is initial) and its steps, checked when it is made."""

    def __init__(
        self, name: str, record: type[Tracked], *, states: Iterable[State], steps: Iterable[Step],
        title: str = "", sentence: str = "", begins: tuple[str, ...] = (), begun_by: tuple[Rule, ...] = (),
        begin_requires: tuple[Rule, ...] = (), checks_states: bool = True,
    ) -> None:
        self.name, self.record = name, record
        self.title, self.sentence = title or name.replace("_", " ").capitalize(), sentence
        self.table: Table = record.__table__  # type: ignore[attr-defined]
        self.states = {s.name: s for s in states}
        self.steps = tuple(steps)
        self.initial = next(iter(self.states))
        self.begins = (self.initial, *begins)  # the states in which a new record may stand
        self.begun_by, self.begin_requires = begun_by, begin_requires  # beside civflow itself, which may begin any
        self.scopes = tuple(self._scopes())
        self._check()
        self._by_state = {
            state: {step.name: step for step in self.steps if state in step.sources} for state in self.states
        }
        self.machine = self._machine()
        if checks_states:
            self._limit_states()

    def _scopes(self) -> Iterable[tuple[str, str]]:
        for scope in ("round", "challenge", "team"):
            if scope == self.name:
                yield scope, "id"
            elif f"{scope}_id" in self.table.c:
                yield scope, f"{scope}_id"

    def _check(self) -> None:
        for state in self.begins:
            if state not in self.states:
                raise HandbookError(f"{self.name}: a record cannot begin in '{state}', which is no state.")
        offered: set[tuple[str, str]] = set()
        for step in self.steps:
            self._check_names(step, f"{self.name}.{step.name}")
            for source in step.sources:
                if (source, step.name) in offered:
                    raise HandbookError(f"{self.name}.{step.name}: two steps of this name leave '{source}'.")
                offered.add((source, step.name))

    def _check_names(self, step: Step, where: str) -> None:
        for state in (*step.sources, step.target):
            if state not in self.states:
                raise HandbookError(f"{where}: there is no state '{state}'.")
        for thing in (*step.permits, *step.requires):
            if not isinstance(thing, Rule):
                raise HandbookError(f"{where}: {thing!r} is not a rule.")
        for column in (*step.stamps, *step.signs, *((step.due,) if step.due else ())):
            if column not in self.table.c:
                raise HandbookError(f"{where}: the table has no column '{column}'.")

    def _machine(self) -> Machine:
        return Machine(
            model=None, states=list(self.states), initial=self.initial, auto_transitions=False, send_event=True,
            transitions=[
                {"trigger": step.name, "source": list(step.sources), "dest": step.target} for step in self.steps
            ],
        )

    def _limit_states(self) -> None:
        """The states are the table's CHECK: they are written once, here, and the database is the last judge."""
        names = ", ".join(f"'{name}'" for name in self.states)
        self.table.append_constraint(CheckConstraint(f"state IN ({names})", "state"))

    def is_backward(self, step: Step, source: str) -> bool:
        """Whether the step goes to a state before `source` on the page, and does not say that it goes on."""
        order = list(self.states)
        return not step.onwards and order.index(step.target) < order.index(source)

    def steps_from(self, state: str) -> Mapping[str, Step]:
        """The steps that leave a state, by name, in the order of the page."""
        return self._by_state[state]

    def sources(self, trigger: str) -> tuple[str, ...]:
        """Every state in which a step of this name begins. Raises KeyError for an unknown name."""
        found = tuple(state for step in self.steps if step.name == trigger for state in step.sources)
        if not found:
            raise KeyError(f"A {self.name} has no step '{trigger}'.")
        return found

    def step(self, trigger: str, state: str) -> Step:
        """The step `trigger` from `state`. Raises NotFound for an unknown name, Refused where the state has none."""
        found = self._by_state[state].get(trigger)
        if found:
            return found
        sources = [s for step in self.steps if step.name == trigger for s in step.sources]
        if not sources:
            raise NotFound(f"{self.title}: there is no step “{trigger}”.")
        wanted = " or ".join(f"“{self.states[s].staff}”" for s in sources)
        button = next(step.button for step in self.steps if step.name == trigger)
        noun, now = self.title.lower(), self.states[state].staff
        raise Refused(f"“{button}” is possible while the {noun} is {wanted}; it is “{now}” now.")

    def judge_beginning(self, case: Case) -> None:
        """Say nothing if the case's actor may begin this new record. Raises Forbidden or Refused otherwise."""
        if not case.actor.automatic and not any(r.claim(case) for r in self.begun_by):
            needed = [r.sentence for r in self.begun_by or (BY_CIVFLOW,)]
            raise Forbidden(*needed, claims=needed)
        failed = [r.sentence for r in self.begin_requires if not r.claim(case)]
        if failed:
            raise Refused(*failed, claims=failed)

    def judge(self, case: Case, trigger: str) -> Step:
        """The step, if the case's actor may take it now. Raises Forbidden or Refused with the sentences that failed."""
        step = self.step(trigger, case.state)
        if not self.permits(case, step):
            needed = [r.sentence for r in step.permits]
            raise Forbidden(*needed, claims=needed)
        failed = self.unmet(case, step)
        if failed:
            raise Refused(*failed, claims=failed)
        return step

    def permits(self, case: Case, step: Step) -> bool:
        """Whether the actor may take the step at all: one of its `by` rules, or the clock for a step that is due."""
        if case.actor is CLOCK and step.due:
            return True
        return any(r.claim(case) for r in step.permits)

    def unmet(self, case: Case, step: Step) -> list[str]:
        """The sentences of what must be true first and is not."""
        failed = [r.sentence for r in step.requires if not r.claim(case)]
        if case.actor is CLOCK and step.due:
            due = getattr(case.record, step.due)
            if due is None or due > case.now:
                failed.append("The time for it has not come.")
        return failed

    def fire(self, case: Case, trigger: str) -> str:
        """The state that the step leads to; `judge` has said yes before."""
        self.machine.events[trigger].trigger(case)
        return case.state

    def options(self, case: Case) -> list[Option]:
        """Every step of the case's state: may this actor take it now, and if not, why not."""
        return [self._option(case, step) for step in self._by_state[case.state].values()]

    def _option(self, case: Case, step: Step) -> Option:
        due = getattr(case.record, step.due) if step.due else None
        if not self.permits(case, step):
            return Option(step, False, True, tuple(r.sentence for r in step.permits), due)
        failed = self.unmet(case, step)
        return Option(step, not failed, False, tuple(failed), due)

    @property
    def effects(self) -> set[str]:
        return {name for step in self.steps for name in step.then}

    @property
    def needs(self) -> set[str]:
        begins = (name for r in (*self.begun_by, *self.begin_requires) for name in r.needs)
        return {*begins, *(name for step in self.steps for name in step.needs)}
