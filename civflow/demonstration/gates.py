"""Acts at a gate: a panel is seated and matched, scores alone, moderates, proposes; somebody approves and releases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlmodel import col

from civflow.demonstration import cast
from civflow.demonstration.calls import find, improve_it
from civflow.demonstration.play import Scene
from civflow.demonstration.words import REASONS
from civflow.methods.working_days import is_working_day
from civflow.models import Application, Assignment, Conflict, Gate, Panellist, Person, Slot
from civflow.services.assessment.gates import applications_at, panel_of, scorecard_of
from civflow.services.assessment.ranking import outcomes_of
from civflow.services.assessment.scores import record_score
from civflow.services.challenges.archive import Row
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance, options
from civflow.services.interviews.slots import book_slot, offer_slots
from civflow.services.people import invented
from civflow.workflows.engine import Refused
from civflow.workflows.rules import no_conflict_with_its_teams

Do = Callable[[Scene], None]
UK = ZoneInfo("Europe/London")


def gate(scene: Scene, row: Row, stage: str) -> Gate:
    return gate_of(scene.session, find(scene, row), stage)


def begin_it(row: Row, stage: str) -> Do:
    """The programme manager begins a stage of the challenge."""

    def do(scene: Scene) -> None:
        manager = scene.actor(scene.person(invented.MANAGER))
        advance(scene.session, find(scene, row), f"begin_{stage}", actor=manager, now=scene.now)

    return do


def seat_it(row: Row, stage: str, panel: Sequence[tuple[str, str]]) -> Do:
    """The panel is seated; the first takes the chair. Then the assessors are matched."""

    def do(scene: Scene) -> None:
        here, manager = gate(scene, row, stage), scene.actor(scene.person(invented.MANAGER))
        for position, (email, side) in enumerate(panel):
            advance(
                scene.session,
                here,
                "seat",
                actor=manager,
                now=scene.now,
                person_id=scene.person(email).id,
                side=side,
                chairs=position == 0,
            )
        advance(scene.session, here, "match", actor=manager, now=scene.now)

    return do


def start_it(row: Row, stage: str) -> Do:
    def do(scene: Scene) -> None:
        advance(
            scene.session,
            gate(scene, row, stage),
            "start",
            actor=scene.actor(scene.person(invented.MANAGER)),
            now=scene.now,
        )

    return do


def answer_it(row: Row, stage: str, email: str) -> Do:
    """One assessor answers every invitation: most are accepted, one in forty is a conflict."""

    def do(scene: Scene) -> None:
        person = scene.person(email)
        actor = scene.actor(person)
        for assignment in _mine(scene, gate(scene, row, stage), person.id, "accept"):
            if scene.random.random() < 0.025:
                advance(scene.session, assignment, "decline", actor=actor, now=scene.now, decline_why="conflict")
                continue
            try:
                advance(scene.session, assignment, "accept", actor=actor, now=scene.now, no_conflict=True)
            except Refused:  # a conflict that was declared at an earlier gate is on record
                advance(scene.session, assignment, "decline", actor=actor, now=scene.now, decline_why="conflict")

    return do


def rematch_it(row: Row, stage: str) -> Do:
    """Where an application lacks an assessor, the programme manager seats one more from each side and matches again."""

    def do(scene: Scene) -> None:
        here, manager = gate(scene, row, stage), scene.actor(scene.person(invented.MANAGER))
        given = Counter(
            a.application_id for a in scene.all(Assignment, Assignment.gate_id == here.id) if not a.decline_why
        )
        if all(given[application.id] >= 3 for application in applications_at(scene.session, here)):
            return
        seated = {s.person_id for s in scene.all(Panellist, Panellist.gate_id == here.id)}
        for side in ("programme", "sponsor"):
            free = [p.id for p in map(scene.person, cast.assessor_emails(side)) if p.id not in seated]
            advance(
                scene.session,
                here,
                "seat",
                actor=manager,
                now=scene.now,
                person_id=scene.random.choice(free[1:]),
                side=side,
            )
        advance(scene.session, here, "match", actor=manager, now=scene.now)

    return do


def score_rest(row: Row, stage: str) -> Do:
    """Everybody on the panel who has something left scores it."""

    def do(scene: Scene) -> None:
        for seat in scene.all(Panellist, Panellist.gate_id == gate(scene, row, stage).id):
            score_it(row, stage, scene.session.get_one(Person, seat.person_id).email)(scene)

    return do


def score_it(row: Row, stage: str, email: str) -> Do:
    """One assessor accepts what is left, scores every criterion with a reason, and submits."""

    def do(scene: Scene) -> None:
        answer_it(row, stage, email)(scene)
        here, person = gate(scene, row, stage), scene.person(email)
        actor, card = scene.actor(person), scorecard_of(scene.session, here)
        leaning = scene.random.gauss(0, 0.35)
        for assignment in _mine(scene, here, person.id, "score"):
            if scene.all(Conflict, Conflict.person_id == person.id, Conflict.team_id == assignment.team_id):
                # declared since, when the same team came up for another challenge
                advance(scene.session, assignment, "decline", actor=actor, now=scene.now, decline_why="conflict")
                continue
            quality = _quality(scene, assignment.application_id)
            for criterion in card.criteria:
                value = round(min(4.0, max(0.0, quality + leaning + scene.random.gauss(0, 0.6))))
                record_score(
                    scene.session,
                    assignment,
                    criterion=criterion.id,
                    value=value,
                    actor=actor,
                    now=scene.now,
                    why=scene.random.choice(REASONS[value]),
                )
            advance(scene.session, assignment, "submit", actor=actor, now=scene.now)

    return do


def _mine(scene: Scene, here: Gate, person_id: int | None, trigger: str) -> list[Assignment]:
    """The person's assignments at a gate that stand where a step begins."""
    mine = scene.all(Assignment, col(Assignment.gate_id) == here.id, col(Assignment.assessor_id) == person_id)
    actor = scene.actor(person_id or 0)
    offered = {a.id: {o.step.name for o in options(scene.session, a, actor=actor, now=scene.now)} for a in mine}
    return [a for a in mine if trigger in offered[a.id]]


