"""An innovator's dashboard: what each application needs by when, invitations, and challenges that fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, ChallengeVersion, Person, Team
from civflow.services.dashboards.application import Standing, standings_of
from civflow.services.dashboards.tasks import Dashboard, OpenTask, by_urgency, tasks_of
from civflow.services.search.challenges import joinable
from civflow.services.teams.teams import teams_of
from civflow.workflows.applications import OVER
from civflow.workflows.engine import Actor
from civflow.workflows.rules import a_team_member, the_team_lead
from civflow.workflows.teams.memberships import the_person

OF_A_TEAM = {"team_member", "team_lead"}
SHOWN = 5


class Mine(NamedTuple):
    """One of the person's applications as the dashboard shows it."""

    application: Application
    challenge: Challenge
    team: Team
    standing: Standing


class Fitting(NamedTuple):
    """An open challenge and the person's skills that its text speaks of."""

    challenge: Challenge
    skills: tuple[str, ...]


WAITS = (the_person, the_team_lead, a_team_member)


def dashboard(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    lines: Sequence[OpenTask] = (),
) -> Dashboard | None:
    """The dashboard of everybody who is in a team or asked into one, and of a newcomer without any role."""
    roles = {held.role for held in actor.roles}
    if not lines and roles and not roles & OF_A_TEAM:
        return None
    mine = _applications(session, actor, now)
    person = session.get_one(Person, actor.id)
    needs = [need for one in mine for need in one.standing.needs]
    return Dashboard(
        "innovator",
        "Your applications",
        by_urgency([*needs, *tasks_of(lines)]),
        "Your applications need nothing from you at the moment." if mine else "You have no application yet.",
        {
            "running": [one for one in mine if one.application.state not in OVER][:SHOWN],
            "number": len(mine),
            "teams": teams_of(session, actor.id),
            "fitting": _fitting(session, person, {one.challenge.id for one in mine}),
            "skills": person.skills,
        },
    )


def _applications(session: Session, actor: Actor, now: datetime) -> list[Mine]:
    """Every application of the person's teams, the newest first."""
    teams = {team.id: team for team in teams_of(session, actor.id)}
    query = select(Application, Challenge).join(Challenge, col(Challenge.id) == col(Application.challenge_id))
    query = query.where(col(Application.team_id).in_(teams)).order_by(col(Application.id).desc())
    rows = [(application, challenge) for application, challenge in session.execute(query)]
    standings = standings_of(session, [application for application, _ in rows], actor=actor, now=now)
    return [Mine(one, challenge, teams[one.team_id], standings[one.id or 0]) for one, challenge in rows]


def _fitting(session: Session, person: Person, begun: set[int | None]) -> list[Fitting]:
    """Open challenges whose published text has the person's skills as words, most of them first."""
    ids = [row.id for row in joinable(session, most=4 * SHOWN) if row.group == "open" and row.id not in begun]
    public = and_(
        col(ChallengeVersion.challenge_id) == col(Challenge.id), col(ChallengeVersion.number) == col(Challenge.version)
    )
    query = select(Challenge, ChallengeVersion).outerjoin(ChallengeVersion, public).where(col(Challenge.id).in_(ids))
    rows = sorted(session.execute(query).all(), key=lambda row: ids.index(row[0].id))
    found = []
    for challenge, text in rows:
        words = " ".join([challenge.title, challenge.question, *(text.sections.values() if text else ())])
        skills = tuple(skill for skill in person.skills if _speaks_of(words, skill))
        if skills:
            found.append(Fitting(challenge, skills))
    return sorted(found, key=lambda one: -len(one.skills))[:SHOWN]


def _speaks_of(words: str, skill: str) -> bool:
    return re.search(rf"\b{re.escape(skill)}\b", words, re.IGNORECASE) is not None
