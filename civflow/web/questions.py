"""Questions for those who answer them: the list, a page for each, publishing, merging, and spreadsheets."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Challenge, Question
from civflow.services.challenges import public_page
from civflow.services.challenges.seal import are_sealed
from civflow.services.challenges.versions import change_in_hand
from civflow.services.engine.advance import advance
from civflow.services.programmes.store import programme_of
from civflow.services.questions import list as question_list
from civflow.services.questions import questions, spreadsheet
from civflow.services.questions.list import GROUPS
from civflow.services.questions.questions import answer_reach, last_moment, root_of, words_of
from civflow.web.shared.access import anyone, load_case, open_to, signed_in
from civflow.web.shared.asks import plain, whole_number
from civflow.web.shared.challenge_access import answers_questions, at_address, must_answer, reads_the_list
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.errors import lines_of
from civflow.web.shared.htmx import page_or_fragment, redirect_to
from civflow.web.shared.record_page import entries, offered_steps
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, Conflicted, NotFound, Refused
from civflow.workflows.questions import PUBLIC, WAITING
from civflow.workflows.visibility import reads_as

blueprint = Blueprint("questions", __name__)
LAST_PAGE = 10_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/challenges/<slug>/questions")
@open_to(anyone)
def list_questions(slug: str) -> Response:
    """What waits, oldest first; everybody else is led to the answers on the challenge's own page."""
    challenge, case = at_address(slug)
    if not reads_the_list(case):
        return redirect_to(f"/challenges/{slug}#questions")
    group = request.args.get("state", "ours")
    group = group if group in GROUPS else "ours"
    number = min(max(1, whole_number(request.args.get("page", "")) or 1), LAST_PAGE)
    found = question_list.listed(session(), challenge, group=group, page=number, now=now())
    return page_or_fragment(
        "questions/list.html",
        "questions/_list.html",
        challenge=challenge,
        found=found,
        group=group,
        groups=GROUPS,
        number=number,
        questions_until=last_moment(session(), challenge),
        may_answer=answers_questions(case),
        may_move=may_move_the_last_moment(case),
    )


@blueprint.get("/challenges/<slug>/questions/<int:question_id>")
@open_to(anyone)
def show(slug: str, question_id: int) -> str | Response:
    """For staff all of it, for whoever asked where it stands; the public reads published ones beside the others."""
    challenge, question, case = _question_at(slug, question_id)
    if reads_as(case) == "staff":
        return render_template("questions/show.html", **_context(challenge, question, case))
    if reads_as(case) == "public":
        return redirect_to(f"/challenges/{slug}#question-{question.number}")
    other = root_of(session(), question)
    return render_template(
        "questions/asker.html",
        challenge=challenge,
        question=question,
        other=other,
        state=HANDBOOK["question"].states[question.state],
        is_answered=other.state in PUBLIC,
        words=words_of(other),
        entries=entries(question, case),
    )


@blueprint.get("/questions/<int:question_id>")
@open_to(anyone)
def find(question_id: int) -> Response:
    """A question by its number alone."""
    question, _ = load_case(Question, question_id)
    challenge = session().get_one(Challenge, question.challenge_id)
    return redirect_to(f"/challenges/{challenge.slug}/questions/{question_id}")


@blueprint.post("/challenges/<slug>/questions/<int:question_id>")
@open_to(signed_in)
def draft(slug: str, question_id: int) -> Response:
    """Save the answer, for somebody else to clear."""
    _, question, _ = _question_at(slug, question_id)
    typed = {name: plain(request.form.get(name, "")) for name in ("answer", "wording")}
    typed["wording"] = "" if typed["wording"] == question.text else typed["wording"]
    refusal = _take(question, "draft", **typed)
    if refusal:
        return _refused(slug, question_id, "questions/show.html", refusal, typed=typed)
    flash("The answer is saved. Somebody else now checks and publishes it.", "done")
    return redirect_to(f"/challenges/{slug}/questions/{question_id}")


