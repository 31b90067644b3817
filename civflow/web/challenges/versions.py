"""The versions of a challenge's text for everybody: the list, and one with its difference to the one before."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from civflow.models import Challenge
from civflow.services.challenges import versions
from civflow.services.programmes.store import programme_of
from civflow.web.shared.access import anyone, open_to
from civflow.web.shared.asks import whole_number
from civflow.web.shared.challenge_access import at_address
from civflow.web.shared.current import session

blueprint = Blueprint("versions", __name__)


@blueprint.get("/challenges/<slug>/versions")
@open_to(anyone)
def list_versions(slug: str) -> str:
    """Every published version with its day and why it was made, the newest first."""
    challenge, _ = at_address(slug)
    published = versions.versions_of(session(), challenge)
    return render_template("challenges/versions/list.html", challenge=challenge, versions=list(reversed(published)))


@blueprint.get("/challenges/<slug>/versions/<int:number>")
@open_to(anyone)
def show(slug: str, number: int) -> str:
    """One version: what is different from the one before, or from `?from=`, and then its whole text."""
    challenge, _ = at_address(slug)
    return render_template("challenges/versions/show.html", **_context(challenge, number))


def _context(challenge: Challenge, number: int) -> dict[str, Any]:
    contents = programme_of(session(), challenge)
    published = {v.number: v for v in versions.versions_of(session(), challenge)}
    newer = versions.version(session(), challenge, number)
    asked = whole_number(request.args.get("from", "")) or number - 1
    older = published.get(asked) if asked < number else None
    binds = challenge.decision_promised_at if number == challenge.version else newer.decision_promised_at
    return {
        "challenge": challenge,
        "version": newer,
        "older": older,
        "newest": challenge.version,
        "differences": versions.differences(contents, older, newer) if older else [],
        "unchanged": versions.unchanged(contents, older, newer) if older else [],
        "text": [(s, newer.sections[s.id]) for s in contents.brief if newer.sections.get(s.id, "").strip()],
        "contents": contents,
        "moved_to": binds if binds != newer.decision_promised_at else None,
    }
