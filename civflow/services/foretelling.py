"""What a step will do, said before it is taken: with counts, names and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Assignment, Challenge, Gate, Message, Person, Tracked
from civflow.services.advance import advance
from civflow.services.assessment import applications_at
from civflow.services.calendar import stage_dates
from civflow.services.challenge_scoring import standing
from civflow.services.closing import closing_letter
from civflow.services.matching import match
from civflow.services.programmes import programme_of
from civflow.services.progress import counted
from civflow.services.readiness import why_answered_late
from civflow.services.telling import SOMEBODY
from civflow.services.wording import count, moment, tenths
from civflow.workflows.assignments import LOCKED
from civflow.workflows.engine import NOBODY, Actor, Step


@dataclass(frozen=True)
class Foretold:
    """Sentences beyond the step's own, and a list of lines with what it lists."""

    sentences: list[str]
    lines: list[str] = field(default_factory=list)
    of_what: str = "line"


def foretell(session: Session, step: Step, record: Tracked, *, now: datetime, reason: str) -> Foretold | None:
    """What taking the step with this record now would do; None where the step's own words say everything."""
    teller = TELLERS.get((type(record), step.name))
    if teller is None and isinstance(record, Challenge) and step.name.startswith("leave_"):
        teller = _leaving_a_stage
    return teller(session, step, record, now, reason) if teller else None


def later_dates(session: Session, challenge: Challenge) -> list[str]:
    """A line for each of the next stages, with when it begins as the calendar stands: they follow a closing date that is moved."""
    programme = programme_of(session, challenge)
    ahead = [d for d in stage_dates(session, challenge).values() if d.stage != programme.call.id][:3]
    return [
        f"{programme.stage(d.stage).title} begins {moment(d.starts_at, programme.timezone, begins=True)}" for d in ahead
    ]


class Moved(NamedTuple):
    """What moving the closing date does: until when one can apply, the later dates, and the letter to the teams."""

    closes_at: datetime
    later: list[str]
    letter: Message


def foretell_the_close(
    session: Session,
    challenge: Challenge,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    seen: int | None,
    reason: str,
    closes_at: datetime,
) -> Moved:
    """The step taken and looked at, so that what is said before the button is what it does; the caller takes it back.

    `closes_at` is the new date. Raises Forbidden, Refused and Conflicted as the step itself does.
    """
    when = moment(closes_at, programme_of(session, challenge).timezone)
    letter = closing_letter(challenge, SOMEBODY, when=when, reason=reason, now=now)
    advance(session, challenge, step.name, actor=actor, now=now, seen=seen, reason=reason, closes_at=closes_at)
    return Moved(closes_at, later_dates(session, challenge), letter)


def _matching(session: Session, step: Step, gate: Any, now: datetime, reason: str) -> Foretold:  # noqa: ARG001
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
    return Foretold([s for s in sentences if s], lines, "assessor")


def _going_on_without(session: Session, step: Step, gate: Any, now: datetime, reason: str) -> Foretold:  # noqa: ARG001
    query = select(col(Person.name), func.count()).join(Assignment, col(Assignment.assessor_id) == col(Person.id))
    waits = col(Assignment.gate_id) == gate.id, counted(), col(Assignment.state).not_in(LOCKED)
    rows = [
        (name, number)
        for name, number in session.execute(query.where(*waits).group_by(col(Person.id), col(Person.name)))
    ]
    left = sum(number for _, number in rows)
    sentence = f"{count(left, 'assessment')} of {count(len(rows), 'person', 'people')} may stay undone; nobody is told."
    lines = [f"{name}: {count(number, 'assessment')}" for name, number in sorted(rows)]
    return Foretold([sentence] if left else ["Every assessment is in."], lines, "assessor")


def _ranking(session: Session, step: Step, gate: Any, now: datetime, reason: str) -> Foretold:  # noqa: ARG001
    here = applications_at(session, gate)
    return Foretold(
        [
            f"{count(len(here), 'application')} {'is' if len(here) == 1 else 'are'} ranked by their scores. No applicant is told."
        ]
    )


def _leaving_a_stage(session: Session, step: Step, challenge: Any, now: datetime, reason: str) -> Foretold:  # noqa: ARG001
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
    return Foretold([*sentences, "Nobody is sent a message; your reason stands in the record."])


def _approving(session: Session, step: Step, challenge: Any, now: datetime, reason: str) -> Foretold | None:  # noqa: ARG001
    """What the challenge scores, where somebody has scored it."""
    found = standing(session, challenge, actor=NOBODY)
    if found is None or found.total is None:
        return None
    asked = f"the programme asks for at least {found.scoring.least}"
    people = count(len(found.sheets), "person", "people")
    return Foretold([f"{people} scored it: {tenths(float(found.total))} of 100, and {asked}."])


def _sending(session: Session, step: Step, challenge: Any, now: datetime, reason: str) -> Foretold | None:  # noqa: ARG001
    """That the promised answer comes too late for the opening, where it does."""
    late = why_answered_late(session, challenge, now=now)
    return Foretold([late]) if late else None


Teller = Callable[[Session, Step, Any, datetime, str], Foretold | None]
TELLERS: dict[tuple[type[Tracked], str], Teller] = {
    (Challenge, "submit_for_review"): _sending,
    (Challenge, "approve"): _approving,
    (Gate, "match"): _matching,
    (Gate, "proceed"): _going_on_without,
    (Gate, "moderate"): _ranking,
}
