"""The words of a page: rules, states, asks, steps, and the case that a rule looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from inspect import get_annotations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, get_args

from typing_extensions import TypeVar

from civflow.workflows.engine.actors import Actor
from civflow.workflows.engine.facts import Facts, Kind, declared
from civflow.workflows.engine.letters import Tells

if TYPE_CHECKING:
    from civflow.workflows.engine.workflow import Workflow


@dataclass(frozen=True)
class Rule:
    """A named claim about a case.

    `needs` are the facts that it looks at, beyond the record's own columns. `role`: the granted role of whoever it
    admits; the other rules ask how somebody stands to the one record. `public`: it is about the record alone (or asks
    for a sign-in at most), so whom it admits is the public. `called`: whoever it admits, in words. `finds`: how the
    records of whoever it admits are found before it is asked about each: roles that come with a scope, such as a team,
    and columns or facts with ids of people; without it the granted role.
    """

    name: str
    sentence: str
    claim: Callable[[Case[Any]], bool]
    needs: tuple[str, ...] = ()
    role: str = ""
    public: bool = False
    called: str = ""
    finds: tuple[str, ...] = ()

    def __call__(self, case: Case[Any]) -> bool:
        return bool(self.claim(case))

    @cached_property
    def takes(self) -> Mapping[str, Kind]:
        """The facts of the class, or protocol, that its function is annotated with: of X where it takes a `Case[X]`."""
        case = next(iter(get_annotations(self.claim, eval_str=True).values()), None)
        return declared(next(iter(get_args(case)), Facts))


def rule(
    sentence: str,
    *,
    needs: tuple[str, ...] = (),
    role: str = "",
    public: bool = False,
    called: str = "",
    finds: tuple[str, ...] = (),
) -> Callable[[Callable[[Case[Any]], bool]], Rule]:
    """Make a rule of a function; `sentence` is what people read in the handbook and in a refusal."""
    return lambda claim: Rule(claim.__name__, sentence, claim, needs, role, public, called, finds)


@dataclass(frozen=True)
class Line:
    """A line on the home page of whoever a state waits for; it leads to where the next step is taken.

    `words`, and `detail` beside them, name in braces what a title can name, and further: `{record}`, what people call
    the record; a fact; `{seats:seat}` or `{seats:person/people}`, a number with its noun; `{stake:£}`, a sum of money.
    `step`: the line is there only while this person can take it, and leads to its page. `when`: only while these rules
    hold. `path`: where it leads instead. `due`: the column or fact with the moment by which it is wanted. `says`: the
    function, marked @says in services, that knows more, and whether there is a line at all.

    `gathers`: records that are alike in these columns are one line with their number, `{count}`; a single one is
    `one`, and several lead to `path_of_many`. `by_hand`: a dashboard tells it as part of a longer story.
    """

    words: str
    step: str = ""
    when: tuple[Rule, ...] = ()
    path: str = ""
    due: str = ""
    detail: str = ""
    says: str = ""
    gathers: tuple[str, ...] | None = None
    one: str = ""
    path_of_many: str = ""
    by_hand: bool = False


WaitsFor = Mapping[Rule, "str | Line | tuple[Line, ...]"]


class State(NamedTuple):
    """A state: its id, a sentence, and what it is called by staff, by applicants, and while it lies ahead.

    `waits_for`: who takes a step onwards, as the rule that admits them, each with the words on their home page. `live`:
    it may stand as it is. A state that is not final says one of these, or has a step that is due at a time.
    """

    name: str
    sentence: str
    label: str = ""
    public: str = ""
    future: str = ""
    final: bool = False
    tone: str = "neutral"  # of the tag: neutral, waiting, active, done or stopped; the words carry the meaning
    waits_for: WaitsFor = MappingProxyType({})
    live: bool = False

    @property
    def staff(self) -> str:
        return self.label or self.name.replace("_", " ").capitalize()

    @property
    def ahead(self) -> str:
        return self.future or self.public or self.staff


# What the record is made of, which its page shows in other words: its state, its history and its own address.
INNER = ("id", "state", "revision", "head")


@dataclass(frozen=True)
class Columns:
    """What is shown of a record: each column of its table but INNER is in one of the three.

    Whoever may see the record reads `shown`, staff `staff` too, and nobody `hidden`. `guarded`: those of them that
    somebody reads only where a rule lets them. `beyond`: rules about what is shown besides columns, such as scores; the
    case of whoever looks has the facts that they need.
    """

    shown: tuple[str, ...]
    staff: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    guarded: Mapping[str, Rule] = field(default_factory=dict)
    beyond: tuple[Rule, ...] = ()


class Ask(NamedTuple):
    """An input of a step. `kind`: text, line, number, yes, moment, date, choice (with `choices`), person (anybody with an
    account, by e-mail address) or record: one `of` this kind, which people choose by its name `among` those that this
    fact of the page holds. A person and a record are given as their ids, which nobody types or reads. `least` and
    `most`: of a number, or the record's column that holds it; `most` of a text is in characters. `read_by`: of words, a
    sentence that says who reads them; it stands at the field wherever they are typed."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = True
    least: int | str | None = None
    most: int | str | None = None
    of: str = ""
    among: str = ""
    read_by: str = ""


