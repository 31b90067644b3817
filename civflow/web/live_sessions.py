"""Live sessions of a challenge: plan, change, and put them into a calendar."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, g, render_template, request

from civflow.models import Challenge, LiveSession
from civflow.services.engine.advance import options_of
from civflow.services.live_sessions import sessions
from civflow.web.shared.access import anyone, load_case, open_to, signed_in
from civflow.web.shared.asks import plain, read_each, refuse
from civflow.web.shared.challenge_access import answers_questions, at_address, must_answer, reads_the_list
from civflow.web.shared.current import actor, now, session, settings
from civflow.web.shared.htmx import redirect_to
from civflow.web.shared.moments import parse_moment, typed_moment
from civflow.web.shared.record_page import offered_steps
from civflow.web.shared.step_form import attempt, revision_seen
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import NotFound
from civflow.workflows.live_sessions import WHERE

blueprint = Blueprint("sessions", __name__)
FORM = "live_sessions/edit.html"


@blueprint.get("/challenges/<slug>/sessions")
@open_to(anyone)
def list_sessions(slug: str) -> str | Response:
    """Every session with what can be done with it; everybody else reads them on the challenge's own page."""
    challenge, case = at_address(slug)
    if not reads_the_list(case):
        return redirect_to(f"/challenges/{slug}#sessions")
    found = sessions.sessions_of(session(), challenge)
    offered = options_of(session(), [shown.live for shown in found], actor=actor(), now=now())
    return render_template(
        "live_sessions/list.html",
        challenge=challenge,
        found=found,
        states=HANDBOOK["live_session"].states,
        steps={shown.live.id: offered_steps(shown.live, offered[shown.live.id or 0]) for shown in found},
        may_answer=answers_questions(case),
    )


@blueprint.get("/challenges/<slug>/sessions.ics")
@open_to(anyone)
def as_calendar(slug: str) -> Response:
    challenge, _ = at_address(slug)
    page = f"{settings().base_url}/challenges/{slug}"
    data = sessions.calendar(sessions.sessions_of(session(), challenge), challenge, page=page, now=now())
    answer = Response(data, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="sessions-{slug}.ics"'
    return answer


@blueprint.get("/sessions/<int:session_id>")
@open_to(anyone)
def find(session_id: int) -> Response:
    """A session by its number alone: for those who run it the list, for everybody else the challenge's page."""
    live, _ = load_case(LiveSession, session_id)
    challenge = session().get_one(Challenge, live.challenge_id)
    _, case = at_address(challenge.slug)
    if reads_the_list(case):
        return redirect_to(f"/challenges/{challenge.slug}/sessions")
    return redirect_to(f"/challenges/{challenge.slug}#session-{session_id}")


@blueprint.get("/challenges/<slug>/sessions/new")
@open_to(signed_in)
def new(slug: str) -> str:
    challenge, case = at_address(slug)
    must_answer(case)
    return render_template(FORM, **_form(challenge, None, {}))


@blueprint.post("/challenges/<slug>/sessions/new")
@open_to(signed_in)
def schedule(slug: str) -> Response:
    challenge, case = at_address(slug)
    must_answer(case)
    with attempt() as tried:
        sessions.schedule(session(), challenge, actor=actor(), now=now(), **_typed_values())
    if tried.refusal:
        return tried.page(FORM, **_form(at_address(slug)[0], None, request.form))
    flash("The session is planned. Followers, and everybody with a draft, are told.", "done")
    return redirect_to(f"/challenges/{slug}/sessions")


@blueprint.get("/challenges/<slug>/sessions/<int:session_id>/edit")
@open_to(signed_in)
def edit(slug: str, session_id: int) -> str:
    challenge, live = _live_at(slug, session_id)
    typed = {ask.name: getattr(live, ask.name) for ask in WHERE}
    typed |= {name: typed_moment(typed[name], g.zone) for name in ("starts_at", "ends_at")}
    return render_template(FORM, **_form(challenge, live, typed))


@blueprint.post("/challenges/<slug>/sessions/<int:session_id>/edit")
@open_to(signed_in)
def change(slug: str, session_id: int) -> Response:
    _, live = _live_at(slug, session_id)
    with attempt() as tried:
        sessions.change(session(), live, actor=actor(), now=now(), seen=revision_seen(), **_typed_values())
    if tried.refusal:
        return tried.page(FORM, **_form(*_live_at(slug, session_id), request.form))
    flash("The session is changed. Followers, and everybody with a draft, are told.", "done")
    return redirect_to(f"/challenges/{slug}/sessions")


def _live_at(slug: str, session_id: int) -> tuple[Challenge, LiveSession]:
    """A session of this challenge, for those who may change it. Raises NotFound, Forbidden."""
    challenge, case = at_address(slug)
    live, _ = load_case(LiveSession, session_id)
    if live.challenge_id != challenge.id:
        raise NotFound("There is no such session about this challenge.")
    must_answer(case)
    return challenge, live


def _typed_values() -> dict[str, Any]:
    """What was typed, as values; a moment that cannot be read is refused with a sentence at its field."""
    typed = {ask.name: " ".join(plain(request.form.get(ask.name, "")).split()) for ask in WHERE}
    moments = [ask.name for ask in WHERE if ask.kind == "moment" and typed[ask.name]]
    read, faults = read_each({name: partial(parse_moment, typed[name], g.zone) for name in moments})
    refuse(faults)
    return {ask.name: typed[ask.name] if ask.kind == "line" else read.get(ask.name) for ask in WHERE}


def _form(challenge: Challenge, live: LiveSession | None, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The form with what was typed."""
    return {"challenge": challenge, "live": live, "typed": typed, "asks": WHERE, "fields": {}}
