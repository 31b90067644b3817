"""The record for auditors: every entry to search and take away, the sealed days, checks, and who held which role when."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, render_template, request

from civflow.models.people import ROLES
from civflow.services.audit import record, verification
from civflow.services.formatting import harmless
from civflow.web.shared.access import holders_of, open_to
from civflow.web.shared.asks import plain, whole_number
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.htmx import page_or_fragment, redirect_to
from civflow.web.shared.moments import NotAMoment, parse_day
from civflow.web.shared.navigation import Link, is_signed_in
from civflow.web.shared.step_form import attempt
from civflow.workflows import HANDBOOK

blueprint = Blueprint("audit", __name__)
AUDITORS = holders_of("auditor", site=True)
NAVIGATION = (Link("Record", "/record", 75, lambda actor: is_signed_in(actor) and verification.may_ask(actor)),)
LONGEST = 200  # characters of words that are looked for


@blueprint.get("/record")
@open_to(AUDITORS)
def entries() -> Response:
    """Every entry, the newest first, with all that was given with each step."""
    wanted, faults = _wanted()
    found = record.find(session(), wanted, before=whole_number(request.args.get("before", "")))
    asked = {name: value for name, value in request.args.items() if name != "before" and value}
    return page_or_fragment(
        "audit/record.html",
        "audit/_record.html",
        found=found,
        fields=_fields(wanted, faults),
        faults=faults,
        query=urlencode(asked),
        older=urlencode({**asked, "before": found.older}) if found.older else "",
        is_first="before" not in request.args,
    )


@blueprint.get("/record.csv")
@open_to(AUDITORS)
def as_table() -> Response:
    """What is filtered, whole, as a table; the oldest first."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(record.COLUMNS)
    for line in record.every(session(), _wanted()[0]):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in record.row_of(line)])
    return _file("\ufeff" + table.getvalue(), "text/csv", "record.csv")


@blueprint.get("/record.json")
@open_to(AUDITORS)
def as_json() -> Response:
    """What is filtered, whole, for programs; the oldest first."""
    rows = [
        dict(zip(record.COLUMNS, record.row_of(line), strict=True)) for line in record.every(session(), _wanted()[0])
    ]
    return _file(json.dumps(rows, ensure_ascii=False, indent=1), "application/json", "record.json")


@blueprint.get("/record/days")
@open_to(AUDITORS)
def days() -> str:
    """The sealed days, each with its seal."""
    found = record.seals(session(), before=_day("before")[0])
    shown = found[: record.EACH]
    return render_template("audit/days.html", seals=shown, older=shown[-1].day if len(found) > len(shown) else None)


@blueprint.get("/record/verification")
@open_to(AUDITORS)
def checks() -> str:
    """The checks that were asked for, and what each has found."""
    return render_template("audit/verification.html", **_checks())


@blueprint.post("/record/verification")
@open_to(AUDITORS)
def check() -> Response:
    """Ask for a check: a job that computes every chain and seal again."""
    with attempt() as tried:
        verification.ask(session(), actor=actor(), now=now())
    if tried.refusal:
        return tried.page("audit/verification.html", **_checks())
    flash("The check is asked for. Its report will stand here.", "done")
    return redirect_to("/record/verification")


@blueprint.get("/record/roles")
@open_to(AUDITORS)
def roles() -> Response:
    """Who held which role when, and who gave and took it."""
    words, role = plain(request.args.get("q", ""))[:LONGEST], request.args.get("role", "")
    on, fault = _day("on")
    fields = [
        {"name": "q", "label": "Who", "type": "search", "value": words, "hint": "Name or address"},
        {"name": "role", "label": "Role", "type": "select", "value": role, "options": [("", "Any"), *ROLES.items()]},
        {"name": "on", "label": "On", "type": "text", "value": request.args.get("on", ""), "hint": fault or A_DAY},
    ]
    found = record.roles_held(session(), words=words, role=role, on=on)
    return page_or_fragment("audit/roles.html", "audit/_roles.html", found=found, fields=fields)


def _checks() -> dict[str, Any]:
    return {"reports": verification.reports(session()), "is_waiting": verification.are_waiting(session())}


A_DAY = "A day such as 10 September 2026"


def _wanted() -> tuple[record.Wanted, dict[str, str]]:
    """What the address asks for; and name -> sentence for a day that cannot be read, which is not asked for."""
    texts = {name: plain(request.args.get(name, ""))[:LONGEST] for name in ("q", "noun", "step", "who")}
    (since, wrong_since), (until, wrong_until) = _day("since"), _day("until")
    faults = {name: wrong for name, wrong in (("since", wrong_since), ("until", wrong_until)) if wrong}
    return record.Wanted(texts["q"], texts["noun"], texts["step"], texts["who"], since, until), faults


def _day(name: str) -> tuple[date | None, str]:
    """The day that the address names, or None; and what is wrong with it."""
    typed = plain(request.args.get(name, ""))
    try:
        return (parse_day(typed) if typed else None), ""
    except NotAMoment as wrong:
        return None, str(wrong)


def _fields(wanted: record.Wanted, faults: dict[str, str]) -> list[dict[str, Any]]:
    nouns = [("", "Any"), *((name, page.called) for name, page in HANDBOOK.items())]
    typed = {name: request.args.get(name, "") for name in ("since", "until")}
    ends = [
        {"name": name, "label": label, "value": typed[name], "error": faults.get(name)}
        for name, label in (("since", "From"), ("until", "To"))
    ]
    return [
        {
            "name": "q",
            "label": "Words",
            "type": "search",
            "value": wanted.words,
            "hint": "In reasons, inputs and names",
        },
        {"name": "who", "label": "Who", "type": "search", "value": wanted.who, "hint": "Name"},
        {"name": "noun", "label": "About", "type": "select", "value": wanted.noun, "options": nouns},
        {"name": "step", "label": "Step", "type": "select", "value": wanted.step, "options": _steps(wanted.noun)},
        {"name": "when", "label": "When", "type": "between", "hint": A_DAY, "ends": ends},
    ]


def _steps(noun: str) -> list[tuple[str, str]]:
    """The steps of a noun, or of all: what the record calls each, and its button."""
    pages = [HANDBOOK[noun]] if noun in HANDBOOK else list(HANDBOOK.values())
    named: dict[str, str] = {}
    for page in pages:
        for step in page.steps:
            named.setdefault(step.name, step.button)
    return [("", "Any"), ("begin", "Begun"), *sorted(named.items(), key=lambda one: one[1])]


def _file(text: str, kind: str, name: str) -> Response:
    answer = Response(text, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
