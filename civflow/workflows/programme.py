"""Programme files: what they may say, every error with its line and a sentence, and the plain values that follow.

The challenge's workflow is compiled from a programme's stages in workflows/challenges.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

KINDS = ("call", "gate", "work", "event", "award", "survey")
KNOWN_ROLES = (
    "challenge_owner", "programme_manager", "assessor", "approver", "finance_officer", "auditor",
    "team_lead", "team_member", "public",
)  # fmt: skip
SEEN = (
    "challenge", "question", "result", "application", "own_application", "assigned_application", "names", "scores",
    "own_scores", "other_scores_after_submitting", "own_letters", "agreement", "own_agreement", "history", "export",
)  # fmt: skip
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,38}$")]
UNITS = {"day": 1, "days": 1, "week": 7, "weeks": 7, "month": 30, "months": 30}


class Problem(NamedTuple):
    """One error of a programme file."""

    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.sentence}"


class ProgrammeError(Exception):
    """A programme file that cannot be used, with every problem in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


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
    roles: tuple[str, ...] = ("assessor",)


class Owed(Part):
    """A deliverable that every team of a work stage owes."""

    title: str
    done_when: str


class Stage(Part):
    """A stage of the programme. Money is in whole pounds; `lasts` is a length of time such as '3 weeks'."""

    id: Name
    kind: Literal["call", "gate", "work", "event", "award", "survey"]
    title: str
    sentence: str = ""
    lasts: str | None = None
    starts: date | None = None
    ends: date | None = None
    closes_at: str = "12:00"
    then: Name | None = None
    cap: int | None = Field(default=None, ge=1)
    reserve: int = Field(default=0, ge=0)  # how many stay on the reserve list behind those who go on
    money: int = Field(default=0, ge=0)
    form: Name | None = None
    scorecard: Name | None = None
    panel: Panel | None = None
    interview_minutes: int | None = Field(default=None, ge=5, le=480)
    days_to_accept: int = Field(default=5, ge=1)
    sprint_weeks: int | None = Field(default=None, ge=1)
    deliverables: tuple[Owed, ...] = ()
    standstill_days: int = Field(default=0, ge=0)
    after_months: tuple[int, ...] = ()

    @field_validator("lasts")
    @classmethod
    def _is_a_length(cls, value: str | None) -> str | None:
        if value is not None and not _length(value):
            raise ValueError("write a length such as '3 weeks', '10 days' or '6 months'")
        return value

    @field_validator("closes_at")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        time.fromisoformat(value)
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
    money_excludes_vat: bool = True
    roles: tuple[str, ...] = ()
    brief: tuple[Section, ...] = ()
    forms: dict[Name, Form] = {}
    scorecards: dict[Name, Scorecard] = {}
    stages: tuple[Stage, ...] = Field(min_length=2)
    visibility: dict[str, tuple[str, ...]] = {}

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def call(self) -> Stage:
        return self.stages[0]

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


@dataclass(frozen=True)
class Loaded:
    """A programme with the text it was read from and the hash that rounds pin."""

    programme: Programme
    source: str

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.source.encode()).hexdigest()


def read_programme(source: str) -> Loaded:
    """Read the text of a programme file. Raises ProgrammeError with every problem that it has."""
    try:
        root = yaml.compose(source, Loader=yaml.SafeLoader)
        values = yaml.safe_load(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ProgrammeError(
            [Problem(line, "file", f"This is not YAML: {getattr(error, 'problem', error)}.")]
        ) from None
    if root is None or not isinstance(values, dict):
        raise ProgrammeError(
            [Problem(1, "file", "The file has no keys; it needs at least programme, title and stages.")]
        )
    lines = dict(_lines(root))
    try:
        programme = Programme.model_validate(values)
    except ValidationError as error:
        raise ProgrammeError([_problem(e, lines) for e in error.errors()]) from None
    problems = [
        Problem(_line(lines, where), ".".join(map(str, where)), text) for where, text in _disagreements(programme)
    ]
    if problems:
        raise ProgrammeError(problems)
    return Loaded(programme, source)


def shipped_programmes() -> dict[str, Loaded]:
    """Every programme file that comes with civflow, by name."""
    folder = files("civflow.workflows") / "programmes"
    texts = sorted((p.name, p.read_text("utf-8")) for p in folder.iterdir() if p.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): read_programme(text) for name, text in texts}


Path = tuple[str | int, ...]


