"""Challenges for everybody: the list, the page of one with all that is published, a question about it."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, Response, flash, g, request

from civflow.models import Challenge
from civflow.services import copying, finding, publication
from civflow.services.dossier import dossier
from civflow.services.finding import GROUPS, SORTS, Found, Wanted
from civflow.services.publication import Publication
from civflow.services.question_lists import waiting_for_us
from civflow.services.questions import LONGEST, ask, asked_by, last_moment
from civflow.services.sessions import sessions_of
from civflow.services.versions import change_in_hand
from civflow.web.access import anyone, open_to, signed_in
from civflow.web.cases import offered_steps
from civflow.web.current import actor, now, session
from civflow.web.htmx import page_or_fragment, redirect_to
from civflow.web.strips import strip_of
from civflow.workflows import HANDBOOK
from civflow.workflows.challenges import OWNERS
from civflow.workflows.engine import Refused
from civflow.workflows.visibility import the_auditor

blueprint = Blueprint("challenges", __name__)
CHANGING = ("change", "write_change", "hand_in_change", "publish_change", "drop_change")


@blueprint.get("/challenges")
@open_to(anyone)
def list_challenges() -> Response:
    """Every challenge that this person may know of: searched, filtered, sorted, 50 at a time."""
    wanted = _wanted()
    found = finding.find(session(), wanted, actor=actor())
    groups = [(name, title) for name, title in GROUPS.items() if name != "preparing" or found.counts[name]]
    return page_or_fragment(
        "challenges/list.html", "challenges/_list.html", found=found, wanted=wanted, groups=groups,
        fields=_fields(wanted, found), may_draft=may_draft(),
        is_filtered=bool(wanted.round or wanted.sponsor or wanted.known),
    )  # fmt: skip


@blueprint.get("/challenges.csv")
@open_to(anyone)
def download() -> Response:
    """The same list, whole, as a table."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(("reference", "title", "question", "sponsor", "state", "opens_at", "closes_at",
                     "money_pounds_excluding_vat", "round", "what_became_of_it", "source"))  # fmt: skip
    writer.writerows(_line(row) for row in finding.every(session(), _wanted(), actor=actor()))
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
    try:
        ask(session(), found.challenge, text=words, actor=actor(), now=now())
    except Refused as refused:
        session().rollback()
        errors = list(refused.fields.items()) or [("text", " ".join(refused.sentences))]
        context = {**_context(slug), "errors": errors, "typed": words}
        return page_or_fragment("challenges/show.html", "challenges/_ask.html", 422, **context)
    session().commit()
    flash("The sponsor has your question. The answer is published here for everybody, without your name.", "done")
    return redirect_to(f"/challenges/{slug}#ask")


def may_draft() -> bool:
    """Whether this person may begin a challenge somewhere."""
    return any(
        h.role in ("programme_manager", "challenge_owner") and h.scope in ("site", "round") for h in actor().roles
    )


def _read(slug: str) -> Publication:
    return publication.read(session(), slug, actor=actor(), now=now())


def _context(slug: str) -> dict[str, Any]:
    """The page of one challenge; those who run it also see what they can do, and what only they know."""
    found = _read(slug)
    g.zone = found.programme.timezone
    owns = any(permits(found.case) for permits in OWNERS)
    challenge = found.challenge
    record = dossier(session(), challenge, actor=actor(), now=now())
    shown = None if record.is_empty or found.is_archive else record
    words = " ".join(request.args.get("answers", "").replace("\0", "").split())[:200]
    newest = request.args.get("order") == "newest"
    return {
        "found": found, "challenge": challenge, "record": shown, "contents": found.programme, "longest": LONGEST,
        "strip": strip_of(challenge, found.stages, now=now(), zone=found.programme.timezone),
        "owns": owns, "typed": "",
        "own_questions": [] if owns else asked_by(session(), challenge, actor=actor()),
        "answers": publication.containing(found.answers, words)[:: -1 if newest else 1],
        "answer_words": words, "newest": newest, "questions_until": last_moment(session(), challenge),
        "sessions": sessions_of(session(), challenge), "own_states": HANDBOOK["question"].states,
        "answers_questions": owns or the_auditor.claim(found.case),
        "questions_waiting": waiting_for_us(session(), challenge, now=now()) if found.is_staff else None,
        **(_for_staff(challenge, owns) if found.is_staff else {}),
    }  # fmt: skip


def _for_staff(challenge: Challenge, owns: bool) -> dict[str, Any]:
    """What only those who run the challenge see: what they can do, the change in hand, copies."""
    steps, change = offered_steps(challenge), change_in_hand(session(), challenge)
    for name in ("possible", "not_yet"):  # a change in hand is written, published and dropped on its own page
        steps[name] = [
            o for o in steps[name] if o.step.name not in CHANGING or (o.step.name == "change" and not change)
        ]
    return {
        **steps, "opens_by_itself": any(o.step.name == "open" for o in steps["by_itself"]),
        "change": change, "may_copy": owns and may_draft(),
        "origin": copying.origin_of(session(), challenge), "copies": copying.copies_of(session(), challenge),
    }  # fmt: skip


def _wanted() -> Wanted:
    """What the address asks for; what it cannot mean is left out."""
    asked = request.args
    page = asked.get("page", "1")
    group, sort = asked.get("group", ""), asked.get("sort", "")
    return Wanted(
        words=" ".join(asked.get("q", "").replace("\0", " ").split())[:200],
        group=group if group in GROUPS else "", round=asked.get("round", "")[:60],
        sponsor=asked.get("sponsor", "")[:200], known=asked.get("result") == "known",
        sort=sort if sort in SORTS else "", page=max(1, int(page[:6])) if page.isdecimal() else 1,
    )  # fmt: skip


def _fields(wanted: Wanted, found: finding.Page) -> list[dict[str, Any]]:
    """The filters, with what is chosen."""
    sponsors = [("", "Any sponsor"), *((name, name) for name in found.sponsors)]
    results = [("", "Any"), ("known", "Known")]
    return [
        {"name": "q", "label": "Search", "type": "search", "value": wanted.words,
         "hint": "Title, question, sponsor or number"},
        {"name": "group", "type": "hidden", "value": wanted.group},
        {"name": "round", "label": "Round", "type": "select", "value": wanted.round,
         "options": [("", "Any round"), *found.rounds]},
        {"name": "sponsor", "label": "Sponsor", "type": "select", "value": wanted.sponsor,
         "options": sponsors},
        {"name": "result", "label": "Result", "type": "select", "value": "known" if wanted.known else "",
         "options": results},
        {"name": "sort", "label": "Sort by", "type": "select", "value": wanted.sort,
         "options": list(SORTS.items())},
    ]  # fmt: skip


def _line(row: Found) -> tuple[str, ...]:
    opens, closes = (at.isoformat() if at else "" for at in (row.opens_at, row.closes_at))
    money = str(row.money_pounds) if row.money_pounds else ""
    cells = (row.reference, row.title, row.question, row.sponsor, row.label, opens, closes, money,
             row.round_title, row.result, row.source)  # fmt: skip
    # A spreadsheet takes what begins like this for a formula.
    return tuple(f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells)
