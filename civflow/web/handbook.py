"""The handbook as pages: every workflow with its sentences and its drawing, read from the handbook itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import func, select

from civflow.services.programmes import shipped
from civflow.web import diagrams
from civflow.web.access import anyone, open_to
from civflow.web.current import actor, session
from civflow.workflows import HANDBOOK
from civflow.workflows.draw import drawing
from civflow.workflows.engine import NotFound, Workflow
from civflow.workflows.programme import KINDS

blueprint = Blueprint("handbook", __name__)
STAFF = {"programme_manager", "auditor", "administrator", "approver"}
KIND_WORDS = dict(zip(KINDS, ("Call", "Gate", "Work", "Event", "Award", "Survey"), strict=True))


@blueprint.get("/handbook")
@open_to(anyone)
def contents() -> str:
    return render_template("handbook/contents.html", pages=HANDBOOK.values(), programmes=shipped(), counts=_totals())


@blueprint.get("/handbook/<name>")
@open_to(anyone)
def show(name: str) -> str:
    page = HANDBOOK.get(name)
    if page is None:
        raise NotFound(f"The handbook has no page “{name}”. Its pages are {', '.join(HANDBOOK)}.")
    counts = _counts(page) if _is_staff() else {}
    nodes, edges = drawing(page, counts)
    return render_template("handbook/show.html", page=page, counts=counts, is_staff=_is_staff(),
                           picture=diagrams.picture(nodes, edges, title=page.title), steps=_steps(page))  # fmt: skip


@blueprint.get("/handbook/programmes/<name>")
@open_to(anyone)
def programme(name: str) -> str:
    found = shipped().get(name)
    if found is None:
        raise NotFound(f"There is no programme “{name}”. Those that come with civflow are {', '.join(shipped())}.")
    return render_template("handbook/programme.html", programme=found.programme, kinds=KIND_WORDS)


def _steps(page: Workflow) -> list[dict[str, Any]]:
    """Each step in the words of the page."""
    return [
        {
            "step": step, "from": [page.states[s].staff for s in step.sources], "to": page.states[step.target].staff,
            "backward": any(page.is_backward(step, source) for source in step.sources),
            "by": [r.sentence for r in step.permits], "requires": [r.sentence for r in step.requires],
            "then": [name.replace("_", " ") for name in step.then],
            "due": step.due.replace("_", " ") if step.due else "",
        }
        for step in page.steps
    ]  # fmt: skip


def _is_staff() -> bool:
    return any(held.role in STAFF for held in actor().roles)


def _counts(page: Workflow) -> dict[str, int]:
    """State -> number of records."""
    rows = session().connection().execute(select(page.table.c.state, func.count()).group_by(page.table.c.state))
    return {row[0]: row[1] for row in rows}


def _totals() -> dict[str, int]:
    """For staff, the number of records of each noun."""
    return {name: sum(_counts(page).values()) for name, page in HANDBOOK.items()} if _is_staff() else {}
