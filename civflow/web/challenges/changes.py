"""Changing a published text: why, part by part, a second look at who will read what, and publishing it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Challenge, ChallengeVersion
from civflow.services.applications import version_notices
from civflow.services.challenges import saving, versions
from civflow.services.challenges.drafts import published_text
from civflow.services.challenges.form import progress_of
from civflow.services.challenges.moved_dates import by_another_promise
from civflow.services.challenges.seal import are_sealed
from civflow.services.collaboration.parts import Part, fingerprint
from civflow.services.engine.advance import advance, options
from civflow.services.formatting import pasted
from civflow.services.programmes.store import programme_of
from civflow.web.challenges.typed_parts import values_of
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.asks import refuse
from civflow.web.shared.challenge_access import owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.moments import typed_moment
from civflow.web.shared.step_form import Attempt, attempt, revision_seen
from civflow.workflows.challenges.page import OWNERS
from civflow.workflows.engine import NotFound, Option
from civflow.workflows.rules import the_approver

blueprint = Blueprint("changing", __name__)
READERS = (*OWNERS, the_approver)


@blueprint.get("/challenges/<slug>/change")
@open_to(signed_in)
def overview(slug: str) -> str:
    """The change that is being written, or a form to begin one."""
    return render_template("challenges/change.html", **_overview(owned(slug, READERS)))


@blueprint.post("/challenges/<slug>/change")
@open_to(signed_in)
def begin(slug: str) -> Response:
    """Begin a change, or say anew why there is one."""
    challenge, why = owned(slug), request.form.get("why", "")
    with attempt() as tried:
        if versions.change_in_hand(session(), challenge):
            versions.write_change(session(), challenge, why=why, actor=actor(), now=now())
        else:
            versions.begin_change(session(), challenge, why=why, actor=actor(), now=now())
    if tried.refusal:
        return tried.page("challenges/change.html", **{**_overview(owned(slug, READERS)), "typed": why})
    return redirect_to(f"/challenges/{slug}/change")


@blueprint.post("/challenges/<slug>/change/hand-in")
@open_to(signed_in)
def hand_in(slug: str) -> Response:
    """Ask the programme office to publish it."""
    challenge = owned(slug)
    advance(session(), challenge, "hand_in_change", actor=actor(), now=now())
    session().commit()
    flash("The programme office is asked to look at the change and to publish it.", "done")
    return redirect_to(f"/challenges/{slug}/change")


@blueprint.get("/challenges/<slug>/change/<part_id>")
@open_to(signed_in)
def part(slug: str, part_id: str) -> str:
    challenge = owned(slug)
    chosen, text = _part(challenge, part_id), versions.in_hand(session(), challenge)
    values = versions.stored_in(text, chosen)
    return render_template(
        "challenges/change_part.html",
        **_page(challenge, chosen),
        typed=_as_typed(chosen, values),
        seen=fingerprint(values),
    )


@blueprint.post("/challenges/<slug>/change/<part_id>")
@open_to(signed_in)
def save(slug: str, part_id: str) -> Response:
    """Save one part; whatever stands against it, the words that were typed come back."""
    challenge = owned(slug)
    chosen = _part(challenge, part_id)
    typed = {field.name: pasted(request.form.get(field.name, "")) for field in chosen.fields}
    with attempt() as tried:
        values, unreadable = values_of(chosen, typed, programme_of(session(), challenge))
        refuse(unreadable)
        saving.save(
            session(),
            challenge,
            chosen,
            values,
            seen=request.form.get("seen", ""),
            actor=actor(),
            now=now(),
            store=versions.THE_CHANGE,
        )
    if tried.refusal:
        return _not_saved(slug, part_id, typed, tried)
    flash(f"“{chosen.title}” is saved in the change.", "done")
    return redirect_to(f"/challenges/{slug}/change")


def _not_saved(slug: str, part_id: str, typed: dict[str, str], tried: Attempt) -> Response:
    challenge = owned(slug)
    chosen = _part(challenge, part_id)
    context = {**_page(challenge, chosen), "typed": typed, "seen": request.form.get("seen", "")}
    if tried.is_late:
        values = versions.stored_in(versions.in_hand(session(), challenge), chosen)
        context |= {"theirs": _as_typed(chosen, values), "seen": fingerprint(values)}
    return tried.page("challenges/change_part.html", **context)


@blueprint.get("/challenges/<slug>/change/publish")
@open_to(signed_in)
def look(slug: str) -> str:
    """The second look: what will be different, who will be told, and what they will read."""
    return render_template("challenges/change_publish.html", **_second_look(owned(slug, READERS)))


@blueprint.post("/challenges/<slug>/change/publish")
@open_to(signed_in)
def publish(slug: str) -> Response:
    challenge = owned(slug, READERS)
    with attempt() as tried:
        text = versions.publish_change(session(), challenge, actor=actor(), now=now(), seen=revision_seen())
    if tried.refusal:
        return tried.page("challenges/change_publish.html", **_second_look(owned(slug, READERS)))
    flash(f"Version {text.number} is published, and everybody whom it concerns is told.", "done")
    return redirect_to(f"/challenges/{slug}/versions/{text.number}")


def _overview(challenge: Challenge) -> dict[str, Any]:
    """The parts of the change with what each is like, and the difference so far."""
    contents, text = programme_of(session(), challenge), versions.change_in_hand(session(), challenge)
    offered = {o.step.name: o for o in options(session(), challenge, actor=actor(), now=now())}
    context: dict[str, Any] = {
        "challenge": challenge,
        "text": text,
        "offered": offered,
        "errors": [],
        "typed": None,
        "longest": versions.LONGEST_WHY,
        "begins": _is_allowed(offered.get("change")),
        "moves": "extend" in offered and not offered["extend"].forbidden,
    }
    if text is None:
        return context
    found = _difference(challenge, published_text(session(), challenge), text)
    changed = {one.name for one in found["differences"]}
    return {
        **context,
        **found,
        "tasks": [
            (p, progress_of(p, versions.stored_in(text, p)), any(f.name in changed for f in p.fields))
            for p in versions.parts_of_a_change(contents)
        ],
        "may_write": "write_change" in offered and not offered["write_change"].forbidden,
    }


def _is_allowed(option: Option | None) -> bool:
    return option is not None and option.allowed


def _difference(challenge: Challenge, older: ChallengeVersion | None, newer: ChallengeVersion) -> dict[str, Any]:
    contents = programme_of(session(), challenge)
    if older is None:
        return {"differences": [], "unchanged": []}
    return {
        "differences": versions.differences(contents, older, newer),
        "unchanged": versions.unchanged(contents, older, newer),
    }


def _second_look(challenge: Challenge) -> dict[str, Any]:
    text = versions.in_hand(session(), challenge)
    offered = {o.step.name: o for o in options(session(), challenge, actor=actor(), now=now())}
    audience_preview = version_notices.preview(session(), challenge, actor=actor(), now=now())
    return {
        "challenge": challenge,
        "text": text,
        "option": offered.get("publish_change"),
        "errors": [],
        "audience_preview": audience_preview,
        "number_told": sum(len(group.people) for group in audience_preview),
        "sealed": are_sealed(session(), challenge, now=now()),
        "dates": by_another_promise(session(), challenge, text.decision_promised_at),
        **_difference(challenge, published_text(session(), challenge), text),
    }


def _part(challenge: Challenge, part_id: str) -> Part:
    parts = versions.parts_of_a_change(programme_of(session(), challenge))
    found = next((part for part in parts if part.id == part_id), None)
    if found is None:
        raise NotFound("The text has no such part. Go back to the list.")
    return found


def _page(challenge: Challenge, chosen: Part) -> dict[str, Any]:
    return {"challenge": challenge, "part": chosen, "errors": [], "fields": {}, "theirs": None}


def _as_typed(part: Part, values: dict[str, Any]) -> dict[str, str]:
    """Stored values as people would type them."""
    typed = {}
    for field in part.fields:
        value = values[field.name]
        if field.kind == "moment":
            typed[field.name] = typed_moment(value, g.zone)
        else:
            typed[field.name] = f"{value:,}" if isinstance(value, int) else value
    return typed
