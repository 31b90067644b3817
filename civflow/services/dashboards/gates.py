"""What needs somebody next at the gates of a round: people on the panel, assessors, interviews, a decision, letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, func, select
from sqlmodel import Session, col

from civflow.models import Agreement, Challenge, Gate, Question
from civflow.services.assessment.progress import GateAt
from civflow.services.dashboards.tasks import Task
from civflow.services.engine.access import in_sight
from civflow.services.engine.advance import PAGES, workflow_of
from civflow.services.formatting import count, money
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import path_of, title_of
from civflow.workflows.agreements import TO_ISSUE
from civflow.workflows.engine import Actor, Case
from civflow.workflows.questions import TO_CLEAR

SOON = timedelta(days=7)


class Need(NamedTuple):
    """Something that waits for this person, and the challenge that it belongs to."""

    challenge_id: int
    waiting: Task


def at_gates(gates: Sequence[GateAt], cases: Mapping[int, Case], *, now: datetime) -> Iterator[Need]:
    """The next step of every gate that the case's actor may take, in the order of the gates."""
    for at in gates:
        for waiting in _next_of(at, cases[at.gate.id or 0], now):
            yield Need(at.gate.challenge_id, waiting)


def _next_of(at: GateAt, case: Case, now: datetime) -> Iterator[Task]:
    if _may(case, "seat") and _is_near(at, now):
        yield from _preparing(at, case)
    page, ends = f"/gates/{at.gate.id}", at.gate.scoring_due_at
    if _can(case, "moderate"):
        yield Task(
            f"End the scoring: {at.title}",
            f"/cases/gate/{at.gate.id}/moderate",
            ends,
            f"All {count(at.done, 'assessment')} are in.",
        )
    if _can(case, "propose"):
        yield Task(f"Propose the result: {at.title}", f"{page}/propose", ends)
    if _can(case, "approve"):
        yield Task(f"Approve a result: {at.title}", page, ends, f"{money(at.gate.stake_pounds)} at stake")
    elif _may(case, "reopen") and "approve" in case.workflow.steps_from(case.state):
        yield Task(f"Read {at.title}, which waits for an approver", page, ends)
    if _can(case, "release"):
        yield Task(f"Release {count(at.outcomes, 'letter')}: {at.title}", f"{page}/release", ends)


def _preparing(at: GateAt, case: Case) -> Iterator[Task]:
    """A gate that runs or begins soon: its panel, its assessors, its interviews, all due when it begins."""
    begins, page, name = at.starts_at, f"/gates/{at.gate.id}", at.title
    if at.seats < at.people_wanted:
        there = count(at.seats, "person sits", "people sit") if at.seats else "nobody sits"
        wanted = f"{count(at.people_wanted, 'person', 'people')}{at.why_so_many}"
        detail = f"The programme wants at least {wanted}; {there} on it."
        yield Task(f"Seat the panel for {name}", f"{page}/panel", begins, detail)
    elif _can(case, "match") and not at.asked:
        detail = f"{count(at.here, 'application')} before the gate, {count(at.seats, 'person', 'people')} on the panel."
        yield Task(f"Match assessors for {name}", f"/cases/gate/{at.gate.id}/match", begins, detail)
    elif _can(case, "start") and at.asked:
        yield Task(
            f"Start the scoring of {name}",
            f"/cases/gate/{at.gate.id}/start",
            begins,
            f"{count(at.asked, 'assessment')} matched.",
        )
    if at.stage.interview_minutes and at.slots < at.here:
        yield Task(
            f"Offer {count(at.here - at.slots, 'interview')} for {name}",
            f"{page}/interviews",
            begins,
            f"{count(at.here, 'team')} to hear; {at.slots} {'is' if at.slots == 1 else 'are'} offered.",
        )
    if _can(case, "skip") and at.gate.stage == at.challenge.state:
        yield Task(f"Close {name}: no application has reached it", f"/cases/gate/{at.gate.id}/skip", begins)


def _is_near(at: GateAt, now: datetime) -> bool:
    """Whether the challenge stands at the gate, or comes to it within a week."""
    if at.gate.stage == at.challenge.state:
        return True
    return at.starts_at is not None and now - SOON < at.starts_at <= now + SOON


def _may(case: Case, trigger: str) -> bool:
    """Whether the actor may take the step that the state offers, if its rules are met."""
    step = case.workflow.steps_from(case.state).get(trigger)
    return step is not None and case.workflow.permits(case, step)


