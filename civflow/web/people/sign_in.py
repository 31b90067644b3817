"""Signing in: with a password or a link, and out again; and asking for an account."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, render_template, request

from civflow.models import Person
from civflow.services import people
from civflow.services.notifications.outbox import post
from civflow.services.people.invented import ROLES
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.current import COOKIE, forget, keep_signed_in, now, session, settings
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.limits import failed, limiter, named, named_here
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import NotFound
from civflow.workflows.notifications import SIGN_IN

blueprint = Blueprint("sign_in", __name__)
FORM = "people/sign_in/form.html"
OFTEN = "10 per minute; 60 per hour"  # from one address
FAILURES = "10 per 15 minutes"  # with one e-mail address from one address
LINKS = "5 per 15 minutes"  # to one e-mail address from one address
FROM_ANYWHERE = "100 per hour"  # with or to one e-mail address
LONGEST_PATH = 200  # what a message keeps of the page that it leads to


@blueprint.get("/sign-in")
@open_to(anyone)
def form() -> str:
    then = safe_path(request.args.get("then", ""))
    return render_template(FORM, then=then, people=_demonstration_people())


@blueprint.post("/sign-in")
@open_to(anyone)
@limiter.limit(OFTEN)
@limiter.limit(FAILURES, key_func=named_here, deduct_when=failed)
@limiter.limit(FROM_ANYWHERE, key_func=named, deduct_when=failed)
def sign_in() -> Response:
    email, then = request.form.get("email", ""), safe_path(request.form.get("then", ""))
    with attempt() as tried:
        person = people.check_password(session(), email=email, password=request.form.get("password", ""))
        answer = sign_in_as(person, then)
    if tried.refusal:
        return tried.page(FORM, then=then, email=email, people=_demonstration_people())
    return answer


@blueprint.get("/sign-in/link")
@open_to(anyone)
def ask_for_link() -> str:
    return render_template("people/sign_in/link.html", then=safe_path(request.args.get("then", "")))


@blueprint.post("/sign-in/link")
@open_to(anyone)
@limiter.limit(OFTEN)
@limiter.limit(LINKS, key_func=named_here)
@limiter.limit(FROM_ANYWHERE, key_func=named)
def send_link() -> Response:
    """Send a link. The answer is the same for an address that nobody has."""
    email, then = request.form.get("email", "").strip(), safe_path(request.form.get("then", ""))
    if not people.ADDRESS.fullmatch(email):
        sentence = "Write an e-mail address such as name@example.org."
        page = render_template("people/sign_in/link.html", then=then, email=email, errors=[("email", sentence)])
        return Response(page, 422)
    person = people.person_by_email(session(), email)
    if person:
        _post_link(person, then)
        session().commit()
    return Response(render_template("people/sign_in/sent.html", email=email, then=then))


@blueprint.get("/register")
@open_to(anyone)
def register() -> str:
    return render_template("people/sign_in/register.html", then=safe_path(request.args.get("then", "")), typed={})


@blueprint.post("/register")
@open_to(anyone)
@limiter.limit(OFTEN)
@limiter.limit(LINKS, key_func=named_here)
@limiter.limit(FROM_ANYWHERE, key_func=named)
def ask_for_account() -> Response:
    """Send a link to the address: who can open it has the account. The answer tells nobody who has one already."""
    email, then = request.form.get("email", "").strip(), safe_path(request.form.get("then", ""))
    with attempt() as tried:
        _post_link(people.welcome(session(), name=request.form.get("name", ""), email=email, now=now()), then)
    if tried.refusal:
        return tried.page("people/sign_in/register.html", then=then, typed=request.form)
    return Response(render_template("people/sign_in/sent.html", email=email, then=then, is_new=True))


@blueprint.get("/sign-in/<token>")
@open_to(anyone)
def look(token: str) -> str | Response:
    """A page with a button: programmes that look at mail open links, and must not use them up."""
    person = people.look_at_link(session(), token, now=now())
    if person is None:
        return _no_good(token)
    return render_template("people/sign_in/confirm.html", person=person, then=safe_path(request.args.get("then", "")))


@blueprint.post("/sign-in/<token>")
@open_to(anyone)
def use(token: str) -> Response:
    with attempt() as tried:
        answer = sign_in_as(people.use_link(session(), token, now=now()), safe_path(request.form.get("then", "")))
    return _no_good(token) if tried.refusal else answer


def _no_good(token: str) -> Response:
    """Why a link does not work: it is used up, it has ended at its time, or there is none."""
    link = people.link_of(session(), token)
    return Response(render_template("people/sign_in/confirm.html", person=None, link=link, now=now()), 410)


@blueprint.post("/sign-in/as/<role>")
@open_to(anyone)
def be_somebody(role: str) -> Response:
    """Only in the demonstration: be one of its people."""
    emails = {title: email for email, _, title in ROLES} if settings().demonstration else {}
    person = people.person_by_email(session(), emails[role]) if role in emails else None
    if person is None:
        raise NotFound("There is nobody to be here. Sign in with your own account.")
    answer = sign_in_as(person, safe_path(request.form.get("then", "")))
    session().commit()
    return answer


@blueprint.post("/sign-out")
@open_to(anyone)
def sign_out() -> Response:
    people.sign_out(session(), request.cookies.get(COOKIE, ""), now=now())
    session().commit()
    return forget(redirect_to("/"))


def sign_in_as(person: Person, then: str) -> Response:
    """Sign this browser in as the person and go to the page `then`; whoever was signed in before is signed out.

    The caller commits.
    """
    people.sign_out(session(), request.cookies.get(COOKIE, ""), now=now())
    browser = request.user_agent.string
    token, until = people.sign_in(session(), person, now=now(), hours=settings().session_hours, browser=browser)
    return keep_signed_in(redirect_to(then), token, until)


def safe_path(path: str) -> str:
    """The path of a page of this site, or the home page: never another site."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or "\\" in path or not path.isprintable():
        return "/"
    return "/" if urlsplit(path).netloc else path


def _post_link(person: Person, then: str) -> None:
    """Put a message with a link into the outbox, unless the account is closed."""
    if person.closed_at is None:
        token = people.make_link(session(), person, now=now())
        path = f"/sign-in/{token}?" + urlencode({"then": then}, safe="/")
        if then == "/" or len(path) > LONGEST_PATH:
            path = f"/sign-in/{token}"
        key = f"{SIGN_IN}{people.token_hash(token)[:40]}"
        post(session(), person=person, kind="sign_in", key=key, about=path, now=now())


def _demonstration_people() -> list[tuple[str, str]]:
    """In the demonstration, who one can be: role and name."""
    return [(role, name) for _, name, role in ROLES] if settings().demonstration else []
