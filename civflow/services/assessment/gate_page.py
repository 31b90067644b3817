"""What a gate's page shows: the panel and its load, every application with its scores, and where the line would be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.methods.ranking import Ranked
from civflow.models import Application, Assignment, Gate, Outcome, Panellist, Person, Score, Slot, Team
from civflow.services.assessment.changes import in_whose_name
from civflow.services.assessment.gates import AT_THE_GATE, panel_of, stage_of
from civflow.services.assessment.ranking import outcomes_of, ranking_of
from civflow.services.formatting import tenths
from civflow.services.people.conflicts import why
from civflow.workflows.assessment.assignments import LOCKED, OVER
from civflow.workflows.engine import NotFound
from civflow.workflows.programme import Scorecard, Stage

BETWEEN = timedelta(minutes=15)  # between two interviews


@dataclass
class Seat:
    """A member of the panel with what they were given: numbers of assignments."""

    panellist: Panellist
    person: Person
    given: int = 0
    submitted: int = 0
    declined: int = 0


@dataclass
class Sheet:
    """One assessor's assignment with the scores given so far: criterion id -> score."""

    assignment: Assignment
    person: Person
    conflict: str | None = None  # what conflict of interest the assessor has with the team
    scores: dict[str, Score] = field(default_factory=dict)

    @property
    def locked(self) -> bool:
        return self.assignment.state in LOCKED


@dataclass
class Line:
    """One application at the gate. Ranked figures are there once the scoring has ended."""

    application: Application
    team: Team
    sheets: list[Sheet] = field(default_factory=list)
    outcome: Outcome | None = None
    ranked: Ranked[int] | None = None
    kept_back: bool = False  # the reader has a conflict with the team

    @property
    def asked(self) -> list[Sheet]:
        """The assessors who were asked and are not out of it."""
        return [sheet for sheet in self.sheets if sheet.assignment.state not in OVER]

    @property
    def in_conflict(self) -> list[Sheet]:
        """The assessors who have a conflict with the team and were not replaced."""
        return [sheet for sheet in self.asked if sheet.conflict]

    @property
    def submitted(self) -> int:
        return sum(1 for sheet in self.sheets if sheet.assignment.state in LOCKED)

    @property
    def total(self) -> str:
        """Out of 100, with one decimal."""
        return tenths(self.outcome.total / 100) if self.outcome and not self.kept_back else ""

    @property
    def spread(self) -> str:
        """Points between the highest and the lowest assessor's total, out of 100, with one decimal."""
        return tenths(float(self.ranked.spread)) if self.ranked else ""

    def mean(self, criterion: str) -> str:
        """The panel's mean on a criterion, on the criterion's own scale, with one decimal."""
        value = self.ranked.means.get(criterion, Fraction(0)) if self.ranked else None
        return "" if value is None else tenths(float(value))


@dataclass
class GatePage:
    """Everything that the page of a gate shows, read in a fixed number of queries."""

    gate: Gate
    stage: Stage
    card: Scorecard
    seats: list[Seat]
    lines: list[Line]
    slots: list[tuple[Slot, str]]
    ties: tuple[str, ...]
    in_whose_name: dict[int, str]  # who has changed scores, with whether they sit on the panel

    @property
    def wanted(self) -> int:
        """How many assessors the programme asks for, per application."""
        return self.stage.panel.assessors_per_application if self.stage.panel else 2

    @property
    def submitted(self) -> int:
        return sum(line.submitted for line in self.lines)

    @property
    def assignments(self) -> int:
        return sum(len(line.asked) for line in self.lines)

    @property
    def short(self) -> list[Line]:
        """Applications with fewer assessors than the programme asks for."""
        return [line for line in self.lines if len(line.asked) < self.wanted]


