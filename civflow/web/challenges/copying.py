"""A challenge copied into another round, as a new draft."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Challenge
from civflow.services.challenges import copy as challenges_copy
from civflow.services.formatting import pasted
from civflow.services.rounds import beginning
from civflow.web.shared.access import holders_of, open_to
from civflow.web.shared.asks import refuse
from civflow.web.shared.challenge_access import at_address
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.step_form import attempt

blueprint = Blueprint("copying", __name__)


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
    with attempt() as tried:
        made = _copy(challenge, typed)
    if tried.refusal:
        return tried.page("challenges/copy.html", **{**_copying(at_address(slug)[0]), "typed": typed})
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
        "fields": {},
    }


def _copy(challenge: Challenge, typed: dict[str, str]) -> Challenge:
    """The copy. Raises Refused with a sentence per field."""
    rounds = {str(r.id): r for r in beginning.rounds_for(session(), actor())}
    fields = {}
    if not typed["title"] or len(typed["title"]) > 200:
        fields["title"] = "Give the challenge a title of up to 200 characters."
    if typed["round"] not in rounds:
        fields["round"] = "Choose the round that the copy belongs to."
    refuse(fields)
    chosen = rounds[typed["round"]]
    return challenges_copy.copy_challenge(session(), challenge, chosen, title=typed["title"], actor=actor(), now=now())
