"""The schema of a programme file: what it may say, as plain values that nothing changes."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

KINDS = ("call", "gate", "work", "event", "award", "survey")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,38}$")]
WORKING_DAYS = re.compile(r"[1-9]\d{0,2} working days?")
UNITS = {"day": 1, "days": 1, "week": 7, "weeks": 7, "month": 30, "months": 30}


def _in_working_days(value: str) -> str:
    """The value, if it is a number of working days; raises ValueError otherwise."""
    if not WORKING_DAYS.fullmatch(value.strip()):
        raise ValueError("write a number of working days such as '5 working days'")
    return value


class Retired(NamedTuple):
    """Of a key that decides nothing: why a new file may not have it. Stored texts may; nobody reads what it says."""

    why: str


class Of(NamedTuple):
    """Of a key of a stage that decides something at stages of these kinds alone; a new file has it nowhere else."""

    kinds: tuple[str, ...]


class Part(BaseModel):
    """What every part of a programme file has in common: unknown keys are errors, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(Part):
    """A question of a form or a section of a brief; `words` is the most that it may have."""

    id: Name
    title: str
    hint: str = ""
    words: int = Field(default=500, ge=1, le=5000)
    required: bool = False


class Form(Part):
    title: str
    questions: tuple[Section, ...] = Field(min_length=1)


class Scale(Part):
    least: int = Field(default=0, ge=0)
    most: int = Field(gt=0, le=100)
    words: tuple[str, ...] = ()


class Criterion(Part):
    """A criterion; the weights of a scorecard sum to 100."""

    id: Name
    title: str
    weight: int = Field(gt=0, le=100)
    guidance: str = ""


class Scorecard(Part):
    scale: Scale
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    ties: tuple[Name, ...] = Field(min_length=1)


class Panel(Part):
    """Who scores at a gate: how many people, how many of them each application gets, and from which sides."""

    people: int = Field(default=2, ge=2)
    assessors_per_application: int = Field(default=2, ge=2)
    largest_load: int = Field(default=20, ge=1)
    sides: tuple[Literal["sponsor", "programme", "expert"], ...] = ()
    roles: Annotated[Any, Retired("Whoever sits on a panel is chosen at the gate; no role admits to it.")] = None


class Questions(Part):
    """By when a question is answered, and how long before the call closes the last one may be asked."""

    answer_within: str = "5 working days"
    last_asked: str = "7 days"

    @field_validator("answer_within")
    @classmethod
    def _is_in_working_days(cls, value: str) -> str:
        return _in_working_days(value)

    @field_validator("last_asked")
    @classmethod
    def _is_a_length(cls, value: str) -> str:
        if not _length(value):
            raise ValueError("write a length such as '7 days' or '1 week'")
        return value

    @property
    def working_days(self) -> int:
        """How many working days an answer may take."""
        return int(self.answer_within.split()[0])

    @property
    def before_closing(self) -> timedelta:
        return _length(self.last_asked) or timedelta()


class Scoring(Part):
    """How a challenge itself is scored before it is approved; the weights sum to 100, and so does the best total."""

    needed: bool = False  # whether every approval waits for it; if not, only one for which somebody was named to score
    people: int = Field(default=2, ge=2)
    least: int = Field(default=0, ge=0, le=100)  # an approval below it wants a reason; nothing is refused for it
    scale: Scale
    criteria: tuple[Criterion, ...] = Field(min_length=1)


class Readiness(Part):
    """By when the programme office answers a sponsor who asks for approval, and how challenges are scored, if they are."""

    answer_within: str = "10 working days"
    scoring: Scoring | None = None

    @field_validator("answer_within")
    @classmethod
    def _is_in_working_days(cls, value: str) -> str:
        return _in_working_days(value)

    @property
    def working_days(self) -> int:
        """How many working days an answer may take."""
        return int(self.answer_within.split()[0])


class Owed(Part):
    """A deliverable that every team of a work stage owes."""

    title: str
    done_when: str


CALL, GATE = Of(("call",)), Of(("gate",))
DAYS = Retired("Every challenge has dates of its own: say with 'lasts' how long the stage takes.")


