"""Teams: found them, say whom they look for, invite people, ask to join, and answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge, Membership, Organisation, Person, Team
from civflow.services.applications.search import is_readable
from civflow.services.dashboards.application import PAGE
from civflow.services.engine.advance import options_of
from civflow.services.people import person_by_email
from civflow.services.records.timeline import timeline
from civflow.services.teams.teams import (
    ask_to_join,
    change_about,
    company,
    create_team,
    invite,
    looking,
    membership_of,
    roster,
    sizes,
    teams_of,
    waiting_for_me,
)
from civflow.web.shared import record_page
from civflow.web.shared.access import load_case, may_open, open_to, signed_in
from civflow.web.shared.current import actor, now, person, session, settings
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.navigation import Link, holds_any, is_signed_in
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case, Forbidden, Refused
from civflow.workflows.sizes import SIZES
from civflow.workflows.visibility import it_is_a_team_for_others

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
        teams=[(team, _state(team), number[team.id or 0]) for team in teams],
        waiting=waiting_for_me(session(), actor().id),
        looking=[(team, number[team.id or 0]) for team in others],
    )


@blueprint.get("/teams/new")
@open_to(signed_in)
def new() -> str:
    return render_template("teams/new.html", typed={}, wrong={}, sizes=SIZES)


@blueprint.post("/teams/new")
@open_to(signed_in)
def found_it() -> Response:
    typed = request.form
    try:
        organisation = company(
            session(), legal_name=typed.get("company", ""), number=typed.get("number", ""), size=typed.get("size", "")
        )
        team = create_team(
            session(),
            name=typed.get("name", ""),
            about=typed.get("about", ""),
            looking_for=_skills(typed.get("looking_for", "")),
            organisation=organisation,
            lead=_me(),
            actor=actor(),
            now=now(),
        )
    except Refused as refused:
        session().rollback()
        page = render_template(
            "teams/new.html", typed=typed, wrong=refused.fields, sizes=SIZES, errors=list(refused.fields.items())
        )
        return Response(page, 422)
    session().commit()
    flash(f"{team.name} is founded. You lead it.", "done")
    return redirect_to(f"/teams/{team.id}")


@blueprint.get("/teams/<int:team_id>")
@open_to(signed_in)
def show(team_id: int) -> str:
    """Members see everything; others read what the team says about itself, and may ask to join."""
    return render_template("teams/show.html", **_context(*load_case(Team, team_id)))


@blueprint.get("/teams/<int:team_id>/edit")
@open_to(signed_in)
def edit(team_id: int) -> str:
    team, _ = load_case(Team, team_id)
    _lead_only(team)
    own = session().get(Organisation, team.organisation_id) if team.organisation_id else None
    typed = {"about": team.about, "looking_for": ", ".join(team.looking_for), "size": own.size if own else ""}
    return render_template("teams/edit.html", team=team, typed=typed, wrong={}, sizes=SIZES)


@blueprint.post("/teams/<int:team_id>/edit")
@open_to(signed_in)
def save(team_id: int) -> Response:
    team, _ = load_case(Team, team_id)
    try:
        change_about(
            session(),
            team,
            about=request.form.get("about", ""),
            actor=actor(),
            looking_for=_skills(request.form.get("looking_for", "")),
            size=request.form.get("size", ""),
        )
    except Refused as refused:
        session().rollback()
        page = render_template(
            "teams/edit.html",
            team=load_case(Team, team_id)[0],
            typed=request.form,
            sizes=SIZES,
            wrong=refused.fields,
            errors=list(refused.fields.items()),
        )
        return Response(page, 422)
    session().commit()
    flash("Saved.", "done")
    return redirect_to(f"/teams/{team_id}")


@blueprint.post("/teams/<int:team_id>/invite")
@open_to(signed_in)
def invite_it(team_id: int) -> Response:
    team, case = load_case(Team, team_id)
    email = request.form.get("email", "").strip()
    try:
        invited = invite(session(), team, _invited(team, case, email), actor=actor(), now=now())
    except Refused as refused:
        return _again(team_id, refused, email=email)
    session().commit()
    name = session().get_one(Person, invited.person_id).name
    flash(f"{name} is invited and gets a message. The invitation stands for two weeks.", "done")
    return redirect_to(f"/teams/{team_id}")


@blueprint.post("/teams/<int:team_id>/ask")
@open_to(signed_in)
def ask(team_id: int) -> Response:
    team, _ = load_case(Team, team_id)
    try:
        ask_to_join(session(), team, actor=actor(), now=now())
    except Refused as refused:
        return _again(team_id, refused)
    session().commit()
    flash(f"{team.name} is asked. Its lead answers within two weeks.", "done")
    return redirect_to(f"/teams/{team_id}")


def _again(team_id: int, refused: Refused, **typed: str) -> Response:
    session().rollback()
    context = _context(*load_case(Team, team_id))
    fields = refused.fields if "email" in typed else {}
    errors = list(fields.items()) or [("", sentence) for sentence in refused.sentences]
    page = render_template("teams/show.html", **{**context, "errors": errors, "wrong": fields, "typed": typed})
    return Response(page, 422)


def _invited(team: Team, case: Case, email: str) -> Person:
    """The person with this address. Raises Refused with what to do where nobody has it."""
    known = person_by_email(session(), email) if email else None
    if known and known.closed_at is None:
        return known
    sentence = (
        f"Nobody has an account with the address {email}. They can make one {_then(team, case)}"
        if email
        else "Write the e-mail address of the person."
    )
    raise Refused(sentence, fields={"email": sentence})


def _then(team: Team, case: Case) -> str:
    """What somebody does who has made an account to come into the team."""
    if it_is_a_team_for_others.claim(case):
        link = f"{settings().base_url.rstrip('/')}/teams/{team.id}"
        return f"and ask to join at {link}: send them this link."
    return "and tell you: then invite them here. Until then nobody else sees the team."


def _context(team: Team, case: Case) -> dict[str, Any]:
    own = membership_of(session(), team, actor().id)
    inside = case.holds("team_member") or case.holds("team_lead")
    staff = record_page.is_staff(case)
    company_of = session().get(Organisation, team.organisation_id) if team.organisation_id else None
    people = _rows(roster(session(), team)) if inside or staff else []
    return {
        "team": team,
        "lead": session().get_one(Person, team.lead_id),
        "company": company_of,
        "state": HANDBOOK["team"].states[team.state],
        "inside": inside,
        "leads": case.holds("team_lead"),
        "staff": staff,
        "may_invite": case.holds("team_lead") and _takes_members(team),
        "may_ask": own is None and not inside and _takes_members(team),
        "people": people,
        "own": _rows([(own, _me())])[0] if own and not inside else None,
        "number": sizes(session(), [team])[team.id or 0],
        "applications": _applications(team, inside=inside) if inside or staff else [],
        "entries": timeline(session(), team, team_id=team.id or 0) if inside else [],
        "then": _then(team, case),
        **record_page.offered_steps(team),
    }


def _rows(people: Sequence[tuple[Membership, Person]]) -> list[dict[str, Any]]:
    """The lines of the list: each person, their state, and what the reader may do about it."""
    offered = options_of(session(), [membership for membership, _ in people], actor=actor(), now=now())
    return [
        {
            "membership": membership,
            "person": person_in_it,
            "state": HANDBOOK["membership"].states[membership.state],
            "options": [option.step for option in offered[membership.id or 0] if option.allowed],
        }
        for membership, person_in_it in people
    ]


def _applications(team: Team, *, inside: bool) -> list[tuple[Application, Challenge, Any]]:
    """The team's own, all of them; to others those whose seal is open and that they may read."""
    query = select(Application, Challenge).join(Challenge, col(Challenge.id) == col(Application.challenge_id))
    query = query.where(col(Application.team_id) == team.id).order_by(col(Application.id).desc())
    if not inside:
        query = query.where(is_readable(now()))
    rows = session().execute(query).all()
    return [(one, challenge, PAGE.states[one.state]) for one, challenge in rows if inside or may_open(one)]


def _takes_members(team: Team) -> bool:
    return "form" in HANDBOOK["team"].steps_from(team.state)


def _state(team: Team) -> Any:
    return HANDBOOK["team"].states[team.state]


def _lead_only(team: Team) -> None:
    if not actor().holds("team_lead", {"team": team.id}):
        raise Forbidden("You lead this team.")


def _skills(text: str) -> list[str]:
    """Skills from one line with commas between, each once."""
    words = [" ".join(word.split()).lower() for word in text.split(",")]
    return list(dict.fromkeys(word for word in words if word))


def _me() -> Person:
    me = person()
    assert me  # noqa: S101 - the audience of every view here
    return me
