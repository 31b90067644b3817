"""A round from above, for those who run it and those who audit it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, render_template, request

from civflow.models import Round
from civflow.services import beginning, overview, programmes, statistics
from civflow.services.overview import Strip
from civflow.services.seeing import may_begin
from civflow.services.wording import DEFAULT_ZONE, pasted, zone_name
from civflow.web.access import holders_of, load, open_to
from civflow.web.cases import offered_steps
from civflow.web.current import actor, now, session
from civflow.web.drafting import parse_pounds
from civflow.web.errors import lines_of
from civflow.web.flow import Board
from civflow.web.htmx import redirect_to
from civflow.web.moments import parse_moment
from civflow.web.strips import board_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Refused

blueprint = Blueprint("rounds", __name__)
MANAGERS = holders_of("programme_manager")
FIELDS = ("title", "programme", "starts_at", "ends_at", "budget_pounds", "rehearsal")
STAFF = holders_of("programme_manager", "approver", "finance_officer", "auditor", "challenge_owner", "administrator")


@blueprint.get("/rounds")
@open_to(STAFF)
def list_rounds() -> str:
    found = overview.rounds(session(), actor=actor())
    return render_template("rounds/list.html", rounds=found, states=HANDBOOK["round"].states, may_begin=_may_begin())


@blueprint.get("/rounds/new")
@open_to(MANAGERS)
def new() -> str:
    """What a round is begun with: its programme, its dates and its money."""
    return render_template("rounds/new.html", **_choices(), typed={}, errors=[], fields={})


@blueprint.post("/rounds/new")
@open_to(MANAGERS)
def begin() -> Response:
    typed = {name: pasted(request.form.get(name, "")).strip() for name in FIELDS}
    try:
        made = _begin(typed)
    except Refused as refusal:
        session().rollback()
        context = {**_choices(), "typed": typed, "errors": lines_of(refusal), "fields": refusal.fields}
        return Response(render_template("rounds/new.html", **context), 422)
    session().commit()
    flash("The round is planned. Challenge owners can draft challenges in it once they hold that role in it.", "done")
    return redirect_to(f"/rounds/{made.id}")


def _begin(typed: dict[str, str]) -> Round:
    """The new round. Raises Refused with a sentence per field, Forbidden."""
    stored = {p.name: p for p in programmes.stored_programmes(session())}  # the newest version of each comes last
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, read in (("starts_at", _moment), ("ends_at", _moment), ("budget_pounds", parse_pounds)):
        try:
            values[name] = read(typed[name])
        except ValueError as sentence:
            wrong[name] = str(sentence)
    if typed["programme"] not in stored:
        wrong["programme"] = "Choose the programme that the round runs under."
    if wrong:
        raise Refused(*wrong.values(), fields=wrong)
    return beginning.begin_round(
        session(), stored[typed["programme"]], title=" ".join(typed["title"].split()),
        rehearsal=typed["rehearsal"] == "yes", actor=actor(), now=now(), **values,
    )  # fmt: skip


def _moment(typed: str) -> datetime:
    return parse_moment(typed, DEFAULT_ZONE)


def _choices() -> dict[str, Any]:
    names = dict.fromkeys(p.name for p in programmes.stored_programmes(session()))
    titles = {name: programmes.contents_of(programmes.newest(session(), name)).title for name in names}
    return {"programmes": titles, "zone_words": zone_name(DEFAULT_ZONE)}


def _may_begin() -> bool:
    """Whether the handbook lets this person begin a round: nobody can hold a role in one that is not there."""
    return may_begin(session(), Round(), actor=actor(), now=now())  # type: ignore[call-arg]


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
