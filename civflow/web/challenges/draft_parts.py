"""The pages of a draft: each part is saved by a button or by itself, and nobody's words are overwritten or lost."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.methods.draft_check import KINDS
from civflow.models import Challenge, Round
from civflow.services.challenges import form, saving
from civflow.services.challenges.draft_check import findings
from civflow.services.challenges.drafts import text_to_read
from civflow.services.challenges.form import TEXT
from civflow.services.challenges.funnel import funnels
from civflow.services.challenges.review import open_changes
from civflow.services.collaboration import presence
from civflow.services.collaboration.parts import Part, fingerprint, too_long
from civflow.services.formatting import pasted
from civflow.services.programmes.store import programme_of
from civflow.web.challenges.draft_comments import around, comments_on, part_of
from civflow.web.challenges.typed_parts import values_of
from civflow.web.shared.access import open_to, signed_in
from civflow.web.shared.arriving import arrive
from civflow.web.shared.asks import refuse
from civflow.web.shared.challenge_access import is_writable, owned
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.moments import typed_moment
from civflow.web.shared.step_form import Attempt, attempt
from civflow.workflows.challenges.readiness import WRITERS
from civflow.workflows.engine import Refused

blueprint = Blueprint("draft_parts", __name__)
PAGE, SAVED = "challenges/part.html", "challenges/_part_saved.html"
NOT_WHOLE = "The page did not send all of its fields, so nothing is changed. Load it again, and save once more."
BESIDE = ("challenges/_part_seen.html", "challenges/_part_theirs.html", "challenges/_part_unsaved.html")


@blueprint.get("/challenges/<slug>/edit/<part_id>")
@open_to(signed_in)
def part(slug: str, part_id: str) -> str | Response:
    challenge = owned(slug, WRITERS)
    chosen = part_of(challenge, part_id)
    if not is_writable(challenge):
        return redirect_to(f"/challenges/{slug}/edit")
    arrive(challenge, part_id, stays=True)
    values = _stored(challenge, chosen)
    return render_template(PAGE, **_page(challenge, chosen), typed=_as_typed(values), seen=fingerprint(values))


@blueprint.post("/challenges/<slug>/edit/<part_id>")
@open_to(signed_in, saves_by_itself=True)
def save(slug: str, part_id: str) -> Response:
    """Save one part, on a button or by itself; whatever stands against it, the words that were typed stay."""
    challenge = owned(slug, WRITERS)
    chosen = part_of(challenge, part_id)
    typed = _typed(challenge, chosen)
    fixed = _fixed(challenge, chosen)
    if any(f.name not in request.form for f in chosen.fields if f.kind != "choices" and f.name not in fixed):
        return _not_saved(slug, chosen, typed, Attempt(Refused(NOT_WHOLE)))
    if is_htmx():
        return _save_by_itself(slug, chosen, typed)
    with attempt() as tried:
        values, unreadable = values_of(chosen, typed, programme_of(session(), challenge))
        refuse(unreadable)
        # After a conflict the writer has read the other version too, and has put both together.
        seen = request.form.get("seen_theirs") or request.form.get("seen", "")
        saving.save(session(), challenge, chosen, values, seen=seen, actor=actor(), now=now())
        _is_writing(challenge, chosen)
    if tried.refusal:
        return _not_saved(slug, chosen, typed, tried)
    flash(f"“{chosen.title}” is saved.", "done")
    return redirect_to(_onwards(challenge, chosen))


def _typed(challenge: Challenge, chosen: Part) -> dict[str, str]:
    """What the form brings, and what is stored for a field that it does not bring: nothing was typed there."""
    kept = _as_typed(_stored(challenge, chosen))
    return {
        field.name: pasted(",".join(request.form.getlist(field.name)))
        if field.name in request.form or field.kind == "choices"
        else kept[field.name]
        for field in chosen.fields
    }


def _fixed(challenge: Challenge, chosen: Part) -> set[str]:
    """The fields that this person reads and does not change: who sponsors it is not a writer's."""
    return {"sponsor"} if chosen is form.QUESTION and not form.may_name_sponsors(challenge, actor()) else set()


