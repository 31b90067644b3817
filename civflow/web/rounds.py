"""A round from above, for those who run it and those who audit it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, flash, render_template, request
from markupsafe import Markup

from civflow.models import Programme, Round
from civflow.services.dashboards import round as round_overview
from civflow.services.engine.access import may_begin
from civflow.services.formatting import DEFAULT_ZONE, pasted, zone_name
from civflow.services.programmes import store as programmes
from civflow.services.reports import statistics
from civflow.services.rounds import beginning
from civflow.web.shared.access import holders_of, load, load_case, only_for, open_to
from civflow.web.shared.asks import read_each, refuse
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.moments import parse_moment, typed_moment
from civflow.web.shared.money import parse_pounds
from civflow.web.shared.navigation import Link, holds_any
from civflow.web.shared.pictures.strips import board_of_round
from civflow.web.shared.record_page import offered_steps
from civflow.web.shared.step_form import attempt, revision_seen
from civflow.workflows import HANDBOOK
from civflow.workflows.rules import the_programme_manager

blueprint = Blueprint("rounds", __name__)
READERS = ("programme_manager", "auditor", "approver", "finance_officer", "challenge_owner", "administrator")
NAVIGATION = (Link("Rounds", "/rounds", 60, lambda actor: holds_any(actor, *READERS)),)
MANAGERS = holders_of("programme_manager")
FIELDS = ("title", "programme", "starts_at", "ends_at", "budget_pounds", "rehearsal")
NOTHING: Mapping[str, str] = MappingProxyType({})
PLANNED = Markup(
    'The round is planned. Next, <a class="govuk-notification-banner__link" href="/people">give people their roles in it</a>: '
    "a challenge owner drafts challenges in it once they hold that role there."
)
STAFF = holders_of("programme_manager", "approver", "finance_officer", "auditor", "challenge_owner", "administrator")


@blueprint.get("/rounds")
@open_to(STAFF)
def list_rounds() -> str:
    found = round_overview.rounds(session(), actor=actor())
    return render_template("rounds/list.html", rounds=found, states=HANDBOOK["round"].states, may_begin=_may_begin())


@blueprint.get("/rounds/new")
@open_to(MANAGERS)
def new() -> str:
    """What a round is begun with: its programme, its dates and its money."""
    return render_template("rounds/form.html", **_choices(), typed={}, errors=[], fields={})


@blueprint.post("/rounds/new")
@open_to(MANAGERS)
def begin() -> Response:
    typed = _typed()
    with attempt() as tried:
        made = _begin(typed)
    if tried.refusal:
        return tried.page("rounds/form.html", **_choices(), typed=typed)
    flash(PLANNED, "done")
    return redirect_to(f"/rounds/{made.id}")


@blueprint.get("/rounds/<int:round_id>/edit")
@open_to(MANAGERS)
def edit(round_id: int) -> str:
    """What a round was begun with, to be corrected while it is not over."""
    round_ = _managed(round_id)
    return render_template("rounds/form.html", **_changing(round_), typed=_as_typed(round_))


@blueprint.post("/rounds/<int:round_id>/edit")
@open_to(MANAGERS)
def change(round_id: int) -> Response:
    round_, typed = _managed(round_id), _typed()
    with attempt() as tried:
        values = _read(typed)
        title, seen = _title(typed), revision_seen()
        beginning.change_round(session(), round_, title=title, seen=seen, actor=actor(), now=now(), **values)
    if tried.refusal:
        return tried.page("rounds/form.html", **_changing(_managed(round_id)), typed=typed)
    flash("The round is changed.", "done")
    return redirect_to(f"/rounds/{round_id}")


def _managed(round_id: int) -> Round:
    """A round that is not over, for those who run it. Raises Forbidden, NotFound, and Refused for a closed one."""
    round_, case = load_case(Round, round_id)
    case.workflow.step("change", round_.state)
    only_for(case, the_programme_manager)
    return round_


def _changing(round_: Round) -> dict[str, Any]:
    contents = programmes.contents_of(session().get_one(Programme, round_.programme_id))
    return {"round": round_, "pinned": contents, "zone_words": zone_name(DEFAULT_ZONE), "errors": [], "fields": {}}


def _as_typed(round_: Round) -> dict[str, str]:
    return {
        "title": round_.title,
        "budget_pounds": f"{round_.budget_pounds:,}",
        "starts_at": typed_moment(round_.starts_at, DEFAULT_ZONE),
        "ends_at": typed_moment(round_.ends_at, DEFAULT_ZONE),
    }


def _typed() -> dict[str, str]:
    return {name: pasted(request.form.get(name, "")).strip() for name in FIELDS}


def _begin(typed: dict[str, str]) -> Round:
    """The new round. Raises Refused with a sentence per field, Forbidden."""
    stored = {p.name: p for p in programmes.stored_programmes(session())}  # the newest version of each comes last
    wrong = {}
    if typed["programme"] not in stored:
        wrong["programme"] = "Choose the programme that the round runs under."
    values = _read(typed, wrong)
    return beginning.begin_round(
        session(),
        stored[typed["programme"]],
        title=_title(typed),
        rehearsal=typed["rehearsal"] == "yes",
        actor=actor(),
        now=now(),
        **values,
    )


def _title(typed: Mapping[str, str]) -> str:
    return " ".join(typed["title"].split())


def _read(typed: Mapping[str, str], others: Mapping[str, str] = NOTHING) -> dict[str, Any]:
    """The dates and the budget that were typed. Raises Refused with a sentence per field, those of `others` too."""
    reads = {"starts_at": _moment, "ends_at": _moment, "budget_pounds": parse_pounds}
    values, wrong = read_each({name: partial(read, typed[name]) for name, read in reads.items()})
    refuse({**wrong, **others})
    return values


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
    found = round_overview.overview(session(), round_, actor=actor(), now=now())
    state = HANDBOOK["round"].states[round_.state]
    released = [numbers for _, numbers in statistics.of_round(session(), round_)]
    return render_template(
        "rounds/show.html",
        found=found,
        board=board_of_round(session(), found.strips, now=now()),
        round=round_,
        state=state,
        total=statistics.together(released) if released else None,
        **offered_steps(round_),
    )
