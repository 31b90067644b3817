"""Spreadsheets of questions: what goes out holds no formula and no asker; what comes in comes in once, or not at all."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Question
from civflow.services.challenges.public_page import Answer
from civflow.services.engine.advance import advance
from civflow.services.questions import spreadsheet
from civflow.services.questions.spreadsheet import as_csv, as_xlsx, import_questions
from civflow.workflows.engine import NOBODY, Actor, Forbidden, Refused, RoleHeld
from tests.scenes.open_call import Call

ZONE = "Europe/London"
FORMULAS = ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\tx", "  =1")


def an_answer(text: str, answer: str = "Yes.", number: int = 1) -> Answer:
    summer = datetime(2026, 7, 1, 11, 30, tzinfo=UTC)
    return Answer(number, text, answer, summer, summer + timedelta(days=1))


def xlsx(*rows: tuple[object, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def taken_in(call: Call, data: bytes | str) -> tuple[list[tuple[str | None, str]], int, list[str]]:
    done = import_questions(
        call.session,
        call.challenge,
        data.encode() if isinstance(data, str) else data,
        actor=call.actor(call.owner),
        now=call.now,
    )
    return [(q.portal_reference, q.text) for q in done.made], done.known, done.differ


def why_not(call: Call, data: bytes | str) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        taken_in(call, data)
    assert call.session.scalars(select(Question)).all() == []
    return refused.value.sentences


# Out


def test_csv_has_the_columns_of_the_portal_in_local_time_and_nobodys_name():
    assert as_csv([an_answer("May I?")], ZONE) == (
        "\ufeffnumber,question,answer,asked,published\r\n1,May I?,Yes.,2026-07-01 12:30,2026-07-02 12:30\r\n"
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_a_csv_file_is_a_formula(text):
    rows = list(csv.reader(io.StringIO(as_csv([an_answer(text, text)], ZONE).removeprefix("\ufeff"))))
    assert rows[1][1:3] == [f"'{text}", f"'{text}"]


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_an_excel_file_is_a_formula(text):
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx([an_answer(text, text)], ZONE))).worksheets[0]
    cells = sheet[2]
    assert [(c.value, c.data_type, c.quotePrefix) for c in cells[1:3]] == [(text, "s", True)] * 2
    assert [c.value for c in sheet[1]] == ["number", "question", "answer", "asked", "published"]
    assert (cells[0].value, cells[3].value) == (1, "2026-07-01 12:30")


def test_characters_that_no_spreadsheet_holds_are_left_out():
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx([an_answer("May\x08 I?\nYes")], ZONE))).worksheets[0]
    assert sheet["B2"].value == "May I?\nYes"


# In


def test_a_second_import_of_the_same_file_changes_nothing(session, call):
    sheet = "Reference,Asked by,Question,Asked\nPCS-1,Acme,May I?,2026-01-05 09:30\nPCS-2,,Can I?,\n"
    assert taken_in(call, sheet) == ([("PCS-1", "May I?"), ("PCS-2", "Can I?")], 0, [])
    before = session.scalars(select(Question.revision).order_by(col(Question.id))).all()
    assert taken_in(call, sheet) == ([], 2, [])
    assert session.scalars(select(Question.revision).order_by(col(Question.id))).all() == before == [0, 0]


def test_an_imported_question_waits_like_any_other_and_names_nobody(session, call):
    taken_in(call, "reference,question,asked\nPCS-1,May I?,2026-01-05\n")
    [question] = session.scalars(select(Question)).all()
    assert (question.state, question.asked_by_id, question.asked_at) == ("asked", None, call.challenge.opens_at)
    assert question.answer_promised_at == datetime(2026, 1, 12, 17, tzinfo=UTC)
    advance(session, question, "draft", actor=call.actor(call.owner), now=call.now, answer="Yes.")
    advance(session, question, "publish", actor=call.actor(call.manager), now=call.now)
    assert question.number == 1


def test_other_words_under_a_known_reference_are_told_and_change_nothing(session, call):
    taken_in(call, "reference,question\nPCS-1,May I?\n")
    assert taken_in(call, "reference,question\nPCS-1,May we?\nPCS-2,Can I?\n") == (
        [("PCS-2", "Can I?")],
        1,
        ["Row 2: PCS-1 is here already, with other words. They were not changed."],
    )
    assert session.scalars(select(Question.text).order_by(col(Question.id))).all() == ["May I?", "Can I?"]


def test_every_bad_row_is_told_with_its_number_and_nothing_is_taken_in(call):
    rows = [
        ("reference", "question", "asked"),
        ("PCS-1", "May I?", "2026-01-05 09:30"),
        ("", "No reference?", ""),
        ("PCS-3", " ", ""),
        (None, None, None),
        ("PCS-1", "Twice?", ""),
        ("PCS-6", "x" * 2001, "soon"),
        ("P" * 61, "When?", datetime(2026, 1, 6, 9)),  # noqa: DTZ001 - Excel knows no zones
    ]
    told = (
        "Row 7: “soon” is no date. Write one such as 2026-01-31 14:30.",
        "Row 3: it has no reference, and without one a second import could not tell it again.",
        "Row 4: it has no question.",
        "Row 6: its reference PCS-1 stands in row 2 too.",
        "Row 7: its question has 2001 characters; 2000 fit.",
        "Row 8: its reference has 61 characters; 60 fit; it was asked in the future.",
    )
    assert why_not(call, xlsx(*rows)) == told


def test_the_last_moment_counts_for_the_portal_too(call):
    call.now = call.challenge.questions_until + timedelta(days=1)
    assert taken_in(call, "reference,question,asked\nP-1,In time?,23/01/2026 11:59\n")[0] == [("P-1", "In time?")]
    with pytest.raises(Refused) as refused:
        taken_in(call, "reference,question,asked\nP-2,Too late?,23/01/2026 12:01\n")
    assert refused.value.sentences == (
        "Row 2: it was asked after the last moment for questions, Friday 23 January 2026, 12 noon (UK time).",
    )


@pytest.mark.parametrize("value", ["2026-01-05 09:30", "05/01/2026 09:30", datetime(2026, 1, 5, 9, 30)])  # noqa: DTZ001
def test_dates_are_read_as_people_and_excel_write_them(session, call, value):
    call.challenge.opens_at = call.now - timedelta(days=1)
    taken_in(call, xlsx(("question", "Reference ", "ASKED"), ("May I?", 17.0, value)))
    [question] = session.scalars(select(Question)).all()
    assert (question.portal_reference, question.asked_at) == ("17", datetime(2026, 1, 5, 9, 30, tzinfo=UTC))


def test_a_day_alone_is_read(session, call):
    call.challenge.opens_at = call.now - timedelta(days=3)
    taken_in(call, xlsx(("reference", "question", "asked"), ("P-1", "May I?", date(2026, 1, 4))))
    assert session.scalars(select(Question.asked_at)).one() == datetime(2026, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize("text", ["reference;question\nP-1;May I?\n", "reference\tquestion\nP-1\tMay I?\n"])
def test_csv_is_read_however_its_columns_are_parted(call, text):
    assert taken_in(call, text)[0] == [("P-1", "May I?")]


def test_what_excel_writes_without_being_asked_for_utf_8_is_read(call):
    assert taken_in(call, "reference,question\nP-1,Is £5 enough?\n".encode("cp1252"))[0] == [("P-1", "Is £5 enough?")]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "Choose the file with the questions."),
        (
            b"question\nMay I?\n",
            "The first row must name the columns reference, question, asked; there is no reference.",
        ),
        (b"reference,question\n", "The file has no question in it."),
        (b'reference,question\n"P-1,May I?', "The file cannot be read as CSV"),
        (b"PK\x03\x04 and no more", "The file cannot be read as an Excel file. Save it again as .xlsx or as CSV."),
        (xlsx(("reference", "question"), ("P-1", "May I?"))[:-200], "The file cannot be read as an Excel file."),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_a_sentence(call, data, sentence):
    [told] = why_not(call, data)
    assert told.startswith(sentence)


def test_a_file_that_would_fill_the_memory_is_refused(call, monkeypatch):
    monkeypatch.setattr(spreadsheet, "LARGEST_SHEET", 1000)
    assert why_not(call, xlsx(("reference", "question"), ("P-1", "May I?"))) == (
        "The file is too large when it is unpacked. Save the questions alone in a new file.",
    )


def test_a_zip_file_without_a_sheet_is_refused(call):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as packed:
        packed.writestr("xl/workbook.xml", "<broken")
    assert why_not(call, kept.getvalue()) == (
        "The file cannot be read as an Excel file. Save it again as .xlsx or as CSV.",
    )


def test_only_those_who_answer_take_questions_in(session, call):
    data = b"reference,question\nP-1,May I?\n"
    elsewhere = Actor(
        9, "Another owner", frozenset({RoleHeld("challenge_owner", "challenge", (call.challenge.id or 0) + 1)})
    )
    auditor = Actor(8, "An auditor", frozenset({RoleHeld("auditor", "site", None)}))
    for stranger in (NOBODY, call.actor(call.person("Somebody")), elsewhere, auditor):
        with pytest.raises(Forbidden):
            import_questions(session, call.challenge, data, actor=stranger, now=call.now)
    assert session.scalars(select(Question)).all() == []


def test_a_closed_call_takes_none_in(call):
    call.wait_until(call.closes_at)
    assert why_not(call, "reference,question,asked\nP-1,May I?,2026-01-05 13:00\n") == ("The challenge is open.",)
