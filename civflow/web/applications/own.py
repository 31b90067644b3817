"""A team's applications: where each stands, what it needs, submitting, and what was submitted."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Assignment
from civflow.services.applications.answers import acknowledge
from civflow.services.applications.submission import submissions, submit
from civflow.services.interviews.booking import book, give_back
from civflow.web.applications import list as applications_list
from civflow.web.applications.parts import (
    for_staff,
    for_the_team,
    interview_parts,
    is_ours,
    ours,
    receipt_parts,
    submit_parts,
    the_form,
)
from civflow.web.shared import record_page
from civflow.web.shared.access import load_case, open_to, signed_in
from civflow.web.shared.asks import whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.navigation import Link, is_only_finance, is_signed_in
from civflow.web.shared.step_form import Attempt, attempt, revision_seen
from civflow.workflows.engine import NotFound

blueprint = Blueprint("applications", __name__)
NAVIGATION = (
    Link("Applications", "/applications", 30, lambda actor: is_signed_in(actor) and not is_only_finance(actor)),
)


@blueprint.get("/applications")
@open_to(signed_in)
def mine() -> Response:
    """The applications of one's own teams, and those that one's role reads."""
    return applications_list.answer()


@blueprint.get("/applications/<int:application_id>")
@open_to(signed_in)
def show(application_id: int) -> str | Response:
    """Its team reads where it stands; staff read what they may; an assessor reads it where it is scored."""
    application, case = load_case(Application, application_id)
    if is_ours(case):
        return render_template("applications/show.html", **for_the_team(application))
    if record_page.is_staff(case):
        return render_template("applications/staff.html", **for_staff(application, case))
    mine = col(Assignment.application_id) == application_id, col(Assignment.assessor_id) == actor().id
    newest = select(col(Assignment.id)).where(*mine).order_by(col(Assignment.id).desc())
    return redirect_to(f"/assignments/{session().scalars(newest).first()}")


@blueprint.get("/applications/<int:application_id>/print")
@open_to(signed_in)
def on_one_page(application_id: int) -> str:
    """Everything that the team has written, on one page."""
    application = ours(application_id)
    return render_template("applications/print.html", **the_form(application))


@blueprint.post("/applications/<int:application_id>/read")
@open_to(signed_in)
def read_the_text(application_id: int) -> Response:
    """The team has read the latest text of the challenge."""
    application = ours(application_id)
    version = whole_number(request.form.get("version", ""))
    with attempt() as tried:
        acknowledge(session(), application, actor=actor(), now=now(), version=version)
    if tried.refusal:
        flash(" ".join(sentence for _, sentence in tried.lines()))
        return redirect_to(f"/applications/{application_id}#text")
    flash("Your application now answers the latest text of the challenge.", "done")
    return redirect_to(f"/applications/{application_id}")


# Submitting


@blueprint.get("/applications/<int:application_id>/submit")
@open_to(signed_in)
def check(application_id: int) -> str:
    """What will happen, or everything that is missing."""
    application = ours(application_id)
    return render_template("applications/submit.html", **submit_parts(application))


@blueprint.post("/applications/<int:application_id>/submit")
@open_to(signed_in)
def send(application_id: int) -> Response:
    application = ours(application_id)
    with attempt() as tried:
        kept = submit(session(), application, actor=actor(), now=now(), seen=revision_seen())
    if tried.refusal:
        return tried.page("applications/submit.html", **submit_parts(ours(application_id)))
    return redirect_to(f"/applications/{application_id}/submissions/{kept.number}?new=1")


@blueprint.get("/applications/<int:application_id>/submissions/<int:number>")
@open_to(signed_in)
def receipt(application_id: int, number: int) -> str:
    """A submission as it was kept: the time, the person, the hash, and every word."""
    application = ours(application_id)
    kept = next((s for s in submissions(session(), application) if s.number == number), None)
    if kept is None:
        raise NotFound("There is no such submission.")
    return render_template("applications/receipt.html", **receipt_parts(application, kept))


# Interviews


@blueprint.get("/applications/<int:application_id>/interview")
@open_to(signed_in)
def interview(application_id: int) -> str:
    """The booked interview, or the times to choose from."""
    return render_template("applications/interview.html", **interview_parts(ours(application_id)))


@blueprint.post("/applications/<int:application_id>/interview")
@open_to(signed_in)
def book_interview(application_id: int) -> Response:
    application = ours(application_id)
    with attempt() as tried:
        book(session(), application, whole_number(request.form.get("slot", "")), actor=actor(), now=now())
    if tried.refusal:
        return _interview_not_changed(application_id, tried)
    flash("Your interview is booked. The panel and your team are told.", "done")
    return redirect_to(f"/applications/{application_id}/interview")


@blueprint.post("/applications/<int:application_id>/interview/give-back")
@open_to(signed_in)
def give_back_interview(application_id: int) -> Response:
    application = ours(application_id)
    with attempt() as tried:
        give_back(session(), application, reason=request.form.get("reason", "")[:500], actor=actor(), now=now())
    if tried.refusal:
        return _interview_not_changed(application_id, tried)
    flash("You have given the time back. Choose another one.", "done")
    return redirect_to(f"/applications/{application_id}/interview")


def _interview_not_changed(application_id: int, tried: Attempt) -> Response:
    return tried.page("applications/interview.html", **interview_parts(ours(application_id)), typed=request.form)
