"""A round from above: where each challenge stands, what waits, what is late and why, and what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from civflow.models import Challenge, Message, Place, Question, Round, Team, Tracked
from civflow.services.assessment.progress import GateAt, gates_at
from civflow.services.challenges.public_page import is_readable
from civflow.services.challenges.seal import seals
from civflow.services.dashboards.challenge import numbers_of
from civflow.services.dashboards.tasks import Task, by_urgency
from civflow.services.engine.access import in_sight, looks_into
from civflow.services.engine.advance import cases_of, workflow_of
from civflow.services.formatting import count
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import path_of, title_of
from civflow.services.records.waiting import waiting_for
from civflow.services.search.sql import may_know_of, sight_of
from civflow.workflows.delivery.places import ACCEPTED, OFFERED
from civflow.workflows.engine import Actor, Case
from civflow.workflows.notifications import FAILED
from civflow.workflows.questions import WAITING

SOON = timedelta(days=7)


@dataclass
class Strip:
    """One challenge of the round, what its state is called, and what of it the reader can open."""

    challenge: Challenge
    label: str
    tone: str
    is_readable: bool  # its page is open to the reader: an announced challenge has none for the public yet
    is_ours: bool  # the reader's role sees more of the selection than the public
    has_record: bool  # the reader's role opens gates, applications, places or agreements
    gates: list[GateAt] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)  # application, place and agreement -> how many
    sealed_until: datetime | None = None  # nobody may count the applications before then


class Due(NamedTuple):
    """Something that happens by itself, or should, at a moment. `why` are the rules' sentences that hold it back."""

    title: str
    what: str
    at: datetime
    href: str
    why: tuple[str, ...] = ()


@dataclass
class Overview:
    """What the page of a round shows to one reader."""

    round: Round
    is_whole: bool = False  # every challenge of the round is shown, also those that are being prepared
    strips: list[Strip] = field(default_factory=list)
    waiting: tuple[Task, ...] = ()
    late: list[Due] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    failed_messages: int = 0


def rounds(session: Session, *, actor: Actor) -> Sequence[tuple[Round, int]]:
    """Every round that the actor may see, with the number of its challenges that they may know of, the newest first."""
    known = col(Challenge.round_id) == col(Round.id), may_know_of(sight_of(actor))
    number = select(func.count(col(Challenge.id))).where(*known).correlate(Round).scalar_subquery()
    mine = or_(col(Round.rehearsal).is_(False), in_sight(actor, Round))
    query = select(Round, number).where(mine).order_by(col(Round.starts_at).desc(), col(Round.id).desc())
    return [(found, count) for found, count in session.execute(query)]


def overview(session: Session, round_: Round, *, actor: Actor, now: datetime) -> Overview:
    """Everything about a round that the actor may see, and what waits there for them."""
    found = picture_of(session, round_, actor=actor, now=now)
    lines = waiting_for(session, actor=actor, now=now, round_id=round_.id)
    found.waiting = by_urgency([line.task for line in lines])
    return found


def picture_of(session: Session, round_: Round, *, actor: Actor, now: datetime) -> Overview:
    """Everything about a round that the actor may see, in a fixed number of statements."""
    sight, mine = sight_of(actor), col(Challenge.round_id) == round_.id
    found = Overview(round_, sight.everything or round_.id in sight.rounds)
    query = select(Challenge).join(Round).where(mine, may_know_of(sight))
    challenges = session.scalars(query.order_by(col(Challenge.reference), col(Challenge.id))).all()
    _load_programmes(session, challenges)
    gates = gates_at(session, challenges, actor=actor)
    found.strips = _strips(session, challenges, gates, actor, now)
    ours = [strip.challenge for strip in found.strips if strip.is_ours]
    cases = cases_of(session, ours, actor=actor, now=now)
    running = _gates_of_running(session, gates, ours)
    gate_cases = cases_of(session, [at.gate for at in running], actor=actor, now=now)
    by_id = {strip.challenge.id or 0: strip.challenge for strip in found.strips if strip.has_record}
    happening = [
        *_of_challenges(ours, cases),
        *_of_replies(ours, cases),
        *_of_gates(running, gate_cases),
        *_of_places(session, by_id, actor, now),
        *_of_questions(session, by_id, actor, now),
    ]
    found.late = sorted((d for d in happening if d.at < now and d.why), key=lambda d: d.at)
    found.due = sorted((d for d in happening if now <= d.at <= now + SOON), key=lambda d: d.at)
    failed = select(func.count()).where(in_sight(actor, Message), col(Message.state).in_(FAILED))
    found.failed_messages = session.scalar(failed) or 0
    return found


def needs_of(session: Session, challenge: Challenge, *, actor: Actor, now: datetime) -> list[Task]:
    """What waits for the actor at one challenge once a gate has decided: at the next one, and to be agreed."""
    lines = waiting_for(session, actor=actor, now=now, challenge_id=challenge.id)
    return [line.task for line in lines if line.noun in ("gate", "agreement")]


def _gates_of_running(
    session: Session, gates: dict[int, list[GateAt]], challenges: Sequence[Challenge]
) -> list[GateAt]:
    """The gates of challenges that have not come to an end, unless the result is released."""
    running = [c.id or 0 for c in challenges if not workflow_of(session, c).states[c.state].final]
    return [at for key in running for at in gates.get(key, []) if not at.state.final]


