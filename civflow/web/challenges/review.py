"""Before a challenge is approved: request changes part by part, say that one is dealt with, score the challenge."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Challenge
from civflow.services.challenges import form, review, review_scores
from civflow.services.challenges.drafts import text_to_read
from civflow.services.engine.advance import options, workflow_of
from civflow.services.formatting import pasted
from civflow.services.notifications.preview import preview
from civflow.services.programmes.store import programme_of
from civflow.web.shared.access import only_for, open_to, signed_in
from civflow.web.shared.challenge_access import at_address, owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import OUT_OF_BAND, is_htmx, redirect_to
from civflow.web.shared.step_form import Attempt, attempt, revision_seen
from civflow.workflows.challenges.readiness import ANSWERING, OWNERS, a_scorer_before_the_approval
from civflow.workflows.engine import NotFound, Option, Refused
from civflow.workflows.rules import the_auditor

blueprint = Blueprint("readiness", __name__)
READERS = (*OWNERS, *ANSWERING, the_auditor)


def before_approval(challenge: Challenge) -> dict[str, Any]:
    """For the pages of a draft: the promised answer, readiness, changes that were asked for, and how it scores."""
    every = review.asked_changes(session(), challenge)
    asked = [one for one in every if one.change.dealt_at is None]
    scoring = review_scores.standing(session(), challenge, actor=actor())
    return {
        "promised": review.promised_reply(session(), challenge),
        "unanswered": review.opens_unanswered(session(), challenge),
        "readiness": review.facts_of(challenge),
        "asked": asked,
        "asked_parts": {one.change.part for one in asked},
        "dealt": [one for one in every if one.change.dealt_at],
        "scoring": scoring if scoring and (scoring.sheets or review.promised_reply(session(), challenge)) else None,
    }


@blueprint.get("/challenges/<slug>/request-changes")
@open_to(signed_in)
def ask(slug: str) -> str:
    """A place for a reason beside each part of the draft."""
    return render_template("challenges/review/request_changes.html", **_asking(owned(slug, ANSWERING)))


@blueprint.post("/challenges/<slug>/request-changes")
@open_to(signed_in)
def request_changes(slug: str) -> Response:
    """Send the draft back to its sponsor; a refusal brings back every word."""
    challenge = owned(slug, ANSWERING)
    typed = {name: pasted(words) for name, words in request.form.items() if name not in ("csrf_token", "seen")}
    reasons = {part.id: typed.get(part.id, "") for part in form.parts_of(programme_of(session(), challenge))}
    with attempt() as tried:
        review.request_changes(
            session(),
            challenge,
            reasons,
            general=typed.get("general", ""),
            actor=actor(),
            now=now(),
            seen=revision_seen(),
        )
    if tried.refusal:
        context = {**_asking(owned(slug, ANSWERING)), "typed": typed}
        return tried.page("challenges/review/request_changes.html", **context)
    flash("The sponsor is told, and reads at each part what to change.", "done")
    return redirect_to(f"/challenges/{slug}")


def _asking(challenge: Challenge) -> dict[str, Any]:
    text = text_to_read(session(), challenge)
    parts = form.parts_of(programme_of(session(), challenge))
    option = _option(challenge, "request_changes")
    page = workflow_of(session(), challenge)
    audience_preview = None
    if option and option.allowed:
        audience_preview = preview(session(), page, option.step, challenge, actor=actor(), now=now())
    return {
        "challenge": challenge,
        "option": option,
        "typed": {},
        "errors": [],
        "fields": {},
        "audience_preview": audience_preview,
        "longest": review.LONGEST,
        "promised": review.promised_reply(session(), challenge),
        "unanswered": review.opens_unanswered(session(), challenge),
        "parts": [(part, form.stored(session(), challenge, text, part)) for part in parts],
    }


def _option(challenge: Challenge, trigger: str) -> Option | None:
    offered = options(session(), challenge, actor=actor(), now=now())
    return next((option for option in offered if option.step.name == trigger), None)


@blueprint.post("/challenges/<slug>/asked-changes/<int:change_id>")
@open_to(signed_in)
def deal_with(slug: str, change_id: int) -> Response:
    """The sponsor says that a change is dealt with, and may say how."""
    challenge, how = owned(slug), pasted(request.form.get("how", ""))
    with attempt() as tried:
        change = review.deal_with(session(), challenge, change_id, how=how, actor=actor(), now=now())
    if tried.refusal:
        return _not_dealt_with(slug, change_id, how, tried)
    flash(f"What was asked for in “{review.title_of_part(session(), challenge, change.part)}” is dealt with.", "done")
    return redirect_to(f"/challenges/{slug}/edit")


def _not_dealt_with(slug: str, change_id: int, how: str, tried: Attempt) -> Response:
    """The change with what was typed about it, and why that is not kept; the list where nothing is open any more."""
    challenge = owned(slug)
    asked = next((one for one in review.open_changes(session(), challenge) if one.change.id == change_id), None)
    if asked is None:
        flash("Somebody else has said already that it is dealt with.")
        return redirect_to(f"/challenges/{slug}/edit")
    context = {"challenge": challenge, "asked": asked, "typed": how}
    return tried.page("challenges/review/deal_with.html", {"how": f"how-{change_id}"}, **context)


@blueprint.get("/challenges/<slug>/scoring")
@open_to(signed_in)
def scoring(slug: str) -> str:
    """The draft to read and a scorecard, for those who were named; for the others, how far the scoring is."""
    return render_template("challenges/review/scoring.html", **_scoring(_readable(slug)))


@blueprint.post("/challenges/<slug>/scoring")
@open_to(signed_in)
def score(slug: str) -> Response:
    """Send one's scores; a refusal brings back every choice and every word."""
    challenge = _readable(slug)
    given = _given(challenge)
    with attempt() as tried:
        review_scores.score(session(), challenge, given, actor=actor(), now=now(), seen=revision_seen())
    if tried.refusal:
        return _not_scored(slug, given, tried)
    flash("Your scores are locked. The others' are shown when everybody has scored.", "done")
    return redirect_to(f"/challenges/{slug}/scoring")


