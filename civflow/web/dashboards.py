"""The home page: what waits for whoever is signed in, what is open, what became of earlier challenges."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from markupsafe import Markup

from civflow.services.challenges import public_page
from civflow.services.dashboards import tasks
from civflow.services.people.asleep import sleeping
from civflow.services.programmes.store import current_programme
from civflow.services.search import challenges
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.navigation import Link
from civflow.web.shared.pictures.flow import Board
from civflow.web.shared.pictures.strips import board_of_round, strip_of, strips_of

blueprint = Blueprint("home", __name__)
NAVIGATION = (Link("Home", "/", 0),)
SHOWN = 10  # open challenges, and announced ones; the rest is one link away


@blueprint.get("/")
@open_to(anyone)
def home() -> str:
    """First what waits for this person by role, then what everybody may join."""
    mine = tasks.dashboards(session(), actor=actor(), now=now())
    rows = challenges.joinable(session(), most=2 * SHOWN)
    open_rows = [row for row in rows if row.group == "open"][:SHOWN]
    strips = strips_of(session(), [row.id for row in open_rows], now=now()) | _strips_of_dashboards(mine)
    signed_in = actor().id is not None
    return render_template(
        "dashboards/show.html",
        dashboards=mine,
        sleeping=sleeping(session(), actor()),
        parts={dashboard.role: _template_of(dashboard.role) for dashboard in mine},
        waiting=tasks.by_urgency([waiting for dashboard in mine for waiting in dashboard.waiting]),
        open_rows=open_rows,
        soon_rows=[row for row in rows if row.group == "soon"][:SHOWN],
        strips=strips,
        boards=_boards_of_dashboards(mine),
        numbers=challenges.numbers(session()),
        contents=None if signed_in else current_programme(session()),
        results=[] if signed_in else public_page.latest_results(session()),
    )


def _strips_of_dashboards(mine: list[tasks.Dashboard]) -> dict[int, Markup]:
    """The pictures of a challenge owner's own challenges, with what only staff know."""
    own = [one for dashboard in mine if dashboard.role == "owner" for one in dashboard.parts["challenges"]]
    return {one.challenge.id: strip_of(one.challenge, one.stages, now=now(), zone=one.zone) for one in own}


def _boards_of_dashboards(mine: list[tasks.Dashboard]) -> dict[int, Board]:
    """Round id -> the challenges of a round that a programme manager runs, on one axis of time."""
    views = [view for dashboard in mine if dashboard.role == "manager" for view in dashboard.parts["overviews"]]
    return {view.round.id: board_of_round(session(), view.strips, now=now()) for view in views}


def _template_of(role: str) -> str | None:
    """The template of what a dashboard has beyond its list, if it has one."""
    name = f"dashboards/_{role}.html"
    loader = current_app.jinja_env.loader
    return name if loader and name in _templates() else None


def _templates() -> set[str]:
    known: set[str] = current_app.extensions.setdefault("civflow_templates", set())
    if not known:
        known.update(current_app.jinja_env.list_templates(filter_func=lambda name: name.startswith("dashboards/_")))
    return known
