"""The archive: challenges of earlier rounds, imported from a table of facts with their sources."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Organisation, Programme, Round
from civflow.services.challenges.drafts import draft
from civflow.services.engine.advance import advance, begin
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Refused

COLUMNS = (
    "round",
    "challenge_number",
    "title",
    "question_short",
    "sponsor",
    "company_selected",
    "stage_reached",
    "source_url",
)
SLUG = "archive-"  # how the addresses of the archive's rounds begin
LONGEST_TITLE = 200
FIRST_YEAR = 2015  # round 1 ran in 2016, and each round since has had about a year; two of them began in 2022
# What whoever wrote the table noted for themselves, and money as such tables write it.
NOTES = re.compile(r"\s*\((?:[^()]*\bdemonstrator\b[^()]*|product description|lead|GBP [\d,]+)\)|; GBP [\d,]+$")
POUNDS = re.compile(r"\bGBP (?=\d)")
NOT_SAID = re.compile(r"\((.*) not stated in source\)")
SHORT = re.compile(r"(.+) \(([A-Z]{2,})\)")  # a name, and the letters that stand for it elsewhere


class Row(NamedTuple):
    """One challenge as the table has it; empty where the source does not say."""

    round: str
    number: str
    title: str
    question: str
    sponsor: str
    winner: str
    stage: str
    source: str

    @property
    def reference(self) -> str:
        """The number as later rounds write it: round and number, such as 2.4; nothing for one without a number."""
        if not any(c.isdigit() for c in self.number):
            return ""
        return f"{self.round}.{self.number}" if self.number.isdigit() and self.round else self.number

    @property
    def result(self) -> str:
        """What became of it, in the words of the source."""
        return "; ".join(part for part in (self.winner, self.stage) if part)

    def tidied(self, names: Mapping[str, str]) -> Row:
        """Without notes to its writer; sums in pounds; sponsors by one name each (`names`: letters -> name)."""
        title = NOTES.sub("", self.title)
        if NOT_SAID.fullmatch(title):
            title = f"Title not known: {self.winner or self.sponsor or 'a challenge'}"
        sponsors = [NOTES.sub("", part).strip() for part in self.sponsor.split(";")]
        stage = POUNDS.sub("£", self.stage).replace("all SME", "all small or medium-sized companies")
        return self._replace(
            title=title,
            question=POUNDS.sub("£", NOTES.sub("", self.question)),
            stage=stage,
            sponsor="; ".join(names.get(name, name) for name in sponsors if name),
        )


def shipped_rows() -> list[Row]:
    """The 56 challenges that come with civflow: facts from public pages, each with its address."""
    return read_rows((files("civflow") / "data" / "civtech_challenges.csv").read_text("utf-8"))


def read_rows(text: str) -> list[Row]:
    """The rows of a CSV file with the columns COLUMNS. Raises Refused with a sentence per line that cannot be read."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
    if missing:
        raise Refused(f"The file has no column {', '.join(missing)}. Its first line must name {', '.join(COLUMNS)}.")
    rows, faults = [], []
    try:
        for values in reader:
            row = Row(*((values[name] or "").strip() for name in COLUMNS))
            if not row.title or not row.source:
                faults.append(f"Line {reader.line_num}: a challenge needs a title and a source.")
            elif len(row.title) > LONGEST_TITLE:
                faults.append(f"Line {reader.line_num}: a title of {len(row.title)} characters; {LONGEST_TITLE} fit.")
            rows.append(row)
    except csv.Error as error:
        raise Refused(f"The file is no table: {error}.") from None
    if faults:
        raise Refused(*faults)
    names = _names(rows)
    return [row.tidied(names) for row in rows]


def _names(rows: Sequence[Row]) -> dict[str, str]:
    """Letters -> the sponsor for whom they stand somewhere in the table: SEPA -> Scottish Environment … (SEPA)."""
    sponsors = {name.strip() for row in rows for name in row.sponsor.split(";")}
    return {found[2]: name for name in sorted(sponsors) if (found := SHORT.fullmatch(name))}


def import_rows(
    session: Session, rows: Sequence[Row], *, programme: Programme, actor: Actor, now: datetime
) -> tuple[list[Challenge], int]:
    """File each row as an earlier challenge of an archive round; rows that are there already are left alone.

    Returns the new challenges and the number of rows that were there.
    """
    made, known = [], 0
    for row in rows:
        round_ = archive_round(session, row.round, programme=programme, actor=actor, now=now)
        if find_imported(session, row, round_):
            known += 1
            continue
        challenge = import_row(session, row, round_, actor=actor, now=now)
        advance(session, challenge, "file_as_past", actor=actor, now=now)
        made.append(challenge)
    _close_the_rounds(session, made, actor=actor, now=now)
    return made, known


def _close_the_rounds(session: Session, challenges: Sequence[Challenge], *, actor: Actor, now: datetime) -> None:
    """Rounds of which only the archive knows have come to their end."""
    for round_id in sorted({challenge.round_id for challenge in challenges}):
        round_ = session.get_one(Round, round_id)
        if round_.slug.startswith(SLUG) and "file_as_past" in HANDBOOK["round"].steps_from(round_.state):
            advance(session, round_, "file_as_past", actor=actor, now=now)


def import_row(session: Session, row: Row, round_: Round, *, actor: Actor, now: datetime) -> Challenge:
    """One row as a draft in a round, with its source and what the source says became of it."""
    sponsor = organisation(session, row.sponsor.split(";")[0].strip()) if row.sponsor else None
    return draft(
        session,
        round_=round_,
        sponsor=sponsor,
        title=row.title,
        question=row.question[:500],
        reference=row.reference,
        actor=actor,
        now=now,
        source_url=row.source,
        earlier_result=row.result[:300],
        sponsors_in_source=row.sponsor,
    )


def find_imported(session: Session, row: Row, round_: Round) -> Challenge | None:
    query = select(Challenge).where(
        col(Challenge.round_id) == round_.id, col(Challenge.title) == row.title, col(Challenge.source_url) == row.source
    )
    return session.scalars(query).first()


def organisation(session: Session, name: str) -> Organisation:
    """The public body of this name, made where it is new."""
    known = session.scalars(select(Organisation).where(col(Organisation.legal_name) == name)).first()
    if known:
        return known
    made = Organisation(legal_name=name, kind="public_body")
    session.add(made)
    session.flush()
    return made


def archive_round(session: Session, number: str, *, programme: Programme, actor: Actor, now: datetime) -> Round:
    """The round that holds earlier challenges of this number; one without a number holds those of unknown rounds."""
    slug = f"{SLUG}{number or 'unknown'}"
    known = session.scalars(select(Round).where(col(Round.slug) == slug)).first()
    if known:
        return known
    year = FIRST_YEAR + int(number) - (int(number) > 7) if number.isdigit() else FIRST_YEAR
    title = f"CivTech {number} (archive)" if number else "CivTech, round not known (archive)"
    round_ = Round(
        programme_id=programme.id or 0,
        slug=slug,
        title=title,
        state="",
        since=now,
        starts_at=datetime(year, 1, 1, tzinfo=UTC),
        ends_at=datetime(year + 1, 1, 1, tzinfo=UTC),
    )
    begin(session, round_, actor=actor, now=now)
    return round_
