"""Apply to a challenge: alone, with a team, or with a new one; nobody needs a company."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge
from civflow.services.applications.begin import (
    RUNS_IT,
    AppliedAlready,
    apply_alone,
    apply_with_a_new_team,
    begin_application,
    runs_it,
)
from civflow.services.engine.advance import workflow_of
from civflow.services.programmes.store import programme_of
from civflow.services.teams.teams import teams_of
from civflow.web.shared.access import load, open_to, signed_in
from civflow.web.shared.current import actor, now, person, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import NotFound, Refused
from civflow.workflows.programme import Form, Programme

blueprint = Blueprint("applying", __name__)
ALONE, NEW = "alone", "new"


@blueprint.get("/challenges/<slug>/apply")
@open_to(signed_in)
def form(slug: str) -> str:
    """When it closes, what is asked, and with whom to apply."""
    return render_template("applications/apply.html", **_context(_challenge(slug)))


@blueprint.post("/challenges/<slug>/apply")
@open_to(signed_in)
def apply(slug: str) -> Response:
    challenge, typed = _challenge(slug), request.form
    with attempt() as tried:
        application = _begin(challenge, typed.get("who", ""), typed.get("name", ""))
    if tried.refusal:
        there = (
            {"": f"/applications/{tried.refusal.application.id}"} if isinstance(tried.refusal, AppliedAlready) else {}
        )
        return tried.page("applications/apply.html", there, **_context(_challenge(slug)), typed=typed)
    return redirect_to(f"/applications/{application.id}")


def _challenge(slug: str) -> Challenge:
    """The challenge at this address, if this person may see it."""
    found_id = session().scalars(select(col(Challenge.id)).where(col(Challenge.slug) == slug)).first()
    if found_id is None:
        raise NotFound("There is no such challenge, or it is not yours to see.")
    return load(Challenge, found_id)


def _begin(challenge: Challenge, who: str, name: str) -> Application:
    """Begin the application of whoever applies: alone, a new team, or one of the person's own."""
    me = person()
    assert me  # noqa: S101 - the audience of the view
    if who == ALONE:
        return apply_alone(session(), challenge, me, now=now())
    if who == NEW:
        return apply_with_a_new_team(session(), challenge, me, name=name, now=now())
    mine = {str(team.id): team for team in teams_of(session(), me.id)}
    if who not in mine:
        sentence = "Choose who applies."
        raise Refused(sentence, fields={"who": sentence})
    return begin_application(session(), challenge, mine[who], actor=actor(), now=now())


def _context(challenge: Challenge) -> dict[str, Any]:
    programme = programme_of(session(), challenge)
    teams = teams_of(session(), actor().id)
    here = (
        col(Application.challenge_id) == challenge.id,
        col(Application.team_id).in_([team.id for team in teams]),
    )
    begun = {a.team_id: a for a in session().scalars(select(Application).where(*here))}
    page = workflow_of(session(), challenge)
    state = page.states[challenge.state]
    form = _form(programme)
    return {
        "challenge": challenge,
        "programme": programme,
        "is_open": "close" in page.steps_from(challenge.state)
        and bool(challenge.closes_at and now() < challenge.closes_at),
        "runs_it": RUNS_IT if runs_it(session(), challenge, actor().id) else None,
        "label": state.public or state.staff,
        "tone": state.tone,
        "form": form,
        "most_words": sum(question.words for question in form.questions),
        "free": [team for team in teams if team.id not in begun],
        "begun": [(team, begun[team.id]) for team in teams if team.id in begun],
    }


def _form(programme: Programme) -> Form:
    return programme.forms[programme.call.form or next(iter(programme.forms))]
