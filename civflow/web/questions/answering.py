"""Questions for those who answer them: the list, a page for each, publishing and merging."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Challenge, Question
from civflow.services.challenges.seal import are_sealed
from civflow.services.challenges.versions import change_in_hand
from civflow.services.programmes.store import programme_of
from civflow.services.questions import list as question_list
from civflow.services.questions import questions
from civflow.services.questions.list import GROUPS
from civflow.services.questions.questions import answer_reach, last_moment, root_of, words_of
from civflow.web.shared.access import anyone, load_case, open_to, signed_in
from civflow.web.shared.asks import plain, whole_number
from civflow.web.shared.challenge_access import answers_questions, at_address, must_answer, reads_the_list
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import page_or_fragment, redirect_to
from civflow.web.shared.record_page import entries, offered_steps
from civflow.web.shared.step_form import attempt, revision_seen, take
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, NotFound
from civflow.workflows.engine.sight import reads_as
from civflow.workflows.questions import PUBLIC, WAITING

blueprint = Blueprint("questions", __name__)
LAST_PAGE = 10_000


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
    with attempt() as tried:
        take(question, "draft", **typed)
    if tried.refusal:
        return tried.page("questions/show.html", **{**_context(*_question_at(slug, question_id)), "typed": typed})
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
    changes = request.form.get("changes") == "yes"
    with attempt() as tried:
        questions.publish(session(), question, actor=actor(), now=now(), seen=revision_seen(), changes=changes)
    if tried.refusal:
        return tried.page("questions/publish.html", **_publishing(*_question_at(slug, question_id)))
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
    with attempt() as tried:
        take(question, "merge", merged_into_id=whole_number(request.form.get("merged_into_id", "")))
    if tried.refusal:
        return tried.page("questions/merge.html", **_merging(*_question_at(slug, question_id)))
    flash("The two questions are merged. Whoever asked is told of the same answer.", "done")
    return redirect_to(f"/challenges/{slug}/questions")


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


# Parts of pages


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
        "reach": answer_reach(session(), question, now=now()),
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
