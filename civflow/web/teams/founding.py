"""Founding a team, and what it says of itself: whom it looks for, and how large its company is."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Organisation, Team
from civflow.services.teams.teams import change_about, company, create_team
from civflow.web.shared.access import load_case, only_for, open_to, signed_in
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.step_form import attempt
from civflow.web.teams.page import me
from civflow.workflows.rules import the_team_lead
from civflow.workflows.sizes import SIZES

blueprint = Blueprint("founding", __name__)


@blueprint.get("/teams/new")
@open_to(signed_in)
def new() -> str:
    return render_template("teams/new.html", typed={}, fields={}, sizes=SIZES)


@blueprint.post("/teams/new")
@open_to(signed_in)
def found_it() -> Response:
    typed = request.form
    with attempt() as tried:
        organisation = company(
            session(), legal_name=typed.get("company", ""), number=typed.get("number", ""), size=typed.get("size", "")
        )
        team = create_team(
            session(),
            name=typed.get("name", ""),
            about=typed.get("about", ""),
            looking_for=_skills(typed.get("looking_for", "")),
            organisation=organisation,
            lead=me(),
            actor=actor(),
            now=now(),
        )
    if tried.refusal:
        return tried.page("teams/new.html", typed=typed, sizes=SIZES)
    flash(f"{team.name} is founded. You lead it.", "done")
    return redirect_to(f"/teams/{team.id}")


@blueprint.get("/teams/<int:team_id>/edit")
@open_to(signed_in)
def edit(team_id: int) -> str:
    team, case = load_case(Team, team_id)
    only_for(case, the_team_lead)
    own = session().get(Organisation, team.organisation_id) if team.organisation_id else None
    typed = {"about": team.about, "looking_for": ", ".join(team.looking_for), "size": own.size if own else ""}
    return render_template("teams/edit.html", team=team, typed=typed, fields={}, sizes=SIZES)


@blueprint.post("/teams/<int:team_id>/edit")
@open_to(signed_in)
def save(team_id: int) -> Response:
    team, _ = load_case(Team, team_id)
    with attempt() as tried:
        change_about(
            session(),
            team,
            about=request.form.get("about", ""),
            actor=actor(),
            looking_for=_skills(request.form.get("looking_for", "")),
            size=request.form.get("size", ""),
        )
    if tried.refusal:
        team, _ = load_case(Team, team_id)
        return tried.page("teams/edit.html", team=team, typed=request.form, sizes=SIZES)
    flash("Saved.", "done")
    return redirect_to(f"/teams/{team_id}")


def _skills(text: str) -> list[str]:
    """Skills from one line with commas between, each once."""
    words = [" ".join(word.split()).lower() for word in text.split(",")]
    return list(dict.fromkeys(word for word in words if word))
