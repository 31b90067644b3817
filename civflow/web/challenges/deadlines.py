"""What happens to a call: its deadline moves, for everybody or for one team; it is cancelled, withdrawn, or copied."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Application, Challenge, Round, Team, Tracked
from civflow.services.applications import version_notices
from civflow.services.applications.deadlines import ClosePreview, deadline_letter, preview_the_close
from civflow.services.challenges import copy as challenges_copy
from civflow.services.challenges.applicants import applicants, application_called
from civflow.services.challenges.calendar import later_dates
from civflow.services.challenges.seal import are_sealed, sealed_until
from civflow.services.engine.advance import advance, options, workflow_of
from civflow.services.formatting import on_one_line, pasted, zone_name
from civflow.services.notifications import preview as step_preview
from civflow.services.notifications.recipients import members
from civflow.services.rounds import beginning
from civflow.web.shared.access import holders_of, load_case, open_to, signed_in
from civflow.web.shared.asks import plain, read_inputs, whole_number
from civflow.web.shared.challenge_access import at_address, owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.errors import lines_of
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.record_page import zone_of
from civflow.workflows.engine import Conflicted, Forbidden, NotFound, Option, Refused
from civflow.workflows.rules import the_programme_manager

blueprint = Blueprint("calling", __name__)
MANAGERS = (the_programme_manager,)
NOT_HERE = "This step is not possible from where the record stands now. Go back and look at it again."


# Deadlines


@blueprint.get("/challenges/<slug>/deadline")
@open_to(signed_in)
def deadline(slug: str) -> str:
    """The closing date for everybody, and the way to give one team alone more time."""
    return render_template("challenges/deadline.html", **_deadline(owned(slug, MANAGERS)))


@blueprint.post("/challenges/<slug>/deadline")
@open_to(signed_in)
def move_deadline(slug: str) -> Response:
    """The first press shows what will be, the button below it does it; "back" shows the form with what was typed."""
    challenge = owned(slug, MANAGERS)
    if "back" in request.form:
        return Response(render_template("challenges/deadline.html", **{**_deadline(challenge), "typed": request.form}))
    option = _offered(challenge, "extend", "reopen")
    moved, refusal = None, None
    if "confirmed" in request.form:
        refusal = _take(challenge, option)
    else:
        moved, refusal = _look_ahead(challenge, option)
    if refusal:
        context = {**_deadline(owned(slug, MANAGERS)), **_again(refusal)}
        return Response(render_template("challenges/deadline.html", **context), context["status"])
    if moved:
        context = {**_deadline(challenge), "moved": moved, "typed": request.form}
        return Response(render_template("challenges/deadline.html", **context))
    flash("The closing date is moved, and everybody whom it concerns is told.", "done")
    return redirect_to(f"/challenges/{slug}#stages")


def _look_ahead(challenge: Challenge, option: Option | None) -> tuple[ClosePreview | None, Refused | Conflicted | None]:
    """What the date and the reason that were typed would do, or why not. Nothing is kept. Raises Forbidden."""
    if option is None:
        raise NotFound(NOT_HERE)
    try:
        inputs = read_inputs(session(), option.step, request.form, zone=zone_of(challenge))
        moved = preview_the_close(
            session(),
            challenge,
            option.step,
            actor=actor(),
            now=now(),
            seen=whole_number(request.form.get("seen", "")),
            reason=plain(request.form.get("reason", "")),
            **inputs,
        )
    except (Refused, Conflicted) as refusal:
        session().rollback()
        return None, refusal
    session().rollback()
    return moved, None


def _deadline(challenge: Challenge) -> dict[str, Any]:
    people = {a.person.id: a.person for a in applicants(session(), challenge)}
    sealed = are_sealed(session(), challenge, now=now())
    return {
        "challenge": challenge,
        "option": _offered(challenge, "extend", "reopen"),
        "typed": {},
        "errors": [],
        "fields": {},
        "sealed": sealed,
        "people": [] if sealed else [p.name for p in people.values()],
        "zone_words": zone_name(g.zone),
        "ends_at": session().get_one(Round, challenge.round_id).ends_at,
        "followers": version_notices.followers(
            session(), challenge, leave_out=[*([] if sealed else people), actor().id]
        ),
        "sealed_until": sealed_until(session(), [challenge]).get(challenge.id or 0),
        "later": later_dates(session(), challenge),
    }


@blueprint.post("/challenges/<slug>/deadline/of-one")
@open_to(signed_in)
def choose_one(slug: str) -> Response:
    """The application whose reference a team has told; there is no list of them while the call is sealed."""
    challenge, typed = owned(slug, MANAGERS), on_one_line(request.form.get("reference", ""))
    found = application_called(session(), challenge, typed)
    if found:
        return redirect_to(f"/applications/{found.id}/deadline")
    sentence = "No application to this challenge has this reference. The team reads it on its application’s page."
    fields = {"reference": sentence}
    context = {**_deadline(challenge), "reference": typed, "errors": [*fields.items()], "fields": fields}
    return Response(render_template("challenges/deadline.html", **context), 422)


@blueprint.get("/applications/<int:application_id>/deadline")
@open_to(signed_in)
def one_deadline(application_id: int) -> str:
    """More time for one team, with a reason that is published."""
    return render_template("applications/deadline.html", **_one_deadline(_application(application_id)))


@blueprint.post("/applications/<int:application_id>/deadline")
@open_to(signed_in)
def move_one_deadline(application_id: int) -> Response:
    application = _application(application_id)
    refusal = _take(application, _offered(application, "extend"))
    if refusal:
        context = {**_one_deadline(_application(application_id)), **_again(refusal)}
        return Response(render_template("applications/deadline.html", **context), context["status"])
    challenge = session().get_one(Challenge, application.challenge_id)
    flash("The deadline of this team is moved. The team is told, and the reason is published.", "done")
    return redirect_to(f"/challenges/{challenge.slug}/deadline")


def _application(application_id: int) -> Application:
    """An application, for those who run its round. Raises Forbidden, NotFound."""
    application, case = load_case(Application, application_id)
    if not the_programme_manager(case):
        needed = the_programme_manager.sentence
        raise Forbidden(needed, claims=[needed])
    g.zone = zone_of(application)
    return application


def _one_deadline(application: Application) -> dict[str, Any]:
    challenge = session().get_one(Challenge, application.challenge_id)
    people = members(session(), application.team_id)
    blanks = {"when": "(the new date)", "reason": "(your reason)"}
    letter = deadline_letter(session(), application, people[0], now=now(), **blanks) if people else None
    return {
        "application": application,
        "challenge": challenge,
        "team": session().get_one(Team, application.team_id),
        "people": [p.name for p in people],
        "option": _offered(application, "extend"),
        "typed": {},
        "errors": [],
        "fields": {},
        "zone_words": zone_name(g.zone),
        "letter": letter,
    }


# Endings


@blueprint.get("/challenges/<slug>/<any(cancel, withdraw):trigger>")
@open_to(signed_in)
def ending(slug: str, trigger: str) -> str:
    """What cancelling or withdrawing does, who is told, and what the public will read."""
    return render_template("challenges/end.html", **_ending(owned(slug), trigger))


@blueprint.post("/challenges/<slug>/<any(cancel, withdraw):trigger>")
@open_to(signed_in)
def end(slug: str, trigger: str) -> Response:
    challenge = owned(slug)
    refusal = _take(challenge, _offered(challenge, trigger))
    if refusal:
        context = {**_ending(owned(slug), trigger), **_again(refusal)}
        return Response(render_template("challenges/end.html", **context), context["status"])
    flash("The challenge is cancelled." if trigger == "cancel" else "The challenge is withdrawn.", "done")
    return redirect_to(f"/challenges/{slug}")


def _ending(challenge: Challenge, trigger: str) -> dict[str, Any]:
    option, page = _offered(challenge, trigger), workflow_of(session(), challenge)
    told = None
    if option and not option.forbidden:
        told = step_preview.preview(session(), page, option.step, challenge, actor=actor(), now=now())
    sealed = are_sealed(session(), challenge, now=now())
    # While the call is sealed, a follower who is missing among the others would be an applicant.
    known = [] if sealed else [a.person.id for a in applicants(session(), challenge)]
    step = next(step for step in page.steps if step.name == trigger)
    return {
        "challenge": challenge,
        "option": option,
        "step": step,
        "told": told,
        "typed": {},
        "errors": [],
        "fields": {},
        "followers": version_notices.followers(session(), challenge, leave_out=[*known, actor().id]),
        "state": page.states[challenge.state],
        "is_public": challenge.version > 0,
    }


# Copying


@blueprint.get("/challenges/<slug>/copy")
@open_to(holders_of("challenge_owner", "programme_manager"))
def copy(slug: str) -> str:
    """Choose the round that the copy belongs to."""
    challenge, _ = at_address(slug)
    return render_template("challenges/copy.html", **_copying(challenge))


@blueprint.post("/challenges/<slug>/copy")
@open_to(holders_of("challenge_owner", "programme_manager"))
def make_copy(slug: str) -> Response:
    challenge, _ = at_address(slug)
    typed = {name: " ".join(pasted(request.form.get(name, "")).split()) for name in ("title", "round")}
    try:
        made = _copy(challenge, typed)
    except Refused as refusal:
        session().rollback()
        challenge, _ = at_address(slug)
        context = {**_copying(challenge), "typed": typed, "errors": lines_of(refusal), "refused": refusal.fields}
        return Response(render_template("challenges/copy.html", **context), 422)
    session().commit()
    flash(
        f"This is a new draft, copied from “{challenge.title}”. Its dates and its money are still to be written.",
        "done",
    )
    return redirect_to(f"/challenges/{made.slug}/edit")


def _copying(challenge: Challenge) -> dict[str, Any]:
    rounds = beginning.rounds_for(session(), actor())
    lost = {round_.id: challenges_copy.left_out(session(), challenge, round_) for round_ in rounds}
    return {
        "challenge": challenge,
        "rounds": rounds,
        "lost": lost,
        "typed": {"title": challenge.title, "round": ""},
        "errors": [],
        "refused": {},
    }


def _copy(challenge: Challenge, typed: dict[str, str]) -> Challenge:
    """The copy. Raises Refused with a sentence per field."""
    rounds = {str(r.id): r for r in beginning.rounds_for(session(), actor())}
    fields = {}
    if not typed["title"] or len(typed["title"]) > 200:
        fields["title"] = "Give the challenge a title of up to 200 characters."
    if typed["round"] not in rounds:
        fields["round"] = "Choose the round that the copy belongs to."
    if fields:
        raise Refused(*fields.values(), fields=fields)
    chosen = rounds[typed["round"]]
    return challenges_copy.copy_challenge(session(), challenge, chosen, title=typed["title"], actor=actor(), now=now())


# Taking a step


def _offered(record: Tracked, *triggers: str) -> Option | None:
    """The first of these steps that the record's state offers."""
    offered = options(session(), record, actor=actor(), now=now())
    return next((option for option in offered if option.step.name in triggers), None)


def _take(record: Tracked, option: Option | None) -> Refused | Conflicted | None:
    """Take the step with what was typed and commit; a refusal is answered, with nothing kept. Raises Forbidden."""
    if option is None:
        raise NotFound(NOT_HERE)
    seen = whole_number(request.form.get("seen", ""))
    try:
        inputs = read_inputs(session(), option.step, request.form, zone=zone_of(record))
        advance(
            session(),
            record,
            option.step.name,
            actor=actor(),
            now=now(),
            seen=seen,
            reason=plain(request.form.get("reason", "")),
            **inputs,
        )
    except (Refused, Conflicted) as refusal:
        session().rollback()
        return refusal
    session().commit()
    return None


def _again(refusal: Refused | Conflicted) -> dict[str, Any]:
    """What the form shows after a refusal: the sentences, and what was typed."""
    conflict = isinstance(refusal, Conflicted)
    fields = refusal.fields if isinstance(refusal, Refused) else {}
    return {"errors": lines_of(refusal), "fields": fields, "typed": request.form, "status": 409 if conflict else 422}
