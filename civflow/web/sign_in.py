"""Signing in: with a password or a link, and out again."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, render_template, request

from civflow.models import Person
from civflow.services import people
from civflow.services.demonstration import cast
from civflow.services.messages import post
from civflow.web.access import anyone, open_to
from civflow.web.current import COOKIE, forget, keep_signed_in, now, session, settings
from civflow.web.htmx import redirect_to
from civflow.web.limits import limiter
from civflow.workflows.engine import NotFound, Refused

blueprint = Blueprint("sign_in", __name__)
OFTEN = "10 per minute; 60 per hour"


@blueprint.get("/sign-in")
@open_to(anyone)
def form() -> str:
    return render_template(
        "sign_in/form.html", then=safe_path(request.args.get("then", "")), people=_demonstration_people()
    )


@blueprint.post("/sign-in")
@open_to(anyone)
@limiter.limit(OFTEN)
def sign_in() -> Response:
    email, then = request.form.get("email", ""), safe_path(request.form.get("then", ""))
    try:
        person = people.check_password(session(), email=email, password=request.form.get("password", ""))
    except Refused as refused:
        page = render_template("sign_in/form.html", then=then, email=email, errors=list(refused.fields.items()),
                               refused=refused.fields, people=_demonstration_people())  # fmt: skip
        return Response(page, 422)
    return _sign_in(person, then)


@blueprint.get("/sign-in/link")
@open_to(anyone)
def ask_for_link() -> str:
    return render_template("sign_in/link.html", then=safe_path(request.args.get("then", "")))


@blueprint.post("/sign-in/link")
@open_to(anyone)
@limiter.limit(OFTEN)
def send_link() -> Response:
    """Send a link. The answer is the same for an address that nobody has."""
    email, then = request.form.get("email", "").strip(), safe_path(request.form.get("then", ""))
    if not people.ADDRESS.fullmatch(email):
        sentence = "Write an e-mail address such as name@example.org."
        page = render_template("sign_in/link.html", then=then, email=email, errors=[("email", sentence)])
        return Response(page, 422)
    person = people.person_by_email(session(), email)
    if person and person.closed_at is None:
        token = people.make_link(session(), person, now=now())
        path = f"/sign-in/{token}" + (f"?then={then}" if then != "/" else "")
        post(
            session(),
            person=person,
            kind="sign_in",
            key=f"sign-in-{people.token_hash(token)[:40]}",
            about=path,
            now=now(),
        )
        session().commit()
    return Response(render_template("sign_in/sent.html", email=email))


@blueprint.get("/sign-in/<token>")
@open_to(anyone)
def look(token: str) -> str | Response:
    """A page with a button: programmes that look at mail open links, and must not use them up."""
    person = people.look_at_link(session(), token, now=now())
    page = render_template("sign_in/confirm.html", person=person, then=safe_path(request.args.get("then", "")))
    return page if person else Response(page, 410)


@blueprint.post("/sign-in/<token>")
@open_to(anyone)
def use(token: str) -> Response:
    try:
        person = people.use_link(session(), token, now=now())
    except Refused:
        return Response(render_template("sign_in/confirm.html", person=None), 410)
    return _sign_in(person, safe_path(request.form.get("then", "")))


@blueprint.post("/sign-in/as/<role>")
@open_to(anyone)
def sign_in_as(role: str) -> Response:
    """Only in the demonstration: be one of its people."""
    emails = {title: email for email, _, title in cast.ROLES} if settings().demonstration else {}
    person = people.person_by_email(session(), emails[role]) if role in emails else None
    if person is None:
        raise NotFound("There is nobody to be here. Sign in with your own account.")
    return _sign_in(person, safe_path(request.form.get("then", "")))


@blueprint.post("/sign-out")
@open_to(anyone)
def sign_out() -> Response:
    people.sign_out(session(), request.cookies.get(COOKIE, ""), now=now())
    session().commit()
    return forget(redirect_to("/"))


def _sign_in(person: Person, then: str) -> Response:
    browser = request.user_agent.string
    token, until = people.sign_in(session(), person, now=now(), hours=settings().session_hours, browser=browser)
    session().commit()
    return keep_signed_in(redirect_to(then), token, until)


def safe_path(path: str) -> str:
    """The path of a page of this site, or the home page: never another site."""
    parts = urlsplit(path)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and "\\" not in path
    return path if inside and path.isprintable() else "/"


def _demonstration_people() -> list[tuple[str, str]]:
    """In the demonstration, who one can be: role and name."""
    return [(role, name) for _, name, role in cast.ROLES] if settings().demonstration else []
