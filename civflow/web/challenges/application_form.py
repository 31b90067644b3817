"""The application form of a challenge as one page to read and print before anybody begins, without an account."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from civflow.models.people import ROLES
from civflow.services.challenges import public_page
from civflow.services.questions.questions import last_moment
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import actor, now, session
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import one_of_its_assessors
from civflow.workflows.engine.sight import roles_that_see

blueprint = Blueprint("challenge_form", __name__)


@blueprint.get("/challenges/<slug>/form")
@open_to(anyone)
def show(slug: str) -> str:
    """Every question with its hint and its limit, who reads the answers and when, and what each form is scored by."""
    found = public_page.read(session(), slug, actor=actor(), now=now())
    contents = found.programme
    g.zone = contents.timezone
    forms = [
        (stage, contents.forms[stage.form], next((s for s in contents.flow[number:] if s.scorecard), None))
        for number, stage in enumerate(contents.flow)
        if stage.form
    ]
    return render_template(
        "challenges/form.html",
        found=found,
        challenge=found.challenge,
        contents=contents,
        forms=forms,
        readers=readers(),
        questions_until=last_moment(session(), found.challenge),
        is_open=found.takes_applications
        and found.challenge.closes_at is not None
        and found.challenge.closes_at > now(),
    )


def readers() -> list[str]:
    """Who reads applications once the seal is open, as their page of the handbook says."""
    page = HANDBOOK["application"]
    sees = {*roles_that_see(page), *(("assessor",) if one_of_its_assessors in page.sees else ())}
    return [title.lower() for role, title in ROLES.items() if role in sees]
