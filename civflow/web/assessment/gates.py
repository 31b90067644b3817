"""A gate's pages: the panel, the matching, the scores side by side, the line, and the release."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Assignment, Challenge, Gate, Score, Slot
from civflow.services.assessment import gate_page
from civflow.services.assessment.letters import letters_of, sample_letters
from civflow.services.dashboards.round import needs_of
from civflow.services.engine.access import looks_into, may_begin
from civflow.services.engine.advance import options
from civflow.services.interviews.slots import offer_slots
from civflow.services.programmes.store import programme_of
from civflow.web.shared.access import load, may_open, open_to, scores_shown, signed_in
from civflow.web.shared.asks import read_each, refuse, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.moments import parse_moment
from civflow.web.shared.record_page import decides, offered_steps
from civflow.web.shared.step_form import attempt, take
from civflow.workflows import HANDBOOK
from civflow.workflows.assessment.gate_rules import KEPT_BACK
from civflow.workflows.engine import Forbidden

blueprint = Blueprint("gates", __name__)
DECISIONS = {
    "goes_on": ("Goes on", "done"),
    "reserve": ("In reserve", "waiting"),
    "not_selected": ("Not selected", "neutral"),
}


@blueprint.get("/gates/<int:gate_id>")
@open_to(signed_in)
def show(gate_id: int) -> str:
    gate = load(Gate, gate_id)
    context = _context(gate)
    letters = letters_of(session(), gate) if gate.released_at and context["sees_scores"] else []
    needs = needs_of(session(), context["challenge"], actor=actor(), now=now()) if gate.released_at else []
    return render_template("assessment/gates/show.html", **context, letters=letters, needs=needs)


@blueprint.get("/gates/<int:gate_id>/propose")
@open_to(signed_in)
def propose(gate_id: int) -> str:
    """The ranked list with its line, before it goes to the approver."""
    gate = load(Gate, gate_id)
    return render_template("assessment/gates/propose.html", **_context(gate, "propose"))


@blueprint.post("/gates/<int:gate_id>/propose")
@open_to(signed_in)
def propose_it(gate_id: int) -> Response:
    gate = load(Gate, gate_id)
    typed = {
        "going_on": request.form.get("going_on", "").strip(),
        "number_reason": request.form.get("number_reason", "").strip(),
    }
    with attempt() as tried:
        take(gate, "propose", going_on=whole_number(typed["going_on"]), number_reason=typed["number_reason"])
    if tried.refusal:
        return tried.page("assessment/gates/propose.html", **_context(load(Gate, gate_id), "propose"), typed=typed)
    return redirect_to(f"/gates/{gate_id}")


@blueprint.get("/gates/<int:gate_id>/release")
@open_to(signed_in)
def release(gate_id: int) -> str:
    """What will happen, to whom, and what they will be sent."""
    gate = load(Gate, gate_id)
    sees, kept_back = scores_shown(gate)
    samples = sample_letters(session(), gate, now=now(), kept_back=kept_back) if sees else []
    return render_template("assessment/gates/release.html", **_context(gate, "release"), samples=samples)


@blueprint.post("/gates/<int:gate_id>/release")
@open_to(signed_in)
def release_it(gate_id: int) -> Response:
    gate = load(Gate, gate_id)
    with attempt() as tried:
        take(gate, "release")
    if tried.refusal:
        return tried.page("assessment/gates/release.html", **_context(load(Gate, gate_id), "release"), samples=[])
    flash("The result is released. Every team's letter is on its way.", "done")
    return redirect_to(f"/gates/{gate_id}")


@blueprint.get("/gates/<int:gate_id>/adjust")
@open_to(signed_in)
def scores(gate_id: int) -> str:
    """Every score that the panel may adjust, by application, criterion and assessor."""
    gate = load(Gate, gate_id)
    return render_template("assessment/gates/scores.html", **_context(gate))


@blueprint.get("/gates/<int:gate_id>/scores/<int:score_id>")
@open_to(signed_in)
def adjust(gate_id: int, score_id: int) -> str:
    """One score before the panel: the assessor's value and reason stay beside the panel's."""
    gate = load(Gate, gate_id)
    return render_template("assessment/gates/adjust.html", **_context(gate, "adjust"), **_score(gate, score_id))


@blueprint.post("/gates/<int:gate_id>/scores/<int:score_id>")
@open_to(signed_in)
def adjust_it(gate_id: int, score_id: int) -> Response:
    gate = load(Gate, gate_id)
    chosen = _score(gate, score_id)
    typed = {"value": request.form.get("value", ""), "why": request.form.get("why", "").strip()}
    with attempt() as tried:
        take(gate, "adjust", score_id=chosen["score"].id, value=whole_number(typed["value"]), why=typed["why"])
    if tried.refusal:
        gate = load(Gate, gate_id)
        context = {**_context(gate, "adjust"), **_score(gate, score_id), "typed": typed}
        return tried.page("assessment/gates/adjust.html", **context)
    return redirect_to(f"/gates/{gate_id}#scores")


@blueprint.get("/gates/<int:gate_id>/interviews")
@open_to(signed_in)
def interviews(gate_id: int) -> str:
    gate = load(Gate, gate_id)
    return render_template("assessment/gates/interviews.html", **_context(gate))


@blueprint.post("/gates/<int:gate_id>/interviews")
@open_to(signed_in)
def offer(gate_id: int) -> Response:
    """Offer one interview after the other, from a moment on."""
    gate = load(Gate, gate_id)
    typed = {name: request.form.get(name, "").strip() for name in ("starts_at", "number", "where")}
    panel = [number for number in map(whole_number, request.form.getlist("panel")) if number is not None]
    with attempt() as tried:
        starts = _starts(gate, typed)
        offer_slots(session(), gate, starts=starts, where=typed["where"], panel=panel, actor=actor(), now=now())
    if tried.refusal:
        context = {**_context(load(Gate, gate_id)), "typed": typed, "chosen": panel}
        return tried.page("assessment/gates/interviews.html", **context)
    return redirect_to(f"/gates/{gate_id}#interviews")


def _starts(gate: Gate, typed: dict[str, str]) -> list[datetime]:
    """The starts of interviews one after the other, fifteen minutes between them. Raises Refused."""
    page = gate_page.gate_page(session(), gate, with_scores=False)
    zone = programme_of(session(), session().get_one(Challenge, gate.challenge_id)).timezone
    read, faults = read_each({"starts_at": partial(parse_moment, typed["starts_at"], zone)})
    number = whole_number(typed["number"]) or 0
    if not 1 <= number <= 40:
        faults = {"number": "Write how many interviews to offer, from 1 to 40.", **faults}
    refuse(faults)
    return gate_page.one_after_the_other(read["starts_at"], number, minutes=page.stage.interview_minutes or 30)


def _score(gate: Gate, score_id: int) -> dict[str, Any]:
    """The score, its assignment and its criterion.

    Raises NotFound for a score of another gate and for whoever may not see scores yet, Forbidden for a conflict.
    """
    score = session().get(Score, score_id)
    assignment = session().get(Assignment, score.assignment_id) if score else None
    sees, kept_back = scores_shown(gate)
    if score is None or assignment is None or assignment.gate_id != gate.id or not sees:
        raise gate_page.no_such_score()
    if assignment.application_id in kept_back:
        raise Forbidden(KEPT_BACK)
    return {"score": score, "assignment": assignment}


def _context(gate: Gate, trigger: str = "") -> dict[str, Any]:
    """The gate's page for this reader, with the steps that they may take now and why not the rest.

    What a step decides is shown to nobody from whom a score of the gate is kept back.
    """
    challenge = session().get_one(Challenge, gate.challenge_id)
    offered = options(session(), gate, actor=actor(), now=now())
    sees_scores, kept_back = scores_shown(gate)
    page = gate_page.gate_page(session(), gate, with_scores=sees_scores, kept_back=kept_back)
    titles = {criterion.id: criterion.title for criterion in page.card.criteria}
    return {
        "gate": gate,
        "challenge": challenge,
        "page": page,
        "sees_scores": sees_scores,
        "kept_back": KEPT_BACK,
        "steps": {option.step.name: option for option in offered},
        **offered_steps(gate, offered),
        "decides": None if kept_back else decides(gate, offered, trigger),
        "case_state": HANDBOOK["gate"].states[gate.state],
        "slot_states": HANDBOOK["slot"].states,
        "tie_titles": [titles[tie] for tie in page.card.ties],
        "decision_words": DECISIONS,
        "opens_slots": bool(page.slots) and may_open(page.slots[0][0]),
        "opens_assignments": looks_into(actor(), "assignment", challenge) or _chairs(page.seats),
        "may_offer": may_begin(session(), Slot(**slot_keys(gate)), actor=actor(), now=now()),
    }


def _chairs(seats: list[gate_page.Seat]) -> bool:
    return any(seat.panellist.chairs and seat.person.id == actor().id for seat in seats)


def slot_keys(gate: Gate) -> dict[str, Any]:
    """The columns of a slot that would be offered at the gate, as far as permission looks at them."""
    return {
        "round_id": gate.round_id,
        "challenge_id": gate.challenge_id,
        "gate_id": gate.id,
        "state": "",
        "since": now(),
        "starts_at": now(),
        "ends_at": now(),
    }
