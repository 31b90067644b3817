"""Assessment: seat a panel, match it to applications, score alone, rank, decide, and tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy import delete, select
from sqlmodel import Session, col

from civflow.methods.ranking import Criterion, Ranking, rank
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
    Slot,
    SlotPanel,
)
from civflow.services.advance import advance, advance_many, begin_many
from civflow.services.challenges import move_on
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.matching import match
from civflow.services.messages import members, post, post_all, write
from civflow.services.naming import title_of
from civflow.services.programmes import programme_of
from civflow.services.ties import settled, tie_words
from civflow.services.wording import count, moment
from civflow.workflows.assignments import LOCKED
from civflow.workflows.engine import CIVFLOW, Actor, Refused
from civflow.workflows.programme import Programme, Scorecard, Stage


def stage_of(session: Session, gate: Gate) -> tuple[Programme, Stage]:
    """The programme of a gate's challenge, and the stage that the gate is for."""
    challenge = session.get_one(Challenge, gate.challenge_id)
    # Kept by the session, which would otherwise ask for it again at every score.
    session.info.setdefault("challenges", {})[challenge.id] = challenge
    programme = programme_of(session, challenge)
    return programme, programme.stage(gate.stage)


def scorecard_of(session: Session, gate: Gate) -> Scorecard:
    programme, stage = stage_of(session, gate)
    return programme.card(stage)


def applications_at(session: Session, gate: Gate) -> Sequence[Application]:
    """The applications that stand before the gate, by reference."""
    query = select(Application).where(
        col(Application.challenge_id) == gate.challenge_id,
        col(Application.stage) == gate.stage,
        stands_before(Application, "go_on"),
    )
    return session.scalars(query.order_by(col(Application.reference))).all()


def panel_of(session: Session, gate: Gate) -> list[tuple[Panellist, Person]]:
    """The members of the panel with their seats, the chair first."""
    query = select(Panellist, Person).join(Person, col(Person.id) == col(Panellist.person_id))
    query = query.where(col(Panellist.gate_id) == gate.id)
    rows = session.execute(query.order_by(col(Panellist.chairs).desc(), col(Person.name), col(Person.id)))
    return [(seat, person) for seat, person in rows]


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
    """Match assessors to applications; what cannot be covered is a refusal only where nothing can be."""
    gate: Gate = move.record
    matched = match(session, gate)
    if not matched.pairs and matched.sentences:
        raise Refused(*matched.sentences)
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
            for application, seat in matched.pairs
        ],
        actor=CIVFLOW,
        now=move.now,
    )


@effect
def invite_the_assessors(session: Session, move: Move) -> None:
    """Every matched assessor is asked, with one message each."""
    gate: Gate = move.record
    query = select(Assignment).where(col(Assignment.gate_id) == gate.id, stands_before(Assignment, "invite"))
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


@effect
def record_the_conflict(session: Session, move: Move) -> None:
    """An assessor who declines for a conflict is never matched with that team again."""
    assignment: Assignment = move.record
    if move.inputs.get("decline_why") != "conflict":
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
                why="Declared by the assessor when asked to assess.",
            )
        )
        session.flush()


def scores_of(session: Session, assignment: Assignment) -> dict[str, Score]:
    """Criterion id -> the score that the assessor gave."""
    query = select(Score).where(col(Score.assignment_id) == assignment.id)
    return {score.criterion: score for score in session.scalars(query.order_by(col(Score.id)))}


