"""Any record of any workflow: its state, what may be done and why not the rest, and what has happened."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Tracked
from civflow.services.engine import history
from civflow.services.engine.advance import options, workflow_of
from civflow.services.engine.afterwards import case_after
from civflow.services.formatting import zone_name
from civflow.services.notifications.preview import preview
from civflow.services.records.calendar import calendar, entries_of
from civflow.services.records.choices import Choice, choices_of
from civflow.services.records.preview import preview_step
from civflow.services.records.titles import path_of, step_path, title_of
from civflow.services.records.waiting import now_with
from civflow.services.records.zones import zone_of
from civflow.web.shared.access import anyone, load_case, open_to, signed_in
from civflow.web.shared.comments import comments_beside
from civflow.web.shared.current import actor, now, session, settings
from civflow.web.shared.follow import following_beside
from civflow.web.shared.htmx import page_or_fragment, redirect_to
from civflow.web.shared.record_page import context, entries, is_by_itself
from civflow.web.shared.step_form import attempt, revision_seen, typed_inputs
from civflow.web.shared.step_form import take as take_step
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, NotFound, Step, Workflow
from civflow.workflows.engine.sight import publishes_its_reason, reads_as
from civflow.workflows.engine.undoing import undoing
from civflow.workflows.rules import NOBODY_PRESSES

blueprint = Blueprint("cases", __name__)
ELSEWHERE = "“{}” has a page of its own, which asks for all that belongs to it. Open that page and do it there."


@blueprint.get("/cases/<workflow>/<int:record_id>")
@open_to(anyone)
def show(workflow: str, record_id: int) -> str:
    record, case = _load(workflow, record_id)
    shown = {**context(record, case), "entries": entries(record, case)}
    beside = {**comments_beside(record, case), **following_beside(record, case)}
    people = [] if reads_as(case) == "public" else now_with(session(), record, now=now())
    return render_template("records/show.html", **shown, **beside, now_with=people)


@blueprint.get("/cases/<workflow>/<int:record_id>.ics")
@open_to(anyone)
def as_calendar(workflow: str, record_id: int) -> Response:
    """The moments of a record that its page declares, as far as this person reads them."""
    record, case = _load(workflow, record_id)
    if not case.workflow.calendar:
        raise NotFound(f"{case.workflow.called}: it has no dates for a calendar.")
    entries = entries_of(session(), record, case, base_url=settings().base_url, now=now())
    made = calendar(title_of(session(), record), entries)
    return Response(made.to_ical().decode(), mimetype="text/calendar")


@blueprint.get("/cases/<workflow>/<int:record_id>/<trigger>")
@open_to(signed_in)
def confirm(workflow: str, record_id: int, trigger: str) -> Response:
    """What will happen, to whom, what it needs, and whether it can be undone."""
    record, case = _load(workflow, record_id)
    own_page = step_path(session(), record, trigger)
    return redirect_to(own_page) if own_page else _form(record, case, trigger)


@blueprint.post("/cases/<workflow>/<int:record_id>/<trigger>")
@open_to(signed_in)
def take(workflow: str, record_id: int, trigger: str) -> Response:
    """Take the step; a refusal comes back into the same form with what was typed."""
    record, case = _load(workflow, record_id)
    step = _step(record, trigger)
    if step.on_its_page:
        return _form(record, case, trigger, status=422)
    with attempt() as tried:
        move = take_step(record, trigger, **typed_inputs(record, step))
    if tried.is_late and _was_me(workflow, record_id, trigger):
        return redirect_to(path_of(record))
    if tried.refusal:
        record, case = _load(workflow, record_id)
        said = {"errors": tried.lines(), "fields": tried.fields(), "conflict": tried.is_late}
        return _form(record, case, trigger, status=tried.status, **said)
    flash(f"{move.step.button}: done.", "done")
    return redirect_to(path_of(record))


def _was_me(workflow: str, record_id: int, trigger: str) -> bool:
    """Whether the one who was first is this person with the same button, pressed twice."""
    last = history.last_entry(session(), workflow, record_id)
    return last is not None and (last.actor_id, last.step, last.number - 1) == (actor().id, trigger, revision_seen())


def _form(record: Tracked, case: Case, trigger: str, *, status: int = 200, **more: Any) -> Response:
    """The confirmation page; only those who may take the step learn whom it tells. 403 for the others."""
    page, step = workflow_of(session(), record), _step(record, trigger)
    offered = options(session(), record, actor=actor(), now=now())
    option = next((o for o in offered if o.step.name == trigger), None)
    audience_preview = step_preview = None
    choices: dict[str, list[Choice]] = {}
    if option and option.forbidden:
        status = 403
    elif option and step.on_its_page:  # only a POST past that page comes here
        more = {**more, "errors": [(step_path(session(), record, trigger) or "", ELSEWHERE.format(step.button))]}
    elif option:
        reason = request.form.get("reason", "")
        audience_preview = preview(session(), page, step, record, actor=actor(), now=now(), reason=reason)
        choices = choices_of(session(), record, step, actor=actor(), now=now())
        if option.allowed:
            step_preview = preview_step(session(), step, record, actor=actor(), now=now(), reason=reason)
    details = {
        "option": option,
        "choices": choices,
        "step": step,
        "zone_words": zone_name(g.zone),
        "audience_preview": audience_preview,
        "step_preview": step_preview,
        "undo": undoing(page, step, record.state, case_after(session(), record, step, actor=actor(), now=now())),
        "reason_is_public": publishes_its_reason(page, step.name),
        "nobody_presses": NOBODY_PRESSES if is_by_itself(step) else None,
        "seen": record.revision if more.get("conflict") else request.form.get("seen", record.revision),
        "typed": request.form,
        **more,
    }
    return page_or_fragment("records/step.html", "records/_step.html", status, **{**context(record, case), **details})


def _step(record: Tracked, trigger: str) -> Step:
    """The step of this name, from where the record stands or from elsewhere. Raises NotFound for an unknown name."""
    page = workflow_of(session(), record)
    here = page.steps_from(record.state).get(trigger)
    found = here or next((step for step in page.steps if step.name == trigger), None)
    if found is None:
        raise NotFound(f"{page.called}: there is no step “{trigger}”.")
    return found


def _load(workflow: str, record_id: int) -> tuple[Tracked, Case]:
    page: Workflow | None = HANDBOOK.get(workflow)
    if page is None:
        raise NotFound(f"The handbook has no page “{workflow}”.")
    record, case = load_case(page.record, record_id)
    g.zone = zone_of(session(), record)
    return record, case