def _can(case: Case, trigger: str) -> bool:
    """Whether the actor may take the step now."""
    step = case.workflow.steps_from(case.state).get(trigger)
    return step is not None and case.workflow.permits(case, step) and not case.workflow.unmet(case, step)


def to_approve(challenges: Mapping[int, Case], records: Sequence[Challenge], *, now: datetime) -> Iterator[Need]:
    """Challenges that wait for an approver."""
    for challenge in records:
        case = challenges[challenge.id or 0]
        title = f"{challenge.reference} {challenge.title}".strip()
        if _may(case, "approve"):
            text = f"Approve a challenge: {title}"
        elif _may(case, "request_changes"):
            text = f"Read {title}, which waits for an approver"
        else:
            continue
        yield Need(
            challenge.id or 0,
            Task(text, path_of(challenge), challenge.reply_promised_at, stake_of(challenge, now=now)),
        )


def stake_of(challenge: Challenge, *, now: datetime) -> str:
    """What an approval is about in a line: the money, and whether the answer to the sponsor, or the opening, presses."""
    said, promised, opens = f"up to {money(challenge.money_pounds)}", challenge.reply_promised_at, challenge.opens_at
    if promised and promised < now:
        return f"{said}; the answer that the sponsor was promised is late"
    return f"{said}; the call is to open before the answer is due" if promised and opens and opens < promised else said


def answers(session: Session, challenges: Mapping[int, Challenge], *, actor: Actor, now: datetime) -> Iterator[Need]:
    """Answers that somebody else has written and this person may publish, by challenge. One statement."""
    columns = col(Question.challenge_id), func.count(), func.min(col(Question.id)), func.min(col(Question.asked_at))
    publish = next(step for step in PAGES[Question].steps if step.name == "publish")
    query = select(*columns, func.min(col(Question.answer_promised_at))).where(
        and_(col(Question.state).in_(TO_CLEAR), col(Question.drafted_by_id) != actor.id, in_sight(actor, Question)),
        col(Question.challenge_id).in_(challenges),
        col(Question.answer) != "",
    )
    for key, number, first, asked_at, promised in session.execute(query.group_by(col(Question.challenge_id))):
        challenge = challenges[key]
        asked = Question(round_id=challenge.round_id, challenge_id=key, asked_at=now, text="", state="", since=now)
        if not any(
            r.claim(Case(PAGES[Question], asked, actor, now, state=publish.sources[0])) for r in publish.permits
        ):
            continue
        what = "an answer" if number == 1 else count(number, "answer")
        days = (now - asked_at).days
        detail = f"Somebody else has written it; the {'question' if number == 1 else 'oldest question'} was asked "
        page = f"{path_of(challenge)}/questions"
        href = f"{page}/{first}/publish" if number == 1 else page
        yield Need(
            key,
            Task(
                f"Publish {what} about {challenge.reference} {challenge.title}".replace("  ", " "),
                href,
                promised,
                detail + (f"{count(days, 'day')} ago." if days else "today."),
            ),
        )


def agreements(session: Session, challenges: Mapping[int, Challenge], *, actor: Actor) -> Iterator[Need]:
    """Agreements whose document is being prepared and that this person issues, by challenge and stage. One statement."""
    stage_of, begins = (col(Agreement.challenge_id), col(Agreement.stage)), func.min(col(Agreement.starts_at))
    columns = *stage_of, func.count(), func.min(col(Agreement.id)), begins
    query = select(*columns).where(
        col(Agreement.state).in_(TO_ISSUE), in_sight(actor, Agreement), col(Agreement.challenge_id).in_(challenges)
    )
    for key, stage, number, first, due in session.execute(query.group_by(*stage_of)):
        challenge = challenges[key]
        if not actor.holds("programme_manager", {"round": challenge.round_id, "challenge": key}):
            continue
        title = programme_of(session, challenge).stage(stage).title
        href = f"/agreements/{first}" if number == 1 else f"{path_of(challenge)}#agreements"
        what = "the agreement" if number == 1 else count(number, "agreement")
        yield Need(key, Task(f"Issue {what} for {title} of {title_of(session, challenge)}", href, due))


def gates_of_running(
    session: Session, gates: Mapping[int, list[GateAt]], challenges: Sequence[Challenge]
) -> list[GateAt]:
    """The gates of challenges that have not come to an end, unless the result is released."""
    running = [c.id or 0 for c in challenges if not workflow_of(session, c).states[c.state].final]
    return [at for key in running for at in gates.get(key, []) if not PAGES[Gate].states[at.gate.state].final]
