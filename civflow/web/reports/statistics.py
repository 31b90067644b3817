"""Numbers for everybody: what a challenge or a round came to, as a page and as small downloads."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template

from civflow.models import Challenge, Round
from civflow.services.challenges import public_page
from civflow.services.reports import statistics
from civflow.services.reports.statistics import RULE, Statistics
from civflow.web.shared.access import anyone, load, open_to
from civflow.web.shared.current import actor, now, session
from civflow.workflows.engine import NotFound
from civflow.workflows.sizes import DEFINITION

blueprint = Blueprint("statistics", __name__)
NOTHING = "There are no numbers yet: they come when the first result is released."


@blueprint.get("/challenges/<slug>/statistics.csv")
@open_to(anyone)
def challenge_csv(slug: str) -> Response:
    return _csv([_numbers(slug)], f"{slug}-statistics.csv")


@blueprint.get("/challenges/<slug>/statistics.json")
@open_to(anyone)
def challenge_json(slug: str) -> Response:
    challenge, found = _numbers(slug)
    return jsonify({**statistics.as_data(challenge, found), "definition": DEFINITION, "rule": RULE})


@blueprint.get("/rounds/<int:round_id>/statistics")
@open_to(anyone)
def of_round(round_id: int) -> str:
    """The sums of a round, and each of its challenges that has a released result."""
    round_, rows = _of_round(round_id)
    return render_template(
        "reports/statistics/round.html",
        round=round_,
        rows=rows,
        definition=DEFINITION,
        rule=RULE,
        total=statistics.together(found for _, found in rows),
    )


@blueprint.get("/rounds/<int:round_id>/statistics.csv")
@open_to(anyone)
def round_csv(round_id: int) -> Response:
    round_, rows = _of_round(round_id)
    return _csv(rows, f"{round_.slug}-statistics.csv")


@blueprint.get("/rounds/<int:round_id>/statistics.json")
@open_to(anyone)
def round_json(round_id: int) -> Response:
    round_, rows = _of_round(round_id)
    challenges = [statistics.as_data(challenge, found) for challenge, found in rows]
    return jsonify({"round": round_.title, "challenges": challenges, "definition": DEFINITION, "rule": RULE})


def _numbers(slug: str) -> tuple[Challenge, Statistics]:
    """A challenge that this person may read, with its numbers. Raises NotFound."""
    challenge = public_page.read(session(), slug, actor=actor(), now=now()).challenge
    found = statistics.of_challenge(session(), challenge)
    if found is None:
        raise NotFound(NOTHING)
    return challenge, found


def _of_round(round_id: int) -> tuple[Round, list[tuple[Challenge, Statistics]]]:
    """A round that this person may see, with its numbers. Raises NotFound."""
    round_ = load(Round, round_id)
    return round_, statistics.of_round(session(), round_)


def _csv(rows: list[tuple[Challenge, Statistics]], name: str) -> Response:
    answer = Response(statistics.as_csv(rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
