"""What a step of a gate, or one back to an earlier stage, would do: with counts, names and what is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Assignment, Gate, Person
from civflow.services.assessment.decisions import DECISIONS
from civflow.services.assessment.gates import applications_at
from civflow.services.assessment.matching import match
from civflow.services.assessment.progress import counted
from civflow.services.formatting import count
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import Previewer, StepPreview
from civflow.workflows.assessment.assignments import LOCKED
from civflow.workflows.engine import Actor, Step


def matching(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> StepPreview:
    """The matching itself, calculated and not kept: it is the same when the button is pressed."""
    matched = match(session, gate)
    names = {
        p.id: p.name
        for p in session.scalars(
            select(Person).where(col(Person.id).in_({seat.person_id for _, seat in matched.pairs}))
        )
    }
    given: dict[int, list[str]] = {}
    for application, seat in matched.pairs:
        given.setdefault(seat.person_id, []).append(application.reference)
    asked = "invited at once" if "invite_the_assessors" in step.then else "invited when the scoring starts"
    stands = session.scalar(select(func.count()).where(col(Assignment.gate_id) == gate.id, counted())) or 0
    sentences = [
        f"{count(len(matched.pairs), 'new assessment')} for {count(len(given), 'person', 'people')}, who are {asked}."
        if matched.pairs
        else "Nobody gets a new assessment.",
        f"{count(stands, 'assessment')} that {'stands' if stands == 1 else 'stand'} already "
        f"{'stays' if stands == 1 else 'stay'} as {'it is' if stands == 1 else 'they are'}."
        if stands
        else "",
        *matched.sentences,
    ]
    lines = [
        f"{names[key]}: {count(len(refs), 'application')} ({', '.join(sorted(refs))})"
        for key, refs in sorted(given.items(), key=lambda pair: names[pair[0]])
    ]
    return StepPreview([s for s in sentences if s], lines, "assessor")


def going_on_without(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> StepPreview:
    query = select(col(Person.name), func.count()).join(Assignment, col(Assignment.assessor_id) == col(Person.id))
    waits = col(Assignment.gate_id) == gate.id, counted(), col(Assignment.state).not_in(LOCKED)
    rows = [
        (name, number)
        for name, number in session.execute(query.where(*waits).group_by(col(Person.id), col(Person.name)))
    ]
    left = sum(number for _, number in rows)
    sentence = f"{count(left, 'assessment')} of {count(len(rows), 'person', 'people')} may stay undone; nobody is told."
    lines = [f"{name}: {count(number, 'assessment')}" for name, number in sorted(rows)]
    return StepPreview([sentence] if left else ["Every assessment is in."], lines, "assessor")


def ranking(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> StepPreview:
    here = applications_at(session, gate)
    return StepPreview(
        [
            f"{count(len(here), 'application')} {'is' if len(here) == 1 else 'are'} ranked by their scores. No applicant is told."
        ]
    )


def leaving_a_stage(
    session: Session,
    step: Step,
    challenge: Any,
    actor: Actor,
    now: datetime,
    reason: str,
) -> StepPreview:
    """Only the challenge moves: what stands at the stage is kept as it is, and nobody is told."""
    programme = programme_of(session, challenge)
    stage = next(s for s in programme.stages if s.id == challenge.state)
    before = programme.before(stage)
    name = before.title if before else "the call"
    sentences = [
        f"The challenge stands at “{name}” again, as the public reads too, until the stage is begun once more."
    ]
    gate = session.scalars(
        select(Gate).where(col(Gate.challenge_id) == challenge.id, col(Gate.stage) == stage.id)
    ).first()
    if gate:
        done = func.count().filter(col(Assignment.state).in_(LOCKED))
        asked, submitted = session.execute(
            select(func.count(), done).where(col(Assignment.gate_id) == gate.id, counted())
        ).one()
        here = len(applications_at(session, gate))
        sentences.append(
            f"{count(here, 'application')} before “{stage.title}” {'stays' if here == 1 else 'stay'} there, and "
            f"{count(asked, 'assessment')} ({submitted} submitted) {'is' if asked == 1 else 'are'} kept: assessors can go on."
        )
    else:
        sentences.append(f"Places, agreements and deliverables of “{stage.title}” are kept as they are.")
    return StepPreview([*sentences, "Nobody is sent a message; your reason stands in the record."])


PREVIEWS: dict[tuple[str, str], Previewer] = {
    ("challenge", "leave_*"): leaving_a_stage,
    ("gate", "match"): matching,
    ("gate", "proceed"): going_on_without,
    ("gate", "moderate"): ranking,
    **DECISIONS,
}
