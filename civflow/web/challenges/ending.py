"""Cancelling or withdrawing a challenge, after a look at what that does and who is told."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Challenge
from civflow.services.applications import version_notices
from civflow.services.challenges.applicants import applicants
from civflow.services.challenges.seal import are_sealed
from civflow.services.engine.advance import workflow_of
from civflow.services.notifications.preview import preview
from civflow.services.records.preview import also_changes
from civflow.web.challenges.offered import offered, take_offered
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.challenge_access import owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.record_page import decides

blueprint = Blueprint("ending", __name__)


@blueprint.get("/challenges/<slug>/<any(cancel, withdraw):trigger>")
@open_to(signed_in)
def ending(slug: str, trigger: str) -> str:
    """What cancelling or withdrawing does, who is told, and what the public will read."""
    return render_template("challenges/end.html", **_ending(owned(slug), trigger))


@blueprint.post("/challenges/<slug>/<any(cancel, withdraw):trigger>")
@open_to(signed_in)
def end(slug: str, trigger: str) -> Response:
    challenge = owned(slug)
    tried = take_offered(challenge, offered(challenge, trigger))
    if tried.refusal:
        return tried.page("challenges/end.html", **{**_ending(owned(slug), trigger), "typed": request.form})
    flash("The challenge is cancelled." if trigger == "cancel" else "The challenge is withdrawn.", "done")
    return redirect_to(f"/challenges/{slug}")


def _ending(challenge: Challenge, trigger: str) -> dict[str, Any]:
    option, page = offered(challenge, trigger), workflow_of(session(), challenge)
    audience_preview, also = None, ""
    if option and not option.forbidden:
        also = also_changes(session(), option.step, challenge, actor=actor(), now=now())
        audience_preview = preview(session(), page, option.step, challenge, actor=actor(), now=now())
    sealed = are_sealed(session(), challenge, now=now())
    # While the call is sealed, a follower who is missing among the others would be an applicant.
    known = [] if sealed else [a.person.id for a in applicants(session(), challenge)]
    step = next(step for step in page.steps if step.name == trigger)
    return {
        "challenge": challenge,
        "option": option,
        "step": step,
        "audience_preview": audience_preview,
        "also": also,
        "decides": decides(challenge, [option] if option else [], trigger),
        "typed": {},
        "errors": [],
        "fields": {},
        "followers": version_notices.followers(session(), challenge, leave_out=[*known, actor().id]),
        "state": page.states[challenge.state],
        "is_public": challenge.version > 0,
    }
