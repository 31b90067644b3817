"""The challenge owner's dashboard: drafts, questions, deliverables, signatures, and each challenge's funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text
from sqlmodel import Session, col

from civflow.models import Agreement, Assignment, Challenge, Deliverable, Gate, Question, Team
from civflow.services.assessment.progress import counted
from civflow.services.challenges.calendar import send_by
from civflow.services.challenges.funnel import StageOf, funnels
from civflow.services.dashboards.tasks import Dashboard, Task, by_urgency
from civflow.services.engine.advance import workflow_of
from civflow.services.formatting import count, moment
from civflow.services.programmes.store import programme_of
from civflow.workflows.agreements import TO_SIGN
from civflow.workflows.assessment.assignments import LOCKED
from civflow.workflows.assessment.gates import MODERATING, SCORING
from civflow.workflows.challenges.readiness import BEING_DRAFTED, COMPLETED
from civflow.workflows.delivery.deliverables import TO_ACCEPT
from civflow.workflows.engine import Actor, State
from civflow.workflows.questions import TO_CLEAR, WAITING

ROLE = "challenge_owner"


class Selection(NamedTuple):
    """A gate at work: how far the assessors are."""

    gate_id: int
    title: str
    label: str
    done: int
    asked: int
    due_at: datetime | None


@dataclass
class Mine:
    """One challenge of the owner."""

    challenge: Challenge
    state: State
    stages: list[StageOf]
    zone: str
    selection: list[Selection] = field(default_factory=list)


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:
    """What waits for a challenge owner, and their challenges; a fixed number of statements."""
    held = [h for h in actor.roles if h.role == ROLE]
    if not held:
        return None
    challenges = _challenges(session, actor)
    found = {c.id or 0: c for c in challenges}
    waiting = [
        *_drafts(session, challenges),
        *_questions(session, found, actor, now),
        *_deliverables(session, found),
        *_agreements(session, found, now),
    ]
    return Dashboard(
        "owner",
        "Your challenges",
        by_urgency(waiting),
        nothing="No draft, question, deliverable or signature waits for you.",
        parts={"challenges": _mine(session, challenges), "may_draft": any(h.scope != "challenge" for h in held)},
    )


def _challenges(session: Session, actor: Actor) -> list[Challenge]:
    """The challenges that the actor owns, those that run first; earlier ones of the archive are left out."""
    held = [h for h in actor.roles if h.role == ROLE]
    of = {scope: [h.scope_id or 0 for h in held if h.scope == scope] for scope in ("round", "challenge")}
    mine = or_(col(Challenge.round_id).in_(of["round"]), col(Challenge.id).in_(of["challenge"]))
    query = select(Challenge).where(~col(Challenge.state).in_(COMPLETED))
    if not any(h.scope == "site" for h in held):
        query = query.where(mine)
    return list(
        session.scalars(query.order_by(col(Challenge.closes_at).desc().nulls_last(), col(Challenge.id)).limit(MOST))
    )


MOST = 50  # challenges on one dashboard


def _drafts(session: Session, challenges: Sequence[Challenge]) -> list[Task]:
    """Texts that wait for the owner: begun, or to be changed as the programme office asked."""
    waiting = []
    for challenge in challenges:
        programme = programme_of(session, challenge)  # kept by the session, for every look at the rules
        workflow = workflow_of(session, challenge)
        if challenge.state not in BEING_DRAFTED:
            continue
        changed = challenge.state != workflow.initial
        verb = "Change" if changed else "Finish the draft of"
        detail = "The programme office has asked for changes." if changed else "It is not sent for approval yet."
        due = None
        if challenge.opens_at:
            due = send_by(programme, challenge.opens_at)
            opens = moment(challenge.opens_at, programme.timezone)
            detail += (
                f" Send it by then: the answer may take {programme.readiness.answer_within}, and it opens on {opens}."
            )
        waiting.append(Task(f"{verb} “{challenge.title}”", f"/challenges/{challenge.slug}/edit", due, detail))
    return waiting


def _questions(session: Session, found: dict[int, Challenge], actor: Actor, now: datetime) -> list[Task]:
    """Questions without an answer, and answers of somebody else that this person may publish."""
    cleared = col(Question.state).in_(TO_CLEAR)
    unwritten = ~cleared
    others = and_(cleared, col(Question.drafted_by_id) != actor.id)
    late = func.sum(case((col(Question.answer_promised_at) < now, 1), else_=0))
    columns = (
        col(Question.challenge_id),
        unwritten.label("unwritten"),
        func.count(),
        func.min(col(Question.asked_at)),
        func.min(col(Question.answer_promised_at)),
        func.min(col(Question.id)),
        late,
    )
    query = select(*columns).where(
        col(Question.challenge_id).in_(found), col(Question.state).in_(WAITING), or_(unwritten, others)
    )
    waiting = []
    for key, empty, number, asked_at, promised, first, over in session.execute(
        query.group_by(col(Question.challenge_id), text("unwritten"))
    ):
        challenge = found[key]
        page = f"/challenges/{challenge.slug}/questions"
        href = f"{page}/{first}" if number == 1 else page
        one = "a question" if empty else "an answer"
        what = one if number == 1 else count(number, "question" if empty else "answer")
        days = (now - asked_at).days
        when = f"{count(days, 'day')} ago" if days else "today"
        detail = f"{'It was' if number == 1 else 'The oldest was'} asked {when}."
        if over:
            those = "It is" if number == 1 else f"{over} of them {'is' if over == 1 else 'are'}"
            detail += f" {those} late."
        verb = "Answer" if empty else "Check and publish"
        waiting.append(Task(f"{verb} {what} about “{challenge.title}”", href, promised, detail))
    return waiting


def _deliverables(session: Session, found: dict[int, Challenge]) -> list[Task]:
    query = select(Deliverable, col(Team.name)).join(Team, col(Team.id) == col(Deliverable.team_id))
    query = query.where(col(Deliverable.challenge_id).in_(found), col(Deliverable.state).in_(TO_ACCEPT))
    return [
        Task(
            f"Look at “{d.title}” of {team}",
            f"/cases/deliverable/{d.id}",
            None,
            f"For “{found[d.challenge_id].title}”.",
        )
        for d, team in session.execute(query.order_by(col(Deliverable.submitted_at), col(Deliverable.id)))
    ]


def _agreements(session: Session, found: dict[int, Challenge], now: datetime) -> list[Task]:
    """Agreements that the team has signed and whose standstill is over."""
    over: ColumnElement[bool] = or_(
        col(Agreement.standstill_ends_at).is_(None), col(Agreement.standstill_ends_at) <= now
    )
    query = select(Agreement, col(Team.name)).join(Team, col(Team.id) == col(Agreement.team_id))
    query = query.where(
        col(Agreement.challenge_id).in_(found),
        col(Agreement.state).in_(TO_SIGN),
        col(Agreement.team_signed_at).is_not(None),
        over,
    )
    waiting = []
    for agreement, team in session.execute(query.order_by(col(Agreement.starts_at), col(Agreement.id))):
        challenge = found[agreement.challenge_id]
        stage = programme_of(session, challenge).stage(agreement.stage).title
        detail = f"For the stage “{stage}” of “{challenge.title}”. The team has signed."
        href = f"/agreements/{agreement.id}"
        waiting.append(Task(f"Sign the agreement with {team}", href, agreement.starts_at, detail))
    return waiting


def _mine(session: Session, challenges: Sequence[Challenge]) -> list[Mine]:
    """Each challenge with its funnel, and the gate that is at work."""
    programmes = [programme_of(session, challenge) for challenge in challenges]
    stages = funnels(session, challenges, programmes, staff=True)
    selections = _selections(session, {c.id or 0: p for c, p in zip(challenges, programmes, strict=True)})
    return [
        Mine(
            c,
            workflow_of(session, c).states[c.state],
            stages[c.id or 0],
            p.timezone,
            selections.get(c.id or 0, []),
        )
        for c, p in zip(challenges, programmes, strict=True)
    ]


def _selections(session: Session, programmes: dict[int, Any]) -> dict[int, list[Selection]]:
    """Challenge id -> its gates at work, with how many assessments are submitted out of those asked for."""
    done = func.sum(case((col(Assignment.state).in_(LOCKED), 1), else_=0))
    asked = func.sum(case((counted(), 1), else_=0))
    query = select(Gate, done, asked).outerjoin(Assignment, col(Assignment.gate_id) == col(Gate.id))
    query = query.where(
        col(Gate.challenge_id).in_(programmes),
        or_(col(Gate.state).in_(SCORING), col(Gate.state).in_(MODERATING)),
    )
    found: dict[int, list[Selection]] = {}
    for gate, finished, total in session.execute(query.group_by(col(Gate.id)).order_by(col(Gate.id))):
        title = programmes[gate.challenge_id].stage(gate.stage).title
        label = workflow_of(session, gate).states[gate.state].staff
        selection = Selection(gate.id, title, label, finished or 0, total or 0, gate.scoring_due_at)
        found.setdefault(gate.challenge_id, []).append(selection)
    return found
