"""A round from above, for those who run it and those who audit it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template

from civflow.models import Round
from civflow.services import overview, statistics
from civflow.services.overview import Strip
from civflow.web.access import holders_of, load, open_to
from civflow.web.cases import offered_steps
from civflow.web.current import actor, now, session
from civflow.web.flow import Board
from civflow.web.strips import board_of
from civflow.workflows import HANDBOOK

blueprint = Blueprint("rounds", __name__)
STAFF = holders_of("programme_manager", "approver", "finance_officer", "auditor", "challenge_owner", "administrator")


@blueprint.get("/rounds")
@open_to(STAFF)
def list_rounds() -> str:
    found = overview.rounds(session(), actor=actor())
    return render_template("rounds/list.html", rounds=found, states=HANDBOOK["round"].states)


@blueprint.get("/rounds/<int:round_id>")
@open_to(STAFF)
def show(round_id: int) -> str:
    round_ = load(Round, round_id)
    found = overview.overview(session(), round_, actor=actor(), now=now())
    state = HANDBOOK["round"].states[round_.state]
    released = [numbers for _, numbers in statistics.of_round(session(), round_)]
    return render_template("rounds/show.html", found=found, board=board_of_round(found.strips), round=round_,
                           state=state, total=statistics.together(released) if released else None, **offered_steps(round_))  # fmt: skip


def board_of_round(strips: Sequence[Strip]) -> Board:
    """The challenges on one axis; of other people's only what the public may know."""
    ours, others = ([s.challenge.id or 0 for s in strips if s.is_ours is own] for own in (True, False))
    return board_of(session(), ours, now=now(), public=others)
