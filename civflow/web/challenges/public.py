"""Challenges for everybody: the list, the page of one with all that is published, a question about it."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, g, request

from civflow.models import Challenge
from civflow.services.challenges import copy as challenges_copy
from civflow.services.challenges import public_page
from civflow.services.challenges.procurement_notice import notice
from civflow.services.challenges.public_page import Next, Publication, what_next
from civflow.services.challenges.versions import change_in_hand
from civflow.services.dashboards.challenge import records_of
from civflow.services.formatting import harmless
from civflow.services.live_sessions.sessions import sessions_of
from civflow.services.questions.list import waiting_for_us
from civflow.services.questions.questions import LONGEST, ask, asked_by, last_moment
from civflow.services.reports.statistics import RULE, of_challenge
from civflow.services.rounds.beginning import may_begin_somewhere
from civflow.services.search import challenges, query
from civflow.services.search.challenges import Found
from civflow.services.search.query import GROUPS
from civflow.web.challenges.review import before_approval
from civflow.web.challenges.structured import structured
from civflow.web.shared import challenge_filters
from civflow.web.shared.access import anyone, may_open, open_to, signed_in
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.follow import following_of
from civflow.web.shared.htmx import is_htmx, page_or_fragment, redirect_to
from civflow.web.shared.navigation import Link
from civflow.web.shared.pictures.strips import strip_of
from civflow.web.shared.record_page import offered_steps
from civflow.web.shared.step_form import attempt
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges.page import OWNERS
from civflow.workflows.challenges.readiness import COMMENTERS
from civflow.workflows.rules import the_auditor
from civflow.workflows.sizes import DEFINITION
from civflow.workflows.themes import THEMES

blueprint = Blueprint("challenges", __name__)
NAVIGATION = (Link("Challenges", "/challenges", 10),)
ELSEWHERE = ("deal_with", "score")  # steps that are taken at the part of the draft, and on the page of the scoring
CHANGING = ("change", "write_change", "hand_in_change", "publish_change", "drop_change")


@blueprint.get("/challenges")
@open_to(anyone)
def list_challenges() -> Response:
    """Every challenge that this person may know of: searched, filtered, sorted, 50 at a time."""
    asked = challenge_filters.asked()
    wanted = asked.wanted
    found = challenges.find(session(), wanted, actor=actor(), with_choices=not is_htmx())
    groups = [(name, title) for name, title in GROUPS.items() if name != "preparing" or found.counts[name]]
    return page_or_fragment(
        "challenges/list.html",
        "challenges/_list.html",
        found=found,
        wanted=wanted,
        groups=groups,
        fields=challenge_filters.fields(asked, found.choices),
        headings=challenge_filters.headings(wanted),
        may_draft=may_begin_somewhere(actor()),
        faults=asked.faults,
        search=query.address_of(wanted),
    )


@blueprint.get("/challenges.csv")
@open_to(anyone)
def download() -> Response:
    """The same list, whole, as a table."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(
        (
            "reference",
            "title",
            "question",
            "sponsor",
            "themes",
            "place",
            "state",
            "opens_at",
            "closes_at",
            "money_pounds_excluding_vat",
            "round",
            "what_became_of_it",
            "source",
        )
    )
    writer.writerows(_line(row) for row in challenges.every(session(), challenge_filters.asked().wanted, actor=actor()))
    answer = Response("\ufeff" + table.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="challenges.csv"'
    return answer


@blueprint.get("/challenges/<slug>")
@open_to(anyone)
def show(slug: str) -> Response:
    """All that is published of one challenge; the answers can be searched, and read newest first."""
    return page_or_fragment("challenges/show.html", "challenges/_answers.html", **_context(slug))


@blueprint.post("/challenges/<slug>/questions")
@open_to(signed_in)
def ask_question(slug: str) -> Response:
    """Ask; a refusal comes back into the form with what was typed."""
    words = request.form.get("text", "")
    found = _read(slug)
    with attempt() as tried:
        ask(session(), found.challenge, text=words, actor=actor(), now=now())
    if tried.refusal:
        at = {"": "text"}
        context = {**_context(slug), "errors": tried.lines(at), "fields": tried.fields(at), "typed": words}
        return page_or_fragment("challenges/show.html", "challenges/_ask.html", tried.status, **context)
    flash("The sponsor has your question. The answer is published here for everybody, without your name.", "done")
    return redirect_to(f"/challenges/{slug}#ask")


def _read(slug: str) -> Publication:
    return public_page.read(session(), slug, actor=actor(), now=now())


def _context(slug: str) -> dict[str, Any]:
    """The page of one challenge; those who run it also see what they can do, and what only they know."""
    found = _read(slug)
    g.zone = found.programme.timezone
    owns = any(permits(found.case) for permits in OWNERS)
    challenge = found.challenge
    record = records_of(session(), challenge, actor=actor(), now=now())
    questions_until = last_moment(session(), challenge)
    shown = None if record.is_empty or found.is_archive else record
    words = " ".join(request.args.get("answers", "").replace("\0", "").split())[:200]
    newest = request.args.get("order") == "newest"
    return {
        "found": found,
        "challenge": challenge,
        "record": shown,
        "contents": found.programme,
        "longest": LONGEST,
        "strip": strip_of(challenge, found.stages, now=now(), zone=found.programme.timezone),
        **following_of(challenge),
        "owns": owns,
        "typed": "",
        "structured": None if found.is_preview else structured(found),
        "own_questions": [] if owns else asked_by(session(), challenge, actor=actor()),
        "answers": public_page.containing(found.answers, words)[:: -1 if newest else 1],
        "answer_words": words,
        "newest": newest,
        "questions_until": questions_until,
        "notice": notice(challenge.notice_reference),
        "next": _next(found, questions_until),
        "statistics": of_challenge(session(), challenge) if found.gates else None,
        "definition": DEFINITION,
        "rule": RULE,
        "sessions": sessions_of(session(), challenge),
        "own_states": HANDBOOK["question"].states,
        "answers_questions": owns or the_auditor.claim(found.case),
        "may_read_parts": any(permits(found.case) for permits in COMMENTERS),
        "questions_waiting": waiting_for_us(session(), challenge, now=now()) if found.is_staff else None,
        **(_for_staff(challenge, owns) if found.is_staff else {}),
    }


def _next(found: Publication, questions_until: datetime | None) -> Next | None:
    """What lies ahead of a challenge that has not come to its end."""
    if found.is_archive or found.state.final:
        return None
    return what_next(found.challenge, found.stages, questions_until=questions_until, promised=found.promised, now=now())


def _for_staff(challenge: Challenge, owns: bool) -> dict[str, Any]:
    """What only those who run the challenge see: what they can do, the change in hand, copies."""
    steps, change = offered_steps(challenge), change_in_hand(session(), challenge)
    for name in ("possible", "not_yet"):  # a change in hand is written, published and dropped on its own page
        steps[name] = [
            o
            for o in steps[name]
            if o.step.name not in (*CHANGING, *ELSEWHERE) or (o.step.name == "change" and not change)
        ]
    origin = challenges_copy.origin_of(session(), challenge)
    return {
        **steps,
        **(before_approval(challenge) if not challenge.version else {}),
        "opens_by_itself": any(o.step.name == "open" for o in steps["by_itself"]),
        "change": change,
        "may_copy": owns and may_begin_somewhere(actor()),
        "origin": origin if origin and may_open(origin) else None,
        "copies": [copy for copy in challenges_copy.copies_of(session(), challenge) if may_open(copy)],
    }


def _line(row: Found) -> tuple[str, ...]:
    opens, closes = (at.isoformat() if at else "" for at in (row.opens_at, row.closes_at))
    money = str(row.money_pounds) if row.money_pounds else ""
    themes = "; ".join(THEMES[theme] for theme in row.themes)
    cells = (
        row.reference,
        row.title,
        row.question,
        row.sponsor,
        themes,
        row.place,
        row.label,
        opens,
        closes,
        money,
        row.round_title,
        row.result,
        row.source,
    )
    return tuple(harmless(cell) for cell in cells)
