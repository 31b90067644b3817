"""Pages about the site itself: how a challenge works, accessibility, privacy; and what machines ask for."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, url_for
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from civflow.services.programmes.store import current_programme
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import session, settings
from civflow.web.shared.navigation import Link, is_signed_in

blueprint = Blueprint("about", __name__)
NAVIGATION = (Link("How it works", "/how-it-works", 20, lambda actor: not is_signed_in(actor)),)
NOT_FOR_ROBOTS = (
    "/account",
    "/applications",
    "/assignments",
    "/cases",
    "/documents",
    "/following",
    "/sign-in",
    "/unsubscribe",
)


@blueprint.get("/how-it-works")
@open_to(anyone)
def how_it_works() -> str:
    """The programme's funnel for newcomers, with its own figures."""
    return render_template("about/how_it_works.html", contents=current_programme(session()))


@blueprint.get("/accessibility")
@open_to(anyone)
def accessibility() -> str:
    return render_template("about/accessibility.html", contact=settings().mail_from)


@blueprint.get("/privacy")
@open_to(anyone)
def privacy() -> str:
    return render_template("about/privacy.html", contact=settings().mail_from, hours=settings().session_hours)


@blueprint.get("/robots.txt")
@open_to(anyone)
def robots() -> Response:
    """What search engines may read: the public pages, and nothing of a demonstration: it is invented."""
    closed = ("/",) if settings().demonstration else NOT_FOR_ROBOTS
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {settings().base_url}/sitemap.xml"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/favicon.ico")
@open_to(anyone)
def favicon() -> AnyResponse:
    return redirect(url_for("static", filename="images/mark-48.png"))


@blueprint.get("/health")
@open_to(anyone)
def health() -> Response:
    """Whether the database answers: for the machine that watches this one."""
    try:
        with current_app.config["ENGINE"].connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        logging.getLogger("civflow").exception("The database cannot be reached.")
        answer = jsonify(status="the database cannot be reached")
        answer.status_code = 503
    else:
        answer = jsonify(status="ok")
    answer.headers["Cache-Control"] = "no-store"
    return answer
