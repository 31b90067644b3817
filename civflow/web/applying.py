"""Apply to a challenge: alone, with a team, or with a new one; nobody needs a company."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge, Team
from civflow.services.advance import workflow_of
from civflow.services.applications import begin_application
from civflow.services.people import actor_of
from civflow.services.programmes import programme_of
from civflow.services.teams import found, found_alone, teams_of
from civflow.web.access import load, open_to, signed_in
from civflow.web.current import actor, now, person, session
from civflow.web.htmx import redirect_to
from civflow.workflows.engine import Actor, NotFound, Refused
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
    try:
        team, now_acting = _team(typed.get("who", ""), typed.get("name", ""))
        application = begin_application(session(), challenge, team, actor=now_acting, now=now())
    except Refused as refused:
        session().rollback()
        errors = list(refused.fields.items()) or [("", sentence) for sentence in refused.sentences]
        context = _context(_challenge(slug))
        page = render_template("applications/apply.html", **context, typed=typed, errors=errors, wrong=refused.fields)
        return Response(page, 422)
    session().commit()
    return redirect_to(f"/applications/{application.id}")


def _challenge(slug: str) -> Challenge:
    """The challenge at this address, if this person may see it."""
    found_id = session().scalars(select(col(Challenge.id)).where(col(Challenge.slug) == slug)).first()
    if found_id is None:
        raise NotFound("There is no such challenge, or it is not yours to see.")
    return load(Challenge, found_id)


def _team(who: str, name: str) -> tuple[Team, Actor]:
    """The team that applies, founded where it is new, and the person with the roles that it gives."""
    me = person()
    assert me  # noqa: S101 - the audience of the view
    if who == ALONE:
        team = found_alone(session(), me, actor=actor(), now=now())
    elif who == NEW:
        team = found(session(), name=name, lead=me, actor=actor(), now=now())
    else:
        mine = {str(team.id): team for team in teams_of(session(), me.id)}
        if who not in mine:
            sentence = "Choose who applies."
            raise Refused(sentence, fields={"who": sentence})
        return mine[who], actor()
    return team, actor_of(session(), me, now=now())


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
        "label": state.public or state.staff,
        "tone": state.tone,
        "form": form,
        "most_words": sum(question.words for question in form.questions),
        "free": [team for team in teams if team.id not in begun],
        "begun": [(team, begun[team.id]) for team in teams if team.id in begun],
    }


def _form(programme: Programme) -> Form:
    return programme.forms[programme.call.form or next(iter(programme.forms))]
