"""Any record of any workflow: its state, what may be done and why not the rest, and what has happened."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge, Tracked
from civflow.services import history, people
from civflow.services.advance import advance, options, workflow_of
from civflow.services.naming import path_of, title_of
from civflow.services.programmes import programme_of
from civflow.services.record_facts import rows_of
from civflow.services.telling import preview
from civflow.web.access import anyone, load_case, open_to
from civflow.web.current import actor, now, session
from civflow.web.htmx import page_or_fragment, redirect_to
from civflow.web.moments import NotAMoment, parse_moment
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Ask, Case, Conflicted, Forbidden, NotFound, Refused, Step, Workflow

blueprint = Blueprint("cases", __name__)
LONGEST_REASON = 500


class Entry(NamedTuple):
    """One line of the history as a page shows it."""

    what: str
    who: str
    when: Any
    why: str
    was: str
    now_is: str


@blueprint.get("/cases/<workflow>/<int:record_id>")
@open_to(anyone)
def show(workflow: str, record_id: int) -> str:
    record, case = _load(workflow, record_id)
    return render_template("cases/show.html", **context(record, case), entries=entries(record, case))


@blueprint.get("/cases/<workflow>/<int:record_id>/<trigger>")
@open_to(anyone)
def confirm(workflow: str, record_id: int, trigger: str) -> Response:
    """What will happen, what it needs, and whether it can be undone."""
    record, case = _load(workflow, record_id)
    return _form(record, case, trigger)


@blueprint.post("/cases/<workflow>/<int:record_id>/<trigger>")
@open_to(anyone)
def take(workflow: str, record_id: int, trigger: str) -> Response:
    """Take the step; a refusal comes back into the same form with what was typed."""
    record, _case = _load(workflow, record_id)
    step = workflow_of(session(), record).step(trigger, record.state)
    seen = request.form.get("seen", "")
    try:
        inputs = read_inputs(step, record)
        advance(session(), record, trigger, actor=actor(), now=now(), reason=request.form.get("reason", "")[:LONGEST_REASON],
                seen=int(seen) if seen.isdigit() else None, **inputs)  # fmt: skip
    except (Refused, Conflicted, Forbidden) as refusal:
        session().rollback()
        return _refused(workflow, record_id, trigger, refusal)
    session().commit()
    return redirect_to(_back(record))


def _refused(workflow: str, record_id: int, trigger: str, refusal: Refused | Conflicted | Forbidden) -> Response:
    """The form again, with the sentences at the top and at the fields, and what was typed."""
    record, case = _load(workflow, record_id)
    fields = refusal.fields if isinstance(refusal, Refused) else {}
    errors = list(fields.items()) + [("", s) for s in refusal.sentences if s not in fields.values()]
    status = 403 if isinstance(refusal, Forbidden) else 409 if isinstance(refusal, Conflicted) else 422
    return _form(
        record, case, trigger, status=status, errors=errors, fields=fields, conflict=isinstance(refusal, Conflicted)
    )


def _form(record: Tracked, case: Case, trigger: str, *, status: int = 200, **more: Any) -> Response:
    page = workflow_of(session(), record)
    option = next((o for o in options(session(), record, actor=actor(), now=now()) if o.step.name == trigger), None)
    if option is None and not any(step.name == trigger for step in page.steps):
        raise NotFound(f"There is no step '{trigger}' for a {page.title.lower()}.")
    step = option.step if option else next(step for step in page.steps if step.name == trigger)
    undo = [s for s in page.steps_from(step.target).values() if page.states[s.target] is not page.states[step.target]
            and page.is_backward(s, step.target)]  # fmt: skip
    details = {"option": option, "step": step, "undo": undo, "target": page.states[step.target], "typed": request.form,
               "seen": request.form.get("seen", record.revision), "zone": zone_of(record),
               "told": preview(session(), page, step, record, actor=actor(), now=now(), reason=request.form.get("reason", ""))}  # fmt: skip
    return page_or_fragment(
        "cases/step.html", "cases/_step.html", status, **{**context(record, case), **details, **more}
    )


def context(record: Tracked, case: Case) -> dict[str, Any]:
    """What the page of a record shows: its title, state, facts, and what this reader may do."""
    page = workflow_of(session(), record)
    state = page.states[record.state]
    offered = options(session(), record, actor=actor(), now=now())
    return {
        "record": record, "noun": page, "title": title_of(session(), record), "state": state,
        "label": state.staff if is_staff(case) else state.public or state.staff, "rows": rows_of(session(), record, staff=is_staff(case)),
        "path": path_of(record), "own_page": not path_of(record).startswith("/cases/"), **offered_steps(record, offered),
    }  # fmt: skip


def offered_steps(record: Tracked, offered: Any = None) -> dict[str, Any]:
    """For cases/_options.html: what this person may do now, and what is not possible yet, with why."""
    found = offered if offered is not None else options(session(), record, actor=actor(), now=now())
    return {
        "case_workflow": workflow_of(session(), record).name, "case_id": record.id,
        "possible": [o for o in found if o.allowed and not is_by_itself(o.step)],
        "not_yet": [o for o in found if not o.allowed and not o.forbidden and not is_by_itself(o.step)],
        "by_itself": [o for o in found if o.due and o.due > now()],
    }  # fmt: skip


def is_by_itself(step: Step) -> bool:
    """Steps that nobody takes by hand."""
    return all(r.name == "by_itself" for r in step.permits)


def is_staff(case: Case) -> bool:
    """Whether the reader runs this programme: they read the staff's labels and names."""
    return any(case.holds(role) for role in ("programme_manager", "challenge_owner", "approver", "auditor"))