def gate_page(session: Session, gate: Gate, *, with_scores: bool, kept_back: Collection[int] = frozenset()) -> GatePage:
    """Read a gate with its panel and applications. `with_scores` only for those who may see them.

    `kept_back` are the ids of applications whose scores the reader must not see.
    """
    programme, stage = stage_of(session, gate)
    lines = _lines(session, gate, with_scores=with_scores, kept_back=kept_back)
    shown = {line.application.id: line for line in lines if with_scores and not line.kept_back}
    _add_sheets(session, gate, {line.application.id: line for line in lines}, shown)
    ties: tuple[str, ...] = ()
    if with_scores and any(line.outcome for line in lines):
        ranking = ranking_of(session, gate) if any(line.submitted for line in lines) else None
        for ranked in ranking.ranked if ranking else ():
            if ranked.application in shown:
                shown[ranked.application].ranked = ranked
        if ranking and gate.approved_at is None:
            hidden = [line.application.reference for line in lines if line.kept_back]
            ties = tuple(s for s in ranking.sentences if not any(reference in s for reference in hidden))
    lines.sort(
        key=lambda line: (
            line.kept_back,
            line.outcome.rank if line.outcome and not line.kept_back else 0,
            line.application.reference,
        )
    )
    changed_by = {s.moderated_by_id for line in lines for sheet in line.sheets for s in sheet.scores.values()}
    names = {who: in_whose_name(session, gate, who) for who in changed_by if who is not None}
    return GatePage(
        gate, stage, programme.card(stage), _seats(session, gate, lines), lines, _slots(session, gate), ties, names
    )


def _lines(session: Session, gate: Gate, *, with_scores: bool, kept_back: Collection[int]) -> list[Line]:
    """Applications that stand at the gate, or that it has decided on."""
    outcomes = {o.application_id: o for o in outcomes_of(session, gate)}
    query = select(Application, Team).join(Team, col(Team.id) == col(Application.team_id))
    query = query.join(Gate, col(Gate.challenge_id) == col(Application.challenge_id))
    query = query.where(col(Gate.id) == gate.id, AT_THE_GATE | col(Application.id).in_(outcomes))
    return [
        Line(a, t, outcome=outcomes.get(a.id or 0) if with_scores else None, kept_back=a.id in kept_back)
        for a, t in session.execute(query.order_by(col(Application.reference)))
    ]


def _add_sheets(session: Session, gate: Gate, lines: Mapping[int | None, Line], shown: Collection[int | None]) -> None:
    """Add every assignment to its line, with its scores where they are `shown`."""
    conflict = why(col(Assignment.assessor_id), col(Assignment.team_id))
    query = select(Assignment, Person, conflict).join(Person, col(Person.id) == col(Assignment.assessor_id))
    query = query.where(col(Assignment.gate_id) == gate.id).order_by(col(Assignment.id))
    sheets = {}
    for assignment, person, words in session.execute(query):
        if assignment.application_id in lines:
            sheet = Sheet(assignment, person, words)
            lines[assignment.application_id].sheets.append(sheet)
            if assignment.application_id in shown:
                sheets[assignment.id] = sheet
    if sheets:
        for score in session.scalars(select(Score).where(col(Score.assignment_id).in_(sheets)).order_by(col(Score.id))):
            sheets[score.assignment_id].scores[score.criterion] = score


def _seats(session: Session, gate: Gate, lines: Sequence[Line]) -> list[Seat]:
    seats = [Seat(panellist, person) for panellist, person in panel_of(session, gate)]
    by_person = {seat.person.id: seat for seat in seats}
    for sheet in (sheet for line in lines for sheet in line.sheets):
        seat = by_person.get(sheet.person.id)
        if seat:
            is_out = sheet.assignment.state in OVER
            seat.declined += is_out and bool(sheet.assignment.decline_why)
            seat.given += not is_out
            seat.submitted += sheet.assignment.state in LOCKED
    return seats


def _slots(session: Session, gate: Gate) -> list[tuple[Slot, str]]:
    """The interviews in the order of time, each with the name of the team that comes."""
    query = select(Slot, col(Team.name)).outerjoin(Team, col(Team.id) == col(Slot.team_id))
    query = query.where(col(Slot.gate_id) == gate.id).order_by(col(Slot.starts_at), col(Slot.id))
    return [(slot, name or "") for slot, name in session.execute(query)]


def one_after_the_other(first: datetime, number: int, *, minutes: int) -> list[datetime]:
    """The starts of interviews of so many minutes, with a break between them."""
    return [first + n * (timedelta(minutes=minutes) + BETWEEN) for n in range(number)]


def no_such_score() -> NotFound:
    return NotFound("This gate has no such score.")
