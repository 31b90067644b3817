"""A round from above, for those who run it and those who audit it."""

from __future__ import annotations

from flask import Blueprint, render_template

from civflow.models import Round
from civflow.services import overview
from civflow.web.access import holders_of, load, open_to
from civflow.web.cases import offered_steps
from civflow.web.current import actor, now, session
from civflow.web.strips import board_of
from civflow.workflows import HANDBOOK

blueprint = Blueprint("rounds", __name__)
STAFF = holders_of("programme_manager", "approver", "finance_officer", "auditor", "challenge_owner")


@blueprint.get("/rounds")
@open_to(STAFF)
def list_rounds() -> str:
    return render_template("rounds/list.html", rounds=overview.rounds(session()), states=HANDBOOK["round"].states)


@blueprint.get("/rounds/<int:round_id>")
@open_to(STAFF)
def show(round_id: int) -> str:
    round_ = load(Round, round_id)
    found = overview.overview(session(), round_, actor=actor(), now=now())
    state = HANDBOOK["round"].states[round_.state]
    board = board_of(session(), [strip.challenge.id or 0 for strip in found.strips], now=now())
    return render_template(
        "rounds/show.html", found=found, board=board, round=round_, state=state, **offered_steps(round_)
    )
