"""The comments on a record, for whoever its page names: loaded and checked in one go, shown, and written."""

from __future__ import annotations

from typing import Any

from flask import g, request

from civflow.models import Tracked
from civflow.services.collaboration import comments
from civflow.services.records.titles import comments_path, title_of
from civflow.services.records.zones import zone_of
from civflow.web.shared.access import load_case, only_for
from civflow.web.shared.asks import refuse, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.step_form import Attempt
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, Comments, NotFound
from civflow.workflows.engine.sight import reads_comments, writes_comments

FRAGMENT = "collaboration/_comments.html"
NOT_AN_ANSWER = (
    "Nobody can tell which comment this answers, so it is not kept. Send it again here, or answer the comment itself."
)


def commented(noun: str, record_id: int) -> tuple[Tracked, Case]:
    """The record with its case, for whoever reads its comments.

    Raises NotFound where there is none or it is not theirs to see, and where nobody comments on such a record;
    Forbidden for whoever sees it and does not read what is said about it.
    """
    page = HANDBOOK.get(noun)
    if page is None or page.comments is None:
        raise NotFound("Nobody comments here.")
    record, case = load_case(page.record, record_id)
    g.zone = zone_of(session(), record)
    may_read(case)
    return record, case


def may_read(case: Case) -> None:
    """Raises Forbidden for whoever does not read the comments on the record, NotFound where it has none."""
    only_for(case, *_declared(case).read)


def may_write(case: Case) -> None:
    """Raises Forbidden for whoever does not write comments on the record, NotFound where it has none."""
    may_read(case)
    only_for(case, *_declared(case).write)


def _declared(case: Case) -> Comments:
    if case.workflow.comments is None:
        raise NotFound("Nobody comments here.")
    return case.workflow.comments


def comments_on(record: Tracked, case: Case, *, part: str = "", title: str = "", path: str = "") -> dict[str, Any]:
    """What the fragment of the comments needs: on the whole record, or on a part of it with this title and path."""
    return {
        "threads": comments.threads(session(), record, part),
        "comments_path": path or comments_path(record),
        "comments_on": title or title_of(session(), record),
        "comments_hint": _declared(case).hint,
        "may_comment": writes_comments(case),
        "my_id": actor().id,
    }


def comments_beside(record: Tracked, case: Case) -> dict[str, Any]:
    """The same for a page that shows the record itself; nothing where its reader reads none, or they have a page of their own."""
    declared = case.workflow.comments
    return comments_on(record, case) if declared and not declared.path and reads_comments(case) else {}


def do(record: Tracked, *, part: str = "", title: str = "") -> str:
    """Comment, answer, settle, open again or take one's own comment back, as the form says; a sentence about it."""
    form, who, at = request.form, actor(), now()
    for name, turn in (("settles", comments.settle), ("reopens", comments.reopen)):
        if name in form:
            turn(session(), record, part, whole_number(form[name]) or 0, actor=who, now=at)
            return "The comment is settled." if name == "settles" else "The comment is open again."
    if "takes_back" in form:
        comments.take_back(session(), record, part, whole_number(form["takes_back"]) or 0, actor=who, now=at)
        return "Your comment is taken back."
    thread = whole_number(form.get("answers", ""))
    if form.get("answers") and thread is None:
        refuse({"text": NOT_AN_ANSWER})
    about = title or title_of(session(), record)
    comments.say(session(), record, part, form.get("text", ""), title=about, thread_id=thread, actor=who, now=at)
    return "Your answer is there." if thread else "Your comment is there."


def what_is_wrong(tried: Attempt, threads: list[comments.Thread]) -> dict[str, Any]:
    """What the fragment shows of a refusal: in which box, the sentence, and the words that were typed."""
    thread = whole_number(request.form.get("answers", ""))
    has_box = any(found.id == thread and found.is_open for found in threads)
    return {
        "thread": thread if has_box else None,
        "sentence": tried.fields({"": "text"})["text"],
        "text": request.form.get("text", ""),
    }