def _load_programmes(session: Session, challenges: Sequence[Challenge]) -> None:
    """Each version once: the session keeps what programme_of has read."""
    for challenge in challenges:
        programme_of(session, challenge)


def _strips(
    session: Session, challenges: Sequence[Challenge], gates: dict[int, list[GateAt]], actor: Actor, now: datetime
) -> list[Strip]:
    numbers, strips = numbers_of(session, challenges, actor=actor, now=now), []
    sealed = seals(session, [c for c in challenges if looks_into(actor, "application", c)], now=now)
    for challenge in challenges:
        page = workflow_of(session, challenge)
        key, state = challenge.id or 0, page.states[challenge.state]
        ours = looks_into(actor, "gate", challenge)
        opens = ours or looks_into(actor, "place", challenge)
        there = {noun: found[key] for noun, found in numbers.items() if found.get(key)}
        strips.append(
            Strip(
                challenge,
                state.staff if ours else state.public,
                state.tone,
                is_readable(Case(page, challenge, actor, now)),
                ours,
                opens,
                gates[key],
                there,
                sealed.get(key),
            )
        )
    return strips


def _of_challenges(challenges: Sequence[Challenge], cases: dict[int, Case]) -> Iterator[Due]:
    for challenge in challenges:
        title = f"{challenge.reference} {challenge.title}".strip()
        yield from _by_the_clock(challenge, cases[challenge.id or 0], title)


def _of_replies(challenges: Sequence[Challenge], cases: dict[int, Case]) -> Iterator[Due]:
    """Sponsors who wait for an answer to what they have sent for approval."""
    for challenge in challenges:
        case = cases[challenge.id or 0]
        step = case.workflow.steps_from(case.state).get("approve")
        if step and challenge.reply_promised_at:
            title = f"{challenge.reference} {challenge.title}".strip()
            why = ("An approver approves it, or changes are requested.",)
            yield Due(title, "The sponsor is promised an answer", challenge.reply_promised_at, path_of(challenge), why)


def _by_the_clock(record: Tracked, case: Case, title: str) -> Iterator[Due]:
    """The steps that the clock takes, each with what stands against it."""
    for step in case.workflow.steps_from(case.state).values():
        at = getattr(record, step.due) if step.due else None
        if at:
            yield Due(title, step.button, at, path_of(record), tuple(case.workflow.unmet(case, step)))


ONWARDS = ("start", "moderate", "propose", "approve", "release")  # the steps of a gate, in their order


def _of_gates(gates: Sequence[GateAt], cases: dict[int, Case]) -> Iterator[Due]:
    """When scores are due, how many are outstanding, and what stands against the gate's next step."""
    for at in gates:
        case = cases[at.gate.id or 0]
        steps = case.workflow.steps_from(case.state)
        step = next((steps[name] for name in ONWARDS if name in steps), None)
        if at.gate.scoring_due_at is None or step is None:
            continue
        what = (
            f"{at.asked - at.done} of {count(at.asked, 'assessment')} outstanding"
            if at.asked
            else "nobody assesses yet"
        )
        why = tuple(case.workflow.unmet(case, step)) or (f"Somebody presses “{step.button}”.",)
        yield Due(
            at.title,
            what if at.asked - at.done or not at.asked else step.button,
            at.gate.scoring_due_at,
            f"/gates/{at.gate.id}",
            why,
        )


def _of_places(session: Session, challenges: dict[int, Challenge], actor: Actor, now: datetime) -> Iterator[Due]:
    """Places that begin, or whose team has to answer."""
    query = select(Place, col(Team.name)).join(Team, col(Team.id) == col(Place.team_id))
    waits: ColumnElement[bool] = col(Place.state).in_(OFFERED) | col(Place.state).in_(ACCEPTED)
    query = query.where(col(Place.challenge_id).in_(challenges), in_sight(actor, Place), waits)
    rows = [(place, team) for place, team in session.execute(query)]
    cases = cases_of(session, [place for place, _ in rows], actor=actor, now=now)
    for place, team in rows:
        challenge = challenges[place.challenge_id]
        stage, name = programme_of(session, challenge).stage(place.stage).title, title_of(session, challenge)
        yield from _by_the_clock(place, cases[place.id or 0], f"{team} in {stage} of {name}")


def _of_questions(session: Session, challenges: dict[int, Challenge], actor: Actor, now: datetime) -> Iterator[Due]:
    """Questions that nobody can read an answer to: those beyond their promised day, and those that come next."""
    columns = col(Question.challenge_id), col(Question.answer_promised_at)
    query = select(*columns).where(
        col(Question.challenge_id).in_(challenges),
        col(Question.state).in_(WAITING),
        in_sight(actor, Question),
        col(Question.answer_promised_at).is_not(None),
    )
    by_day: dict[tuple[int, bool], list[datetime]] = {}
    for key, promised in session.execute(query.order_by(columns[1])):
        by_day.setdefault((key, promised < now), []).append(promised)
    for (key, _), promises in by_day.items():
        challenge = challenges[key]
        what = f"{count(len(promises), 'question')} without a published answer"
        yield Due(
            f"{challenge.reference} {challenge.title}".strip(),
            what,
            promises[0],
            f"{path_of(challenge)}/questions",
            ("An answer is published.",),
        )
