"""Who writes a draft: colleagues are named, and the role is taken back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from civflow.models import Challenge, Organisation
from civflow.services import drafting, people
from civflow.web.access import open_to, signed_in
from civflow.web.current import actor, now, session
from civflow.web.drafting import grant_the_role, may_name
from civflow.web.htmx import redirect_to
from civflow.web.owned import owned
from civflow.workflows.engine import Forbidden, NotFound, Refused

blueprint = Blueprint("draft_people", __name__)


@blueprint.get("/challenges/<slug>/edit/people")
@open_to(signed_in)
def writers(slug: str) -> str:
    return render_template("challenges/people.html", **_people(owned(slug)))


@blueprint.post("/challenges/<slug>/edit/people")
@open_to(signed_in)
def change_writers(slug: str) -> Response:
    """Name a colleague who writes too, or take the role back."""
    challenge = owned(slug)
    email, leaves = request.form.get("email", "").strip(), request.form.get("leaves", "").strip()
    try:
        if leaves:
            _revoke(challenge, leaves)
        else:
            grant_the_role(challenge, email)
    except (Refused, Forbidden, NotFound) as refusal:
        session().rollback()
        errors = [("email", sentence) for sentence in refusal.sentences]
        page = render_template("challenges/people.html", **_people(owned(slug)), errors=errors, typed=email)
        return Response(page, 403 if isinstance(refusal, Forbidden) else 422)
    session().commit()
    return redirect_to(f"/challenges/{slug}/edit/people")


def _people(challenge: Challenge) -> dict[str, Any]:
    return {
        "challenge": challenge, "owners": drafting.owners_of(session(), challenge), "may_name": may_name(),
        "sponsor": session().get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None,
    }  # fmt: skip


def _revoke(challenge: Challenge, email: str) -> None:
    found = people.person_by_email(session(), email)
    if found is None:
        raise NotFound("Nobody has an account with this address.")
    people.revoke(session(), found, "challenge_owner", actor=actor(), now=now(), scope="challenge",
                  scope_id=challenge.id)  # fmt: skip
