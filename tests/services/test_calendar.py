"""The calendar: ends on working days in local time, and one date for the first decision wherever it is read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.methods.working_days import is_working_day
from civflow.models import Document
from civflow.services.applications.deadlines import preview_the_move
from civflow.services.applications.submission import last_submission, receipt_data, submit
from civflow.services.challenges.calendar import (
    first_decision,
    follow_the_stage,
    in_working_days,
    move_the_calendar,
    plan,
    stage_dates,
    why_not_promised,
)
from civflow.services.challenges.drafts import check_columns
from civflow.services.challenges.moved_dates import Moved, by_another_promise
from civflow.services.challenges.public_page import read, what_next
from civflow.services.challenges.stages import gate_of
from civflow.services.dashboards.application import standing_of, way_of
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import preview_step
from civflow.services.reports.feeds import dates_within
from civflow.services.search import challenges
from civflow.workflows.engine import NOBODY, Refused
from civflow.workflows.programme import shipped_programmes
from tests.scenes.open_call import open_call

CIVTECH = shipped_programmes()["civtech"].programme


def local_ends(opens, closes):
    return {stage.id: end.astimezone(CIVTECH.zone) for stage, _, end in plan(CIVTECH, opens, closes)[1:]}


@pytest.mark.parametrize("day", range(0, 366, 13))
def test_every_stage_ends_at_five_on_a_working_day(day):
    closes = datetime(2026, 9, 1, 11, tzinfo=UTC) + timedelta(days=day)
    ends = local_ends(closes - timedelta(days=42), closes)
    assert [end for end in ends.values() if not is_working_day(end.date())] == []
    assert {(end.hour, end.minute) for end in ends.values()} == {(17, 0)}


def test_nobody_decides_over_the_holidays():
    # The final pitch begins on Friday 18 December 2026: five working days, without Christmas and its substitute day.
    closes = datetime(2026, 10, 22, 11, tzinfo=UTC)
    starts = {stage.id: start.astimezone(CIVTECH.zone).date() for stage, start, _ in plan(CIVTECH, closes, closes)}
    ends = local_ends(closes, closes)
    assert starts["pitch"] == date(2026, 12, 3)
    assert ends["pitch"].date() == date(2026, 12, 10)
    later = local_ends(closes, closes + timedelta(days=15))
    assert later["pitch"].date() == date(2026, 12, 29)


def test_a_promise_keeps_its_hour_when_the_clocks_change():
    noon = datetime(2026, 10, 20, 11, tzinfo=UTC)  # 12 noon in summer time
    assert in_working_days(CIVTECH, noon, 10) == datetime(2026, 11, 3, 17, tzinfo=UTC)


def test_everybody_reads_one_date_for_the_first_decision(call, session):
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya))
    (sift, *_) = [d for d in stage_dates(session, call.challenge).values() if d.stage == "sift"]
    page = read(session, call.challenge.slug, actor=call.actor(priya), now=call.now)
    standing = standing_of(session, application, actor=call.actor(priya), now=call.now)
    promised = first_decision(session, call.challenge)
    assert (page.promised, standing.promised, sift.ends_at) == (promised, promised, promised)
    sift.ends_at = promised + timedelta(days=3)  # the result comes late
    session.flush()
    page = read(session, call.challenge.slug, actor=call.actor(priya), now=call.now)
    assert (page.promised, first_decision(session, call.challenge)) == (promised, promised)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (datetime(2026, 4, 4, 12, tzinfo=UTC), "That day is a Saturday. Promise a working day."),
        (datetime(2026, 4, 3, 12, tzinfo=UTC), "That day is a bank holiday (Good Friday). Promise a working day."),
        (datetime(2026, 2, 2, 12, tzinfo=UTC), "The first decisions come after the closing date."),
    ],
)
def test_only_a_working_day_after_the_call_is_promised(call, session, day, sentence):
    with pytest.raises(Refused) as refused:
        check_columns(session, call.challenge, {"decision_promised_at": day})
    assert refused.value.fields == {"decision_promised_at": sentence}


def test_the_promise_moves_with_the_closing_date(call, session):
    # Closes on Monday 2 February, promised for Monday 2 March: twenty working days later.
    promised = call.challenge.decision_promised_at
    later = call.closes_at + timedelta(days=35)
    advance(
        session, call.challenge, "extend", actor=call.actor(call.manager), now=call.now, closes_at=later, reason="Ill."
    )
    assert promised == datetime(2026, 3, 2, 12, tzinfo=UTC)
    # Good Friday, 3 April, is none of the twenty; 12 noon stays 12 noon when the clocks change.
    moved = datetime(2026, 4, 7, 11, tzinfo=UTC)
    assert (call.challenge.decision_promised_at, first_decision(session, call.challenge)) == (moved, moved)


def test_work_that_begins_late_moves_the_calendar_and_a_gate_does_not(call, session):
    programme, dates = programme_of(session, call.challenge), stage_dates(session, call.challenge)
    before = {stage: (d.starts_at, d.ends_at) for stage, d in dates.items()}
    late = dates["exploration"].starts_at + timedelta(days=4, hours=3)
    follow_the_stage(session, call.challenge, programme.stage("sift"), now=late)
    assert {stage: (d.starts_at, d.ends_at) for stage, d in dates.items()} == before
    follow_the_stage(session, call.challenge, programme.stage("exploration"), now=late)
    assert (dates["sift"].starts_at, dates["sift"].ends_at) == before["sift"]
    assert (dates["interview"].ends_at, dates["exploration"].starts_at) == (late, late)
    assert [d.starts_at for d in list(dates.values())[1:]] == [d.ends_at for d in list(dates.values())[:-1]]
    assert gate_of(session, call.challenge, "pitch").scoring_due_at == dates["pitch"].ends_at > before["pitch"][1]


# More time for one team


def sift_of(session, call):
    return stage_dates(session, call.challenge)["sift"]


def more_for_one(session, call, until):
    """A team gets more time than the others: when its application was opened until then, and its application."""
    priya = call.person("Priya Raeburn")
    application = call.application(call.team("Otter Works", priya), complete=True)
    submit(session, application, actor=call.actor(priya), now=call.now)
    wish = {"actor": call.actor(call.manager), "now": call.now, "reason": "Illness.", "closes_at": until}
    step = workflow_of(session, application).steps_from(application.state)["extend"]
    with session.begin_nested() as tried:
        said = preview_the_move(session, application, step, seen=application.revision, **wish)
        tried.rollback()
    session.refresh(application)
    advance(session, application, "extend", **wish)
    session.expire_all()
    return said, application


def test_everybody_reads_the_new_day_of_the_sift_when_one_team_gets_more_time(call, session):
    """Its stages, the public page, calendars, the brief, receipts, the team's page and the gate read one calendar."""
    until, promised = call.closes_at + timedelta(days=7), call.challenge.decision_promised_at
    said, application = more_for_one(session, call, until)
    page = read(session, call.challenge.slug, actor=NOBODY, now=call.now)
    dates = {stage.id: (stage.starts_at, stage.ends_at) for stage in page.stages}
    ahead = what_next(call.challenge, page.stages, questions_until=None, promised=page.promised, now=call.now).ahead
    (row,) = challenges.one(session, call.challenge.id)
    marked = {date.what: date.at for date in dates_within(session, call.challenge, row, call.now)}
    way = {milestone.stage.id: milestone.starts_at for milestone in way_of(session, application)}
    briefs = select(Document).where(col(Document.kind) == "challenge_brief").order_by(col(Document.id))
    brief = session.scalars(briefs).all()[-1]
    printed = {stage["title"]: stage["starts_at"] for stage in brief.data["stages"]}
    receipt = receipt_data(session, application, last_submission(session, application), submitted_by="Priya Raeburn")

    assert (sift_of(session, call).starts_at, dates["sift"], marked["sift"], way["sift"]) == (
        until,
        (until, promised),
        until,
        until,
    )
    assert (printed["Sift"], receipt["sealed_until"]) == (until.isoformat(), until.isoformat())
    assert (until, "The applications are opened: nobody reads one before. Sift begins.") in ahead
    assert gate_of(session, call.challenge, "sift").scoring_due_at == promised
    new_for_old = (
        "Monday 9 February 2026, 12 noon (UK time) instead of Monday 2 February 2026, 12 noon (UK time)"  # of the seal
    )
    assert said.dates.lines == [
        f"The applications are opened: {new_for_old}, for every team that applies, and whoever assesses them.",
        f"“Sift” begins: {new_for_old}, for teams in the selection, assessors and the panel.",
    ]
    assert said.dates.promise == (
        "The first decision stays promised for Monday 2 March 2026, 12 noon (UK time): whoever assesses has "
        "15 working days for it instead of 20."
    )


