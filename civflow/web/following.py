"""Following a record or a search: beginning and ending it on the site, and ending it by the link in a message."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Follow, Person, Tracked
from civflow.services import following
from civflow.services.engine.advance import workflow_of
from civflow.services.records.titles import path_of, short_title_of
from civflow.services.search import challenges, query
from civflow.web.shared import challenge_filters
from civflow.web.shared.access import anyone, open_to, signed_in
from civflow.web.shared.current import actor, now, person, session
from civflow.web.shared.follow import following_of
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import NOBODY, NotFound

blueprint = Blueprint("following", __name__)
ACCOUNT, PAGE = "/account#following", "following/record.html"


@blueprint.get("/challenges/<slug>/follow")
@open_to(signed_in)
def ask(slug: str) -> str:
    """What following a challenge means, how one wants to be told, and a button."""
    return _asked(challenges.known(session(), slug, actor=actor()))


@blueprint.post("/challenges/<slug>/follow")
@open_to(signed_in)
def follow(slug: str) -> Response:
    return _follow(challenges.known(session(), slug, actor=actor()))


@blueprint.get("/cases/<workflow>/<int:record_id>/follow")
@open_to(signed_in)
def ask_about(workflow: str, record_id: int) -> str:
    """The same for a record of any noun that can be followed."""
    return _asked(following.followable(session(), workflow, record_id, actor=actor(), now=now()))


@blueprint.post("/cases/<workflow>/<int:record_id>/follow")
@open_to(signed_in)
def follow_any(workflow: str, record_id: int) -> Response:
    return _follow(following.followable(session(), workflow, record_id, actor=actor(), now=now()))


def _asked(record: Tracked) -> str:
    return render_template(PAGE, **following_of(record))


def _follow(record: Tracked) -> Response:
    delivery = request.form.get("delivery", "at_once")
    with attempt() as tried:
        following.follow(session(), _me(), record=record, delivery=delivery, now=now())
    if tried.refusal:
        return tried.page(PAGE, **following_of(record))
    return _done(record, f"You follow “{short_title_of(session(), record)}”.")


@blueprint.get("/following/new")
@open_to(signed_in)
def ask_about_search() -> str:
    return render_template("following/search.html", **_search())


@blueprint.post("/following/new")
@open_to(signed_in)
def follow_search() -> Response:
    """Follow the search that stands in the address."""
    found = _search()
    with attempt() as tried:
        following.follow(session(), _me(), search=found["search"], delivery=request.form.get("delivery", ""), now=now())
    if tried.refusal:
        return tried.page("following/search.html", **found)
    flash("You are told when a new challenge fits this search.", "done")
    return redirect_to(ACCOUNT)


@blueprint.post("/following/<int:follow_id>")
@open_to(signed_in)
def change(follow_id: int) -> Response:
    """Be told in the other way."""
    one = _mine(follow_id)
    following.deliver(session(), one, request.form.get("delivery", ""))
    session().commit()
    at_once = one.delivery == "at_once"
    return _done(
        following.record_of(session(), one), "You are told at once." if at_once else "You are told once a day."
    )


@blueprint.post("/following/<int:follow_id>/end")
@open_to(signed_in)
def end(follow_id: int) -> Response:
    one = _mine(follow_id)
    title = following.title_of(session(), one, actor=actor(), now=now())
    following.end(session(), [one], now=now())
    session().commit()
    return _done(following.record_of(session(), one), f"You are told no more of this: {title}.")


@blueprint.get("/unsubscribe/<token>")
@blueprint.get("/unsubscribe/<token>/daily", defaults={"daily": True})
@open_to(anyone)
def confirm(token: str, daily: bool = False) -> str:
    """A page with a button: programmes that look at mail open links, and must not end anything."""
    follows = _by_token(token, daily)
    return render_template(
        "following/unsubscribe.html",
        titles=_titles(follows),
        daily=daily,
        ended=not any(f.ended_at is None for f in follows),
    )


@blueprint.post("/unsubscribe/<token>")
@blueprint.post("/unsubscribe/<token>/daily", defaults={"daily": True})
@open_to(anyone)
def unsubscribe(token: str, daily: bool = False) -> str:
    """End it at once, whoever presses: a person on the page, or a mail programme for them (RFC 8058)."""
    follows = _by_token(token, daily)
    titles = _titles(follows)
    following.end(session(), follows, now=now())
    session().commit()
    return render_template("following/unsubscribe.html", titles=titles, daily=daily, ended=True)


def _by_token(token: str, daily: bool) -> list[Follow]:
    """What the link ends: one thing, or with `daily` everything in the daily message. Raises NotFound."""
    one = following.by_token(session(), token[:60])
    if one is None:
        raise NotFound(
            "This link ends nothing. Copy the whole address from the message, or sign in and look at your "
            "account: what you follow is listed there."
        )
    return (following.daily_of(session(), one.person_id) or [one]) if daily else [one]


def _titles(follows: list[Follow]) -> list[str]:
    """What is followed, as anybody may read it: whoever has the link need not be signed in."""
    return [following.title_of(session(), one, actor=NOBODY, now=now()) for one in follows]


def _me() -> Person:
    found = person()
    if found is None:
        raise NotFound("Sign in to follow this.")
    return found


def _mine(follow_id: int) -> Follow:
    found = following.by_number(session(), _me(), follow_id)
    if found is None:
        raise NotFound("You do not follow this any more.")
    return found


def _done(record: Tracked | None, sentence: str) -> Response:
    """The record's own part of its page to htmx; else the page from which it was pressed."""
    if is_htmx() and record:
        return page_or_fragment("", "following/_follow.html", **following_of(record), said=sentence)
    flash(sentence, "done")
    if record and request.form.get("then") == workflow_of(session(), record).name:
        return redirect_to(path_of(record))
    return redirect_to(ACCOUNT)


def _search() -> dict[str, Any]:
    """The search of this address, as it is kept, in words, and where the list shows it."""
    wanted = challenge_filters.asked().wanted
    search = query.address_of(wanted)
    return {"search": search, "words": query.in_words(wanted), "back": f"/challenges?{search}"}
