"""A gate's panel: seat people by name, take them off with a reason; and settle a tie with the teams before one's eyes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge, Gate, Panellist, Person
from civflow.models.assessment import SIDES
from civflow.services.assessment import gate_page, panel
from civflow.services.assessment.gates import stage_of
from civflow.services.assessment.panel import Panel, Somebody
from civflow.services.engine.advance import options
from civflow.services.people import person_by_email
from civflow.web.shared.access import load, open_to, scores_shown, signed_in
from civflow.web.shared.asks import plain, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.record_page import decides
from civflow.web.shared.step_form import attempt, take
from civflow.workflows.assessment.gates import WHY_OFF
from civflow.workflows.engine import NotFound, Refused

blueprint = Blueprint("panels", __name__)
FIELD_IDS = {"person_id": "person", "application_id": "application"}  # what a step asks for -> the field of the page
SIDE_WORDS = {"sponsor": "The sponsor", "programme": "The programme", "expert": "Neither: an expert"}


@blueprint.get("/gates/<int:gate_id>/panel")
@open_to(signed_in)
def show(gate_id: int) -> str:
    """Who sits on the panel, who could, and what the programme still wants."""
    return render_template("assessment/gates/panel.html", **_context(load(Gate, gate_id)))


@blueprint.post("/gates/<int:gate_id>/panel")
@open_to(signed_in)
def seat(gate_id: int) -> Response:
    """Seat the person who was chosen, or named by address; somebody who sits there already changes seats."""
    gate, typed = load(Gate, gate_id), {name: plain(request.form.get(name, "")) for name in ("person", "email", "side")}
    chairs = request.form.get("chairs") == "yes"
    with attempt() as tried:
        person = _chosen(typed)
        take(gate, "seat", person_id=person.id, side=typed["side"], chairs=chairs)
    if tried.refusal:
        context = {**_context(load(Gate, gate_id)), "typed": {**typed, "chairs": chairs}}
        return tried.page("assessment/gates/panel.html", FIELD_IDS, **context)
    flash(_seated(gate, person), "done")
    return redirect_to(f"/gates/{gate_id}/panel")


def _chosen(typed: dict[str, str]) -> Person:
    """The person who was chosen by name or typed by address. Raises Refused."""
    fields = {}
    number = whole_number(typed["person"])
    found = session().get(Person, number) if number else None
    if typed["email"]:
        found = person_by_email(session(), typed["email"])
        if found is None:
            fields["email"] = f"Nobody has an account with the address {typed['email']}. Ask them to make one first."
    elif found is None:
        fields["person"] = "Choose a person, or write an e-mail address."
    if typed["side"] not in SIDES:
        fields["side"] = "Choose for whom the person sits."
    if fields or found is None:
        raise Refused(*fields.values(), fields=fields)
    return found


def _seated(gate: Gate, person: Person) -> str:
    """What is said once somebody sits: with whom they have a conflict, so that nobody is surprised by the matching."""
    sitting = next(s for s in panel.panel(session(), gate, now=now()).sitting if s.somebody.person.id == person.id)
    against = "; ".join(sitting.somebody.conflicts)
    said = f"{person.name} sits on the panel."
    return (
        f"{said} There is a conflict of interest, so they are never matched with this team: {against}."
        if against
        else said
    )


@blueprint.get("/gates/<int:gate_id>/panel/<int:person_id>")
@open_to(signed_in)
def leave(gate_id: int, person_id: int) -> str:
    """What becomes of a panellist's work when they are taken off."""
    return render_template("assessment/gates/unseat.html", **_leaving(load(Gate, gate_id), person_id))


