"""The calendar of a challenge: local days of the programme, ends on working days, one date for the first decision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.methods.working_days import (
    add_working_days,
    bank_holidays,
    is_working_day,
    on_or_after,
    on_or_before,
    working_days_between,
)
from civflow.models import (
    Challenge,
    Gate,
    StageDates,
)
from civflow.services.challenges.seal import seal_ends
from civflow.services.formatting import WEEKDAYS, moment
from civflow.services.programmes.store import programme_of
from civflow.workflows.programme import Programme, Stage

START_OF_DAY = time(9)
END_OF_DAY = time(17)  # stages and answers are due by five in the afternoon, local time


def stage_dates(session: Session, challenge: Challenge) -> dict[str, StageDates]:
    """The calendar of a challenge: stage id -> its dates, in the order of time."""
    query = select(StageDates).where(col(StageDates.challenge_id) == challenge.id)
    return {d.stage: d for d in session.scalars(query.order_by(col(StageDates.starts_at), col(StageDates.id)))}


def plan(
    programme: Programme,
    opens_at: datetime,
    closes_at: datetime,
    promised: datetime | None = None,
    sealed_until: datetime | None = None,
) -> list[tuple[Stage, datetime, datetime]]:
    """When each stage begins and ends: one after the other, each until five in the afternoon of a working day.

    The first of them begins when the applications are opened: `sealed_until`, where somebody has applied. The first gate
    ends when its decision is `promised`, where that is after the call. A gate's weeks count five working days each, so
    that nobody decides over a public holiday; other lengths are calendar days.
    """
    found, stage = [(programme.call, opens_at, closes_at)], programme.after(programme.call)
    start = sealed_until or closes_at + programme.call.late_access
    while stage:
        end = _end(programme, stage, start)
        if stage == programme.gates[0] and promised and promised > start:
            end = promised
        found.append((stage, start, end))
        stage, start = programme.after(stage), end
    return found


def follow_the_stage(session: Session, challenge: Challenge, stage: Stage, *, now: datetime) -> bool:
    """A stage of work that begins later than planned moves the calendar: it lasts as long, and the rest follows it.

    Whether it moved. A gate's end does not move when it begins late: it is promised to the teams.
    """
    dates = stage_dates(session, challenge)
    planned = begun_at(programme_of(session, challenge), dates, stage, now)
    for one, (starts_at, ends_at) in planned.items():
        dates[one].starts_at, dates[one].ends_at = starts_at, ends_at
    for gate in session.scalars(
        select(Gate).where(col(Gate.challenge_id) == challenge.id, col(Gate.stage).in_(planned))
    ):
        gate.scoring_due_at = dates[gate.stage].ends_at
    session.flush()
    return bool(planned)


def begun_at(
    programme: Programme, dates: Mapping[str, StageDates], stage: Stage, now: datetime
) -> dict[str, tuple[datetime, datetime]]:
    """Stage id -> when it begins and ends, of those that move where a stage begins now; nothing where none does."""
    if stage.kind == "gate" or stage.id not in dates or now <= dates[stage.id].starts_at:
        return {}
    found, start = {}, now
    before = programme.before(stage)
    if before and before.id in dates:
        found[before.id] = dates[before.id].starts_at, max(dates[before.id].ends_at, now)
    for one in programme.flow[programme.flow.index(stage) :]:
        found[one.id] = start, _end(programme, one, start)
        start = found[one.id][1]
    return found


def _end(programme: Programme, stage: Stage, start: datetime) -> datetime:
    first, days = local_day(programme, start), stage.length.days
    if stage.kind == "gate":
        return at_the_end_of(programme, add_working_days(first, max(1, round(days * 5 / 7)), programme.bank_holidays))
    return at_the_end_of(programme, on_or_after(first + timedelta(days=days), programme.bank_holidays))


def local_day(programme: Programme, moment: datetime) -> date:
    """The day of a moment where the programme is."""
    return moment.astimezone(programme.zone).date()


def at_the_end_of(programme: Programme, day: date) -> datetime:
    """Five in the afternoon of a day where the programme is."""
    return datetime.combine(day, END_OF_DAY, programme.zone).astimezone(UTC)


def whole_days(programme: Programme, earliest: datetime, length: timedelta) -> tuple[datetime, datetime]:
    """Some work of a length: from the morning of the next working day to the end of a working day."""
    first = add_working_days(local_day(programme, earliest), 1, programme.bank_holidays)
    last = on_or_after(first + length - timedelta(days=1), programme.bank_holidays)
    morning = datetime.combine(first, START_OF_DAY, programme.zone).astimezone(UTC)
    return morning, at_the_end_of(programme, last)


def due_dates(programme: Programme, starts_at: datetime, ends_at: datetime, number: int) -> list[datetime]:
    """When `number` deliverables are due: spread over the time, each at the end of a working day, the last at its end."""
    share = (ends_at - starts_at) / max(1, number)
    region = programme.bank_holidays
    days = [on_or_after(local_day(programme, starts_at + share * n), region) for n in range(1, number)]
    return [*(at_the_end_of(programme, day) for day in days), *([ends_at] if number else [])]


def later(programme: Programme, moment: datetime, weeks: int) -> datetime:
    """The same local time some weeks later, whatever the clocks do meanwhile."""
    local = moment.astimezone(programme.zone)
    return (local + timedelta(weeks=weeks)).astimezone(UTC)


def in_working_days(programme: Programme, moment: datetime, days: int) -> datetime:
    """Five in the afternoon, local time, of the working day that is `days` ahead."""
    return at_the_end_of(programme, add_working_days(local_day(programme, moment), days, programme.bank_holidays))


def send_by(programme: Programme, opens_at: datetime) -> datetime:
    """Until when a challenge is sent for approval, so that the answer that is promised then comes before it opens."""
    day, region = local_day(programme, opens_at), programme.bank_holidays
    answered = day if at_the_end_of(programme, day) <= opens_at else day - timedelta(days=1)
    last = on_or_before(answered, region)
    return at_the_end_of(programme, add_working_days(last, -programme.readiness.working_days, region))


def on_a_working_day(programme: Programme, moment: datetime) -> datetime:
    """The moment, or the same local time of the working day before where it falls on a day off."""
    local = moment.astimezone(programme.zone)
    day = on_or_before(local.date(), programme.bank_holidays)
    return datetime.combine(day, local.time(), programme.zone).astimezone(UTC)


def day_off(programme: Programme, moment: datetime) -> str:
    """What keeps a day from being a working day, such as 'a Sunday' or 'Boxing Day'; '' for a working day."""
    day = local_day(programme, moment)
    if is_working_day(day, programme.bank_holidays):
        return ""
    name = bank_holidays(day.year, programme.bank_holidays).get(day)
    return f"a bank holiday ({name})" if name else f"a {WEEKDAYS[day.weekday()]}"


def first_decision(
    session: Session, challenge: Challenge, dates: Mapping[str, StageDates] | None = None
) -> datetime | None:
    """By when the first decision is promised, on every page and in every letter; unless said, the end of the first gate.

    The gate's own end becomes the day of its result, which may be a later one: what was promised stays.
    """
    if challenge.decision_promised_at:
        return challenge.decision_promised_at
    programme = programme_of(session, challenge)
    if not programme.gates:
        return None
    first = programme.gates[0].id
    dates = stage_dates(session, challenge) if dates is None else dates
    if first in dates:
        return dates[first].ends_at
    if challenge.opens_at is None or challenge.closes_at is None:
        return None
    planned = plan(programme, challenge.opens_at, challenge.closes_at)
    return next(end for stage, _, end in planned if stage.id == first)


def why_not_promised(programme: Programme, promised: datetime, closes_at: datetime | None) -> str:
    """A sentence that says why a decision cannot be promised for then; '' where it can."""
    if closes_at and promised <= closes_at:
        return "The first decisions come after the closing date."
    if closes_at and promised <= closes_at + programme.call.late_access:
        hours = programme.call.late_access_hours
        return f"Applications are opened {hours} hours after the closing date, and the first decisions come after that."
    what = day_off(programme, promised)
    return f"That day is {what}. Promise a working day." if what else ""


def promised_later(programme: Programme, promised: datetime, *, closed: datetime, closes: datetime) -> datetime:
    """The promise after the closing date has moved: as many working days after the new one as after the old one."""
    region = programme.bank_holidays
    days = working_days_between(local_day(programme, closed), local_day(programme, promised), region)
    day = add_working_days(local_day(programme, closes), max(1, days), region)
    local = promised.astimezone(programme.zone)
    return datetime.combine(day, local.time(), programme.zone).astimezone(UTC)


def the_dates(challenge: Challenge) -> tuple[datetime, datetime]:
    """When the call opens and closes, of a challenge whose steps want both. Raises ValueError where one is missing."""
    if challenge.opens_at is None or challenge.closes_at is None:
        raise ValueError(f"Challenge {challenge.id} has no opening or no closing date.")
    return challenge.opens_at, challenge.closes_at


def move_the_calendar(session: Session, challenge: Challenge) -> None:
    """The stages after the call follow the end of its seal, which is everybody's last deadline, and the promise."""
    programme, dates = programme_of(session, challenge), stage_dates(session, challenge)
    promised, opened = challenge.decision_promised_at, seal_ends(session, challenge)
    for stage, starts_at, ends_at in plan(programme, *the_dates(challenge), promised, opened):
        if stage.id in dates:
            dates[stage.id].starts_at, dates[stage.id].ends_at = starts_at, ends_at
    for gate in session.scalars(select(Gate).where(col(Gate.challenge_id) == challenge.id)):
        gate.scoring_due_at = dates[gate.stage].ends_at
    session.flush()


def later_dates(session: Session, challenge: Challenge) -> list[str]:
    """A line for each of the next stages, with when it begins as the calendar stands: they follow a closing date that is moved."""
    programme = programme_of(session, challenge)
    ahead = [d for d in stage_dates(session, challenge).values() if d.stage != programme.call.id][:3]
    return [
        f"{programme.stage(d.stage).title} begins {moment(d.starts_at, programme.timezone, begins=True)}" for d in ahead
    ]
