"""People and their roles: search, give a role in a scope, take it back, end sign-ins."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Person
from civflow.models.people import ROLES
from civflow.services import people
from civflow.services.people import search as people_search
from civflow.web.shared.access import holders_of, open_to
from civflow.web.shared.asks import plain, read_each, refuse, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import page_or_fragment, redirect_to
from civflow.web.shared.money import parse_pounds
from civflow.web.shared.navigation import Link, holds_any
from civflow.web.shared.step_form import attempt
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Forbidden, NotFound
from civflow.workflows.engine.contents import scopes

blueprint = Blueprint("people", __name__)
NAVIGATION = (Link("People", "/people", 80, lambda actor: holds_any(actor, "programme_manager", "administrator")),)
STAFF = holders_of("administrator", "programme_manager", site=True)
ADMINISTRATORS = holders_of("administrator", site=True)
LAST_PAGE = 100_000


@blueprint.get("/people")
@open_to(STAFF)
def everybody() -> Response:
    """Everybody with an account, by name; by words and by role."""
    words, role = plain(request.args.get("q", ""))[:200], request.args.get("role", "")
    number = min(max(1, whole_number(request.args.get("page", "")) or 1), LAST_PAGE)
    found = people_search.find(session(), words=words, role=role, page=number)
    fields = [
        {"name": "q", "label": "Search", "type": "search", "value": words, "hint": "Name or address"},
        {
            "name": "role",
            "label": "Role",
            "type": "select",
            "value": role,
            "options": [("", "Anybody"), *ROLES.items(), (people_search.ON_A_PANEL, "Sits on a panel")],
        },
    ]
    return page_or_fragment("people/list.html", "people/_list.html", found=found, fields=fields, number=number)


@blueprint.get("/people/<int:person_id>")
@open_to(STAFF)
def show(person_id: int) -> str:
    return render_template("people/show.html", **_context(_person(person_id)))


@blueprint.post("/people/<int:person_id>/roles")
@open_to(STAFF)
def give(person_id: int) -> Response:
    """Give a role in a scope; a role that is held already gets another limit."""
    chosen, typed = _person(person_id), {n: plain(request.form.get(n, "")) for n in ("role", "scope", "limit")}
    with attempt(Forbidden, NotFound) as tried:
        scope, scope_id = _scope(typed)
        people.grant(
            session(),
            chosen,
            typed["role"],
            actor=actor(),
            now=now(),
            scope=scope,
            scope_id=scope_id,
            limit_pounds=_limit(typed),
        )
    if tried.refusal:
        return tried.page("people/show.html", **_context(_person(person_id)), typed=typed)
    flash(f"{chosen.name} is {_with_article(ROLES[typed['role']])} now.", "done")
    return redirect_to(f"/people/{person_id}")


@blueprint.post("/people/<int:person_id>/roles/end")
@open_to(STAFF)
def take_back(person_id: int) -> Response:
    """Take one role back; what the person did with it stays."""
    chosen, role = _person(person_id), request.form.get("role", "")
    with attempt(Forbidden, NotFound) as tried:
        scope, scope_id = _scope({"role": role, "scope": request.form.get("scope", "")})
        people.revoke(session(), chosen, role, actor=actor(), now=now(), scope=scope, scope_id=scope_id)
    if tried.refusal:
        return tried.page("people/show.html", **_context(_person(person_id)))
    flash(f"{chosen.name} is no longer {_with_article(ROLES[role])} there.", "done")
    return redirect_to(f"/people/{person_id}")


@blueprint.post("/people/<int:person_id>/sign-ins/end")
@open_to(ADMINISTRATORS)
def end_sign_ins(person_id: int) -> Response:
    """Sign the person out of every browser."""
    chosen = _person(person_id)
    people.end_all(session(), chosen, now=now())
    session().commit()
    flash(f"{chosen.name} is signed out everywhere, and has to sign in again.", "done")
    return redirect_to(f"/people/{person_id}")


def _person(person_id: int) -> Person:
    found = session().get(Person, person_id)
    if found is None:
        raise NotFound("There is no such person.")
    return found


def _scope(typed: dict[str, str]) -> tuple[str, int | None]:
    """'round-2' as a scope and its number. Raises Refused where a choice is missing."""
    fields = {}
    if typed["role"] not in ROLES:
        fields["role"] = "Choose a role."
    scope, _, number = typed["scope"].partition("-")
    if scope not in scopes(HANDBOOK) or (scope == "site") != (number == ""):
        fields["scope"] = "Choose where the role counts."
    refuse(fields)
    return scope, whole_number(number) or 0 if number else None


def _limit(typed: dict[str, str]) -> int | None:
    """An approver's limit in whole pounds; nobody else has one. Raises Refused."""
    if typed["role"] != "approver":
        return None
    read, faults = read_each({"limit": partial(parse_pounds, typed["limit"])})
    refuse({name: f"An approver has a limit. {sentence}" for name, sentence in faults.items()})
    return int(read["limit"])


def _with_article(role: str) -> str:
    return f"{'an' if role[0] in 'AEIOU' else 'a'} {role.lower()}"


def _context(chosen: Person) -> dict[str, Any]:
    held = people_search.roles_of(session(), [chosen.id or 0]).get(chosen.id or 0, [])
    givable = {role: words for role, words in ROLES.items() if people.may_give(actor(), role)}
    return {
        "person": chosen,
        "held": [h for h in held if h.grant.revoked_at is None],
        "earlier": [h for h in held if h.grant.revoked_at is not None],
        "givable": givable,
        "scopes": people_search.scopes(session()),
        "is_me": chosen.id == actor().id,
        "sign_ins": people.sign_ins(session(), chosen, now=now()),
        "may_end": actor().holds("administrator", {}),
    }