@blueprint.post("/gates/<int:gate_id>/panel/<int:person_id>")
@open_to(signed_in)
def unseat(gate_id: int, person_id: int) -> Response:
    gate = load(Gate, gate_id)
    reason, why = plain(request.form.get("reason", "")), request.form.get("why_off", "")
    context = _leaving(gate, person_id)
    with attempt() as tried:
        take(gate, "unseat", person_id=person_id, reason=reason, why_off=why)
    if tried.refusal:
        context = _leaving(load(Gate, gate_id), person_id)
        return tried.page("assessment/gates/unseat.html", **context, typed=reason, why=why)
    flash(f"{context['person'].name} no longer sits on the panel.", "done")
    return redirect_to(f"/gates/{gate_id}/panel")


def _leaving(gate: Gate, person_id: int) -> dict[str, Any]:
    query = select(Panellist).where(col(Panellist.gate_id) == gate.id, col(Panellist.person_id) == person_id)
    held = session().scalars(query).first()
    if held is None:
        raise NotFound("This person does not sit on the panel.")
    return {
        **_about(gate),
        "person": session().get_one(Person, person_id),
        "seat": held,
        "reasons": WHY_OFF,
        "leaving": panel.leaving(session(), gate, person_id),
    }


# Ties


@blueprint.get("/gates/<int:gate_id>/ties")
@open_to(signed_in)
def ties(gate_id: int) -> str:
    """The applications with equal totals, with their teams, and who comes first."""
    return render_template("assessment/gates/ties.html", **_ties(load(Gate, gate_id)))


@blueprint.post("/gates/<int:gate_id>/ties")
@open_to(signed_in)
def settle(gate_id: int) -> Response:
    gate = load(Gate, gate_id)
    typed = {"application": request.form.get("application", ""), "reason": plain(request.form.get("reason", ""))}
    with attempt() as tried:
        take(gate, "settle", application_id=whole_number(typed["application"]), reason=typed["reason"])
    if tried.refusal:
        return tried.page("assessment/gates/ties.html", FIELD_IDS, **_ties(load(Gate, gate_id)), typed=typed)
    flash("The tie is settled. The reason stands in the record and in the letters.", "done")
    return redirect_to(f"/gates/{gate_id}/ties")


def _ties(gate: Gate) -> dict[str, Any]:
    sees, kept_back = scores_shown(gate)
    page = gate_page.gate_page(session(), gate, with_scores=sees, kept_back=kept_back)
    by_rank: dict[int, list[gate_page.Line]] = {}
    for line in page.lines:
        if line.outcome and not line.kept_back:
            by_rank.setdefault(line.outcome.rank, []).append(line)
    equal = [(rank, lines) for rank, lines in sorted(by_rank.items()) if len(lines) > 1]
    about = _about(gate)
    shown = None if kept_back else decides(gate, about["steps"].values(), "settle")
    return {**about, "page": page, "sees_scores": sees, "equal": equal, "decides": shown}


# What the pages share


def _about(gate: Gate) -> dict[str, Any]:
    offered = options(session(), gate, actor=actor(), now=now())
    return {
        "gate": gate,
        "challenge": session().get_one(Challenge, gate.challenge_id),
        "title": stage_of(session(), gate)[1].title,
        "steps": {option.step.name: option for option in offered},
    }


def _context(gate: Gate) -> dict[str, Any]:
    found = panel.panel(session(), gate, now=now())
    return {**_about(gate), "panel": found, "choices": _choices(found), "sides": SIDE_WORDS}


def _choices(found: Panel) -> list[tuple[int, str]]:
    """People to choose from: by name, with why they fit, what waits for them, and a warning of conflicts."""
    return [(somebody.person.id or 0, f"{somebody.person.name}: {_details(somebody)}") for somebody in found.free]


def _details(somebody: Somebody) -> str:
    parts = [", ".join(somebody.reasons)]
    parts += [f"{somebody.open} open elsewhere"] if somebody.open else []
    parts += (
        [f"conflict with {len(somebody.conflicts)} team{'s' if len(somebody.conflicts) > 1 else ''}"]
        if somebody.conflicts
        else []
    )
    return "; ".join(parts)
