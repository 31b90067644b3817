"""Writing an application: one page per question, saved by itself; nobody's words are overwritten or lost."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from civflow.models import Application
from civflow.services.applications.answers import plain, save_answers
from civflow.services.dashboards.application import may
from civflow.services.engine.history import last_entry
from civflow.services.formatting import word_count
from civflow.web.applications.parts import is_writable, ours, the_form
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.step_form import Attempt, attempt
from civflow.workflows.engine import NotFound
from civflow.workflows.programme import Form, Section

blueprint = Blueprint("writing", __name__)


@blueprint.get("/applications/<int:application_id>/title")
@open_to(signed_in)
def title(application_id: int) -> str | Response:
    application = ours(application_id)
    if not is_writable(application):
        return redirect_to(f"/applications/{application_id}")
    return render_template("applications/title.html", **the_form(application))


@blueprint.post("/applications/<int:application_id>/title")
@open_to(signed_in)
def save_title(application_id: int) -> Response:
    application, typed = ours(application_id), request.form.get("title", "")
    with attempt() as tried:
        save_answers(session(), application, {}, title=typed, actor=actor(), now=now())
    if tried.refusal:
        return tried.page("applications/title.html", {"": "title"}, **the_form(ours(application_id)), typed=typed)
    return redirect_to(f"/applications/{application_id}")


@blueprint.get("/applications/<int:application_id>/questions/<question_id>")
@open_to(signed_in)
def question(application_id: int, question_id: str) -> str | Response:
    application = ours(application_id)
    if not is_writable(application):
        return redirect_to(f"/applications/{application_id}")
    parts = _question_parts(application, question_id)
    return render_template("applications/question.html", **parts, words=parts["stored"], before=parts["stored"])


@blueprint.post("/applications/<int:application_id>/questions/<question_id>")
@open_to(signed_in, saves_by_itself=True)
def save(application_id: int, question_id: str) -> Response:
    """Save, on a button or by itself."""
    words = plain(request.form.get("words", ""))
    application = ours(application_id)
    _question(the_form(application)["form"], question_id)
    # What the writer has seen: after a conflict and on a button, that is also what the other one wrote.
    before = request.form.get("theirs") if "theirs" in request.form and not is_htmx() else request.form.get("before")
    with attempt() as tried:
        save_answers(
            session(),
            application,
            {question_id: words},
            actor=actor(),
            now=now(),
            before=None if before is None else {question_id: before},
        )
    if tried.refusal:
        return _not_saved(application_id, question_id, words, tried)
    if is_htmx() or not is_writable(application):
        return _saved(application, question_id, words)
    return redirect_to(_onwards(application, question_id, words))


def _saved(application: Application, question_id: str, words: str) -> Response:
    """Saved; too late, perhaps, and then it says so."""
    parts = _question_parts(application, question_id)
    return page_or_fragment(
        "applications/question.html",
        "applications/_saved.html",
        **parts,
        words=words,
        before=words,
        also=("applications/_before.html", "applications/_conflict.html"),
    )


def _not_saved(application_id: int, question_id: str, words: str, tried: Attempt) -> Response:
    """Nothing is saved and nothing is lost: the page has both texts, and why."""
    application = ours(application_id)
    parts = _question_parts(application, question_id)
    conflict = tried.is_late and parts["stored"] != words
    still_written = may(application, "write")
    return page_or_fragment(
        "applications/question.html",
        "applications/_saved.html",
        409 if conflict else 422,
        **parts,
        words=words,
        before=request.form.get("before", ""),
        theirs=parts["stored"] if conflict else None,
        errors=tried.lines({question_id: "words", "": "words"})
        if still_written
        else [("words", _moved_on(application))],
        also=("applications/_conflict.html",),
    )


def _moved_on(application: Application) -> str:
    """Why words cannot be saved any more; the history says who moved it on."""
    last = last_entry(session(), "application", application.id or 0)
    who = last.actor_name if last else "Somebody"
    if may(application, "take_back"):
        return f"{who} submitted it while you were typing. Copy your words, take it back, and change it."
    return "The application cannot be changed any more. Copy your words if you want to keep them."


def _onwards(application: Application, question_id: str, words: str) -> str:
    """Where the button leads; words that are too long stay before the writer's eyes."""
    here = f"/applications/{application.id}"
    form = the_form(application)["form"]
    asked = _question(form, question_id)
    if request.form.get("then") != "continue":
        return f"{here}#questions"
    if word_count(words) > asked.words:
        return f"{here}/questions/{question_id}"
    position = form.questions.index(asked) + 1
    return f"{here}/questions/{form.questions[position].id}" if position < len(form.questions) else f"{here}#questions"


def _question(form: Form, question_id: str) -> Section:
    found = next((q for q in form.questions if q.id == question_id), None)
    if found is None:
        raise NotFound("The form has no such question. Go back to the list of questions.")
    return found


def _question_parts(application: Application, question_id: str) -> dict[str, Any]:
    parts = the_form(application)
    asked = _question(parts["form"], question_id)
    position = parts["form"].questions.index(asked)
    first = application.answers.get(parts["programme"].call.form or "", {}) if parts["improving"] else {}
    return {
        **parts,
        "question": asked,
        "position": position + 1,
        "previous": parts["form"].questions[position - 1] if position else None,
        "is_last": position + 1 == len(parts["form"].questions),
        "stored": parts["answers"].get(question_id, ""),
        "first_words": first.get(question_id, ""),
        "now": now(),
    }
