"""The work after the selection: a place, its sprints and deliverables, and the agreements to sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import (
    Agreement,
    Application,
    Challenge,
    Deliverable,
    Document,
    Organisation,
    Person,
    Place,
    Sprint,
    Team,
    Tracked,
)
from civflow.services.agreements.agreements import signed_copy
from civflow.services.engine.advance import options, options_of
from civflow.services.programmes.store import programme_of
from civflow.web.shared import record_page
from civflow.web.shared.access import load_case, may_open, open_to, signed_in
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.step_form import attempt, take
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, Forbidden, NotFound, Option

blueprint = Blueprint("delivery", __name__)
SIGNATURES = ("sign_for_the_team", "sign_for_the_sponsor")


@blueprint.get("/delivery/<int:place_id>")
@open_to(signed_in)
def place(place_id: int) -> str:
    """One team in one work stage, for the team, the sponsor and the programme office alike."""
    return render_template("delivery/place.html", **_place_parts(*load_case(Place, place_id)))


@blueprint.get("/agreements/<int:agreement_id>")
@open_to(signed_in)
def agreement(agreement_id: int) -> str:
    return render_template("agreements/agreement.html", **_agreement_parts(*load_case(Agreement, agreement_id)))


@blueprint.get("/agreements/<int:agreement_id>/sign")
@open_to(signed_in)
def sign(agreement_id: int) -> str:
    """What signing means, for the side that one is on."""
    parts = _agreement_parts(*load_case(Agreement, agreement_id))
    if parts["signature"] is None:
        raise NotFound("There is nothing for you to sign here.")
    return render_template("agreements/sign.html", **parts)


@blueprint.post("/agreements/<int:agreement_id>/sign")
@open_to(signed_in)
def sign_it(agreement_id: int) -> Response:
    record, _ = load_case(Agreement, agreement_id)
    signature = _signature(record)
    if signature is None:
        raise NotFound("There is nothing for you to sign here.")
    with attempt(Forbidden) as tried:
        take(record, signature.step.name, may_sign=bool(request.form.get("may_sign")))
    if tried.refusal:
        parts = _agreement_parts(*load_case(Agreement, agreement_id))
        return tried.page("agreements/sign.html" if parts["signature"] else "agreements/agreement.html", **parts)
    flash("You have signed. Both sides are told.", "done")
    return redirect_to(f"/agreements/{agreement_id}")


# What the pages show


def _shared(record: Any, case: Case) -> dict[str, Any]:
    """What a place and an agreement have in common."""
    challenge = session().get_one(Challenge, record.challenge_id)
    programme = programme_of(session(), challenge)
    state = HANDBOOK[case.workflow.name].states[record.state]
    staff = record_page.is_staff(case)
    ours = case.holds("team_member") or case.holds("team_lead")
    application = session().get_one(Application, record.application_id)
    return {
        "challenge": challenge,
        "programme": programme,
        "stage": programme.stage(record.stage),
        "team": session().get_one(Team, record.team_id),
        "application": application,
        "reaches_application": may_open(application),
        "state": state,
        "label": state.staff if staff else state.public or state.staff,
        "ours": ours,
        "entries": record_page.entries(record, case),
    }


def _place_parts(record: Place, case: Case) -> dict[str, Any]:
    owed = _of_place(Deliverable, record, Deliverable.due_at)
    sprints = _of_place(Sprint, record, Sprint.starts_at)
    agreement = session().scalars(select(Agreement).where(col(Agreement.place_id) == record.id)).first()
    deliverables = _with_steps(owed)
    state = HANDBOOK["place"].states[record.state]
    still = [
        row["record"] for row in deliverables if "submit" in HANDBOOK["deliverable"].steps_from(row["record"].state)
    ]
    return {
        **_shared(record, case),
        **record_page.offered_steps(record),
        "place": record,
        "agreement": agreement,
        "agreement_state": HANDBOOK["agreement"].states[agreement.state] if agreement else None,
        "deliverables": deliverables,
        "sprints": _with_steps(sprints),
        "next_due": still[0] if still and not state.final else None,
        "is_offered": "accept" in HANDBOOK["place"].steps_from(record.state),
        "is_over": state.final,
    }


def _of_place(model: Any, record: Place, order: Any) -> list[Any]:
    query = select(model).where(col(model.place_id) == record.id).order_by(col(order), col(model.id))
    return list(session().scalars(query))


def _with_steps(records: Sequence[Tracked]) -> list[dict[str, Any]]:
    """Records of one noun, each with its state and the steps that this reader may take now."""
    found = []
    offered = options_of(session(), records, actor=actor(), now=now())
    for record in records:
        page = next(page for page in HANDBOOK.values() if page.record is type(record))
        possible = [o.step for o in offered[record.id or 0] if o.allowed and not record_page.is_by_itself(o.step)]
        found.append({"record": record, "state": page.states[record.state], "steps": possible, "noun": page.name})
    return found


def _agreement_options(record: Agreement) -> list[Option]:
    return options(session(), record, actor=actor(), now=now())


def _signature(record: Agreement) -> Option | None:
    """The signature that the reader's side still owes, whether it is possible yet or not."""
    owed = (o for o in _agreement_options(record) if o.step.name in SIGNATURES and not o.forbidden)
    return next((o for o in owed if getattr(record, o.step.stamps[0]) is None), None)


def _agreement_parts(record: Agreement, case: Case) -> dict[str, Any]:
    offered = _agreement_options(record)
    challenge = session().get_one(Challenge, record.challenge_id)
    sponsor = session().get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None
    rest = [option for option in offered if option.step.name not in SIGNATURES]
    return {
        **_shared(record, case),
        **record_page.offered_steps(record, rest),
        "agreement": record,
        "document": session().get(Document, record.document_id) if record.document_id else None,
        "signed_copy": signed_copy(session(), record),
        "sponsor": sponsor.legal_name if sponsor else challenge.sponsors_in_source,
        "team_signer": _name(record.team_signed_by_id),
        "sponsor_signer": _name(record.sponsor_signed_by_id),
        "signature": _signature(record),
        "in_standstill": bool(record.standstill_ends_at and now() < record.standstill_ends_at),
    }


def _name(person_id: int | None) -> str:
    return session().get_one(Person, person_id).name if person_id else ""
