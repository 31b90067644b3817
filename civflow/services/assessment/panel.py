"""Seating a panel: who sits there with which load, who could, who cannot and why, and what the programme still wants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Challenge, Gate, Grant, Panellist, Person, Slot, SlotPanel, Team
from civflow.models.people import ROLES
from civflow.services.assessment.gates import panel_of, stage_of
from civflow.services.assessment.progress import counted
from civflow.services.challenges.seal import are_sealed
from civflow.services.engine.facts import GATE, facts
from civflow.services.formatting import count
from civflow.services.people.conflicts import has_conflict, why
from civflow.workflows.applications import IN_SELECTION
from civflow.workflows.assessment.assignments import LOCKED
from civflow.workflows.interviews import STANDING
from civflow.workflows.programme import Stage

FITTING = {"assessor": "expert", "challenge_owner": "sponsor", "programme_manager": "programme"}  # role -> side
ELSEWHERE = "assesses in this round"


@dataclass
class Somebody:
    """A person who sits on the panel or could: why they fit, which side they would sit for, and what stands against."""

    person: Person
    reasons: list[str] = field(default_factory=list)  # "challenge owner of this challenge"
    side: str = "expert"
    open: int = 0  # assessments that wait for them, at every gate
    conflicts: list[str] = field(default_factory=list)  # "leads the team Otter Works"
    applies: bool = False


class Sitting(NamedTuple):
    """A seat of the panel with its numbers at this gate."""

    seat: Panellist
    somebody: Somebody
    given: int
    submitted: int


@dataclass(frozen=True)
class Panel:
    """Everything that the page of a panel shows."""

    stage: Stage
    sitting: list[Sitting]
    free: list[Somebody]  # who fits and could be seated, by name
    refused: list[Somebody]  # who fits by role, and applies to this challenge
    wanted: list[str]  # what the programme's rule still wants, in sentences


def panel(session: Session, gate: Gate, *, now: datetime) -> Panel:
    """The panel of a gate and everybody who fits on it, in a fixed number of statements."""
    _, stage = stage_of(session, gate)
    seats = panel_of(session, gate)
    known = {person.id or 0: Somebody(person) for _, person in seats}
    for person, reason, side in _fitting(session, gate):
        somebody = known.setdefault(person.id or 0, Somebody(person))
        if reason not in somebody.reasons:
            somebody.reasons.append(reason)
            somebody.side = side if len(somebody.reasons) == 1 else somebody.side
    _add_loads(session, known)
    _add_what_stands_against(session, gate, known, now=now)
    given = _numbers(session, gate)
    sitting = [Sitting(seat, known[seat.person_id], *given.get(seat.person_id, (0, 0))) for seat, _ in seats]
    taken = {seat.person_id for seat, _ in seats}
    others = sorted((s for key, s in known.items() if key not in taken), key=lambda s: s.person.name.casefold())
    return Panel(
        stage,
        sitting,
        [s for s in others if not s.applies],
        [s for s in others if s.applies],
        _still_wanted(stage, [seat for seat, _ in seats]),
    )


def _fitting(session: Session, gate: Gate) -> Iterable[tuple[Person, str, str]]:
    """People with why they fit and for which side: by role, as the sponsor's people, as assessors of the round."""
    challenge = session.get_one(Challenge, gate.challenge_id)
    here = or_(
        col(Grant.scope) == "site",
        (col(Grant.scope) == "round") & (col(Grant.scope_id) == gate.round_id),
        (col(Grant.scope) == "challenge") & (col(Grant.scope_id) == gate.challenge_id),
    )
    is_open = col(Person.closed_at).is_(None)
    held = select(Person, col(Grant.role)).join(Grant, col(Grant.person_id) == col(Person.id))
    held = held.where(here, col(Grant.revoked_at).is_(None), col(Grant.role).in_(FITTING), is_open)
    for person, role in session.execute(held.order_by(col(Person.id), col(Grant.role))):
        yield person, ROLES[role].lower(), FITTING[role]
    if challenge.sponsor_id:
        theirs = select(Person).where(col(Person.organisation_id) == challenge.sponsor_id, is_open)
        for person in session.scalars(theirs.order_by(col(Person.id))):
            yield person, "works for the sponsor", "sponsor"
    sat = select(Person, func.min(col(Panellist.side))).join(Panellist, col(Panellist.person_id) == col(Person.id))
    sat = sat.join(Gate, col(Gate.id) == col(Panellist.gate_id)).where(
        col(Gate.round_id) == gate.round_id, col(Gate.id) != gate.id, is_open
    )
    for person, side in session.execute(sat.group_by(col(Person.id)).order_by(col(Person.id))):
        yield person, ELSEWHERE, side


