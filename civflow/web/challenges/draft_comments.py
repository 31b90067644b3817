"""Comments on the parts of a draft, and who else is in it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, request

from civflow.models import Challenge
from civflow.services.challenges import form as challenges_form
from civflow.services.challenges.drafts import text_to_read
from civflow.services.challenges.who_writes import writers
from civflow.services.collaboration import presence
from civflow.services.collaboration.parts import Part
from civflow.services.programmes.store import programme_of
from civflow.web.shared import comments
from civflow.web.shared.access import anyone, load_case, open_to, signed_in
from civflow.web.shared.arriving import arrive
from civflow.web.shared.challenge_access import at_address
from civflow.web.shared.current import actor, now, person, session
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.engine import Case, NotFound

blueprint = Blueprint("draft_comments", __name__)
PAGE = "challenges/comments.html"
STOP_ASKING = 286  # htmx stops a poll that is answered so


@blueprint.get("/challenges/<slug>/edit/<part_id>/comments")
@open_to(signed_in)
def show(slug: str, part_id: str) -> str:
    """A part to read, with its comments: for those who do not write it too."""
    challenge, case = _commented(slug)
    return render_template(PAGE, **_context(challenge, case, part_of(challenge, part_id)))


@blueprint.post("/challenges/<slug>/edit/<part_id>/comments")
@open_to(signed_in)
def change(slug: str, part_id: str) -> Response:
    """Comment, answer, settle, open again or take one's own comment back."""
    challenge, case = at_address(slug)
    comments.may_write(case)
    chosen = part_of(challenge, part_id)
    with attempt() as tried:
        done = comments.do(challenge, part=chosen.id, title=chosen.title)
    if tried.refusal:
        context = _context(*_commented(slug), chosen)
        wrong = comments.what_is_wrong(tried, context["threads"])
        return page_or_fragment(PAGE, comments.FRAGMENT, tried.status, **context, wrong=wrong)
    if not is_htmx():
        return redirect_to(f"/challenges/{slug}/edit/{part_id}/comments#comments")
    return page_or_fragment(PAGE, comments.FRAGMENT, **_context(challenge, case, chosen), done=done)


@blueprint.get("/challenges/<slug>/edit/here")
@open_to(anyone)
def here(slug: str) -> Response:
    """Who else is here, asked by an open page; a changed gathering is announced. It never leads away from the page."""
    if person() is None:
        return Response("", STOP_ASKING)
    challenge, part = _commented(slug)[0], request.args.get("part", "")
    if part not in titles_of(challenge):
        part = ""  # the others read where somebody is: only places that there are
    arrive(challenge, part, stays=True, asks=True)
    context = around(challenge, part)
    news = context["gathering"] != request.args.get("was", "")
    return Response(render_template("challenges/_here.html", challenge=challenge, **context, news=news))


def _commented(slug: str) -> tuple[Challenge, Case]:
    """The challenge with its case, for whoever reads the comments on its draft. Raises Forbidden, NotFound."""
    challenge, case = at_address(slug)
    comments.may_read(case)
    return challenge, case


def around(challenge: Challenge, part: str) -> dict[str, Any]:
    """What the pages show of those who are here."""
    found = presence.others(session(), challenge, actor().id, now=now())
    if found:  # who writes it is there for a sponsor, wherever else they work
        bodies = {w.person.id: w.body for w in writers(session(), challenge) if w.grant.revoked_at is None}
        found = [one._replace(body=bodies.get(one.person_id) or one.body) for one in found]
    titles = titles_of(challenge)
    return {"here": found, "gathering": presence.gathering(found), "here_part": part, "part_titles": titles}


def titles_of(challenge: Challenge) -> dict[str, str]:
    """Where somebody can be in the draft: part -> its title."""
    return {part.id: part.title for part in challenges_form.parts_of(programme_of(session(), challenge))}


def part_of(challenge: Challenge, part_id: str) -> Part:
    """A part of the draft. Raises NotFound."""
    found = {part.id: part for part in challenges_form.parts_of(programme_of(session(), challenge))}.get(part_id)
    if found is None:
        raise NotFound("The draft has no such part. Go back to the list.")
    return found


def comments_on(challenge: Challenge, chosen: Part, case: Case | None = None) -> dict[str, Any]:
    """What the fragment of a part's comments needs."""
    path = f"/challenges/{challenge.slug}/edit/{chosen.id}/comments"
    seen = case or load_case(Challenge, challenge.id or 0)[1]
    return comments.comments_on(challenge, seen, part=chosen.id, title=chosen.title, path=path)


def _context(challenge: Challenge, case: Case, chosen: Part) -> dict[str, Any]:
    values = challenges_form.stored(session(), challenge, text_to_read(session(), challenge), chosen)
    return {"challenge": challenge, "part": chosen, "values": values, **comments_on(challenge, chosen, case)}