@blueprint.post("/challenges/<slug>/scoring/keep")
@open_to(signed_in, saves_by_itself=True)
def keep(slug: str) -> Response:
    """Keep what is typed so far, on a button or by itself; it is not sent."""
    challenge = _readable(slug)
    given = _given(challenge)
    with attempt() as tried:
        seen = request.form.get("kept", "")
        kept = review_scores.keep(session(), challenge, given, seen=seen, actor=actor(), now=now())
    if tried.refusal:
        return _not_scored(slug, given, tried)
    if kept.faults and not is_htmx():  # the rest is kept, and stays so
        return _not_scored(slug, given, Attempt(Refused(*kept.faults.values(), fields=kept.faults)))
    if not is_htmx():
        flash("Your scores and reasons are kept, for you alone. They count once you send them.", "done")
        return redirect_to("/")
    parts = [
        render_template(name, kept=kept.seen, faults=kept.faults, now=now(), oob=OUT_OF_BAND)
        for name in ("challenges/review/_kept_status.html", "challenges/review/_kept.html")
    ]
    return Response("\n".join(parts))


def _given(challenge: Challenge) -> dict[str, tuple[str, str]]:
    """Criterion -> score and reason as the form brings them."""
    criteria = programme_of(session(), challenge).readiness.scoring
    return {
        c.id: (request.form.get(f"{c.id}-score", ""), pasted(request.form.get(f"{c.id}-reason", "")))
        for c in (criteria.criteria if criteria else ())
    }


def _not_scored(slug: str, given: dict[str, tuple[str, str]], tried: Attempt) -> Response:
    """The form with what was typed, and why it is not sent or kept; to a form that saves itself only the sentence."""
    if is_htmx():
        why_not = [sentence for _, sentence in tried.lines()]
        return Response(render_template("challenges/review/_kept_status.html", why_not=why_not), tried.status)
    return tried.page("challenges/review/scoring.html", **{**_scoring(_readable(slug)), "typed": given})


def _readable(slug: str) -> Challenge:
    """A challenge whose scoring this person may look at. Raises Forbidden, or NotFound where there is none."""
    challenge, case = at_address(slug)
    if programme_of(session(), challenge).readiness.scoring is None:
        raise NotFound("This programme does not score challenges before they are approved.")
    only_for(case, *READERS, a_scorer_before_the_approval)
    return challenge


def _scoring(challenge: Challenge) -> dict[str, Any]:
    found = review_scores.standing(session(), challenge, actor=actor())
    text, option = text_to_read(session(), challenge), _option(challenge, "score")
    parts = form.parts_of(programme_of(session(), challenge))
    kept = review_scores.kept(session(), challenge, actor=actor())
    return {
        "challenge": challenge,
        "scoring": found,
        "errors": [],
        "fields": {},
        "typed": kept.typed,
        "kept": kept.seen,
        "may_score": option is not None and option.allowed,
        "longest": review_scores.LONGEST,
        "promised": review.promised_reply(session(), challenge),
        "unanswered": review.opens_unanswered(session(), challenge),
        "parts": [(part, form.stored(session(), challenge, text, part)) for part in parts],
    }