def fits(session: Session, gate: Gate, person: Person) -> bool:
    """Whether a role, or whom they work for, puts somebody on a gate's panel; that they sit on another does not."""
    return any(one.id == person.id and reason != ELSEWHERE for one, reason, _ in _fitting(session, gate))


def _add_loads(session: Session, known: Mapping[int, Somebody]) -> None:
    waits = counted(), col(Assignment.state).not_in(LOCKED), col(Assignment.assessor_id).in_(known)
    query = select(col(Assignment.assessor_id), func.count()).where(*waits).group_by(col(Assignment.assessor_id))
    for key, number in session.execute(query):
        known[key].open = number


def _add_what_stands_against(session: Session, gate: Gate, known: Mapping[int, Somebody], *, now: datetime) -> None:
    """Their own applications to this challenge, and conflicts with teams that may come to the gate, those in
    reserve among them.

    While the call is sealed nobody learns from this who applies.
    """
    if are_sealed(session, session.get_one(Challenge, gate.challenge_id), now=now):
        return
    applicants = select(facts()["gate"]["applicant_ids"]).select_from(GATE).where(GATE.c.id == gate.id)
    for key in known.keys() & (session.scalar(applicants) or frozenset()):
        known[key].applies = True
    teams = select(col(Application.team_id)).where(
        col(Application.challenge_id) == gate.challenge_id, col(Application.state).in_(IN_SELECTION)
    )
    person, team = col(Person.id), col(Team.id)
    query = select(person, col(Team.name), why(person, team)).select_from(Person).join(Team, has_conflict(person, team))
    for key, name, what in session.execute(query.where(person.in_(known), team.in_(teams)).order_by(col(Team.name))):
        known[key].conflicts.append(f"{name}: {what}")


def _numbers(session: Session, gate: Gate) -> dict[int, tuple[int, int]]:
    """Person id -> how many assessments they were given at this gate, and how many are in."""
    given = select(col(Assignment.assessor_id), col(Assignment.state)).where(
        col(Assignment.gate_id) == gate.id, counted()
    )
    found: dict[int, tuple[int, int]] = {}
    for key, state in session.execute(given):
        number, submitted = found.get(key, (0, 0))
        found[key] = (number + 1, submitted + (state in LOCKED))
    return found


def _still_wanted(stage: Stage, seats: Sequence[Panellist]) -> list[str]:
    """What the programme's panel rule wants and the panel does not have."""
    rule, sentences = stage.panel, []
    least = max(rule.people, rule.assessors_per_application) if rule else 2
    if len(seats) < least:
        each = f", so that each application gets {rule.assessors_per_application} assessors" if rule else ""
        sentences.append(f"At least {count(least, 'person', 'people')}{each}: {len(seats) or 'nobody'} so far.")
    missing: Collection[str] = set(rule.sides if rule else ()) - {seat.side for seat in seats}
    names = {"sponsor": "the sponsor", "programme": "the programme", "expert": "the experts"}
    sentences += [f"Somebody who sits for {names[side]}." for side in (rule.sides if rule else ()) if side in missing]
    if seats and not any(seat.chairs for seat in seats):
        sentences.append("Somebody in the chair: the chair ends the scoring and settles ties.")
    return sentences


class Leaving(NamedTuple):
    """What becomes of a panellist's work when they are taken off the panel."""

    withdrawn: int
    kept: int
    interviews: int


def leaving(session: Session, gate: Gate, person_id: int) -> Leaving:
    """How many open assignments would be withdrawn, how many submitted ones stay, how many interviews lose them."""
    given, submitted = _numbers(session, gate).get(person_id, (0, 0))
    ahead = select(func.count()).select_from(SlotPanel).where(*_hears(gate, person_id))
    return Leaving(given - submitted, submitted, session.scalar(ahead) or 0)


def _hears(gate: Gate, person_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    slots = select(col(Slot.id)).where(col(Slot.gate_id) == gate.id, col(Slot.state).in_(STANDING))
    return col(SlotPanel.person_id) == person_id, col(SlotPanel.slot_id).in_(slots)
