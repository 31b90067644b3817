"""What follows at a gate: panels are seated and matched, scores kept and ranked, and the result released."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from civflow.methods.ranking import THE_PANEL
from civflow.models import (
    Application,
    Assignment,
    Challenge,
    Conflict,
    Gate,
    Outcome,
    Panellist,
    Person,
    Score,
    SlotPanel,
)
from civflow.models.assessment import IN_THE_LINE
from civflow.services.assessment.gates import applications_at, panel_of, stage_of
from civflow.services.assessment.letters import issue_letters
from civflow.services.assessment.matching import match
from civflow.services.assessment.panel import _hears
from civflow.services.assessment.progress import counted
from civflow.services.assessment.ranking import (
    WITHOUT_THE_PANEL,
    cost_of_a_place,
    hundredths,
    outcomes_of,
    rank_without,
    ranking_of,
    settled,
    tie_words,
)
from civflow.services.assessment.scores import scores_of
from civflow.services.challenges.stages import move_on
from civflow.services.engine.advance import advance_many, begin_many
from civflow.services.engine.effects import Move, declare, effect, effect_in_row
from civflow.services.formatting import count, moment
from civflow.services.notifications.outbox import post_all, write
from civflow.services.people.conflicts import has_conflict
from civflow.services.records.titles import title_of
from civflow.workflows.assessment.assignments import ASKED, LOCKED, PROPOSED
from civflow.workflows.assessment.gates import MODERATING, TO_APPROVE, TO_RELEASE
from civflow.workflows.engine import CIVFLOW


@effect
def seat_the_panellist(session: Session, move: Move) -> None:
    """Seat a person, or change the seat of one who has one; a panel has one chair."""
    gate, inputs = move.record, move.inputs
    _, stage = stage_of(session, gate)
    seats = {seat.person_id: seat for seat, _ in panel_of(session, gate)}
    if inputs.get("chairs"):
        for seat in seats.values():
            seat.chairs = False
    seat = seats.get(inputs["person_id"]) or Panellist(gate_id=gate.id, person_id=inputs["person_id"], side="expert")
    seat.side, seat.chairs = inputs["side"], bool(inputs.get("chairs"))
    seat.largest_load = stage.panel.largest_load if stage.panel else seat.largest_load
    session.add(seat)
    session.flush()


@effect
def propose_assignments(session: Session, move: Move) -> None:
    """Match assessors to applications; the preview of the step says what cannot be covered."""
    gate: Gate = move.record
    begin_many(
        session,
        [
            Assignment(
                round_id=gate.round_id,
                challenge_id=gate.challenge_id,
                gate_id=gate.id or 0,
                side=seat.side,
                application_id=application.id or 0,
                team_id=application.team_id,
                assessor_id=seat.person_id,
                due_at=gate.scoring_due_at,
                state="",
                since=move.now,
            )
            for application, seat in match(session, gate).pairs
        ],
        actor=CIVFLOW,
        now=move.now,
    )


@effect
def invite_the_assessors(session: Session, move: Move) -> None:
    """Every matched assessor is asked, with one message each."""
    gate: Gate = move.record
    query = select(Assignment).where(col(Assignment.gate_id) == gate.id, col(Assignment.state).in_(PROPOSED))
    asked = session.scalars(query.order_by(col(Assignment.id))).all()
    advance_many(session, Assignment, [a.id or 0 for a in asked], "invite", actor=CIVFLOW, now=move.now)
    numbers: dict[int, int] = {}
    for assignment in asked:
        numbers[assignment.assessor_id] = numbers.get(assignment.assessor_id, 0) + 1
    programme, _ = stage_of(session, gate)
    due = moment(gate.scoring_due_at, programme.timezone) if gate.scoring_due_at else "the end of the stage"
    post_all(
        session,
        [
            write(
                person=session.get_one(Person, person),
                kind="to_assess",
                now=move.now,
                about="/assignments",
                due=due,
                key=f"to-assess-{gate.id}-{gate.revision}-{person}",
                title=title_of(session, gate),
                number=count(number, "application"),
            )
            for person, number in sorted(numbers.items())
        ],
        now=move.now,
    )


def tell_the_assessors_to_stop(session: Session, moves: Sequence[Move]) -> None:
    """Whoever was asked to assess and still sits on the panel is told once of all that is no longer needed."""
    asked = [move for move in moves if move.from_state in ASKED and move.actor.id != move.row.assessor_id]
    together: dict[tuple[int, int], list[Move]] = {}
    for move in asked:
        together.setdefault((move.row.gate_id, move.row.assessor_id), []).append(move)
    letters = []
    for (gate_id, person_id), own in together.items():
        gate, first = session.get_one(Gate, gate_id), own[0]
        if person_id not in {seat.person_id for seat, _ in panel_of(session, gate)}:
            continue
        references = select(col(Application.reference)).where(
            col(Application.id).in_([move.row.application_id for move in own])
        )
        named = ", ".join(session.scalars(references.order_by(col(Application.reference))))
        letters.append(
            write(
                person=session.get_one(Person, person_id),
                kind="step",
                key=f"assignment-{first.record_id}-{first.row.revision + 1}-stop-{person_id}",
                now=first.now,
                about="/assignments",
                subject=f"No longer needed: {count(len(own), 'assessment')}, {title_of(session, gate)}",
                body=f"You were asked to assess {named}. That is no longer needed: you need do nothing more.",
                reason=first.reason,
            )
        )
    post_all(session, letters, now=moves[0].now)


declare(tell_the_assessors_to_stop, tell_the_assessors_to_stop)


@effect
def record_the_conflict(session: Session, move: Move) -> None:
    """An assessor who declines for a conflict, or declares one later, is never matched with that team again."""
    assignment: Assignment = move.record
    if move.inputs.get("decline_why", "conflict") != "conflict":
        return
    known = select(col(Conflict.id)).where(
        col(Conflict.person_id) == assignment.assessor_id, col(Conflict.team_id) == assignment.team_id
    )
    if session.scalars(known).first() is None:
        session.add(
            Conflict(
                person_id=assignment.assessor_id,
                team_id=assignment.team_id,
                declared_at=move.now,
                why=move.reason or "Declared by the assessor when asked to assess.",
            )
        )
        session.flush()


@effect
def keep_the_score(session: Session, move: Move) -> None:
    """A score that the panel has moderated counts as its assessor now gives it; the history keeps the panel's value."""
    assignment, inputs = move.record, move.inputs
    score = scores_of(session, assignment).get(inputs["criterion"]) or Score(
        assignment_id=assignment.id, criterion=inputs["criterion"], value=0, reason="", scored_at=move.now
    )
    if (score.value, score.reason) != (inputs["value"], inputs["why"]):
        score.moderated_value, score.moderated_reason, score.moderated_by_id = None, "", None
    score.value, score.reason, score.scored_at = inputs["value"], inputs["why"], move.now
    session.add(score)
    session.flush()


