"""Questions and answers as spreadsheets: for the procurement portal, and from it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils.exceptions import InvalidFileException
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Question
from civflow.services.challenges.public_page import Answer
from civflow.services.engine.advance import begin_many
from civflow.services.formatting import count, harmless, is_formula, moment
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import LONGEST, last_moment, must_answer, new_question
from civflow.workflows.engine import Actor, Refused

EXPORTED = ("number", "question", "answer", "asked", "published")
IMPORTED = ("reference", "question", "asked")
NOT_KEPT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # characters that no spreadsheet can hold
MOST_ROWS, LARGEST_SHEET = 2000, 50 * 1024 * 1024  # bytes, unpacked
LONGEST_REFERENCE = 60
# What the library and the parts that it is made of say to a file that is no Excel file.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,
    InvalidFileException,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
)
WIDTHS = (10, 60, 80, 20, 20)


# Out


def as_csv(answers: Sequence[Answer], zone: str) -> str:
    """The published questions with their answers as CSV for a spreadsheet: nothing in it is a formula."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(EXPORTED)
    for row in _rows(answers, zone):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
    return "\ufeff" + table.getvalue()


def as_xlsx(answers: Sequence[Answer], zone: str) -> bytes:
    """The same as an Excel file: every text is stored as text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Questions and answers")
    for number, width in enumerate(WIDTHS):
        sheet.column_dimensions["ABCDE"[number]].width = width
    sheet.append([_cell(sheet, name, bold=True) for name in EXPORTED])
    for row in _rows(answers, zone):
        sheet.append([_cell(sheet, value) for value in row])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _rows(answers: Sequence[Answer], zone: str) -> Iterator[tuple[int | str, ...]]:
    for a in answers:
        yield a.number, a.text, a.answer, _as_typed(a.asked_at, zone), _as_typed(a.published_at, zone)


def _as_typed(value: datetime, zone: str) -> str:
    return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _cell(sheet: Any, value: int | str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=NOT_KEPT.sub("", value) if isinstance(value, str) else value)
    if isinstance(value, str):
        cell.data_type = "s"  # openpyxl takes a text that begins with “=” for a formula
        cell.quotePrefix = is_formula(value)  # and Excel when somebody edits the cell
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = Font(bold=bold)
    return cell


# In


class Asked(NamedTuple):
    """A row of the portal's spreadsheet: its number in the file, and what it says."""

    row: int
    reference: str
    text: str
    asked_at: datetime | None


class Imported(NamedTuple):
    """What an import did: new questions, rows that were here before, and sentences about those whose words differ."""

    made: list[Question]
    known: int
    differ: list[str]


def import_questions(
    session: Session, challenge: Challenge, data: bytes | None, *, actor: Actor, now: datetime
) -> Imported:
    """Take in the questions of a CSV or Excel file that were asked at the portal; all of them, or none.

    The columns are those of IMPORTED; others are ignored. Raises Refused with a sentence for every row that cannot be
    taken in, Forbidden for somebody who does not answer questions of this challenge.
    """
    must_answer(challenge, actor=actor, now=now)
    if not data:
        raise Refused("Choose the file with the questions.")
    zone = programme_of(session, challenge).timezone
    session.execute(select(col(Challenge.id)).where(col(Challenge.id) == challenge.id).with_for_update())
    rows, faults = _read(data, zone)
    faults += _unfit(rows, now, last_moment(session, challenge), zone)
    if faults:
        raise Refused(*faults)
    known = _known(session, challenge)
    fresh = [row for row in rows if row.reference not in known]
    made = [
        new_question(
            session,
            challenge,
            row.text,
            now=now,
            portal_reference=row.reference,
            asked_at=_not_before(row.asked_at or now, challenge.opens_at, zone),
        )
        for row in fresh
    ]
    begin_many(session, made, actor=actor, now=now)
    differ = [
        f"Row {row.row}: {row.reference} is here already, with other words. They were not changed."
        for row in rows
        if row.reference in known and known[row.reference] != row.text
    ]
    return Imported(made, len(rows) - len(fresh), differ)