def _save_by_itself(slug: str, chosen: Part, typed: dict[str, str]) -> Response:
    """Save every field that can be; each of the others is told what is wrong with it, and keeps what was typed."""
    unsaved: dict[str, str] = {}  # field -> why it is not saved
    for _ in range(2):  # the second time without the fields that the first was refused for
        challenge = owned(slug, WRITERS)
        values, unreadable = values_of(chosen, typed, programme_of(session(), challenge))
        unsaved = {**unreadable, **unsaved}
        stored = _stored(challenge, chosen)
        values = {name: stored[name] if name in unsaved else values[name] for name in stored}
        with attempt() as tried:
            saving.save(
                session(), challenge, chosen, values, seen=request.form.get("seen", ""), actor=actor(), now=now()
            )
            _is_writing(challenge, chosen)
        if not tried.refusal:
            saved, seen = len(unsaved) < len(chosen.fields), fingerprint(_stored(challenge, chosen))
            return _answer(challenge, chosen, typed, 200 if saved else 422, unsaved=unsaved, seen=seen, saved=saved)
        fresh = {name: sentence for name, sentence in tried.fields().items() if name not in unsaved}
        if not fresh or not is_writable(owned(slug, WRITERS)):
            return _not_saved(slug, chosen, typed, tried)
        unsaved |= fresh
    return _not_saved(slug, chosen, typed, Attempt(Refused(*unsaved.values(), fields=unsaved)))


def _is_writing(challenge: Challenge, chosen: Part) -> None:
    presence.come(session(), challenge, actor().id or 0, chosen.id, now=now(), writes=True)


def _not_saved(slug: str, chosen: Part, typed: dict[str, str], tried: Attempt) -> Response:
    """Nothing is saved and nothing is lost: what was typed and why; after a conflict, with the other version beside it."""
    challenge = owned(slug, WRITERS)
    values = _stored(challenge, chosen)
    return _answer(
        challenge,
        chosen,
        typed,
        tried.status,
        unsaved=tried.fields(),
        seen=request.form.get("seen", ""),
        errors=tried.lines(),
        theirs=_as_typed(values) if tried.is_late else None,
        seen_theirs=fingerprint(values),
        saved=False,
    )


def _answer(challenge: Challenge, chosen: Part, typed: dict[str, str], status: int = 200, **context: Any) -> Response:
    """The page of the part, or to htmx what has changed on it."""
    also = (*BESIDE, "challenges/_findings.html")
    return page_or_fragment(PAGE, SAVED, status, also=also, typed=typed, **_page(challenge, chosen), **context)


def _stored(challenge: Challenge, chosen: Part) -> dict[str, Any]:
    return form.stored(session(), challenge, text_to_read(session(), challenge), chosen)


def _page(challenge: Challenge, chosen: Part) -> dict[str, Any]:
    contents = programme_of(session(), challenge)
    parts = form.parts_of(contents)
    stages = funnels(session(), [challenge], [contents]) if chosen is form.DATES else {}
    found = findings(contents, challenge, text_to_read(session(), challenge))
    return {
        "challenge": challenge,
        "part": chosen,
        "fixed": _fixed(challenge, chosen),
        "position": parts.index(chosen) + 1,
        "number": len(parts),
        "sponsors": form.public_bodies(session()) if chosen is form.QUESTION else [],
        "places": form.known_places(session()) if chosen is form.FINDING else [],
        "budget": session().get_one(Round, challenge.round_id).budget_pounds,
        "stages": stages.get(challenge.id or 0, []),
        "checked": chosen.id in found,
        "findings": found.get(chosen.id, []),
        "finding_kinds": KINDS,
        "now": now(),
        "too_long": too_long,
        "asked": open_changes(session(), challenge, chosen),
        **around(challenge, chosen.id),
        **comments_on(challenge, chosen),
    }


def _onwards(challenge: Challenge, chosen: Part) -> str:
    """The next part, or back to the list; words that are too long stay before the writer's eyes."""
    here = f"/challenges/{challenge.slug}/edit"
    if request.form.get("then") != "continue":
        return here
    if chosen.id.startswith(TEXT) and too_long(chosen, _stored(challenge, chosen)):
        return f"{here}/{chosen.id}"
    parts = form.parts_of(programme_of(session(), challenge))
    following = parts[parts.index(chosen) + 1 :]
    return f"{here}/{following[0].id}" if following else here


def _as_typed(values: dict[str, Any]) -> dict[str, str]:
    """Stored values as people would type them."""
    moments = {field.name for field in form.DATES.fields if field.kind == "moment"}
    return {
        name: typed_moment(value, g.zone)
        if name in moments
        else ",".join(value)
        if isinstance(value, list)
        else f"{value:,}"
        if isinstance(value, int) and value
        else str(value or "")
        for name, value in values.items()
    }
