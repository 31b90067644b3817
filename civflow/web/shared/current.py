"""What a request has at hand: its session, its moment, and who is asking.

The session reads on GET and may write otherwise; nothing is kept unless the view commits, in sight.
"""

from __future__ import annotations

from datetime import datetime

from flask import Flask, Response, current_app, g, request
from sqlmodel import Session

from civflow.db import hurrying, new_session, reading
from civflow.models import Person
from civflow.services import people
from civflow.settings import Settings
from civflow.web.shared import formats
from civflow.workflows.engine import NOBODY, Actor

COOKIE = "civflow_sign_in"


def init_app(app: Flask) -> None:
    """Find out who is asking before a view runs, and close the session behind it."""
    app.before_request(_who_is_asking)
    app.teardown_request(_close)


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def session() -> Session:
    """This request's session, made when it is first asked for."""
    if "session" not in g:
        engine = current_app.config["ENGINE"]
        g.session = new_session(reading(engine) if request.method in ("GET", "HEAD", "OPTIONS") else engine)
    found: Session = g.session
    return found


def writing_session(*, hurries: bool = False) -> Session:
    """A session of its own for what a GET has to record; the caller commits and closes it.

    One that `hurries` raises one of db.BUSY rather than wait for others.
    """
    engine = current_app.config["ENGINE"]
    return new_session(hurrying(engine) if hurries else engine)


def now() -> datetime:
    """The moment that everything in this request counts from: the clock is read once."""
    return formats.request_now()


def actor() -> Actor:
    """Who is asking: a person with their roles, or NOBODY."""
    found: Actor = g.get("actor", NOBODY)
    return found


def person() -> Person | None:
    """The person who is signed in."""
    found: Person | None = g.get("person")
    return found


def _who_is_asking() -> None:
    token = request.cookies.get(COOKIE)
    if not token or request.endpoint == "static":
        return
    g.person = people.person_of_token(session(), token, now=now())
    if g.person is not None:
        g.actor = people.actor_of(session(), g.person, now=now())


def _close(_: BaseException | None) -> None:
    open_session: Session | None = g.pop("session", None)
    if open_session is not None:
        open_session.close()


def keep_signed_in(response: Response, token: str, until: datetime) -> Response:
    """Give the browser its sign-in; scripts cannot read it, and other sites cannot send it.

    It is told for how long and not until when: its clock may be another one than ours.
    """
    response.set_cookie(
        COOKIE,
        token,
        max_age=until - now(),
        httponly=True,
        samesite="Lax",
        secure=settings().base_url.startswith("https://"),
    )
    return response


def forget(response: Response) -> Response:
    response.delete_cookie(COOKIE)
    return response
