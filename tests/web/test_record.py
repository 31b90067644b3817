"""The record as people read it: every input in words for those who may, and an auditor's search, days, checks and roles."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.db import new_session, reading
from civflow.models import Grant, History, Reading, Verification
from civflow.services.audit.jobs import VerifyRecord
from civflow.services.audit.record import Wanted, every, find
from civflow.services.engine.access import visibility_case
from civflow.services.engine.history import seal_days
from civflow.services.records.timeline import timeline_for
from civflow.workflows import HANDBOOK
from tests.scenes.open_call import grant
from tests.web.visitor import text_of

SCORE = "1-0001 of Otter Works, Solves the challenge, by Assessor One: 4 of 4"
PATHS = ("/record", "/record.csv", "/record.json", "/record/days", "/record/verification", "/record/roles")


@pytest.fixture
def auditor(come, call, session):
    person = call.person("Alva Auditor")
    grant(session, person, "auditor", call.now)
    return come(person)


@pytest.fixture
def adjusted(panel, session):
    """The chair has adjusted a score of Otter Works."""
    panel.everybody_scores()
    panel.take(panel.chair, "moderate")
    panel.take(panel.chair, "adjust", score_id=panel.a_score(panel.otter).id, value=4, why="We heard more.")
    session.commit()
    return panel


def rows(page) -> list[list[str]]:
    return [[" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")] for row in page.select("tbody tr")]


def test_an_auditor_reads_every_input_in_words(adjusted, auditor):
    page = auditor.page("/record?noun=gate&step=adjust")
    assert [row[1:] for row in rows(page)] == [
        [
            "Adjust a score Gate: Sift of 11.2 Flooding impact",
            "Assessor One",
            f"Which score: {SCORE} New score: 4 Why the panel changes it: We heard more.",
        ]
    ]
    seats = rows(auditor.page("/record?noun=gate&step=seat&q=expert"))
    assert [row[3] for row in seats] == ["Who: Assessor Three Sits for: Expert Chairs the panel: No"]


def test_what_a_step_confides_stands_in_the_history_for_auditors_alone(adjusted, auditor, session, call):
    said = "Why the panel changes it: We heard more."
    assert said in text_of(auditor.get(f"/cases/gate/{adjusted.gate.id}"))
    for person in (adjusted.call.manager, adjusted.people[1], adjusted.approver):
        case = visibility_case(session, adjusted.gate, actor=call.actor(person), now=call.now)
        entries = timeline_for(session, adjusted.gate, case)
        assert [e.given for e in entries if e.what == "Adjust a score"] == [()]


def test_staff_read_who_was_seated_and_a_panel_member_does_not(adjusted, session, call):
    def seats(person) -> set[str]:
        case = visibility_case(session, adjusted.gate, actor=call.actor(person), now=call.now)
        lines = [e.given for e in timeline_for(session, adjusted.gate, case) if e.what == "Seat somebody on the panel"]
        return {one.value for given in lines for one in given if one.label == "Who"}

    assert seats(call.manager) == {"Assessor One", "Assessor Two", "Assessor Three"}
    assert seats(adjusted.people[1]) == set()


def test_every_input_of_the_handbook_has_a_name_and_no_id_is_shown(adjusted, session):
    for line in every(session, Wanted()):
        given = json.loads(line.entry.inputs or "{}")
        asks = {
            ask.name: ask for s in HANDBOOK[line.entry.workflow].steps if s.name == line.entry.step for ask in s.asks
        }
        assert len(line.inputs) == sum(value not in (None, "", [], {}) for value in given.values())
        for name, ask in asks.items():
            if ask.kind in ("person", "record") and given.get(name):
                assert str(given[name]) not in {one.value for one in line.inputs if one.label == ask.label}


def test_the_record_is_searched_filtered_and_read_by_pages_that_stay_as_they_are(adjusted, auditor, session, call):
    def number(query: str) -> int:
        return len(rows(auditor.page(f"/record?{query}")))

    assert number("q=heard+more") == number("noun=gate&step=adjust") == 1
    assert number("who=assessor+one&step=adjust") == 1
    assert number("who=assessor+two&step=adjust") == 0
    day = f"{call.now:%d/%m/%Y}"
    assert number(f"step=adjust&since={day}&until={day}") == 1
    assert number("step=adjust&until=1/1/2026") == 0
    assert "Write a day such as" in text_of(auditor.get("/record?since=soon"))

    first = find(session, Wanted())
    second = find(session, Wanted(), before=first.older)
    keys = [line.entry.id for line in (*first.lines, *second.lines)]
    assert (first.total, keys) == (
        len(session.scalars(select(History)).all()),
        sorted(keys, reverse=True),
    )
    session.commit()
    older = auditor.page("/record").find("a", string="Older entries")["href"]
    assert rows(auditor.page(older))[0][0].endswith(f"Entry {second.lines[0].entry.id}")


def test_what_is_filtered_is_taken_away_as_csv_and_json(adjusted, auditor):
    table = list(csv.DictReader(io.StringIO(auditor.get("/record.csv?step=adjust").text.lstrip("\ufeff"))))
    found = auditor.get("/record.json?step=adjust").json
    assert [row["inputs"].splitlines()[1:] for row in (*table, *found)] == [
        ["New score: 4", "Why the panel changes it: We heard more."]
    ] * 2
    assert len(auditor.get("/record.json").json) > 50, "an export has no pages"


def test_sealed_days_are_listed_with_their_seals(adjusted, auditor, session, call):
    seals = seal_days(session, now=call.now + timedelta(days=1))
    session.commit()
    listed = rows(auditor.page("/record/days"))
    assert [row[2].split()[0] for row in listed] == [seal.hash for seal in reversed(seals)]
    assert [int(row[1]) for row in listed] == [seal.entries for seal in reversed(seals)]


def test_a_check_is_a_job_whose_report_is_kept(adjusted, auditor, session, engine, call):
    path = "/record/verification"
    assert auditor.post(path, {}, on=path).status_code == 303
    assert "It waits for the worker." in text_of(auditor.get(path))
    assert auditor.page(path).select("main form") == []

    job = VerifyRecord(AWorkplace(engine, lambda: call.now))
    with new_session(engine) as other:
        assert job.is_waiting(other, now=call.now)
    assert job.run() == 1
    assert "The record is whole: " in text_of(auditor.get(path))

    session.expire_all()
    session.connection().exec_driver_sql("UPDATE history SET reason = 'Another.' WHERE step = 'adjust'")
    session.commit()
    auditor.post(path, {}, on=path)
    assert job.run() == 1
    reports = session.scalars(select(Verification).order_by(col(Verification.id))).all()
    assert [bool(report.broken) for report in reports] == [False, True]
    session.commit()
    assert "has been changed: its content does not fit its hash" in text_of(auditor.get(path))


class AWorkplace:
    """What the job works with, without a worker around it."""

    def __init__(self, engine, now) -> None:
        self.engine, self.now, self.stopping = engine, now, Event()

    @contextmanager
    def transaction(self):
        with new_session(self.engine) as session:
            yield session
            session.commit()

    def reading(self):
        return new_session(reading(self.engine))


def test_who_held_which_role_when(auditor, session, call):
    held = session.scalars(select(Grant).where(col(Grant.role) == "challenge_owner")).one()
    held.revoked_at, held.revoked_by_id = call.now + timedelta(days=3), call.manager.id
    session.commit()
    row = rows(auditor.page("/record/roles?role=challenge_owner"))[0]
    assert (row[0].split()[0], row[1]) == ("Hamish", "Challenge owner Flooding impact")
    assert row[3].endswith("by Morag Sinclair")
    assert rows(auditor.page("/record/roles?role=challenge_owner&on=4+January+2026")) == []
    assert len(rows(auditor.page("/record/roles?role=challenge_owner&on=6+January+2026"))) == 1
    assert rows(auditor.page("/record/roles?role=challenge_owner&on=12+January+2026")) == []


@pytest.mark.parametrize("path", PATHS)
def test_it_is_for_auditors_of_the_whole_site_and_reading_it_is_recorded(path, come, call, session, auditor):
    assert come().get(path).status_code == 303
    assert come(call.manager).get(path).status_code == 403
    here = call.person("Robin Round")
    grant(session, here, "auditor", call.now, scope="round", scope_id=call.challenge.round_id)
    assert come(here).get(path).status_code == 403

    assert auditor.get(path).status_code == 200
    session.expire_all()
    assert session.scalars(select(col(Reading.path)).order_by(col(Reading.id).desc())).first() == path
