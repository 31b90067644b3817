"""What an assessor has before them: the list by gate, and one application with its words, scores and neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Gate, Score, Submission, Team
from civflow.services.applications.submission import submissions
from civflow.services.assessment.gates import stage_of
from civflow.services.assessment.scores import scores_of
from civflow.services.challenges.seal import is_readable
from civflow.services.engine.access import visibility_case
from civflow.services.engine.advance import options
from civflow.services.people.conflicts import conflict_of
from civflow.services.records.titles import title_of
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import you_may_read_its_words
from civflow.workflows.assessment.assignments import LOCKED, MAY_READ, OVER
from civflow.workflows.assessment.gate_rules import may_see_scores, scores_kept_back
from civflow.workflows.engine import Actor, Option
from civflow.workflows.programme import Form

MINUTES = 25  # what reading and scoring one application takes, as an estimate for the assessor's evening


@dataclass
class Entry:
    """One assignment in the assessor's list."""

    assignment: Assignment
    reference: str
    title: str
    team: str
    label: str
    tone: str
    left: bool
    declined: bool


@dataclass
class GateList:
    """What one gate asks of the assessor."""

    gate: Gate
    title: str
    due_at: datetime | None
    entries: list[Entry] = field(default_factory=list)

    @property
    def left(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.left]

    @property
    def done(self) -> int:
        return sum(1 for entry in self.entries if entry.assignment.state in LOCKED)

    @property
    def minutes(self) -> int:
        return MINUTES * len(self.left)


def has_declined(assignment: Assignment) -> bool:
    """Whether somebody else is needed; whoever is asked again after that has it before them once more."""
    return bool(assignment.decline_why) and assignment.state in OVER


def gates_of(session: Session, actor: Actor, *, now: datetime) -> list[GateList]:
    """The person's assignments by gate: gates with something left first, the nearest date first."""
    query = select(Assignment, Application, Team, Gate, is_readable(now))
    query = query.join(Application, col(Application.id) == col(Assignment.application_id))
    query = query.join(Team, col(Team.id) == col(Assignment.team_id)).join(
        Gate, col(Gate.id) == col(Assignment.gate_id)
    )
    page, found = HANDBOOK["assignment"], {}
    asked = [state for state in page.states if state not in page.begins]  # an assessor who was not asked sees nothing
    query = query.where(col(Assignment.assessor_id) == actor.id, col(Assignment.state).in_(asked))
    for assignment, application, team, gate, is_open in session.execute(query.order_by(col(Application.reference))):
        if gate.id not in found:
            found[gate.id] = GateList(gate, title_of(session, gate), gate.scoring_due_at)
        state = page.states[assignment.state]
        left = not state.final and not has_declined(assignment)
        title = application.title if is_open and assignment.state in MAY_READ else ""
        found[gate.id].entries.append(
            Entry(
                assignment,
                application.reference,
                title,
                team.name,
                state.staff,
                state.tone,
                left,
                has_declined(assignment),
            )
        )
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(found.values(), key=lambda g: (not g.left, g.due_at or far, g.gate.id))


@dataclass
class OthersSheet:
    """Another assessor's scores, shown once one's own are locked; without a name."""

    title: str
    scores: dict[str, Score]


@dataclass
class ReadingSheet:
    """One application as its assessor, the chair and staff see it; `conflict` is what the assessor has with the team."""

    conflict: str | None
    may_read: bool
    locked: bool
    answers: list[tuple[str, str]]
    earlier: list[tuple[str, str]]
    scores: dict[str, Score]
    others: list[OthersSheet]
    options: dict[str, Option]
    team: str
    previous: int | None
    following: int | None
    left: int
    total: int


