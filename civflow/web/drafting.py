"""Drafting a challenge: begin one, write it part by part, name who writes it, see what approval needs."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Challenge, Organisation, Round
from civflow.services import drafting, people
from civflow.services.challenges import draft, text_in_hand
from civflow.services.drafting import Part
from civflow.services.funnels import funnels
from civflow.services.programmes import programme_of
from civflow.services.wording import pasted
from civflow.web.access import anyone, holders_of, load_case, open_to, signed_in
from civflow.web.cases import offered_steps
from civflow.web.current import actor, now, person, session
from civflow.web.htmx import redirect_to
from civflow.web.moments import parse_moment, typed_moment
from civflow.workflows.challenges import OWNERS
from civflow.workflows.engine import Conflicted, Forbidden, NotFound, Refused
from civflow.workflows.people import MANAGED_BY

blueprint = Blueprint("drafting", __name__)
POUNDS = re.compile(r"£?\s?(\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(?:\.00)?")
WRITERS = holders_of("challenge_owner", "programme_manager")


@blueprint.get("/challenges/new")
@open_to(WRITERS)
def new() -> str:
    return render_template("challenges/new.html", **_choices(), typed={}, errors=[])


@blueprint.post("/challenges/new")
@open_to(WRITERS)
def begin() -> Response:
    """Begin a challenge; whoever runs the round may name who will write it."""
    typed = {name: request.form.get(name, "").strip() for name in ("title", "round", "sponsor", "owner")}
    try:
        challenge = _begin(typed)
    except (Refused, Forbidden) as refusal:
        session().rollback()
        fields = refusal.fields if isinstance(refusal, Refused) else {}
        errors = list(fields.items()) or [("", sentence) for sentence in refusal.sentences]
        page = render_template("challenges/new.html", **_choices(), typed=typed, errors=errors)
        return Response(page, 403 if isinstance(refusal, Forbidden) else 422)
    session().commit()
    return redirect_to(f"/challenges/{challenge.slug}/edit")


def _begin(typed: dict[str, str]) -> Challenge:
    """The new challenge. Raises Refused with a sentence per field, Forbidden."""
    rounds = {str(r.id): r for r in drafting.rounds_for(session(), actor())}
    fields = {}
    if not typed["title"] or len(typed["title"]) > 200:
        fields["title"] = "Give the challenge a title of up to 200 characters."
    if typed["round"] not in rounds:
        fields["round"] = "Choose the round that the challenge belongs to."
    if len(typed["sponsor"]) > 200:
        fields["sponsor"] = "The sponsor's name may have 200 characters."
    owner = people.person_by_email(session(), typed["owner"]) if typed["owner"] else None
    if typed["owner"] and owner is None:
        fields["owner"] = f"Nobody has an account with the address {typed['owner']}. Ask them to make one first."
    if fields:
        raise Refused(*fields.values(), fields=fields)
    sponsor, round_ = None, rounds[typed["round"]]
    if typed["sponsor"]:
        sponsor = drafting.sponsor_called(session(), typed["sponsor"], actor=actor(), round_id=round_.id)
    challenge = draft(session(), round_=round_, sponsor=sponsor, title=typed["title"],
                      actor=actor(), now=now())  # fmt: skip
    if owner:
        _grant(challenge, owner.email)
    return challenge


@blueprint.get("/challenges/<slug>/edit")
@open_to(signed_in)
def edit(slug: str) -> str:
    """The parts of the draft with how far each is, what approval needs, and the steps that can be taken."""
    challenge = _mine(slug)
    text, contents = text_in_hand(session(), challenge), programme_of(session(), challenge)
    tasks = [
        (part, drafting.progress_of(part, drafting.stored(session(), challenge, text, part)))
        for part in drafting.parts_of(contents)
    ]
    steps = offered_steps(challenge)
    steps["possible"] = [option for option in steps["possible"] if option.step.name != "write"]
    return render_template(
        "challenges/edit.html", challenge=challenge, tasks=tasks,
        done=sum(progress.tone == "done" for _, progress in tasks),
        writable=is_writable(challenge), owners=drafting.owners_of(session(), challenge),
        checklist=drafting.checklist(session(), challenge, actor=actor(), now=now()), **steps,
    )  # fmt: skip


@blueprint.get("/challenges/<slug>/edit/people")
@open_to(signed_in)
def writers(slug: str) -> str:
    return render_template("challenges/people.html", **_people(_mine(slug)))


@blueprint.post("/challenges/<slug>/edit/people")
@open_to(signed_in)
def change_writers(slug: str) -> Response:
    """Name a colleague who writes too, or take the role back."""
    challenge = _mine(slug)
    email, leaves = request.form.get("email", "").strip(), request.form.get("leaves", "").strip()
    try:
        if leaves:
            _revoke(challenge, leaves)
        else:
            _grant(challenge, email)
    except (Refused, Forbidden, NotFound) as refusal:
        session().rollback()
        errors = [("email", sentence) for sentence in refusal.sentences]
        page = render_template("challenges/people.html", **_people(_mine(slug)), errors=errors, typed=email)
        return Response(page, 403 if isinstance(refusal, Forbidden) else 422)
    session().commit()
    return redirect_to(f"/challenges/{slug}/edit/people")


@blueprint.get("/challenges/<slug>/edit/<part_id>")
@open_to(signed_in)
def part(slug: str, part_id: str) -> str | Response:
    challenge = _mine(slug)
    chosen = _part(challenge, part_id)
    if not is_writable(challenge):
        return redirect_to(f"/challenges/{slug}/edit")
    values = drafting.stored(session(), challenge, text_in_hand(session(), challenge), chosen)
    return render_template("challenges/part.html", **_page(challenge, chosen), typed=_as_typed(values),
                           seen=drafting.fingerprint(values))  # fmt: skip


@blueprint.post("/challenges/<slug>/edit/<part_id>")
@open_to(anyone)
def save(slug: str, part_id: str) -> Response:
    """Save one part; whatever stands against it, the words that were typed come back."""
    if person() is None:
        kept = (name for name in request.form if name not in ("csrf_token", "seen", "then"))
        typed = {name: ",".join(request.form.getlist(name)) for name in kept}
        return Response(render_template("challenges/signed_out.html", typed=typed, path=request.path), 403)
    challenge = _mine(slug)
    chosen = _part(challenge, part_id)
    typed = {field.name: pasted(",".join(request.form.getlist(field.name))) for field in chosen.fields}
    try:
        values = _values(chosen, typed, g.zone)
        changed = drafting.save(session(), challenge, chosen, values, seen=request.form.get("seen", ""),
                                actor=actor(), now=now())  # fmt: skip
    except (Refused, Conflicted) as refusal:
        return _not_saved(slug, part_id, typed, refusal)
    session().commit()
    flash(f"“{chosen.title}” is saved." if changed else f"“{chosen.title}” had not changed.", "done")
    return redirect_to(_onwards(challenge, chosen))


def _not_saved(slug: str, part_id: str, typed: dict[str, str], refusal: Refused | Conflicted) -> Response:
    """The form again, with what was typed and why; after a conflict, with the other version beside it."""
    session().rollback()
    challenge = _mine(slug)
    chosen = _part(challenge, part_id)
    fields = refusal.fields if isinstance(refusal, Refused) else {}
    errors = list(fields.items()) or [("", sentence) for sentence in refusal.sentences]
    conflict = isinstance(refusal, Conflicted)
    values = drafting.stored(session(), challenge, text_in_hand(session(), challenge), chosen)
    page = render_template(
        "challenges/part.html", **_page(challenge, chosen), typed=typed, errors=errors, refused=fields,
        theirs=_as_typed(values) if conflict else None, conflict=conflict,
        seen=drafting.fingerprint(values) if conflict else request.form.get("seen", ""),
    )  # fmt: skip
    return Response(page, 409 if conflict else 422)


def _mine(slug: str) -> Challenge:
    """The challenge, for those who may write it. Raises Forbidden, or NotFound where it is hidden."""
    challenge_id = session().scalar(select(col(Challenge.id)).where(col(Challenge.slug) == slug))
    if challenge_id is None:
        raise NotFound("There is no such challenge, or it is not yours to see.")
    challenge, case = load_case(Challenge, challenge_id)
    if not any(permits(case) for permits in OWNERS):
        raise Forbidden(*(permits.sentence for permits in OWNERS))
    g.zone = programme_of(session(), challenge).timezone
    return challenge


def is_writable(challenge: Challenge) -> bool:
    """Whether the text can be changed in the state in which the challenge stands."""
    case = load_case(Challenge, challenge.id or 0)[1]
    return "write" in case.workflow.steps_from(challenge.state)


def _part(challenge: Challenge, part_id: str) -> Part:
    found = {part.id: part for part in drafting.parts_of(programme_of(session(), challenge))}.get(part_id)
    if found is None:
        raise NotFound("The draft has no such part. Go back to the list.")
    return found


def _page(challenge: Challenge, chosen: Part) -> dict[str, Any]:
    contents = programme_of(session(), challenge)
    parts = drafting.parts_of(contents)
    stages = funnels(session(), [challenge], [contents]) if chosen is drafting.DATES else {}
    return {
        "challenge": challenge, "part": chosen, "position": parts.index(chosen) + 1, "number": len(parts),
        "sponsors": drafting.public_bodies(session()) if chosen is drafting.QUESTION else [],
        "places": drafting.known_places(session()) if chosen is drafting.FINDING else [],
        "budget": session().get_one(Round, challenge.round_id).budget_pounds,
        "stages": stages.get(challenge.id or 0, []),
    }  # fmt: skip


def _onwards(challenge: Challenge, chosen: Part) -> str:
    """The next part, or back to the list."""
    parts = drafting.parts_of(programme_of(session(), challenge))
    following = parts[parts.index(chosen) + 1 :]
    end = f"/{following[0].id}" if following and request.form.get("then") == "continue" else ""
    return f"/challenges/{challenge.slug}/edit{end}"


def _as_typed(values: dict[str, Any]) -> dict[str, str]:
    """Stored values as people would type them."""
    moments = {field.name for field in drafting.DATES.fields if field.kind == "moment"}
    return {
        name: typed_moment(value, g.zone) if name in moments
        else ",".join(value) if isinstance(value, list)
        else f"{value:,}" if isinstance(value, int) and value else str(value or "")
        for name, value in values.items()
    }  # fmt: skip


def _values(chosen: Part, typed: dict[str, str], zone: str) -> dict[str, Any]:
    """What was typed as what is stored. Raises Refused with a sentence per field that cannot be read."""
    values: dict[str, Any] = {}
    fields = {}
    for field in chosen.fields:
        words = typed[field.name].strip()
        try:
            if field.kind == "moment":
                values[field.name] = parse_moment(words, zone) if words else None
            elif field.kind == "choices":
                values[field.name] = [key for key, _ in field.choices if key in words.split(",")]
            elif field.kind == "money":
                values[field.name] = parse_pounds(words) if words else 0
            else:
                values[field.name] = words
        except ValueError as sentence:
            fields[field.name] = str(sentence)
    if fields:
        raise Refused(*fields.values(), fields=fields)
    return values


def parse_pounds(text: str) -> int:
    """Whole pounds from '650000', '£650,000' or '650,000.00'. Raises ValueError, which says what to type."""
    found = POUNDS.fullmatch(text.strip())
    if not found:
        raise ValueError("Write whole pounds, such as 650,000.")
    return int(found[1].replace(",", ""))


def _choices() -> dict[str, Any]:
    rounds = drafting.rounds_for(session(), actor())
    return {
        "rounds": rounds, "why_none": [] if rounds else drafting.why_no_round(session(), actor()),
        "sponsors": drafting.public_bodies(session()),
        "may_name": _may_name(),
    }  # fmt: skip


def _may_name() -> bool:
    """Whether this person may give others the role of a challenge owner."""
    return any(held.role in MANAGED_BY["challenge_owner"] and held.scope == "site" for held in actor().roles)


def _people(challenge: Challenge) -> dict[str, Any]:
    return {
        "challenge": challenge, "owners": drafting.owners_of(session(), challenge), "may_name": _may_name(),
        "sponsor": session().get(Organisation, challenge.sponsor_id) if challenge.sponsor_id else None,
    }  # fmt: skip


def _grant(challenge: Challenge, email: str) -> None:
    found = people.person_by_email(session(), email)
    if found is None:
        raise Refused(f"Nobody has an account with the address {email}. Ask them to make one first."
                      if email else "Write the e-mail address of a colleague.")  # fmt: skip
    people.grant(session(), found, "challenge_owner", actor=actor(), now=now(), scope="challenge",
                 scope_id=challenge.id)  # fmt: skip


def _revoke(challenge: Challenge, email: str) -> None:
    found = people.person_by_email(session(), email)
    if found is None:
        raise NotFound("Nobody has an account with this address.")
    people.revoke(session(), found, "challenge_owner", actor=actor(), now=now(), scope="challenge",
                  scope_id=challenge.id)  # fmt: skip
