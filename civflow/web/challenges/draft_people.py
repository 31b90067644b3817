"""Who writes a draft, and for whom: its sponsors, its owners, and colleagues who are named by e-mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Challenge, Organisation, Person
from civflow.services import people
from civflow.services.challenges import form, sponsors
from civflow.services.challenges.who_writes import writers
from civflow.services.challenges.writers import name_owner, name_writer, take_back
from civflow.web.challenges.drafts import may_name
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.asks import whole_number
from civflow.web.shared.challenge_access import is_writable, owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.challenges.readiness import WRITERS
from civflow.workflows.engine import Forbidden, NotFound

blueprint = Blueprint("draft_people", __name__)


@blueprint.get("/challenges/<slug>/edit/people")
@open_to(signed_in)
def show(slug: str) -> str:
    """Whoever writes the draft reads who else does, and who did."""
    return render_template("challenges/people.html", **_people(owned(slug, WRITERS)))


@blueprint.post("/challenges/<slug>/edit/people")
@open_to(signed_in)
def change_owners(slug: str) -> Response:
    """The programme office names a challenge owner, or takes the role back."""
    email, leaves = request.form.get("email", "").strip(), request.form.get("leaves", "").strip()
    return _changed(
        slug, lambda challenge: _owner_goes(challenge, leaves) if leaves else _owner_comes(challenge, email), at="owner"
    )


@blueprint.post("/challenges/<slug>/edit/people/writers")
@open_to(signed_in)
def change_writers(slug: str) -> Response:
    """An owner lets a colleague write too, or takes that right back."""
    return _changed(slug, _writer_goes if "leaves" in request.form else _writer_comes, at="email")


@blueprint.post("/challenges/<slug>/edit/people/sponsors")
@open_to(signed_in)
def change_sponsors(slug: str) -> Response:
    """An owner names a body that supports the challenge, or takes it off."""
    return _changed(slug, _sponsor_goes if "leaves" in request.form else _sponsor_comes, at="supporter")


def _changed(slug: str, change: Callable[[Challenge], str | None], *, at: str) -> Response:
    """Make the change; a refusal comes back into the page with what was typed."""
    with attempt(Forbidden, NotFound) as tried:
        done = change(owned(slug, WRITERS))
    if tried.refusal:
        return tried.page("challenges/people.html", {"": at}, **_people(owned(slug, WRITERS)), typed=request.form)
    if done:
        flash(done, "done")
    return redirect_to(f"/challenges/{slug}/edit/people")


def _owner_comes(challenge: Challenge, email: str) -> None:
    name_owner(session(), challenge, email=email, actor=actor(), now=now())


def _owner_goes(challenge: Challenge, email: str) -> None:
    found = people.person_by_email(session(), email)
    if found is None:
        raise NotFound("Nobody has an account with this address.")
    people.revoke(
        session(), found, "challenge_owner", actor=actor(), now=now(), scope="challenge", scope_id=challenge.id
    )


def _writer_comes(challenge: Challenge) -> str:
    typed = request.form
    made = name_writer(
        session(),
        challenge,
        email=typed.get("email", ""),
        name=typed.get("name", ""),
        actor=actor(),
        organisation_id=whole_number(typed.get("body", "")),
        now=now(),
    )
    return f"{made.person.name} can write now, for {made.body}, and gets a message."


def _writer_goes(challenge: Challenge) -> str:
    found = session().get(Person, whole_number(request.form["leaves"]) or 0)
    if found is None:
        raise NotFound("There is no such person.")
    take_back(session(), challenge, found, actor=actor(), now=now())
    return f"{found.name} no longer writes this challenge. What they wrote stays."


def _sponsor_comes(challenge: Challenge) -> str:
    body = sponsors.add_supporter(session(), challenge, request.form.get("supporter", ""), actor=actor(), now=now())
    return f"{body.legal_name} supports the challenge."


def _sponsor_goes(challenge: Challenge) -> str:
    leaves = whole_number(request.form["leaves"]) or 0
    sponsors.remove_supporter(session(), challenge, leaves, actor=actor(), now=now())
    return f"{session().get_one(Organisation, leaves).legal_name} no longer supports the challenge."


def _people(challenge: Challenge) -> dict[str, Any]:
    everybody = writers(session(), challenge)
    bodies = sponsors.bodies(session(), challenge)
    here = [w for w in everybody if w.grant.revoked_at is None]
    return {
        "challenge": challenge,
        "may_name": may_name(),
        "may_name_writers": form.may_name_sponsors(challenge, actor()),
        "owners": [w for w in here if w.role == "challenge_owner"],
        "writers": [w for w in here if w.role == "challenge_writer"],
        "earlier": [w for w in everybody if w.grant.revoked_at is not None],
        "lead": next((b for b in bodies if b.id == challenge.sponsor_id), None),
        "supporters": [b for b in bodies if b.id != challenge.sponsor_id],
        "bodies": bodies,
        "known_bodies": form.public_bodies(session()),
        "writable": is_writable(challenge),
    }
