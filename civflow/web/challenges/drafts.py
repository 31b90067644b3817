"""Drafting a challenge: begin one, see how far each part is and what approval needs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from civflow.models import Challenge, Round
from civflow.services import people
from civflow.services.challenges import form
from civflow.services.challenges.draft_check import findings, in_a_few_words
from civflow.services.challenges.drafts import draft, text_to_read
from civflow.services.challenges.sponsors import bodies
from civflow.services.challenges.who_writes import writers
from civflow.services.challenges.writers import name_owner
from civflow.services.collaboration.comments import open_numbers
from civflow.services.engine.advance import workflow_of
from civflow.services.formatting import pasted
from civflow.services.programmes.store import programme_of
from civflow.services.rounds import beginning
from civflow.web.challenges.draft_comments import around
from civflow.web.challenges.review import before_approval
from civflow.web.shared.access import holders_of, open_to, signed_in
from civflow.web.shared.arriving import arrive
from civflow.web.shared.asks import refuse
from civflow.web.shared.challenge_access import is_writable, may_write, owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.record_page import offered_steps
from civflow.web.shared.step_form import attempt
from civflow.workflows.challenges.readiness import COMMENTERS
from civflow.workflows.engine import Forbidden, Step
from civflow.workflows.people import MANAGED_BY

blueprint = Blueprint("drafting", __name__)
BEGINNERS = holders_of(*beginning.BEGINNERS)

AT_THE_PART = ("write", "deal_with")  # steps that are taken on the page of a part


@blueprint.get("/challenges/new")
@open_to(BEGINNERS)
def new() -> str:
    return render_template("challenges/new.html", **_choices(), typed={}, fields={})


@blueprint.post("/challenges/new")
@open_to(BEGINNERS)
def begin() -> Response:
    """Begin a challenge; whoever runs the round may name who will write it."""
    typed = {
        name: " ".join(pasted(request.form.get(name, "")).split()) for name in ("title", "round", "sponsor", "owner")
    }
    with attempt(Forbidden) as tried:
        challenge = _begin(typed)
    if tried.refusal:
        return tried.page("challenges/new.html", **_choices(), typed=typed)
    return redirect_to(f"/challenges/{challenge.slug}/edit")


def _begin(typed: dict[str, str]) -> Challenge:
    """The new challenge. Raises Refused with a sentence per field, Forbidden."""
    rounds = {str(r.id): r for r in beginning.rounds_for(session(), actor())}
    fields = {}
    if not typed["title"] or len(typed["title"]) > 200:
        fields["title"] = "Give the challenge a title of up to 200 characters."
    if typed["round"] not in rounds:
        fields["round"] = "Choose the round that the challenge belongs to."
    if len(typed["sponsor"]) > 200:
        fields["sponsor"] = "The sponsor's name may have 200 characters."
    owner = people.person_by_email(session(), typed["owner"]) if typed["owner"] else None
    if typed["owner"] and owner is None:
        fields["owner"] = f"Nobody has an account with the address {typed['owner']}. Ask them to make one first."
    refuse(fields)
    sponsor, round_ = None, rounds[typed["round"]]
    if typed["sponsor"]:
        sponsor = form.sponsor_called(session(), typed["sponsor"], actor=actor(), round_id=round_.id)
    challenge = draft(session(), round_=round_, sponsor=sponsor, title=typed["title"], actor=actor(), now=now())
    if owner:
        name_owner(session(), challenge, email=owner.email, actor=actor(), now=now())
    return challenge


@blueprint.get("/challenges/<slug>/edit")
@open_to(signed_in)
def edit(slug: str) -> str:
    """The parts of the draft with how far each is, what approval needs, and the steps that can be taken."""
    challenge = owned(slug, COMMENTERS)
    text, contents = text_to_read(session(), challenge), programme_of(session(), challenge)
    found = findings(contents, challenge, text)
    tasks = [
        (
            part,
            form.progress_of(part, form.stored(session(), challenge, text, part)),
            in_a_few_words(found.get(part.id, [])),
        )
        for part in form.parts_of(contents)
    ]
    arrive(challenge, "")
    steps = offered_steps(challenge)
    for group in ("possible", "not_yet"):
        steps[group] = [option for option in steps[group] if option.step.name not in AT_THE_PART]
    return render_template(
        "challenges/edit.html",
        challenge=challenge,
        tasks=tasks,
        done=sum(progress.tone == "done" for _, progress, _ in tasks),
        writable=is_writable(challenge),
        back=_the_step_back(challenge),
        sponsors=bodies(session(), challenge),
        writers=[w for w in writers(session(), challenge) if w.grant.revoked_at is None],
        checklist=form.checklist(session(), challenge, actor=actor(), now=now()),
        open_comments=open_numbers(session(), challenge),
        may_write=may_write(challenge),
        **before_approval(challenge),
        **around(challenge, ""),
        **steps,
    )


def _the_step_back(challenge: Challenge) -> Step | None:
    """The step by which the programme office makes an approved text writable again, where it stands approved."""
    return workflow_of(session(), challenge).steps_from(challenge.state).get("unapprove")


@blueprint.get("/challenges/<slug>/edit/criteria")
@open_to(signed_in)
def criteria(slug: str) -> str:
    """The scorecards as teams will read them, and who changes them."""
    challenge = owned(slug, COMMENTERS)
    round_ = session().get_one(Round, challenge.round_id)
    contents = programme_of(session(), challenge)
    return render_template("challenges/criteria.html", challenge=challenge, round=round_, contents=contents)


def _choices() -> dict[str, Any]:
    rounds = beginning.rounds_for(session(), actor())
    return {
        "rounds": rounds,
        "why_none": [] if rounds else beginning.why_no_round(session(), actor()),
        "sponsors": form.public_bodies(session()),
        "may_name": may_name(),
    }


def may_name() -> bool:
    """Whether this person may give others the role of a challenge owner."""
    return any(held.role in MANAGED_BY["challenge_owner"] and held.scope == "site" for held in actor().roles)
