"""Following a challenge or a search: beginning and ending it on the site, and ending it by the link in a message."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Challenge, Follow, Person
from civflow.models.following import DELIVERIES
from civflow.services import following
from civflow.services.search import challenges, query
from civflow.web.shared import challenge_filters
from civflow.web.shared.access import anyone, open_to, signed_in
from civflow.web.shared.current import actor, now, person, session
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import NOBODY, NotFound

blueprint = Blueprint("following", __name__)
ACCOUNT = "/account#following"


@blueprint.get("/challenges/<slug>/follow")
@open_to(signed_in)
def ask(slug: str) -> str:
    """What following a challenge means, how one wants to be told, and a button."""
    challenge = challenges.known(session(), slug, actor=actor())
    return render_template("following/challenge.html", **_context(challenge))


@blueprint.post("/challenges/<slug>/follow")
@open_to(signed_in)
def follow(slug: str) -> Response:
    challenge = challenges.known(session(), slug, actor=actor())
    delivery = request.form.get("delivery", "at_once")
    with attempt() as tried:
        following.follow(session(), _me(), challenge=challenge, delivery=delivery, now=now())
    if tried.refusal:
        return tried.page("following/challenge.html", **_context(challenge))
    return _done(challenge, f"You follow “{challenge.title}”.")


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
    return _done(_challenge_of(one), "You are told at once." if at_once else "You are told once a day.")


@blueprint.post("/following/<int:follow_id>/end")
@open_to(signed_in)
def end(follow_id: int) -> Response:
    one = _mine(follow_id)
    title = following.title_of(session(), one, actor=actor())
    following.end(session(), [one], now=now())
    session().commit()
    return _done(_challenge_of(one), f"You are told no more of this: {title}.")


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
    return [following.title_of(session(), one, actor=NOBODY) for one in follows]


def _me() -> Person:
    found = person()
    if found is None:
        raise NotFound("Sign in to follow a challenge.")
    return found


def _mine(follow_id: int) -> Follow:
    found = following.by_number(session(), _me(), follow_id)
    if found is None:
        raise NotFound("You do not follow this any more.")
    return found


def _challenge_of(one: Follow) -> Challenge | None:
    return session().get(Challenge, one.challenge_id) if one.challenge_id else None


def _done(challenge: Challenge | None, sentence: str) -> Response:
    """The challenge's own part of its page to htmx; else the page from which it was pressed."""
    if is_htmx() and challenge:
        return page_or_fragment("", "following/_follow.html", **_context(challenge), said=sentence)
    flash(sentence, "done")
    if request.form.get("then") == "challenge" and challenge:
        return redirect_to(f"/challenges/{challenge.slug}")
    return redirect_to(ACCOUNT)


def _context(challenge: Challenge) -> dict[str, Any]:
    return {
        "challenge": challenge,
        "follow": following.of(session(), person(), challenge.id or 0),
        "deliveries": DELIVERIES,
    }


def _search() -> dict[str, Any]:
    """The search of this address, as it is kept, in words, and where the list shows it."""
    wanted = challenge_filters.asked().wanted
    search = query.address_of(wanted)
    return {"search": search, "words": query.in_words(wanted), "back": f"/challenges?{search}"}
