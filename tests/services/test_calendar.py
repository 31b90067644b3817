"""The calendar: ends on working days in local time, and one date for the first decision wherever it is read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from civflow.methods.working_days import is_working_day
from civflow.services.challenges.calendar import first_decision, follow_the_stage, in_working_days, plan, stage_dates
from civflow.services.challenges.drafts import check_columns
from civflow.services.challenges.public_page import read
from civflow.services.challenges.stages import gate_of
from civflow.services.dashboards.application import standing_of
from civflow.services.engine.advance import advance
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import Refused
from civflow.workflows.programme import shipped_programmes

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
