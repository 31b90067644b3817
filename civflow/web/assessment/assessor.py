"""An assessor's pages: what to assess, a conflict first, then reading and scoring, then the others' scores."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from civflow.models import Application, Assignment, Challenge, Gate, Score
from civflow.services.assessment import assessor_page
from civflow.services.assessment.gates import scorecard_of
from civflow.services.assessment.scores import record_score, scores_of
from civflow.services.challenges.versions import news_since
from civflow.services.collaboration.parts import fingerprint
from civflow.web.shared.access import load, open_to, signed_in
from civflow.web.shared.asks import plain, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.errors import lines_of
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.navigation import Link, holds_any
from civflow.web.shared.step_form import Attempt, attempt, take
from civflow.workflows.engine import Refused

blueprint = Blueprint("assessment", __name__)
NAVIGATION = (Link("Assess", "/assignments", 50, lambda actor: holds_any(actor, "assessor", "panel_member")),)
FIELD_IDS = {"decline_why": "decline_why-1"}  # of several radio buttons the first
PROGRESS, SEEN = "assessment/_progress.html", "assessment/_seen.html"
CHANGED = (
    "While you wrote, this score was saved as {value} (“{why}”), in another window or before a connection broke. "
    "Yours is not saved. Save again to keep yours instead."
)


@blueprint.get("/assignments")
@open_to(signed_in)
def mine() -> str:
    """Everything that the person is asked to assess, what is left first."""
    return render_template("assessment/list.html", gates=assessor_page.gates_of(session(), actor(), now=now()))


@blueprint.get("/assignments/<int:assignment_id>")
@open_to(signed_in)
def show(assignment_id: int) -> str:
    assignment = load(Assignment, assignment_id)
    return render_template("assessment/show.html", **_context(assignment))


@blueprint.post("/assignments/<int:assignment_id>/accept")
@open_to(signed_in)
def accept(assignment_id: int) -> Response:
    """Declare no conflict, and start to read."""
    assignment = load(Assignment, assignment_id)
    with attempt() as tried:
        take(assignment, "accept", no_conflict=request.form.get("no_conflict") == "yes")
    if tried.refusal:
        return _not_done(assignment_id, tried)
    return redirect_to(f"/assignments/{assignment_id}")


@blueprint.post("/assignments/<int:assignment_id>/decline")
@open_to(signed_in)
def decline(assignment_id: int) -> Response:
    assignment = load(Assignment, assignment_id)
    with attempt() as tried:
        take(assignment, "decline", decline_why=request.form.get("decline_why", ""))
    if tried.refusal:
        return _not_done(assignment_id, tried)
    return redirect_to("/assignments")


@blueprint.post("/assignments/<int:assignment_id>/scores/<criterion>")
@open_to(signed_in, saves_by_itself=True)
def score(assignment_id: int, criterion: str) -> Response:
    """Keep one score with its reason; to htmx, that it is kept, with the progress beside it."""
    assignment, typed = load(Assignment, assignment_id), _typed(criterion)
    with attempt() as tried:
        _keep(assignment, criterion, typed, scores_of(session(), assignment).get(criterion))
    if tried.refusal:
        return _not_scored(load(Assignment, assignment_id), criterion, typed, tried)
    if not is_htmx():
        return redirect_to(f"/assignments/{assignment_id}#criterion-{criterion}")
    context = _with_criterion(assignment, criterion)
    return page_or_fragment("assessment/show.html", "assessment/_saved.html", also=[PROGRESS, SEEN], **context)


@blueprint.post("/assignments/<int:assignment_id>/scores")
@open_to(signed_in)
def score_all(assignment_id: int) -> Response:
    """Without JavaScript every button saves all that was typed: a score that cannot be kept holds up no other."""
    assignment = load(Assignment, assignment_id)
    given = scores_of(session(), assignment)
    card = scorecard_of(session(), session().get_one(Gate, assignment.gate_id))
    all_typed = {criterion.id: _typed(criterion.id) for criterion in card.criteria}
    errors: list[tuple[str, str]] = []
    for criterion, typed in all_typed.items():
        kept = given.get(criterion)
        if fingerprint(typed) == _mark_shown(criterion, kept):
            continue  # nothing was changed here: what another window has saved meanwhile stays
        try:
            _keep(assignment, criterion, typed, kept)
        except Refused as refused:
            # Nothing of this score is written, and the others are kept: so nothing is rolled back.
            errors += lines_of(refused, {"": f"{criterion}-value"})
    session().commit()
    if not errors:
        return redirect_to(f"/assignments/{assignment_id}#scoring-progress")
    fields = dict(errors)
    wrong = {name: typed for name, typed in all_typed.items() if {f"{name}-value", f"{name}-why"} & set(fields)}
    context = _context(assignment) | {"typed": wrong, "fields": fields, "errors": errors}
    return Response(render_template("assessment/show.html", **context), 422)


def as_typed(kept: Score | None) -> dict[str, str]:
    """A kept score as the form shows it; one that is not given yet is empty."""
    return {"value": str(kept.value), "why": plain(kept.reason)} if kept else {"value": "", "why": ""}


def _mark_shown(criterion: str, kept: Score | None) -> str:
    """The mark of what the page showed; a page that carries none is taken to have shown what is kept."""
    return request.form.get(f"{criterion}-seen") or fingerprint(as_typed(kept))


def _typed(criterion: str) -> dict[str, str]:
    return {name: plain(request.form.get(f"{criterion}-{name}", "")) for name in ("value", "why")}


def _keep(assignment: Assignment, criterion: str, typed: dict[str, str], kept: Score | None) -> None:
    """Keep what was typed. Raises Refused, also for a score that another window has changed meanwhile."""
    before = as_typed(kept)
    if kept and typed == before:
        return
    if fingerprint(before) != _mark_shown(criterion, kept):
        sentence = CHANGED.format(**before)
        raise Refused(sentence, fields={f"{criterion}-value": sentence})
    record_score(
        session(),
        assignment,
        criterion=criterion,
        value=whole_number(typed["value"]),
        why=typed["why"],
        actor=actor(),
        now=now(),
    )


@blueprint.post("/assignments/<int:assignment_id>/submit")
@open_to(signed_in)
def submit(assignment_id: int) -> Response:
    """Lock the scores, and go to the next application that is left."""
    assignment = load(Assignment, assignment_id)
    with attempt() as tried:
        take(assignment, "submit")
    if tried.refusal:
        return _not_done(assignment_id, tried)
    return redirect_to(f"/assignments/{assignment_id}")


def _not_scored(assignment: Assignment, criterion: str, typed: dict[str, str], tried: Attempt) -> Response:
    """The criterion again with what was typed, and the sentences at its fields."""
    context = _with_criterion(assignment, criterion)
    ids = {"": f"{criterion}-value"}
    context |= {"typed": {criterion: typed}, "fields": tried.fields(ids), "errors": tried.lines(ids)}
    return page_or_fragment(
        "assessment/show.html",
        "assessment/_score.html",
        tried.status,
        also=[PROGRESS],
        instead_of=f"#criterion-{criterion}",
        **context,
    )


def _with_criterion(assignment: Assignment, criterion: str) -> dict[str, Any]:
    context = _context(assignment)
    criteria = context["card"].criteria
    return context | {"criterion": next((c for c in criteria if c.id == criterion), criteria[0])}


def _not_done(assignment_id: int, tried: Attempt) -> Response:
    """The page again, with the sentences at the top and at the fields."""
    return tried.page("assessment/show.html", FIELD_IDS, **_context(load(Assignment, assignment_id)))


def _context(assignment: Assignment) -> dict[str, Any]:
    gate = session().get_one(Gate, assignment.gate_id)
    sheet = assessor_page.sheet(session(), assignment, actor(), now=now())
    application = session().get_one(Application, assignment.application_id)
    challenge = session().get_one(Challenge, assignment.challenge_id)
    return {
        "assignment": assignment,
        "gate": gate,
        "sheet": sheet,
        "card": scorecard_of(session(), gate),
        "application": application,
        "challenge": challenge,
        "typed": {},
        "fields": {},
        "news": news_since(session(), challenge, application.challenge_version),
        "seen_of": lambda kept: fingerprint(as_typed(kept)),
    }