def _quality(scene: Scene, application_id: int) -> float:
    """How good an application is, on the scale of 0 to 4: the same for every assessor and gate."""
    reference = scene.session.get_one(Application, application_id).reference
    return Random(f"quality:{reference}").gauss(2.3, 0.75)


def moderate_it(row: Row, stage: str, going_on: int | None = None, why: str = "") -> Do:
    """The chair ends the scoring, settles ties at the line, and proposes; with a conflict, the manager does the rest."""

    def do(scene: Scene) -> None:
        here = gate(scene, row, stage)
        seat = next(s for s in scene.all(Panellist, Panellist.gate_id == here.id) if s.chairs)
        chair = scene.actor(seat.person_id)
        advance(scene.session, here, "moderate", actor=chair, now=scene.now)
        offered = {o.step.name: o for o in options(scene.session, here, actor=chair, now=scene.now)}
        if no_conflict_with_its_teams.sentence in offered["propose"].sentences:
            chair = scene.actor(scene.person(invented.MANAGER))
        number = min(here.cap, len(applications_at(scene.session, here))) if going_on is None else going_on
        while tied := _tie_at(scene, here, number):
            advance(
                scene.session,
                here,
                "settle",
                actor=chair,
                now=scene.now,
                application_id=tied,
                reason="Equal on every declared criterion; the panel finds its first steps clearer.",
            )
        advance(scene.session, here, "propose", actor=chair, now=scene.now, going_on=number, number_reason=why)

    return do


def _tie_at(scene: Scene, here: Gate, number: int) -> int | None:
    """An application of a group of equals that the line runs through, or None."""
    outcomes = outcomes_of(scene.session, here)
    above = [o for o in outcomes if o.rank <= number]
    return min(above, key=lambda o: (-o.rank, o.application_id)).application_id if len(above) > number else None


def approve_it(row: Row, stage: str) -> Do:
    def do(scene: Scene) -> None:
        approver = scene.actor(scene.person(invented.APPROVER))
        advance(scene.session, gate(scene, row, stage), "approve", actor=approver, now=scene.now)

    return do


def release_it(row: Row, stage: str) -> Do:
    def do(scene: Scene) -> None:
        manager = scene.actor(scene.person(invented.MANAGER))
        advance(scene.session, gate(scene, row, stage), "release", actor=manager, now=scene.now)

    return do


def offer_it(row: Row, stage: str) -> Do:
    """The programme manager offers one interview for each application, one after the other; the whole panel hears them."""

    def do(scene: Scene) -> None:
        here = gate(scene, row, stage)
        first = _interview_morning(scene.now)
        starts = [first + timedelta(minutes=45 * n) for n in range(len(applications_at(scene.session, here)))]
        people = [person.id or 0 for _, person in panel_of(scene.session, here)]
        offer_slots(
            scene.session,
            here,
            starts=starts,
            where="Video call, link in the invitation",
            panel=people,
            actor=scene.actor(scene.person(invented.MANAGER)),
            now=scene.now,
        )

    return do


def _interview_morning(now: datetime) -> datetime:
    """Nine o'clock, UK time, of a working day two to four days ahead; the story leaves no room for more."""
    days = [now.astimezone(UK).date() + timedelta(days=ahead) for ahead in (2, 3, 4)]
    day = next((day for day in days if is_working_day(day)), days[1])
    return datetime.combine(day, time(9), UK).astimezone(UTC)


def book_it(row: Row, stage: str) -> Do:
    """Every team books a slot; where fewer than two of the panel could hear it, that slot is left to another."""

    def do(scene: Scene) -> None:
        here = gate(scene, row, stage)
        free = scene.all(Slot, Slot.gate_id == here.id)
        for application in applications_at(scene.session, here):
            lead = scene.lead(application.team_id)
            for slot in list(free):
                try:
                    book_slot(scene.session, slot, application, actor=lead, now=scene.now)
                except Refused:
                    continue
                free.remove(slot)
                break

    return do


def hold_it(row: Row, stage: str) -> Do:
    def do(scene: Scene) -> None:
        here, manager = gate(scene, row, stage), scene.actor(scene.person(invented.MANAGER))
        for slot in scene.all(Slot, Slot.gate_id == here.id):
            trigger = {"reason": "Nobody booked it."} if slot.application_id is None else {"attended": 3}
            name = "cancel" if slot.application_id is None else "hold"
            advance(scene.session, slot, name, actor=manager, now=scene.now, **trigger)

    return do


def improve_all(row: Row, stage: str) -> Do:
    def do(scene: Scene) -> None:
        for application in applications_at(scene.session, gate(scene, row, stage)):
            improve_it(scene, application)

    return do