class Stage(Part):
    """A stage of the programme. Money is in whole pounds; `lasts` is a length of time such as '3 weeks'."""

    id: Name
    kind: Literal["call", "gate", "work", "event", "award", "survey"]
    title: str
    sentence: str = ""
    lasts: str | None = None
    lasts_at_least: Annotated[str | None, CALL] = None  # a call that is shorter is not approved
    lasts_at_most: Annotated[str | None, CALL] = None  # a call that is longer is pointed out, and nothing more
    starts: Annotated[date | None, DAYS] = None
    ends: Annotated[date | None, DAYS] = None
    closes_at: Annotated[str, CALL] = "12:00"  # where a sponsor names the day alone
    late_access_hours: Annotated[int, CALL] = Field(
        default=0, ge=0, le=336
    )  # so long after the last deadline its seal holds
    then: Name | None = None
    cap: Annotated[int | None, GATE] = Field(default=None, ge=1)
    reserve: Annotated[int, GATE] = Field(default=0, ge=0)  # how many stay on the reserve list behind those who go on
    money: Annotated[int, Of(("work", "award"))] = Field(default=0, ge=0)
    form: Annotated[Name | None, Of(("call", "gate"))] = None
    scorecard: Annotated[Name | None, GATE] = None
    panel: Annotated[Panel | None, GATE] = None
    interview_minutes: Annotated[int | None, GATE] = Field(default=None, ge=5, le=480)
    days_to_accept: Annotated[int, Of(("work",))] = Field(default=5, ge=1)
    sprint_weeks: Annotated[int | None, Of(("work",))] = Field(default=None, ge=1)
    deliverables: Annotated[tuple[Owed, ...], Of(("work", "award"))] = ()
    standstill_days: Annotated[int, Of(("award",))] = Field(default=0, ge=0)
    after_months: Annotated[Any, Retired("Nothing is asked after so many months yet.")] = None

    @field_validator("lasts", "lasts_at_least", "lasts_at_most")
    @classmethod
    def _is_a_length(cls, value: str | None) -> str | None:
        if value is not None and not _length(value):
            raise ValueError("write a length such as '3 weeks', '10 days' or '6 months'")
        return value

    @field_validator("closes_at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError("write a time of the day such as '12:00'")
        return value

    @model_validator(mode="after")
    def _knows_how_long(self) -> Self:
        if self.lasts is None and (self.starts is None or self.ends is None):
            raise ValueError("say how long it lasts, or when it starts and ends")
        if self.starts and self.ends and self.ends < self.starts:
            raise ValueError("it ends before it starts")
        return self

    @property
    def length(self) -> timedelta:
        if self.starts and self.ends:
            return self.ends - self.starts + timedelta(days=1)
        return _length(self.lasts or "") or timedelta(days=1)

    @property
    def shortest(self) -> timedelta | None:
        return _length(self.lasts_at_least or "")

    @property
    def longest(self) -> timedelta | None:
        return _length(self.lasts_at_most or "")

    @property
    def late_access(self) -> timedelta:
        """How long after the last deadline of a call its seal holds: until then somebody can be given more time."""
        return timedelta(hours=self.late_access_hours)

    @property
    def closing_time(self) -> time:
        return time.fromisoformat(self.closes_at)


def _length(text: str) -> timedelta | None:
    found = re.fullmatch(r"(\d{1,4}) (\w+)", text.strip())
    if not found or found[2] not in UNITS or int(found[1]) == 0:
        return None
    return timedelta(days=int(found[1]) * UNITS[found[2]])


class Programme(Part):
    """A whole programme file."""

    programme: Name
    version: str
    title: str
    sentence: str = ""
    timezone: str = "Europe/London"
    bank_holidays: Literal["scotland", "england-and-wales", "northern-ireland", "united-kingdom"] = "scotland"
    money_excludes_vat: bool = True
    contact: str = Field(default="", pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")  # who answers teams in writing
    roles: Annotated[Any, Retired("The roles are those of the handbook; no file adds one or leaves one out.")] = None
    brief: tuple[Section, ...] = ()
    readiness: Readiness = Readiness()
    questions: Questions = Questions()
    forms: dict[Name, Form] = {}
    scorecards: dict[Name, Scorecard] = {}
    stages: tuple[Stage, ...] = Field(min_length=2)
    visibility: Annotated[Any, Retired("Who reads what is said in the handbook, page by page.")] = None

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def call(self) -> Stage:
        return self.stages[0]

    @property
    def shortest_call(self) -> timedelta:
        """How long a call is open at least: as the file says, or long enough that somebody can ask a question."""
        return self.call.shortest or self.questions.before_closing + timedelta(days=1)

    @property
    def pays(self) -> bool:
        """Whether there is money in any stage."""
        return any(stage.money for stage in self.stages)

    @cached_property
    def flow(self) -> tuple[Stage, ...]:
        """The stages in the order in which a challenge goes through them."""
        stages, stage = [self.call], self.after(self.call)
        while stage:
            stages.append(stage)
            stage = self.after(stage)
        return tuple(stages)

    @cached_property
    def gates(self) -> tuple[Stage, ...]:
        return tuple(s for s in self.stages if s.kind == "gate")

    def stage(self, stage_id: str) -> Stage:
        """The stage with this id; raises KeyError for an unknown one."""
        return {s.id: s for s in self.stages}[stage_id]

    def after(self, stage: Stage) -> Stage | None:
        """The stage that follows, or None after the last."""
        if stage.then:
            return self.stage(stage.then)
        position = self.stages.index(stage) + 1
        return self.stages[position] if position < len(self.stages) else None

    def before(self, stage: Stage) -> Stage | None:
        """The stage that leads to this one, or None for the first."""
        return next((s for s in self.stages if self.after(s) == stage), None)

    def card(self, stage: Stage) -> Scorecard:
        """The scorecard of a gate; raises KeyError for a stage without one."""
        return self.scorecards[stage.scorecard or ""]
