"""What a step will do is said before it is taken, and is what happens then."""

from __future__ import annotations

from sqlalchemy import func, select

from civflow.models import Assignment, Message
from civflow.services.assessment.letters import CHOOSE_A_TIME, sample_letters, what_lies_ahead
from civflow.services.challenges.calendar import later_dates, stage_dates
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance, workflow_of
from civflow.services.formatting import moment
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import StepPreview, preview_step
from tests.scenes.open_call import Call
from tests.scenes.selection import applied, closed, decided, score, seat, sift


def told_of(call: Call, record, trigger: str) -> StepPreview:
    step = workflow_of(call.session, record).steps_from(record.state)[trigger]
    found = preview_step(call.session, step, record, actor=call.actor(call.manager), now=call.now, reason="")
    assert found
    return found


def test_the_dates_that_follow_the_closing_date_are_said(call):
    programme, dates = programme_of(call.session, call.challenge), stage_dates(call.session, call.challenge)
    first, *_ = later_dates(call.session, call.challenge)
    assert first == f"Sift begins {moment(dates['sift'].starts_at, programme.timezone)}"


def test_matching_says_who_gets_what_and_does_just_that(call, closed_call):
    gate = gate_of(call.session, call.challenge, "sift")
    seat(call, gate, "Ailsa", "Brodie", "Catriona")

    said = told_of(call, gate, "match")

    assert said.sentences == ["9 new assessments for 3 people, who are invited when the scoring starts."]
    assert [line.split(" (")[0] for line in said.lines] == [
        "Ailsa: 3 applications",
        "Brodie: 3 applications",
        "Catriona: 3 applications",
    ]
    assert call.session.scalar(select(func.count()).select_from(Assignment)) == 0
    advance(call.session, gate, "match", actor=call.actor(call.manager), now=call.now)
    assert call.session.scalar(select(func.count()).select_from(Assignment)) == 9
    assert told_of(call, gate, "match").sentences == [
        "Nobody gets a new assessment.",
        "9 assessments that stand already stay as they are.",
    ]


def test_going_back_from_a_stage_says_what_is_kept(call, gate):
    score(call, gate, leave=7)

    said = told_of(call, call.challenge, "leave_sift")

    assert said.sentences == [
        "The challenge stands at “Open call” again, as the public reads too, until the stage is begun once more.",
        "3 applications before “Sift” stay there, and 9 assessments (2 submitted) are kept: assessors can go on.",
        "Nobody is sent a message; your reason stands in the record.",
    ]
    messages = call.session.scalar(select(func.count()).select_from(Message))
    advance(
        call.session, call.challenge, "leave_sift", actor=call.actor(call.manager), now=call.now, reason="Too soon."
    )
    assert call.session.scalar(select(func.count()).select_from(Message)) == messages


def test_going_on_without_late_assessors_names_them(call, gate):
    score(call, gate, leave=4)
    said = told_of(call, gate, "proceed")
    assert said.sentences[0].startswith("4 assessments of ")
    assert sum(int(line.split(": ")[1].split()[0]) for line in said.lines) == 4


def test_there_is_one_letter_of_each_kind(call):
    otter, heron, plover = applied(call)
    closed(call)
    gate = sift(call)
    score(call, gate, values={otter.id: 4, heron.id: 3, plover.id: 1})
    decided(call, gate, going_on=1)
    samples = sample_letters(call.session, gate, now=call.now)
    assert next((letter["decision"], letter["reference"]) for letter in samples) == ("goes_on", otter.reference)
    assert len({letter["decision"] for letter in samples}) == len(samples) == 2
    following = stage_dates(call.session, call.challenge)["interview"]
    begins, ends = (moment(at, "Europe/London") for at in (following.starts_at, following.ends_at))
    assert [letter["ahead"] for letter in samples] == [
        [
            f"“Interview” begins on {begins}, and its result is planned for {ends}.",
            f"An interview lasts 30 minutes. {CHOOSE_A_TIME}",
        ],
        [],
    ]
    interview = gate_of(call.session, call.challenge, "interview")
    place = "The team lead accepts or declines it, from the application's page, until "
    work = what_lies_ahead(call.session, interview, now=call.now)
    assert [len(work), work[2].startswith(place), work[0].startswith("“Exploration” runs from ")] == [4, True, True]
    assert sample_letters(call.session, gate, now=call.now, kept_back={otter.id or 0}) == []
