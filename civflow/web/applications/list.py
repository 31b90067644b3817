"""The list of applications: one's own as cards, and those that one's role reads, filtered and sorted in place."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge, Team
from civflow.services.applications import search
from civflow.services.dashboards.application import Standing, standings_of
from civflow.services.teams.teams import teams_of
from civflow.web.shared.asks import whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import page_or_fragment
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN

LAST_PAGE = 100_000
# What a phone, which has no headings to sort by, can choose; the headings also sort the other way.
SORTS = {
    "": "Closing date of the call",
    "reference": "Number",
    "team": "Team",
    "challenge": "Challenge",
    "state": "State",
    "submitted": "Submitted first",
    "-submitted": "Submitted last",
}


def answer() -> Response:
    """The page; to htmx only the list that was filtered."""
    context: dict[str, Any] = {"looks": search.may_look(actor()), "found": None}
    if context["looks"]:
        wanted = _wanted()
        found = search.find(session(), wanted, actor=actor(), now=now())
        context |= {"found": found, "wanted": wanted, "fields": _fields(wanted, found)}
    return page_or_fragment("applications/list.html", "applications/_all.html", **_own(), **context)


def _own() -> dict[str, Any]:
    """Every application of every team that the person works in, what needs them first."""
    teams = {team.id: team for team in teams_of(session(), actor().id)}
    query = select(Application).where(col(Application.team_id).in_(teams)).order_by(col(Application.id).desc())
    applications = session().scalars(query).all()
    standings = standings_of(session(), applications, actor=actor(), now=now())
    rows = [_card(one, teams[one.team_id], standings[one.id or 0]) for one in applications]
    rows.sort(key=lambda row: not row["standing"].needs)
    roles = {held.role for held in actor().roles}
    return {"rows": rows, "teams": teams, "reads_agreements": "finance_officer" in roles}


def _card(application: Application, team: Team, standing: Standing) -> dict[str, Any]:
    return {
        "application": application,
        "standing": standing,
        "team": team,
        "challenge": session().get_one(Challenge, application.challenge_id),
    }


def _wanted() -> search.Wanted:
    """What the address asks for; what it cannot mean is left out."""
    asked = request.args
    state, sort = asked.get("state", ""), asked.get("sort", "")
    return search.Wanted(
        words=" ".join(asked.get("q", "").replace("\0", " ").split())[:200],
        round=max(0, whole_number(asked.get("round", "")) or 0),
        challenge=max(0, whole_number(asked.get("challenge", "")) or 0),
        state=state if state in HANDBOOK["application"].states else "",
        sort=sort if sort.removeprefix("-") in search.SORTS else "",
        page=min(max(1, whole_number(asked.get("page", "")) or 1), LAST_PAGE),
    )


def _fields(wanted: search.Wanted, found: search.Page) -> list[dict[str, Any]]:
    """The filters, with what is chosen; what is sealed has no state to look for."""
    sealed = {*BEING_WRITTEN, *HANDED_IN}
    states = [(s.name, s.staff) for s in HANDBOOK["application"].states.values() if s.name not in sealed]
    rounds = [(str(key), title) for key, title in found.rounds]
    challenges = [(str(key), title) for key, title in found.challenges]
    return [
        {"name": "q", "label": "Search", "type": "search", "value": wanted.words, "hint": "Number, team, title"},
        {
            "name": "round",
            "label": "Round",
            "type": "select",
            "value": str(wanted.round or ""),
            "options": [("", "Any round"), *rounds],
        },
        {
            "name": "challenge",
            "label": "Challenge",
            "type": "select",
            "value": str(wanted.challenge or ""),
            "options": [("", "Any challenge"), *challenges],
        },
        {"name": "state", "label": "State", "type": "select", "value": wanted.state, "options": [("", "Any"), *states]},
        {"name": "sort", "label": "Sort by", "type": "select", "value": wanted.sort, "options": list(SORTS.items())},
    ]