@blueprint.get("/challenges/<slug>/questions/<int:question_id>/publish")
@open_to(signed_in)
def look_before_publishing(slug: str, question_id: int) -> str:
    challenge, question, case = _question_at(slug, question_id)
    must_answer(case)
    return render_template("questions/publish.html", **_publishing(challenge, question, case))


@blueprint.post("/challenges/<slug>/questions/<int:question_id>/publish")
@open_to(signed_in)
def publish(slug: str, question_id: int) -> Response:
    """Publish the answer that this person has read, and no other."""
    _, question, _ = _question_at(slug, question_id)
    changes, seen = request.form.get("changes") == "yes", whole_number(request.form.get("seen", ""))
    try:
        questions.publish(session(), question, actor=actor(), now=now(), seen=seen, changes=changes)
    except (Refused, Conflicted) as refusal:
        session().rollback()
        return _refused(slug, question_id, "questions/publish.html", refusal)
    session().commit()
    flash(f"Answer {question.number} is public.", "done")
    return redirect_to(f"/challenges/{slug}/change" if changes else f"/challenges/{slug}/questions")


@blueprint.get("/challenges/<slug>/questions/<int:question_id>/merge")
@open_to(signed_in)
def look_before_merging(slug: str, question_id: int) -> str:
    challenge, question, case = _question_at(slug, question_id)
    must_answer(case)
    return render_template("questions/merge.html", **_merging(challenge, question, case))


@blueprint.post("/challenges/<slug>/questions/<int:question_id>/merge")
@open_to(signed_in)
def merge(slug: str, question_id: int) -> Response:
    _, question, _ = _question_at(slug, question_id)
    refusal = _take(question, "merge", merged_into_id=whole_number(request.form.get("merged_into_id", "")))
    if refusal:
        return _refused(slug, question_id, "questions/merge.html", refusal)
    flash("The two questions are merged. Whoever asked is told of the same answer.", "done")
    return redirect_to(f"/challenges/{slug}/questions")


@blueprint.get("/challenges/<slug>/questions.csv")
@open_to(anyone)
def as_csv(slug: str) -> Response:
    challenge, zone = _readable(slug)
    text = spreadsheet.as_csv(public_page.numbered(session(), challenge)[0], zone)
    return _file(text, "text/csv", f"questions-{slug}.csv")


@blueprint.get("/challenges/<slug>/questions.xlsx")
@open_to(anyone)
def as_xlsx(slug: str) -> Response:
    challenge, zone = _readable(slug)
    data = spreadsheet.as_xlsx(public_page.numbered(session(), challenge)[0], zone)
    return _file(data, XLSX, f"questions-{slug}.xlsx")


@blueprint.get("/challenges/<slug>/questions/import")
@open_to(signed_in)
def choose_file(slug: str) -> str:
    challenge, case = at_address(slug)
    must_answer(case)
    return render_template("questions/import.html", challenge=challenge, columns=spreadsheet.IMPORTED)


@blueprint.post("/challenges/<slug>/questions/import")
@open_to(signed_in)
def take_in(slug: str) -> Response:
    """Take in the portal's questions: all of the file or none of it."""
    challenge, case = at_address(slug)
    must_answer(case)
    given = request.files.get("file")
    data = given.read() if given and given.filename else None
    try:
        done = spreadsheet.import_questions(session(), challenge, data, actor=actor(), now=now())
    except Refused as refused:
        session().rollback()
        challenge, _ = at_address(slug)
        errors = [("file", sentence) for _, sentence in lines_of(refused)]
        page = render_template(
            "questions/import.html", challenge=challenge, columns=spreadsheet.IMPORTED, errors=errors
        )
        return Response(page, 422)
    session().commit()
    return Response(render_template("questions/imported.html", challenge=challenge, imported=done))


# Load and check


def may_move_the_last_moment(case: Case) -> bool:
    """Whether this person may move the last moment for questions, in the state in which the challenge stands."""
    step = case.workflow.steps_from(case.state).get("move_questions")
    return step is not None and case.workflow.permits(case, step)