@effect
def adjust_the_score(session: Session, move: Move) -> None:
    """The panel's value stands beside the assessor's; neither is lost."""
    inputs = move.inputs
    score = session.get_one(Score, inputs["score_id"])
    score.moderated_value, score.moderated_reason = inputs["value"], inputs["why"]
    score.moderated_by_id = move.actor.id
    session.flush()


NOTHING_IS_DECIDED = {
    "going_on": 0,
    "number_reason": "",
    "stake_pounds": 0,
    "approved_by_id": None,
    "approved_at": None,
}


@effect_in_row
def take_the_decision_back(session: Session, rows: Sequence[Any], now: datetime) -> list[dict[str, Any]]:  # noqa: ARG001
    """What was proposed or approved stands no longer; the history keeps it."""
    return [NOTHING_IS_DECIDED for _ in rows]


@effect_in_row
def wait_for_every_assessor(session: Session, rows: Sequence[Any], now: datetime) -> list[dict[str, None]]:  # noqa: ARG001
    """A reason to proceed without late assessors was about those who were late then."""
    return [{"proceed_reason": None} for _ in rows]


@effect
def rank_the_applications(session: Session, move: Move) -> None:
    """Write the ranked list; decisions come when the line is drawn. Scores of somebody with a conflict are not in it."""
    gate: Gate = move.record
    in_conflict = select(col(Assignment.id)).where(
        col(Assignment.gate_id) == gate.id,
        col(Assignment.state).in_(LOCKED),
        has_conflict(col(Assignment.assessor_id), col(Assignment.team_id)),
    )
    _set_aside(session, session.scalars(in_conflict.order_by(col(Assignment.id))), IN_CONFLICT, move.now)
    _rank(session, gate)


@effect
def rank_again(session: Session, move: Move) -> None:
    """Where the panel looks at a ranking, it is made anew without scores that count no longer."""
    gate = session.get_one(Gate, move.record.gate_id)
    if gate.state in MODERATING:
        _rank(session, gate)


IN_CONFLICT = "A conflict of interest of the assessor with the team is on record."


def _set_aside(session: Session, ids: Iterable[int | None], reason: str, now: datetime) -> None:
    advance_many(session, Assignment, [key or 0 for key in ids], "set_aside", actor=CIVFLOW, now=now, reason=reason)


def _rank(session: Session, gate: Gate) -> None:
    session.execute(delete(Outcome).where(col(Outcome.gate_id) == gate.id))
    for ranked in ranking_of(session, gate).ranked:
        session.add(
            Outcome(
                gate_id=gate.id or 0,
                application_id=ranked.application,
                rank=ranked.rank,
                decision="not_selected",
                total=hundredths(ranked.total),
                tie_break=tie_words(ranked),
            )
        )
    session.flush()