def sheet(session: Session, assignment: Assignment, actor: Actor, *, now: datetime) -> ReadingSheet:
    """Read what somebody may see of one application.

    An assessor reads the words after the declaration and others' scores after submitting, and nothing with a conflict;
    others read the words and the scores that the rules of their pages show them.
    """
    conflict = conflict_of(session, assignment.assessor_id, assignment.team_id)
    gate = session.get_one(Gate, assignment.gate_id)
    locked = assignment.state in LOCKED
    if assignment.assessor_id == actor.id:
        sees_scores = assignment.state in MAY_READ and conflict is None
        may_read = sees_scores and _reads_the_words(session, assignment, actor, now)
    else:
        may_read, sees_scores = _open_to(session, assignment, gate, actor, now)
    answers, earlier = _words(session, assignment, gate) if may_read else ([], [])
    previous, following, left, total = _neighbours(session, assignment)
    return ReadingSheet(
        conflict=conflict,
        may_read=may_read,
        locked=locked,
        answers=answers,
        earlier=earlier,
        scores=scores_of(session, assignment) if sees_scores else {},
        others=_others(session, assignment) if locked and sees_scores else [],
        team=session.get_one(Team, assignment.team_id).name,
        options={o.step.name: o for o in options(session, assignment, actor=actor, now=now)},
        previous=previous,
        following=following,
        left=left,
        total=total,
    )


def _open_to(session: Session, assignment: Assignment, gate: Gate, actor: Actor, now: datetime) -> tuple[bool, bool]:
    """Whether somebody else than the assessor may read the words, and the scores."""
    panel = visibility_case(session, gate, actor=actor, now=now)
    if assignment.application_id in scores_kept_back(panel):
        return False, False
    return _reads_the_words(session, assignment, actor, now), may_see_scores(panel)


def _reads_the_words(session: Session, assignment: Assignment, actor: Actor, now: datetime) -> bool:
    """Whether the rule about an application's words, which asks the seal, holds for this reader."""
    application = session.get_one(Application, assignment.application_id)
    return you_may_read_its_words(visibility_case(session, application, actor=actor, now=now))


def _words(session: Session, assignment: Assignment, gate: Gate) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The words that this gate decides on, and the first submission where an improved proposal followed."""
    programme, stage = stage_of(session, gate)
    application = session.get_one(Application, assignment.application_id)
    kept = submissions(session, application)
    first = [s for s in kept if s.stage == programme.call.id]
    here = [s for s in kept if s.stage == stage.id]
    form = programme.forms[stage.form] if stage.form else programme.forms[programme.call.form or ""]
    call = programme.forms[programme.call.form or ""]
    if here:
        return _pairs(form, here[-1]), _pairs(call, first[-1]) if first else []
    return (_pairs(call, first[-1]) if first else []), []


def _pairs(form: Form, submission: Submission) -> list[tuple[str, str]]:
    return [(question.title, submission.answers.get(question.id, "")) for question in form.questions]


def _others(session: Session, assignment: Assignment) -> list[OthersSheet]:
    query = select(Assignment).where(
        col(Assignment.gate_id) == assignment.gate_id,
        col(Assignment.application_id) == assignment.application_id,
        col(Assignment.id) != assignment.id,
        col(Assignment.state).in_(LOCKED),
    )
    others = session.scalars(query.order_by(col(Assignment.id))).all()
    return [OthersSheet(f"Assessor {n}", scores_of(session, other)) for n, other in enumerate(others, start=2)]


def _neighbours(session: Session, assignment: Assignment) -> tuple[int | None, int | None, int, int]:
    """The assignments before and after this one in the list of the same gate that are left, how many are, and of how many."""
    query = select(Assignment).join(Application, col(Application.id) == col(Assignment.application_id))
    query = query.where(
        col(Assignment.gate_id) == assignment.gate_id, col(Assignment.assessor_id) == assignment.assessor_id
    )
    mine: Sequence[Assignment] = session.scalars(query.order_by(col(Application.reference))).all()
    states, taken = HANDBOOK["assignment"].states, [a for a in mine if not has_declined(a)]
    left = [a.id for a in taken if not states[a.state].final and a.state not in HANDBOOK["assignment"].begins]
    order = [a.id for a in mine]
    here = order.index(assignment.id)
    before = [i for i in order[:here] if i in left]
    after = [i for i in order[here + 1 :] if i in left]
    around = after + [i for i in left if i != assignment.id]  # behind the last one, the list begins again
    return (before[-1] if before else None), (around[0] if around else None), len(left), len(taken)