def _lines(node: yaml.Node, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Each key's path and the line on which it stands, counted from 1."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            yield from _lines(value, here)
            yield here, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _lines(value, (*path, position))


def _line(lines: dict[Path, int], where: Path) -> int:
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


def _problem(error: Any, lines: dict[Path, int]) -> Problem:
    """A sentence for one of pydantic's errors."""
    where = tuple(error["loc"])
    kind, value = error["type"], error.get("input")
    sentences = {
        "missing": "This key is missing.",
        "extra_forbidden": "This key is not known; look for a slip of the pen.",
        "string_pattern_mismatch": f"{value!r} must be small letters, figures and underscores, and begin with a letter.",
        "literal_error": f"{value!r} is not one of {error.get('ctx', {}).get('expected', '')}.",
    }
    text = sentences.get(kind) or f"{error['msg'].removeprefix('Value error, ').capitalize()}."
    return Problem(_line(lines, where), ".".join(map(str, where)) or "file", text.replace("..", "."))


def _disagreements(programme: Programme) -> Iterator[tuple[Path, str]]:
    """What single keys cannot show: names that do not exist, dead stages, growing caps, overlapping dates."""
    yield from _unknown_names(programme)
    yield from _bad_order(programme)
    yield from _bad_caps(programme)
    yield from _bad_dates(programme)
    yield from _bad_scorecards(programme)


def _unknown_names(programme: Programme) -> Iterator[tuple[Path, str]]:
    if programme.timezone not in available_timezones():
        yield ("timezone",), f"There is no time zone '{programme.timezone}'; write one such as Europe/London."
    for position, role in enumerate(programme.roles):
        if role not in KNOWN_ROLES:
            yield ("roles", position), f"There is no role '{role}'; the roles are {', '.join(KNOWN_ROLES)}."
    for role, seen in programme.visibility.items():
        if role not in KNOWN_ROLES:
            yield ("visibility", role), f"There is no role '{role}'; the roles are {', '.join(KNOWN_ROLES)}."
        for position, thing in enumerate(seen):
            if thing not in SEEN:
                yield ("visibility", role, position), f"'{thing}' cannot be seen; choose from {', '.join(SEEN)}."
    for position, stage in enumerate(programme.stages):
        here: Path = ("stages", position)
        for key, name, known in (
            ("form", stage.form, programme.forms),
            ("scorecard", stage.scorecard, programme.scorecards),
        ):
            if name and name not in known:
                yield (*here, key), f"There is no {key} '{name}' in this file."
        for role in stage.panel.roles if stage.panel else ():
            if role not in KNOWN_ROLES:
                yield (*here, "panel", "roles"), f"There is no role '{role}'; the roles are {', '.join(KNOWN_ROLES)}."


def _bad_order(programme: Programme) -> Iterator[tuple[Path, str]]:
    ids = [s.id for s in programme.stages]
    for position, stage in enumerate(programme.stages):
        here: Path = ("stages", position)
        if stage.id in ids[:position]:
            yield (*here, "id"), f"Two stages are called '{stage.id}'."
        if stage.id in RESERVED:
            yield (*here, "id"), f"'{stage.id}' is a state that every challenge has; call the stage something else."
        if stage.then and stage.then not in ids:
            yield (*here, "then"), f"There is no stage '{stage.then}' to go on to."
        if (stage.kind == "call") != (position == 0):
            yield (*here, "kind"), "The first stage is the call, and there is only one call."
        if stage.kind == "gate" and not (stage.scorecard and stage.panel and stage.cap):
            yield here, "A gate needs a cap, a scorecard and a panel."
    yield from _dead_stages(programme, ids)


RESERVED = (
    "draft",
    "in_review",
    "changes_requested",
    "approved",
    "open",
    "closed",
    "completed",
    "withdrawn",
    "cancelled",
)


def _dead_stages(programme: Programme, ids: list[str]) -> Iterator[tuple[Path, str]]:
    if any(s.then and s.then not in ids for s in programme.stages) or len(set(ids)) != len(ids):
        return
    reached: list[str] = []
    stage: Stage | None = programme.stages[0]
    while stage:
        if stage.id in reached:
            yield ("stages", ids.index(stage.id)), f"The stages go round in a circle at '{stage.id}'."
            return
        reached.append(stage.id)
        stage = programme.after(stage)
    for position, name in enumerate(ids):
        if name not in reached:
            yield ("stages", position), f"No stage leads to '{name}': it is dead. Remove it, or name it in a 'then'."


def _bad_caps(programme: Programme) -> Iterator[tuple[Path, str]]:
    smallest: Stage | None = None
    for position, stage in enumerate(programme.stages):
        if stage.cap is None:
            continue
        if smallest and smallest.cap is not None and stage.cap > smallest.cap:
            yield (
                ("stages", position, "cap"),
                f"The cap grows from {smallest.cap} at '{smallest.id}' to {stage.cap}: a funnel only narrows.",
            )
        else:
            smallest = stage


def _bad_dates(programme: Programme) -> Iterator[tuple[Path, str]]:
    previous: Stage | None = None
    for position, stage in enumerate(programme.stages):
        if stage.starts and previous and previous.ends and stage.starts <= previous.ends:
            yield (
                ("stages", position, "starts"),
                f"'{stage.id}' starts on {stage.starts} before '{previous.id}' has ended on {previous.ends}: dates overlap.",
            )
        previous = stage if stage.ends else previous


def _bad_scorecards(programme: Programme) -> Iterator[tuple[Path, str]]:
    for name, card in programme.scorecards.items():
        here: Path = ("scorecards", name)
        total = sum(c.weight for c in card.criteria)
        if total != 100:
            yield (*here, "criteria"), f"The weights sum to {total}; they must sum to 100."
        if card.scale.most <= card.scale.least:
            yield (*here, "scale"), "The scale's most must be larger than its least."
        known = [c.id for c in card.criteria]
        for position, tie in enumerate(card.ties):
            if tie not in known:
                yield (*here, "ties", position), f"There is no criterion '{tie}' to break a tie with."