def test_a_promise_that_is_not_given_as_a_day_moves_with_the_opening_and_that_is_said(call, session):
    call.challenge.decision_promised_at = None
    move_the_calendar(session, call.challenge)
    before = first_decision(session, call.challenge)
    said, _ = more_for_one(session, call, call.closes_at + timedelta(days=7))
    after = first_decision(session, call.challenge)
    assert (before, after) == (datetime(2026, 2, 16, 17, tzinfo=UTC), datetime(2026, 2, 23, 17, tzinfo=UTC))
    assert said.dates.promise == (
        "The promise moves too: the first decision is promised for Monday 23 February 2026, 5pm "
        "(UK time) instead of Monday 16 February 2026, 5pm (UK time)."
    )


def test_a_later_closing_date_says_that_the_promise_moves(call, session):
    later = call.closes_at + timedelta(days=7)
    step = next(s for s in workflow_of(session, call.challenge).steps if s.name == "extend")
    wish = {"actor": call.actor(call.manager), "now": call.now, "reason": "Snow.", "closes_at": later}
    with session.begin_nested() as tried:
        said = preview_the_move(session, call.challenge, step, seen=call.challenge.revision, **wish)
        tried.rollback()
    assert [line.split(":")[0] for line in said.dates.lines][:4] == [
        "The call closes",
        "The last moment for questions",
        "The applications are opened",
        "“Sift” begins",
    ]
    assert said.dates.promise.startswith("The promise moves too: the first decision is promised for Monday 9 March")