@effect
def rank_without_who_has_left(session: Session, move: Move) -> None:
    """The ranked list that the panel works on has nobody who is no longer in the selection."""
    gate: Gate = move.record
    here = {application.id for application in applications_at(session, gate)}
    rank_without(session, gate, [o.application_id for o in outcomes_of(session, gate) if o.application_id not in here])


@effect
def strike_from_the_ranking(session: Session, move: Move) -> None:
    """An application that leaves is taken out of a ranking of which nobody has been told.

    A line that is drawn is another matter: who was to go on, or in reserve, stays there until the panel draws it anew.
    """
    ranked = select(Gate).join(Outcome, col(Outcome.gate_id) == col(Gate.id))
    in_vain = col(Gate.state).in_((*TO_APPROVE, *TO_RELEASE)) & col(Outcome.decision).not_in(IN_THE_LINE)
    query = ranked.where(
        col(Outcome.application_id) == move.record_id, col(Gate.state).in_(MODERATING) | in_vain
    ).order_by(col(Gate.id))
    for gate in session.scalars(query).all():
        rank_without(session, gate, [move.record_id])


@effect
def settle_the_tie(session: Session, move: Move) -> None:
    """The panel puts one application before its equals; the others move one rank down."""
    outcomes = outcomes_of(session, move.record)
    first = next(o for o in outcomes if o.application_id == move.inputs["application_id"])
    equals = [o for o in outcomes if o.rank == first.rank and o is not first]
    sits = any(person.id == move.actor.id for _, person in panel_of(session, move.record))
    said = {"by": THE_PANEL if sits else WITHOUT_THE_PANEL, "reason": move.reason}
    first.tie_break = settled(first.tie_break, rank=first.rank + 1, ahead=True, **said)
    for outcome in equals:
        outcome.rank += 1
        outcome.tie_break = settled(outcome.tie_break, rank=first.rank, ahead=False, **said)
    session.flush()


@effect
def draw_the_line(session: Session, move: Move) -> None:
    """Say for each ranked application whether it goes on, stays in reserve or ends; and what the places cost.

    Where nobody goes on no place can become free, so nobody waits for one.
    """
    gate: Gate = move.record
    programme, stage = stage_of(session, gate)
    challenge = session.get_one(Challenge, gate.challenge_id)
    going_on = move.inputs["going_on"]
    reserve = stage.reserve if going_on else 0
    for outcome in outcomes_of(session, gate):
        if outcome.rank <= going_on:
            outcome.decision = "goes_on"
        else:
            outcome.decision = "reserve" if outcome.rank <= going_on + reserve else "not_selected"
    gate.stake_pounds = going_on * cost_of_a_place(programme, stage, challenge)
    session.flush()


@effect
def move_the_applications(session: Session, move: Move) -> None:
    """Each application goes where its outcome says; after the last gate, those who go on have won."""
    gate: Gate = move.record
    programme, stage = stage_of(session, gate)
    onwards = "select" if stage == programme.gates[-1] else "go_on"
    steps = {"goes_on": onwards, "reserve": "keep_in_reserve", "not_selected": "not_select"}
    for decision, trigger in steps.items():
        ids = [o.application_id for o in outcomes_of(session, gate) if o.decision == decision]
        advance_many(session, Application, ids, trigger, actor=CIVFLOW, now=move.now, gate=gate.id)


@effect
def issue_the_letters(session: Session, move: Move) -> None:
    """Every team gets its letter."""
    issue_letters(session, move.record, now=move.now)


@effect
def move_the_challenge_on(session: Session, move: Move) -> None:
    move_on(session, session.get_one(Challenge, move.record.challenge_id), now=move.now)


@effect
def unseat_the_panellist(session: Session, move: Move) -> None:
    """The seat is given up, and with it every open assignment and every interview to come."""
    gate: Gate = move.record
    person_id = move.inputs["person_id"]
    mine = col(Assignment.gate_id) == gate.id, col(Assignment.assessor_id) == person_id
    query = select(col(Assignment.id)).where(*mine, counted()).order_by(col(Assignment.id))
    ids = [key or 0 for key in session.scalars(query.where(col(Assignment.state).not_in(LOCKED)))]
    if move.inputs["why_off"] == "conflict":
        _set_aside(session, session.scalars(query.where(col(Assignment.state).in_(LOCKED))), move.reason, move.now)
    # The seat first: whoever has none is not told of each assignment beside the letter about the seat.
    session.execute(delete(Panellist).where(col(Panellist.gate_id) == gate.id, col(Panellist.person_id) == person_id))
    advance_many(session, Assignment, ids, "withdraw", actor=CIVFLOW, now=move.now, reason=move.reason)
    session.execute(delete(SlotPanel).where(*_hears(gate, person_id)))
