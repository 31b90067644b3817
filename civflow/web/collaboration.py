"""The comments on any record of a noun whose page says who reads and writes them, and who else is there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template

from civflow.models import Tracked
from civflow.services.collaboration import presence
from civflow.services.records.titles import comments_path, title_of
from civflow.web.shared import comments
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.arriving import arrive
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import Case, NotFound

blueprint = Blueprint("comments", __name__)
PAGE = "collaboration/comments.html"


@blueprint.get("/cases/<workflow>/<int:record_id>/comments")
@open_to(signed_in)
def show(workflow: str, record_id: int) -> str | Response:
    """What was said about a record; where its noun has a page of its own for that, there."""
    record, case = comments.commented(workflow, record_id)
    if _has_its_own(case):
        return redirect_to(comments_path(record))
    arrive(record, stays=True)
    return render_template(PAGE, **_context(record, case))


@blueprint.post("/cases/<workflow>/<int:record_id>/comments")
@open_to(signed_in)
def change(workflow: str, record_id: int) -> Response:
    """Comment, answer, settle, open again or take one's own comment back."""
    record, case = comments.commented(workflow, record_id)
    if _has_its_own(case):
        raise NotFound("The comments are on a page of their own.")
    comments.may_write(case)
    with attempt() as tried:
        done = comments.do(record)
    if tried.refusal:
        context = _context(*comments.commented(workflow, record_id))
        wrong = comments.what_is_wrong(tried, context["threads"])
        return page_or_fragment(PAGE, comments.FRAGMENT, tried.status, **context, wrong=wrong)
    if not is_htmx():
        return redirect_to(f"{comments_path(record)}#comments")
    return page_or_fragment(PAGE, comments.FRAGMENT, **_context(record, case), done=done)


def _has_its_own(case: Case) -> bool:
    return bool(case.workflow.comments and case.workflow.comments.path)


def _context(record: Tracked, case: Case) -> dict[str, Any]:
    return {
        "noun": case.workflow,
        "record": record,
        "title": title_of(session(), record),
        "here": presence.others(session(), record, actor().id, now=now()),
        **comments.comments_on(record, case),
    }
