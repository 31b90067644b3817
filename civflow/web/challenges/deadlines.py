"""The deadlines of a call: the closing date for everybody, and more time for one team alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Application, Challenge, Round, Team
from civflow.services.applications import version_notices
from civflow.services.applications.deadlines import preview_the_move
from civflow.services.challenges.applicants import applicants, application_called
from civflow.services.challenges.calendar import later_dates
from civflow.services.challenges.seal import are_sealed, sealed_until
from civflow.services.engine.advance import workflow_of
from civflow.services.formatting import on_one_line, zone_name
from civflow.services.notifications.preview import preview
from civflow.services.notifications.recipients import members
from civflow.services.records.zones import zone_of
from civflow.web.challenges.offered import offered, take_offered, there
from civflow.web.shared.access import load_case, only_for, open_to, signed_in
from civflow.web.shared.challenge_access import owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.step_form import Attempt, attempt, revision_seen, typed_inputs
from civflow.workflows.engine import Option
from civflow.workflows.rules import the_programme_manager

blueprint = Blueprint("deadlines", __name__)
MANAGERS = (the_programme_manager,)
PAGE, PAGE_OF_ONE = "challenges/deadline.html", "applications/deadline.html"


@blueprint.get("/challenges/<slug>/deadline")
@open_to(signed_in)
def deadline(slug: str) -> str:
    """The closing date for everybody, and the way to give one team alone more time."""
    return render_template(PAGE, **_deadline(owned(slug, MANAGERS)))


@blueprint.post("/challenges/<slug>/deadline")
@open_to(signed_in)
def move_deadline(slug: str) -> Response:
    """The first press shows what will be, the button below it does it; "back" shows the form with what was typed."""
    challenge = owned(slug, MANAGERS)
    if "back" in request.form:
        return Response(render_template(PAGE, **{**_deadline(challenge), "typed": request.form}))
    option = offered(challenge, "extend", "reopen")
    if "confirmed" not in request.form:
        return _look_ahead(challenge, there(option))
    tried = take_offered(challenge, option)
    if tried.refusal:
        return _not_moved(slug, tried)
    flash("The closing date is moved, and everybody whom it concerns is told.", "done")
    return redirect_to(f"/challenges/{slug}#stages")


def _look_ahead(challenge: Challenge, option: Option) -> Response:
    """What the date and the reason that were typed would do, or why not. Nothing is kept. Raises Forbidden."""
    with attempt(keeps=False) as tried:
        moved = preview_the_move(
            session(),
            challenge,
            option.step,
            actor=actor(),
            now=now(),
            seen=revision_seen(),
            **typed_inputs(challenge, option.step),
        )
    if tried.refusal:
        return _not_moved(challenge.slug, tried)
    context = {**_deadline(challenge), "moved": moved, "typed": request.form}
    return Response(render_template(PAGE, **context))


def _not_moved(slug: str, tried: Attempt) -> Response:
    return tried.page(PAGE, **{**_deadline(owned(slug, MANAGERS)), "typed": request.form})


def _deadline(challenge: Challenge) -> dict[str, Any]:
    people = {a.person.id: a.person for a in applicants(session(), challenge)}
    sealed = are_sealed(session(), challenge, now=now())
    return {
        "challenge": challenge,
        "option": offered(challenge, "extend", "reopen"),
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
    return Response(render_template(PAGE, **context), 422)


@blueprint.get("/applications/<int:application_id>/deadline")
@open_to(signed_in)
def one_deadline(application_id: int) -> str:
    """More time for one team, with a reason that is published, and what that moves for everybody."""
    return render_template(PAGE_OF_ONE, **_one_deadline(_application(application_id)))


@blueprint.post("/applications/<int:application_id>/deadline")
@open_to(signed_in)
def move_one_deadline(application_id: int) -> Response:
    """The first press shows what will be, for all who apply and assess; the button below it does it."""
    application = _application(application_id)
    if "back" in request.form:
        return Response(render_template(PAGE_OF_ONE, **{**_one_deadline(application), "typed": request.form}))
    option = offered(application, "extend")
    if "confirmed" not in request.form:
        return _look_at_one(application, there(option))
    tried = take_offered(application, option)
    if tried.refusal:
        return _one_not_moved(application_id, tried)
    challenge = session().get_one(Challenge, application.challenge_id)
    flash("The deadline of this team is moved. The team is told, and the reason is published.", "done")
    return redirect_to(f"/challenges/{challenge.slug}/deadline")


def _look_at_one(application: Application, option: Option) -> Response:
    """What more time for this team would move, or why not. Nothing is kept. Raises Forbidden."""
    with attempt(keeps=False) as tried:
        moved = preview_the_move(
            session(),
            application,
            option.step,
            actor=actor(),
            now=now(),
            seen=revision_seen(),
            **typed_inputs(application, option.step),
        )
    if tried.refusal:
        return _one_not_moved(application.id or 0, tried)
    return Response(
        render_template(PAGE_OF_ONE, **{**_one_deadline(application), "moved": moved, "typed": request.form})
    )


def _one_not_moved(application_id: int, tried: Attempt) -> Response:
    return tried.page(PAGE_OF_ONE, **{**_one_deadline(_application(application_id)), "typed": request.form})


def _application(application_id: int) -> Application:
    """An application, for those who run its round. Raises Forbidden, NotFound."""
    application, case = load_case(Application, application_id)
    only_for(case, the_programme_manager)
    g.zone = zone_of(session(), application)
    return application


def _one_deadline(application: Application) -> dict[str, Any]:
    challenge = session().get_one(Challenge, application.challenge_id)
    people = members(session(), application.team_id)
    option, page = offered(application, "extend"), workflow_of(session(), application)
    shown = preview(session(), page, option.step, application, actor=actor(), now=now()) if option else None
    return {
        "application": application,
        "challenge": challenge,
        "team": session().get_one(Team, application.team_id),
        "people": [p.name for p in people],
        "option": option,
        "typed": {},
        "errors": [],
        "fields": {},
        "zone_words": zone_name(g.zone),
        "letter": shown.to_people if shown else None,
    }