def _question_at(slug: str, question_id: int) -> tuple[Challenge, Question, Case]:
    """The question, if this person may see it and it is about this challenge."""
    question, case = load_case(Question, question_id)
    challenge = session().get_one(Challenge, question.challenge_id)
    if challenge.slug != slug:
        raise NotFound("There is no such question about this challenge.")
    g.zone = programme_of(session(), challenge).timezone
    return challenge, question, case


def _readable(slug: str) -> tuple[Challenge, str]:
    """A challenge whose answers this person may read, and its zone."""
    challenge, _ = at_address(slug)
    return challenge, g.zone


# Parts of pages


def _take(question: Question, trigger: str, **inputs: Any) -> Refused | Conflicted | None:
    """Take a step with what the person had before their eyes, and commit; or the refusal, with nothing changed."""
    seen = whole_number(request.form.get("seen", ""))
    try:
        advance(session(), question, trigger, actor=actor(), now=now(), seen=seen, **inputs)
    except (Refused, Conflicted) as refusal:
        session().rollback()
        return refusal
    session().commit()
    return None


def _refused(slug: str, question_id: int, page: str, refusal: Refused | Conflicted, **more: Any) -> Response:
    """The page again, with the sentences and with what was typed."""
    challenge, question, case = _question_at(slug, question_id)
    context = PAGES[page](challenge, question, case)
    fields = refusal.fields if isinstance(refusal, Refused) else {}
    late = isinstance(refusal, Conflicted)
    text = render_template(page, **{**context, "errors": lines_of(refusal), "fields": fields, "conflict": late, **more})
    return Response(text, 409 if late else 422)


def _context(challenge: Challenge, question: Question, case: Case) -> dict[str, Any]:
    """A question with everything that staff read of it, and what this person may do."""
    zone = programme_of(session(), challenge).zone
    other = session().get_one(Question, question.merged_into_id) if question.merged_into_id else None
    here = f"/challenges/{challenge.slug}/questions/{question.id}"
    steps = offered_steps(question)
    takeable = {option.step.name for option in steps["possible"]}
    steps["possible"] = [option for option in steps["possible"] if option.step.name != "draft"]
    return {
        "challenge": challenge,
        "question": question,
        "words": words_of(question),
        "may_draft": "draft" in takeable,
        "line": question_list.line_of(question, now=now(), zone=zone, other=other),
        "merged": question_list.merged_into(session(), question),
        "entries": entries(question, case),
        "typed": {"answer": question.answer, "wording": words_of(question)},
        "fields": {},
        "conflict": False,
        "step_paths": {"publish": f"{here}/publish", "merge": f"{here}/merge"},
        "may_publish": "publish" in takeable,
        "told": answer_reach(session(), question, now=now()),
        "sealed": are_sealed(session(), challenge, now=now()),
        "is_mine": question.drafted_by_id == actor().id,
        "is_waiting": question.state in WAITING,
        **steps,
    }


def _publishing(challenge: Challenge, question: Question, case: Case) -> dict[str, Any]:
    """The page before publishing, with whether the answer can change the challenge."""
    return {
        **_context(challenge, question, case),
        "changes": request.form.get("changes") == "yes",
        "may_change": questions.may_change_the_text(session(), challenge, actor=actor(), now=now()),
        "change_in_hand": change_in_hand(session(), challenge) is not None,
    }


def _merging(challenge: Challenge, question: Question, case: Case) -> dict[str, Any]:
    found = question_list.candidates(session(), question)
    chosen = whole_number(request.form.get("merged_into_id", ""))
    return {**_context(challenge, question, case), "candidates": found, "chosen": chosen}


PAGES = {"questions/show.html": _context, "questions/publish.html": _publishing, "questions/merge.html": _merging}


def _file(data: str | bytes, kind: str, name: str) -> Response:
    answer = Response(data, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
