"""Comments on the parts of a draft, and who else is in it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from flask import Blueprint, Response, render_template, request

from civflow.db import BUSY
from civflow.models import Challenge
from civflow.services.challenges import form as challenges_form
from civflow.services.challenges.drafts import text_to_read
from civflow.services.collaboration import comments, presence
from civflow.services.collaboration.parts import Part
from civflow.services.programmes.store import programme_of
from civflow.web.shared.access import anyone, open_to, signed_in
from civflow.web.shared.asks import refuse, whole_number
from civflow.web.shared.challenge_access import owned
from civflow.web.shared.current import actor, now, person, session, writing_session
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.step_form import attempt
from civflow.workflows.challenges.readiness import COMMENTERS
from civflow.workflows.engine import NotFound

blueprint = Blueprint("draft_comments", __name__)
PAGE, FRAGMENT = "challenges/comments.html", "challenges/_comments.html"
NOT_AN_ANSWER = (
    "Nobody can tell which comment this answers, so it is not kept. Send it again here, or answer the comment itself."
)
STOP_ASKING = 286  # htmx stops a poll that is answered so


@blueprint.get("/challenges/<slug>/edit/<part_id>/comments")
@open_to(signed_in)
def show(slug: str, part_id: str) -> str:
    """A part to read, with its comments: for those who do not write it too."""
    challenge = owned(slug, COMMENTERS)
    chosen = part_of(challenge, part_id)
    return render_template(PAGE, **_context(challenge, chosen))


@blueprint.post("/challenges/<slug>/edit/<part_id>/comments")
@open_to(signed_in)
def change(slug: str, part_id: str) -> Response:
    """Comment, answer, settle, open again or take one's own comment back."""
    challenge = owned(slug, COMMENTERS)
    chosen = part_of(challenge, part_id)
    with attempt() as tried:
        done = _change(challenge, chosen)
    if tried.refusal:
        challenge = owned(slug, COMMENTERS)
        context = _context(challenge, chosen)
        thread = whole_number(request.form.get("answers", ""))
        has_box = any(found.id == thread and found.is_open for found in context["threads"])
        wrong = {
            "thread": thread if has_box else None,
            "sentence": tried.fields({"": "text"})["text"],
            "text": request.form.get("text", ""),
        }
        return page_or_fragment(PAGE, FRAGMENT, tried.status, **context, wrong=wrong)
    if not is_htmx():
        return redirect_to(f"/challenges/{slug}/edit/{part_id}/comments#comments")
    return page_or_fragment(PAGE, FRAGMENT, **_context(challenge, chosen), done=done)


def _change(challenge: Challenge, chosen: Part) -> str:
    """Do what the button says; a sentence about it."""
    form = request.form
    for name, turn in (("settles", comments.settle), ("reopens", comments.reopen)):
        if name in form:
            turn(session(), challenge, chosen.id, whole_number(form[name]) or 0, actor=actor(), now=now())
            return "The comment is settled." if name == "settles" else "The comment is open again."
    if "takes_back" in form:
        comments.take_back(
            session(), challenge, chosen.id, whole_number(form["takes_back"]) or 0, actor=actor(), now=now()
        )
        return "Your comment is taken back."
    thread = whole_number(form.get("answers", ""))
    if form.get("answers") and thread is None:
        refuse({"text": NOT_AN_ANSWER})
    comments.say(
        session(),
        challenge,
        chosen.id,
        form.get("text", ""),
        title=chosen.title,
        thread_id=thread,
        actor=actor(),
        now=now(),
    )
    return "Your answer is there." if thread else "Your comment is there."


@blueprint.get("/challenges/<slug>/edit/here")
@open_to(anyone)
def here(slug: str) -> Response:
    """Who else is here, asked by an open page; a changed gathering is announced. It never leads away from the page."""
    if person() is None:
        return Response("", STOP_ASKING)
    challenge, part = owned(slug, COMMENTERS), request.args.get("part", "")
    if part not in titles_of(challenge):
        part = ""  # the others read where somebody is: only places that there are
    arrive(challenge, part, stays=True, asks=True)
    context = around(challenge, part)
    news = context["gathering"] != request.args.get("was", "")
    return Response(render_template("challenges/_here.html", challenge=challenge, **context, news=news))


def arrive(challenge: Challenge, part: str, *, stays: bool = False, asks: bool = False) -> None:
    """Note that the person is here, in a transaction of its own: the page itself only reads."""
    come = partial(presence.stay, asks=asks) if stays else presence.come
    with writing_session(hurries=True) as writing, suppress(*BUSY):  # a busy database keeps nobody from the page
        come(writing, challenge, actor().id or 0, part, now=now())
        writing.commit()


def around(challenge: Challenge, part: str) -> dict[str, Any]:
    """What the pages show of those who are here."""
    found = presence.others(session(), challenge, actor().id, now=now())
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


def comments_on(challenge: Challenge, chosen: Part) -> dict[str, Any]:
    """What the fragment of a part's comments needs."""
    return {
        "threads": comments.threads(session(), challenge, chosen.id),
        "longest": comments.LONGEST,
        "my_id": actor().id,
    }


def _context(challenge: Challenge, chosen: Part) -> dict[str, Any]:
    values = challenges_form.stored(session(), challenge, text_to_read(session(), challenge), chosen)
    return {"challenge": challenge, "part": chosen, "values": values, **comments_on(challenge, chosen)}
