"""What the page of a team shows: to its members all of it, to others what it says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge, Membership, Organisation, Person, Team
from civflow.services.challenges.seal import is_readable
from civflow.services.dashboards.application import PAGE
from civflow.services.engine.advance import options_of
from civflow.services.records.timeline import timeline
from civflow.services.teams.teams import membership_of, roster, sizes
from civflow.web.shared import record_page
from civflow.web.shared.access import may_open
from civflow.web.shared.current import actor, now, person, session, settings
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Case
from civflow.workflows.teams.teams import it_is_a_team_for_others


def context(team: Team, case: Case) -> dict[str, Any]:
    """The members with what the reader may do about each, the team's applications, and the steps that are possible."""
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
        "own": _rows([(own, me())])[0] if own and not inside else None,
        "number": sizes(session(), [team])[team.id or 0],
        "applications": _applications(team, inside=inside) if inside or staff else [],
        "entries": timeline(session(), team, team_id=team.id or 0) if inside else [],
        "way_in": way_into(team, case),
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


def state_of(team: Team) -> Any:
    return HANDBOOK["team"].states[team.state]


def way_into(team: Team, case: Case) -> str:
    """What somebody does who has made an account to come into the team."""
    if it_is_a_team_for_others.claim(case):
        link = f"{settings().base_url.rstrip('/')}/teams/{team.id}"
        return f"and ask to join at {link}: send them this link."
    return "and tell you: then invite them here. Until then nobody else sees the team."


def me() -> Person:
    """Whoever is signed in."""
    found = person()
    assert found  # noqa: S101 - the audience of every view here
    return found