@dataclass(frozen=True)
class Step:
    """One way from a state to another.

    `by`: any one of these rules permits the actor. `due`: the record's datetime column from which the clock takes the
    step. `then`: the effects that follow, by name. `tells`: who is told, by audience, and in which letter: whoever is
    one of them, and what is true, when the step is taken and nothing has followed yet. `fixes`: the functions whose
    answer the history keeps, so that nobody changes unseen what the step makes binding. `stamps`: datetime columns that
    are set to now. `signs`: columns that are set to the actor's id. An ask whose name is a column of the record sets
    that column. `locks`: other records (`challenge`, `gate`, ...) that the rules look at and that must not change
    meanwhile. `onwards`: it goes on, although its target stands earlier on the page. `undo`: whether it can be undone,
    in words, where engine/undoing.py cannot know. `path`: of a page of its own, with columns of the record in braces.
    `on_its_page`: it is taken only there, because a service checks or writes there more than the step asks for.
    `aside`: its button is never the one that stands out. `publishes_reason`: everybody reads the reason that is given
    for it. `confides`: what is given with it stands in the history for auditors alone; others read it where a page shows
    it to them. `quiet`: the public does not read in the history that it was taken. `decides`: people are bound by what it
    decides, so a feature says before it is taken what that is, what it costs and what follows.
    `restores`: noun -> the step that takes up again what has ended along with this record (engine/endings.py).
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
    tells: Tells = field(default_factory=dict, hash=False)
    fixes: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    onwards: bool = False
    undo: str = ""
    path: str = ""
    on_its_page: bool = False
    aside: bool = False
    publishes_reason: bool = False
    confides: bool = False
    quiet: bool = False
    decides: bool = False
    restores: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict, hash=False)

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


Facts_co = TypeVar("Facts_co", covariant=True, default=Facts)


@dataclass
class Case(Generic[Facts_co]):
    """A record, the actor, the time and the inputs: all that a rule may look at.

    `record` has the columns of its table, `facts` what the rules named beside them; they are read as one row, and in pure
    tests they are any plain object. A rule that takes a plain `Case` looks at no facts.
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

    @property
    def facts(self) -> Facts_co:
        found: Facts_co = self.record
        return found

    @cached_property
    def scopes(self) -> dict[str, int | None]:
        return {scope: getattr(self.record, column, None) for scope, column in self.workflow.scopes}

    def holds(self, role: str) -> bool:
        return self.actor.holds(role, self.scopes)

    def limit(self, role: str) -> int:
        return self.actor.limit(role, self.scopes)

    @property
    def applies_here(self) -> bool:
        """Whether a team of the actor's applies to the challenge in which the record stands."""
        return self.actor.applies_here(self.scopes)


class Option(NamedTuple):
    """A step that the record's state offers: whether this actor may take it now, and if not, why."""

    step: Step
    allowed: bool
    forbidden: bool
    sentences: tuple[str, ...]
    due: datetime | None
