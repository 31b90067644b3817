"""One's own account: making it, name and skills, password, and where one is signed in."""

from __future__ import annotations

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Person
from civflow.models.people import ROLES
from civflow.services import people
from civflow.web.access import anyone, open_to, signed_in
from civflow.web.current import actor, keep_signed_in, now, person, session, settings
from civflow.web.htmx import redirect_to
from civflow.web.limits import limiter
from civflow.web.sign_in import OFTEN, safe_path
from civflow.workflows.engine import NotFound, Refused

blueprint = Blueprint("account", __name__)


@blueprint.get("/register")
@open_to(anyone)
def register() -> str:
    return render_template("account/register.html", then=safe_path(request.args.get("then", "")), typed={})


@blueprint.post("/register")
@open_to(anyone)
@limiter.limit(OFTEN)
def register_it() -> Response:
    """Make an account and sign in."""
    then = safe_path(request.form.get("then", ""))
    password = request.form.get("password", "")
    try:
        people.check_length(password)
        made = people.add_person(session(), name=request.form.get("name", ""), email=request.form.get("email", ""),
                                 password=password, now=now())  # fmt: skip
    except Refused as refused:
        session().rollback()
        page = render_template("account/register.html", then=then, typed=request.form, refused=refused.fields,
                               errors=list(refused.fields.items()))  # fmt: skip
        return Response(page, 422)
    return _stay_signed_in(made, then)


@blueprint.get("/account")
@open_to(signed_in)
def show() -> str:
    return render_template("account/show.html", **_context())


@blueprint.post("/account/skills")
@open_to(signed_in)
def skills() -> Response:
    """What one can do: teams and assessors are matched by it."""
    words = [" ".join(word.split())[:40] for word in request.form.get("skills", "").split(",")]
    _me().skills = list(dict.fromkeys(word.lower() for word in words if word))[:20]
    session().commit()
    flash("Your skills are saved.", "done")
    return redirect_to("/account")


@blueprint.post("/account/password")
@open_to(signed_in)
def password() -> Response:
    """Set another password: every browser is signed out, and this one signed in again."""
    me = _me()
    try:
        if me.password_hash:
            people.check_password(session(), email=me.email, password=request.form.get("old", ""))
        people.set_password(session(), me, request.form.get("password", ""), now=now())
    except Refused as refused:
        session().rollback()
        sentence = " ".join(refused.sentences)
        field = "old" if "does not fit" in sentence else "password"
        shown = "That is not your password." if field == "old" else sentence
        return Response(render_template("account/show.html", **_context(), errors=[(field, shown)]), 422)
    flash("Your password is set. Other browsers are signed out.", "done")
    return _stay_signed_in(me, "/account")


@blueprint.post("/account/sign-ins/<int:sign_in_id>/end")
@open_to(signed_in)
def end(sign_in_id: int) -> Response:
    people.end(session(), _me(), sign_in_id, now=now())
    session().commit()
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


def _stay_signed_in(me: Person, then: str) -> Response:
    token, until = people.sign_in(
        session(), me, now=now(), hours=settings().session_hours, browser=request.user_agent.string
    )
    session().commit()
    return keep_signed_in(redirect_to(then), token, until)


def _context() -> dict[str, object]:
    held = sorted({ROLES[h.role] + ("" if h.scope == "site" else f", for one {h.scope}")
                   for h in actor().roles if h.role in ROLES})  # fmt: skip
    return {"me": _me(), "sign_ins": people.sign_ins(session(), _me(), now=now()), "roles": held}
