"""Which dates a step moves, for whom, and whether the promised decision still holds: said before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from civflow.methods.working_days import working_days_between
from civflow.models import Challenge
from civflow.services.challenges.calendar import first_decision, local_day, plan, stage_dates, the_dates
from civflow.services.challenges.seal import seal_ends, sealed_until
from civflow.services.formatting import count, moment
from civflow.services.programmes.store import programme_of
from civflow.workflows.programme import Programme, Stage

WHO_WORKS = {
    "gate": "teams in the selection, assessors and the panel",
    "work": "teams that take part and the sponsor",
}


Planned = Mapping[str, tuple[datetime, datetime]]  # stage id -> when it begins and ends


class Dated(NamedTuple):
    """A date of a challenge: what happens then, for whom, and when."""

    what: str
    whom: str
    at: datetime


class Calendar(NamedTuple):
    """Every date of a challenge as it stands, by a key; and what is promised."""

    dates: dict[str, Dated]
    promised: datetime | None
    decided_from: datetime | None  # when the applications are opened, and whoever decides can begin
    programme: Programme


class Moved(NamedTuple):
    """The dates that a step moves, a line each, and what becomes of the promise."""

    lines: list[str]
    promise: str


def calendar_of(session: Session, challenge: Challenge, planned: Planned | None = None) -> Calendar:
    """What the challenge's calendar says at this moment; or would say, were the stages of `planned` at other times."""
    programme, dates = programme_of(session, challenge), stage_dates(session, challenge)
    stages = {one: (d.starts_at, d.ends_at) for one, d in dates.items()} | dict(planned or {})
    opened = sealed_until(session, [challenge]).get(challenge.id or 0) or challenge.closes_at
    found = {
        "closes": ("The call closes", "everybody who applies", challenge.closes_at),
        "questions": ("The last moment for questions", "everybody who asks", challenge.questions_until),
        "sealed": ("The applications are opened", "every team that applies, and whoever assesses them", opened),
    }
    for stage in programme.flow[1:]:
        if stage.id in stages:
            begins, ends = stages[stage.id]
            found[f"{stage.id} begins"] = (f"“{stage.title}” begins", _whom(stage), begins)
            found[f"{stage.id} ends"] = (f"“{stage.title}” ends", _whom(stage), ends)
    dated = {key: Dated(what, whom, at) for key, (what, whom, at) in found.items() if at}
    return Calendar(dated, first_decision(session, challenge, dates), opened, programme)


def _whom(stage: Stage) -> str:
    return WHO_WORKS.get(stage.kind, "the teams that are still in it")


def moved(before: Calendar, after: Calendar) -> Moved:
    """What is different in the second calendar."""
    zone, lines = before.programme.timezone, []
    for key, new in after.dates.items():
        old = before.dates.get(key)
        if old and old.at != new.at:
            lines.append(f"{new.what}: {moment(new.at, zone)} instead of {moment(old.at, zone)}, for {new.whom}.")
    return Moved(lines, _promise(before, after))


def by_another_promise(session: Session, challenge: Challenge, promised: datetime | None) -> Moved:
    """What a first decision that is promised for another moment would move."""
    if promised == challenge.decision_promised_at:
        return Moved([], "")
    programme, opened = programme_of(session, challenge), seal_ends(session, challenge)
    planned = plan(programme, *the_dates(challenge), promised, opened)[1:]
    after = calendar_of(session, challenge, {stage.id: (begins, ends) for stage, begins, ends in planned})
    return moved(calendar_of(session, challenge), after._replace(promised=promised or planned[0][2]))


def _promise(before: Calendar, after: Calendar) -> str:
    """Whether the first decision is promised for the same moment, and how long whoever decides then has."""
    zone = before.programme.timezone
    if before.promised is None or after.promised is None:
        return ""
    if after.decided_from and after.promised <= after.decided_from:
        return (
            f"The first decision is promised for {moment(after.promised, zone)}, before the applications are opened: "
            "that promise cannot be kept."
        )
    if after.promised != before.promised:
        return (
            f"The promise moves too: the first decision is promised for {moment(after.promised, zone)} instead of "
            f"{moment(before.promised, zone)}."
        )
    kept = f"The first decision stays promised for {moment(after.promised, zone)}"
    then, now = _days(before), _days(after)
    if now == then:
        return f"{kept}."
    return f"{kept}: whoever assesses has {count(now, 'working day')} for it instead of {then:,}."


def _days(calendar: Calendar) -> int:
    """How many working days lie between the opening of the applications and the promised decision."""
    if calendar.decided_from is None or calendar.promised is None:
        return 0
    first, last = (local_day(calendar.programme, at) for at in (calendar.decided_from, calendar.promised))
    return working_days_between(first, last, calendar.programme.bank_holidays)