def record_score(
    session: Session,
    assignment: Assignment,
    *,
    criterion: str,
    value: int | None,
    why: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Give or change one score. Raises Refused for a value off the scale or a missing reason, a sentence per field."""
    card = scorecard_of(session, session.get_one(Gate, assignment.gate_id))
    if criterion not in {c.id for c in card.criteria}:
        raise Refused("The scorecard has no such criterion.")
    fields = {}
    if value is None or not card.scale.least <= value <= card.scale.most:
        fields[f"{criterion}-value"] = f"Choose a score from {card.scale.least} to {card.scale.most}."
    if not why.strip():
        fields[f"{criterion}-why"] = "Say in a sentence why: the team reads your reason without your name."
    if fields:
        raise Refused(*fields.values(), fields=fields)
    advance(session, assignment, "score", actor=actor, now=now, criterion=criterion, value=value, why=why.strip())


@effect
def keep_the_score(session: Session, move: Move) -> None:
    assignment, inputs = move.record, move.inputs
    score = scores_of(session, assignment).get(inputs["criterion"]) or Score(
        assignment_id=assignment.id, criterion=inputs["criterion"], value=0, reason="", scored_at=move.now
    )
    score.value, score.reason, score.scored_at = inputs["value"], inputs["why"], move.now
    session.add(score)
    session.flush()


@effect
def adjust_the_score(session: Session, move: Move) -> None:
    """The panel's value stands beside the assessor's; neither is lost."""
    gate, inputs = move.record, move.inputs
    score = session.get(Score, inputs["score_id"])
    assignment = session.get(Assignment, score.assignment_id) if score else None
    card = scorecard_of(session, gate)
    if score is None or assignment is None or assignment.gate_id != gate.id:
        raise Refused("This gate has no such score.")
    if not card.scale.least <= inputs["value"] <= card.scale.most:
        raise Refused(f"Choose a score from {card.scale.least} to {card.scale.most}.")
    score.moderated_value, score.moderated_reason = inputs["value"], inputs["why"]
    score.moderated_by_id = move.actor.id
    session.flush()


def sheets(session: Session, gate: Gate) -> dict[int, dict[int, dict[str, int]]]:
    """Application id -> assessor id -> criterion id -> score, of submitted assignments; moderated values count."""
    query = select(col(Assignment.application_id), col(Assignment.assessor_id), Score).join(
        Score, col(Score.assignment_id) == col(Assignment.id)
    )
    query = query.where(col(Assignment.gate_id) == gate.id, col(Assignment.state).in_(LOCKED))
    found: dict[int, dict[int, dict[str, int]]] = {}
    for application, assessor, score in session.execute(query.order_by(col(Assignment.id), col(Score.id))):
        value = score.value if score.moderated_value is None else score.moderated_value
        found.setdefault(application, {}).setdefault(assessor, {})[score.criterion] = value
    return found


def ranking_of(session: Session, gate: Gate) -> Ranking[int]:
    """The ranking that the scores and the declared order of criteria give: exact, ties left as ties."""
    card = scorecard_of(session, gate)
    decided = {o.application_id for o in outcomes_of(session, gate)} if gate.approved_at else set()
    query = select(col(Application.id), col(Application.reference)).where(col(Application.id).in_(decided))
    here = {a.id: a.reference for a in applications_at(session, gate)} | {
        row[0]: row[1] for row in session.execute(query)
    }
    scores = {application: given for application, given in sheets(session, gate).items() if application in here}
    criteria = [Criterion(c.id, c.title, c.weight, card.scale.least, card.scale.most) for c in card.criteria]
    return rank(scores, criteria, ties=card.ties, names={a: here[a] for a in scores})


@effect
def rank_the_applications(session: Session, move: Move) -> None:
    """Write the ranked list; decisions come when the line is drawn."""
    gate: Gate = move.record
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


def hundredths(total: Fraction) -> int:
    """A total out of 100 in hundredths of a point, cut and not rounded; ranks come from the exact fraction."""
    return int(total * 100)


def outcomes_of(session: Session, gate: Gate) -> Sequence[Outcome]:
    """The ranked list, best first."""
    query = select(Outcome).where(col(Outcome.gate_id) == gate.id)
    return session.scalars(query.order_by(col(Outcome.rank), col(Outcome.id))).all()


@effect
def settle_the_tie(session: Session, move: Move) -> None:
    """The panel puts one application before its equals; the others move one rank down."""
    outcomes = outcomes_of(session, move.record)
    first = next((o for o in outcomes if o.application_id == move.inputs["application_id"]), None)
    equals = [o for o in outcomes if first and o.rank == first.rank and o is not first]
    if first is None or not equals:
        raise Refused("No other application has the same rank as this one.")
    first.tie_break = settled(first.tie_break, rank=first.rank + 1, ahead=True, reason=move.reason)
    for outcome in equals:
        outcome.rank += 1
        outcome.tie_break = settled(outcome.tie_break, rank=first.rank, ahead=False, reason=move.reason)
    session.flush()


@effect
def draw_the_line(session: Session, move: Move) -> None:
    """Say for each ranked application whether it goes on, stays in reserve or ends; and what the places cost."""
    gate: Gate = move.record
    programme, stage = stage_of(session, gate)
    challenge = session.get_one(Challenge, gate.challenge_id)
    going_on = move.inputs["going_on"]
    for outcome in outcomes_of(session, gate):
        if outcome.rank <= going_on:
            outcome.decision = "goes_on"
        else:
            outcome.decision = "reserve" if outcome.rank <= going_on + stage.reserve else "not_selected"
    gate.stake_pounds = going_on * cost_of_a_place(programme, stage, challenge)
    session.flush()


def cost_of_a_place(programme: Programme, gate: Stage, challenge: Challenge) -> int:
    """What one team costs until the next gate, in whole pounds: its work stages, and the contract at its ceiling."""
    cost, stage = 0, programme.after(gate)
    while stage and stage.kind != "gate":
        cost += (challenge.money_pounds or stage.money) if stage.kind == "award" else stage.money
        stage = programme.after(stage)
    return cost


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
    from civflow.services.letters import issue_letters  # letters read what this module decides

    issue_letters(session, move.record, now=move.now)


@effect
def move_the_challenge_on(session: Session, move: Move) -> None:
    move_on(session, session.get_one(Challenge, move.record.challenge_id), now=move.now)


def offer_slots(
    session: Session,
    gate: Gate,
    *,
    starts: Sequence[datetime],
    where: str,
    panel: Sequence[int],
    actor: Actor,
    now: datetime,
) -> list[Slot]:
    """Offer interviews at these times to the teams of a gate; `panel` are the ids of the people who hear them."""
    _, stage = stage_of(session, gate)
    if len(set(panel)) < 2:
        raise Refused("A panel has at least two people.", fields={"panel": "Choose at least two people."})
    if any(start <= now for start in starts):
        raise Refused("An interview must lie ahead.", fields={"starts_at": "Choose a time that lies ahead."})
    length = timedelta(minutes=stage.interview_minutes or 30)
    slots = [
        Slot(
            round_id=gate.round_id,
            challenge_id=gate.challenge_id,
            gate_id=gate.id or 0,
            starts_at=start,
            ends_at=start + length,
            where=where,
            state="",
            since=now,
        )
        for start in starts
    ]
    begin_many(session, slots, actor=actor, now=now)
    session.add_all(
        SlotPanel(slot_id=slot.id or 0, person_id=person) for slot in slots for person in sorted(set(panel))
    )
    session.flush()
    return slots


def book_slot(session: Session, slot: Slot, application: Application, *, actor: Actor, now: datetime) -> None:
    """Book a slot for an application; one application has one booking at a gate. Raises Refused."""
    advance(session, slot, "book", actor=actor, now=now, application_id=application.id)


@effect
def give_the_slot_to_the_team(session: Session, move: Move) -> None:
    slot: Slot = move.record
    slot.team_id = session.get_one(Application, slot.application_id).team_id
    session.flush()


@effect
def empty_the_slot(session: Session, move: Move) -> None:
    move.record.application_id = move.record.team_id = None
    session.flush()


@effect
def tell_the_team_and_the_panel(session: Session, move: Move) -> None:
    slot: Slot = move.record
    panel = select(Person).join(SlotPanel, col(SlotPanel.person_id) == col(Person.id))
    people = {p.id: p for p in session.scalars(panel.where(col(SlotPanel.slot_id) == slot.id))}
    people |= {p.id: p for p in members(session, slot.team_id)} if slot.team_id else {}
    challenge = session.get_one(Challenge, slot.challenge_id)
    zone = programme_of(session, challenge).timezone
    team = title_of(session, session.get_one(Application, slot.application_id)) if slot.application_id else "No team"
    for person in people.values():
        post(
            session,
            person=person,
            kind="interview",
            key=f"slot-{slot.id}-{slot.revision}-{person.id}",
            now=move.now,
            about=f"/cases/slot/{slot.id}",
            challenge=challenge.title,
            team=team,
            where=slot.where or "online",
            when=moment(slot.starts_at, zone, begins=True),
            state=move.workflow.states[move.to_state].staff,
            reason=move.reason,
        )
