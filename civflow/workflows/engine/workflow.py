"""The page of one noun: its states and steps, checked when it is made, and what may be done now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from sqlalchemy import CheckConstraint, Table
from transitions import Machine

from civflow.models.records import Tracked
from civflow.workflows.engine.actors import CLOCK
from civflow.workflows.engine.around import Comments, Followed, Moment
from civflow.workflows.engine.declarations import check
from civflow.workflows.engine.endings import Ends, along, by_state
from civflow.workflows.engine.facts import Facts, declared
from civflow.workflows.engine.language import BY_CIVFLOW, Case, Columns, Option, Rule, State, Step
from civflow.workflows.engine.refusals import Forbidden, NotFound, Refused
from civflow.workflows.engine.waiting import lines_of, needs_of


class Workflow:
    """The page of one noun, checked when it is made: everything that is true of the noun.

    `called`: the noun in words, where its name does not say it. `title`: what people call a record, and `short` where
    another record names it; in braces a column, what a column `..._id` refers to (`{challenge}`), a column of that
    (`{application.reference}`), or the `stage` as its programme calls it. `path`: where a record is read, with columns
    in braces. `begun_by`: who begins a record, beside civflow itself, which may begin any; `begin_requires`: what has to be
    true first, and `begin_locks` the other records that this looks at; `begins`: the states beside
    the first in which it may begin.

    `sees`: whoever one of these rules admits may see a record, and nobody else; `shows`: what they read of it.
    `not_public`: states of which the public reads nothing in the history. `shared`: whoever may see it reads who took
    each step, by name. `names_who_began`: the rule by which somebody reads who began a record.

    `comments`: who comments on a record, `followed`: who follows one; without it nobody does.
    `calendar`: its moments, for whoever reads these columns.

    `scope`: people hold roles for one record of it. `zone`: the column that names the zone of a record, or by which
    it finds the programme whose clock it keeps; without one the site's.
    `appendix`: a page that serves all the others stands behind them in the handbook.

    `ends`: by state, what becomes of every noun that refers to this one (engine/endings.py). `along`: what goes along with
    each step; steps that are not in it have nothing to do with any other record.
    """

    def __init__(
        self,
        name: str,
        record: type[Tracked],
        *,
        states: Iterable[State],
        steps: Iterable[Step],
        title: str = "",
        short: str = "",
        called: str = "",
        sentence: str = "",
        path: str = "",
        facts: type[Facts] = Facts,
        begins: tuple[str, ...] = (),
        begun_by: tuple[Rule, ...] = (),
        begin_requires: tuple[Rule, ...] = (),
        begin_locks: tuple[str, ...] = (),
        sees: tuple[Rule, ...] = (),
        shows: Columns | None = None,
        not_public: tuple[str, ...] = (),
        shared: bool = False,
        names_who_began: Rule | None = None,
        comments: Comments | None = None,
        followed: Followed | None = None,
        calendar: tuple[Moment, ...] = (),
        scope: bool = False,
        zone: str | None = None,
        appendix: bool = False,
        ends: Ends = MappingProxyType({}),
        checks_states: bool = True,
    ) -> None:
        self.name, self.record = name, record
        self.facts, self.declared = facts, declared(facts)
        self.called, self.sentence = called or name.replace("_", " ").capitalize(), sentence
        self.record_title, self.short_title, self.path = title, short or title, path or f"/cases/{name}/{{id}}"
        self.table: Table = record.__table__  # type: ignore[attr-defined]
        self.states = {s.name: s for s in states}
        self.steps = tuple(steps)
        self.initial = next(iter(self.states))
        self.begins = (self.initial, *begins)
        self.begun_by, self.begin_requires, self.begin_locks = begun_by, begin_requires, begin_locks
        self.sees, self.shows, self.not_public, self.shared = sees, shows or Columns(()), not_public, shared
        self.names_who_began, self.appendix, self.scope = names_who_began, appendix, scope
        self.comments, self.followed, self.calendar = comments, followed, calendar
        self.zone = zone or ("challenge_id" if "challenge_id" in self.table.c else None)
        self.scopes = tuple(self._scopes())
        self.ends = by_state(name, ends)
        check(self)
        self.along = along(self)
        self._by_state = {
            state: {step.name: step for step in self.steps if state in step.sources} for state in self.states
        }
        self.machine = self._machine()
        if checks_states:
            self._limit_states()

    def _scopes(self) -> Iterable[tuple[str, str]]:
        """The nouns to one of whose records a record belongs, each with the column that says to which; itself last."""
        for column in self.table.c.keys():  # noqa: SIM118 - a collection of columns gives columns, not names
            above = self.refers(column)
            if above is not None and column == f"{above.name}_id" and "state" in above.c:
                yield above.name, column
        if self.scope:
            yield self.name, "id"

    def refers(self, column: str) -> Table | None:
        """The table that a column refers to by its id; None for a column that does not, or that there is not."""
        keys = self.table.c[column].foreign_keys if column in self.table.c else ()
        return next((key.column.table for key in keys if key.column.name == "id"), None)

    def rules(self) -> Iterator[tuple[str, Rule]]:
        """Every rule that the page asks, with its place."""
        yield from ((self.name, one) for one in (*self.begun_by, *self.begin_requires))
        for step in self.steps:
            yield from ((f"{self.name}.{step.name}", one) for one in (*step.permits, *step.requires))
        yield from ((f"{self.name}, who sees it", one) for one in self.rules_of_sight())
        for state in self.states.values():
            for who, line in lines_of(state):
                yield from ((f"{self.name}, state '{state.name}'", one) for one in (who, *line.when))

    def rules_of_sight(self) -> tuple[Rule, ...]:
        """The rules about who sees what of a record, who comments on it and who follows it."""
        who_began = () if self.names_who_began is None else (self.names_who_began,)
        comment = () if self.comments is None else (*self.comments.read, *self.comments.write)
        follow = () if self.followed is None else self.followed.by
        return (*self.sees, *self.shows.guarded.values(), *self.shows.beyond, *who_began, *comment, *follow)

    def _machine(self) -> Machine:
        return Machine(
            model=None,
            states=list(self.states),
            initial=self.initial,
            auto_transitions=False,
            send_event=True,
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
            raise NotFound(f"{self.called}: there is no step “{trigger}”.")
        wanted = " or ".join(f"“{self.states[s].staff}”" for s in sources)
        button = next(step.button for step in self.steps if step.name == trigger)
        noun, now = self.called.lower(), self.states[state].staff
        raise Refused(f"“{button}” is possible while the {noun} is {wanted}; it is “{now}” now.")

    def lets_begin(self, case: Case) -> bool:
        """Whether the case's actor may begin a record at all, whatever else has to be true."""
        return case.actor.automatic or any(r.claim(case) for r in self.begun_by)

    def judge_beginning(self, case: Case) -> None:
        """Say nothing if the case's actor may begin this new record. Raises Forbidden or Refused otherwise."""
        if not self.lets_begin(case):
            needed = [r.sentence for r in self.begun_by or (BY_CIVFLOW,)]
            raise Forbidden(*needed, claims=needed)
        failed = [r.sentence for r in self.begin_requires if not r.claim(case)]
        if failed:
            raise Refused(*failed, claims=failed)

    def judge(
        self, case: Case, trigger: str, faults_in: Callable[[Step], Mapping[str, str]] = lambda _step: {}
    ) -> Step:
        """The step, if the case's actor may take it now. Raises Forbidden, or Refused with every sentence that failed.

        `faults_in`: what is wrong with the inputs, by name; it is asked once the actor is known to be permitted, and the
        rules then look at the other inputs.
        """
        step = self.step(trigger, case.state)
        if not self.permits(case, step):
            needed = [r.sentence for r in step.permits]
            raise Forbidden(*needed, claims=needed)
        faults = faults_in(step)
        if faults:
            case.inputs = {name: value for name, value in case.inputs.items() if name not in faults}
        failed = self.unmet(case, step)
        if faults or failed:
            raise Refused(*faults.values(), *failed, fields=faults, claims=failed)
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
        """The facts that the rules of the page look at, and that its lines name."""
        asked = {name for _, one in self.rules() for name in one.needs}
        lines = ((state.name, *one) for state in self.states.values() for one in lines_of(state))
        return asked | {name for line in lines for name in needs_of(self, *line)}