def test_a_promise_before_the_applications_are_opened_is_said_to_be_broken(session, now):
    """Only the time for late access leads there: a deadline itself stays before the promise."""
    call = open_call(session, now, late_access_hours=48)
    promised = call.challenge.decision_promised_at
    said, _ = more_for_one(session, call, promised - timedelta(hours=1))
    assert said.dates.promise == (
        "The first decision is promised for Monday 2 March 2026, 12 noon (UK time), before the applications are opened: "
        "that promise cannot be kept."
    )


def test_a_decision_is_not_promised_for_the_time_of_late_access(session, now):
    call = open_call(session, now, late_access_hours=48)
    programme = programme_of(session, call.challenge)
    assert sift_of(session, call).starts_at == call.closes_at + timedelta(hours=48)
    assert why_not_promised(programme, call.closes_at + timedelta(hours=24), call.closes_at) == (
        "Applications are opened 48 hours after the closing date, and the first decisions come after that."
    )


def test_a_stage_that_begins_late_says_before_what_it_moves(call, session):
    call.challenge.state = "interview"  # scenery: the gates before it are over
    work = stage_dates(session, call.challenge)["exploration"]
    step = workflow_of(session, call.challenge).steps_from("interview")["begin_exploration"]
    assert (
        preview_step(session, step, call.challenge, actor=call.actor(call.manager), now=work.starts_at, reason="")
        is None
    )
    said = preview_step(
        session, step, call.challenge, actor=call.actor(call.manager), now=work.starts_at + timedelta(days=7), reason=""
    )
    assert [line.split(":")[0] for line in said.lines][:3] == [
        "“Interview” ends",
        "“Exploration” begins",
        "“Exploration” ends",
    ]


def test_another_promise_says_which_dates_it_moves(call, session):
    promised = call.challenge.decision_promised_at
    assert by_another_promise(session, call.challenge, promised) == Moved([], "")
    said = by_another_promise(session, call.challenge, promised + timedelta(days=7))
    assert [line.split(":")[0] for line in said.lines][:2] == ["“Sift” ends", "“Interview” begins"]
    assert said.promise.startswith("The promise moves too: the first decision is promised for Monday 9 March 2026")