def entries(record: Tracked, case: Case) -> list[Entry]:
    """The history, newest first; only staff read the names of staff."""
    page, staff = workflow_of(session(), record), is_staff(case)
    buttons = {step.name: step.button for step in page.steps}

    def label(name: str) -> str:
        state = page.states.get(name)
        return name if state is None else state.staff if staff else state.public or state.staff

    return [
        Entry(
            what=buttons.get(entry.step, "Begun" if entry.step == "begin" else entry.step.replace("_", " ").capitalize()),
            who=entry.actor_name if staff or entry.actor_id in (None, actor().id) else "The programme",
            when=entry.at, why=entry.reason if staff or page.name != "assignment" else "",
            was=label(entry.from_state) if entry.from_state != entry.to_state else "",
            now_is=label(entry.to_state) if entry.from_state != entry.to_state else "",
        )
        for entry in history.history_of(session(), page.name, record.id or 0)
    ]  # fmt: skip


def read_inputs(step: Step, record: Tracked) -> dict[str, Any]:
    """The step's asks as they were typed. Raises Refused with a sentence per field that cannot be read."""
    inputs: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for ask in step.asks:
        try:
            inputs[ask.name] = _read(ask, request.form.get(ask.name, "").strip(), record)
        except NotAMoment as sentence:
            faults[ask.name] = str(sentence)
    if faults:
        raise Refused(*faults.values(), fields=faults)
    return inputs


def _read(ask: Ask, typed: str, record: Tracked) -> Any:
    """One input from its text; raises NotAMoment with what to type."""
    if ask.kind == "yes":
        return typed == "yes"
    if not typed:
        return None if ask.kind not in {"text", "line"} else ""
    if ask.kind == "number":
        if not typed.lstrip("-").isdigit():
            raise NotAMoment(f"“{ask.label}” must be a whole number.")
        return int(typed)
    if ask.kind == "moment":
        return parse_moment(typed, zone_of(record))
    if ask.kind == "person":
        found = people.person_by_email(session(), typed)
        if found is None:
            raise NotAMoment(f"Nobody has an account with the address {typed}. Ask them to make one first.")
        return found.id
    if ask.kind == "application":
        application = session().scalars(select(Application).where(col(Application.reference) == typed)).first()
        if application is None:
            raise NotAMoment(f"There is no application {typed}.")
        return application.id
    return typed


def zone_of(record: Any) -> str:
    """The zone in which the record's programme tells the time."""
    challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
    if challenge_id is None:
        return "Europe/London"
    return programme_of(session(), session().get_one(Challenge, challenge_id)).timezone


def _back(record: Tracked) -> str:
    return path_of(record)


def _load(workflow: str, record_id: int) -> tuple[Tracked, Case]:
    page: Workflow | None = HANDBOOK.get(workflow)
    if page is None:
        raise NotFound(f"The handbook has no page “{workflow}”.")
    return load_case(page.record, record_id)
