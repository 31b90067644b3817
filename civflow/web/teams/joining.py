"""Teams: mine, those that look for members, and the page of one, where people are invited and ask to join."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Person, Team
from civflow.services.people import person_by_email
from civflow.services.teams.teams import ask_to_join, invite, looking, sizes, teams_of, waiting_for_me
from civflow.web.shared.access import load_case, open_to, signed_in
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.navigation import Link, holds_any, is_signed_in
from civflow.web.shared.step_form import attempt
from civflow.web.teams.page import context, state_of, way_into
from civflow.workflows.engine import Case, Refused

blueprint = Blueprint("teams", __name__)
NAVIGATION = (
    Link(
        "Teams", "/teams", 40, lambda actor: is_signed_in(actor) and not holds_any(actor, "auditor", "finance_officer")
    ),
)


@blueprint.get("/teams")
@open_to(signed_in)
def mine() -> str:
    """My teams, who waits for an answer, and the teams that look for members."""
    teams = teams_of(session(), actor().id)
    others = [team for team in looking(session()) if team not in teams]
    number = sizes(session(), [*teams, *others])
    return render_template(
        "teams/list.html",
        teams=[(team, state_of(team), number[team.id or 0]) for team in teams],
        waiting=waiting_for_me(session(), actor().id),
        looking=[(team, number[team.id or 0]) for team in others],
    )


@blueprint.get("/teams/<int:team_id>")
@open_to(signed_in)
def show(team_id: int) -> str:
    """Members see everything; others read what the team says about itself, and may ask to join."""
    return render_template("teams/show.html", **context(*load_case(Team, team_id)))


@blueprint.post("/teams/<int:team_id>/invite")
@open_to(signed_in)
def invite_it(team_id: int) -> Response:
    team, case = load_case(Team, team_id)
    email = request.form.get("email", "").strip()
    with attempt() as tried:
        invited = invite(session(), team, _invited(team, case, email), actor=actor(), now=now())
    if tried.refusal:
        return tried.page("teams/show.html", **context(*load_case(Team, team_id)), typed={"email": email})
    name = session().get_one(Person, invited.person_id).name
    flash(f"{name} is invited and gets a message. The invitation stands for two weeks.", "done")
    return redirect_to(f"/teams/{team_id}")


@blueprint.post("/teams/<int:team_id>/ask")
@open_to(signed_in)
def ask(team_id: int) -> Response:
    team, _ = load_case(Team, team_id)
    with attempt() as tried:
        ask_to_join(session(), team, actor=actor(), now=now())
    if tried.refusal:
        return tried.page("teams/show.html", **context(*load_case(Team, team_id)))
    flash(f"{team.name} is asked. Its lead answers within two weeks.", "done")
    return redirect_to(f"/teams/{team_id}")


def _invited(team: Team, case: Case, email: str) -> Person:
    """The person with this address. Raises Refused with what to do where nobody has it."""
    known = person_by_email(session(), email) if email else None
    if known and known.closed_at is None:
        return known
    sentence = (
        f"Nobody has an account with the address {email}. They can make one {way_into(team, case)}"
        if email
        else "Write the e-mail address of the person."
    )
    raise Refused(sentence, fields={"email": sentence})
