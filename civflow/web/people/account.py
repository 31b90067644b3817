"""One's own account: name and skills, password, and where one is signed in."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Person
from civflow.models.people import ROLES
from civflow.services import following, people
from civflow.services.people.asleep import sleeping
from civflow.web.people.sign_in import FAILURES, sign_in_as
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.current import COOKIE, actor, now, person, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.limits import failed, limiter
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import NotFound, Refused

blueprint = Blueprint("account", __name__)
PAGE = "people/account/show.html"
LONGEST_SKILL, MOST_SKILLS = 40, 20
# The first sign that is found counts: most browsers also name others.
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@blueprint.get("/account")
@open_to(signed_in)
def show() -> str:
    return render_template(PAGE, **_context())


@blueprint.post("/account")
@open_to(signed_in)
def save() -> Response:
    """One's name, and what one can do: teams and assessors are matched by it."""
    me, typed = _me(), request.form.get("skills", "").replace("\x00", "")
    words = [" ".join(word.split()).lower()[:LONGEST_SKILL] for word in typed.split(",")]
    with attempt() as tried:
        people.rename(me, request.form.get("name", ""))
        me.skills = list(dict.fromkeys(word for word in words if word))[:MOST_SKILLS]
    if tried.refusal:
        return tried.page(PAGE, **_context(), typed=request.form)
    flash("Your name and your skills are saved.", "done")
    return redirect_to("/account")


@blueprint.post("/account/password")
@open_to(signed_in)
@limiter.limit(FAILURES, key_func=lambda: f"password {actor().id}", deduct_when=failed)
def password() -> Response:
    """Set another password: every browser is signed out, and this one signed in again."""
    me = _me()
    with attempt() as tried:
        _check_old_password(me)
        people.set_password(session(), me, request.form.get("password", ""), now=now())
        answer = sign_in_as(me, "/account")
    if tried.refusal:
        return tried.page(PAGE, **_context(), typed=request.form)
    flash("Your password is set. Other browsers are signed out.", "done")
    return answer


def _check_old_password(me: Person) -> None:
    """Whoever finds an open browser must not get the account. Raises Refused."""
    if me.password_hash:
        try:
            people.check_password(session(), email=me.email, password=request.form.get("old", ""))
        except Refused:
            # Here another field is wrong, and a link to sign in with would help nobody.
            sentence = "That is not your password."
            raise Refused(sentence, fields={"old": sentence}) from None


@blueprint.post("/account/sign-ins/<int:sign_in_id>/end")
@open_to(signed_in)
def end(sign_in_id: int) -> Response:
    people.end(session(), _me(), sign_in_id, now=now())
    session().commit()
    flash("That browser is signed out.", "done")
    return redirect_to("/account")


@blueprint.post("/account/sign-ins/end")
@open_to(signed_in)
def end_all() -> Response:
    people.end_all(session(), _me(), now=now())
    session().commit()
    return redirect_to("/sign-in")


def _me() -> Person:
    found = person()
    if found is None:
        raise NotFound("Sign in to see your account.")
    return found


def browser_words(agent: str) -> str:
    """'Firefox on Linux': what a browser says of itself, as far as people know it by that."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return " on ".join(part for part in (browser or "A browser", system) if part)


def _context() -> dict[str, Any]:
    held = sorted(
        {
            ROLES[h.role] + ("" if h.scope == "site" else f", for one {h.scope}")
            for h in (*actor().roles, *actor().asleep)
            if h.role in ROLES
        }
    )
    here = people.sign_in_of(session(), request.cookies.get(COOKIE, ""))
    return {
        "me": _me(),
        "browser_words": browser_words,
        "sign_ins": people.sign_ins(session(), _me(), now=now()),
        "roles": held,
        "sleeping": sleeping(session(), actor()),
        "followed": following.mine(session(), _me(), actor=actor(), now=now()),
        "here": here,
    }