def _known(session: Session, challenge: Challenge) -> dict[str, str]:
    """What was imported before: the portal's reference -> the words."""
    query = select(col(Question.portal_reference), col(Question.text)).where(
        col(Question.challenge_id) == challenge.id, col(Question.portal_reference).is_not(None)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _not_before(asked_at: datetime, opens_at: datetime | None, zone: str) -> datetime:
    """A day without a time begins at midnight, and the call on the same day later: then it counts from the opening."""
    same_day = opens_at and opens_at.astimezone(ZoneInfo(zone)).date() == asked_at.astimezone(ZoneInfo(zone)).date()
    return max(asked_at, opens_at) if opens_at and same_day else asked_at


def _unfit(rows: Iterable[Asked], now: datetime, until: datetime | None, zone: str) -> list[str]:
    """What stands against each row, with its number in the file."""
    faults: list[str] = []
    seen: dict[str, int] = {}
    for row in rows:
        said = []
        if not row.reference:
            said.append("it has no reference, and without one a second import could not tell it again")
        elif len(row.reference) > LONGEST_REFERENCE:
            said.append(f"its reference has {len(row.reference)} characters; {LONGEST_REFERENCE} fit")
        elif row.reference in seen:
            said.append(f"its reference {row.reference} stands in row {seen[row.reference]} too")
        if not row.text:
            said.append("it has no question")
        elif len(row.text) > LONGEST:
            said.append(f"its question has {len(row.text)} characters; {LONGEST} fit")
        if row.asked_at and row.asked_at > now:
            said.append("it was asked in the future")
        if until and (row.asked_at or now) > until:
            said.append(f"it was asked after the last moment for questions, {moment(until, zone)}")
        seen.setdefault(row.reference, row.row)
        if said:
            faults.append(f"Row {row.row}: {'; '.join(said)}.")
    return faults


def _read(data: bytes, zone: str) -> tuple[list[Asked], list[str]]:
    """The rows, and a sentence for every date that cannot be read. Raises Refused for a file that is no such table."""
    table = _from_xlsx(data) if data.startswith(b"PK") else _from_csv(data)
    header = [str(name or "").strip().lower() for name in next(table, [])]
    missing = [name for name in IMPORTED[:2] if name not in header]
    if missing:
        raise Refused(
            f"The first row must name the columns {', '.join(IMPORTED)}; there is no {' and no '.join(missing)}."
        )
    places = {name: header.index(name) for name in IMPORTED if name in header}
    rows: list[Asked] = []
    faults: list[str] = []
    for number, cells in enumerate(table, start=2):
        found = {name: cells[at] if at < len(cells) else None for name, at in places.items()}
        if not any(value not in (None, "") for value in found.values()):
            continue
        if len(rows) == MOST_ROWS:
            raise Refused(f"The file has more than {count(MOST_ROWS, 'question')}. Split it.")
        try:
            asked_at = _moment(found.get("asked"), zone)
        except ValueError:
            asked_at = None
            faults.append(f"Row {number}: “{found.get('asked')}” is no date. Write one such as 2026-01-31 14:30.")
        rows.append(Asked(number, _text(found["reference"]), _text(found["question"]), asked_at))
    if not rows and not faults:
        raise Refused("The file has no question in it.")
    return rows, faults


def _from_csv(data: bytes) -> Iterator[Sequence[Any]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # what Excel writes where nobody asks it for UTF-8
    first = text.split("\n", 1)[0]
    between = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=between, strict=True)
    except csv.Error as error:
        raise Refused(f"The file cannot be read as CSV: {error}. Save it again as CSV or as an Excel file.") from None


def _from_xlsx(data: bytes) -> Iterator[Sequence[Any]]:
    """The first sheet of an Excel file; formulas count as what they showed when it was saved."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_SHEET:
                raise Refused("The file is too large when it is unpacked. Save the questions alone in a new file.")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        rows = [tuple(row) for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 2, max_col=50)]
    except BROKEN:
        raise Refused("The file cannot be read as an Excel file. Save it again as .xlsx or as CSV.") from None
    return iter(rows)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # Excel keeps a reference of digits as a number
    text = "" if value is None else str(value)
    return NOT_KEPT.sub("", text.replace("\r\n", "\n")).strip()


def _moment(value: Any, zone: str) -> datetime | None:
    """When it was asked, in the programme's zone; None where the cell is empty. Raises ValueError."""
    if value in (None, ""):
        return None
    if isinstance(value, str):
        return _typed(value.strip(), zone)
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime.combine(value, time())
    else:
        return _typed(str(value), zone)
    return found.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _typed(text: str, zone: str) -> datetime:
    for shape in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%d/%m/%Y %H:%M", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except ValueError:
            continue
    raise ValueError(text)
