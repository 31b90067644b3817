"""Questions and answers as spreadsheets: published ones to take away, and a portal's questions to take in."""

from __future__ import annotations

from flask import Blueprint, Response, g, render_template, request

from civflow.models import Challenge
from civflow.services.challenges import public_page
from civflow.services.questions import spreadsheet
from civflow.web.shared.access import anyone, open_to, signed_in
from civflow.web.shared.challenge_access import at_address, must_answer
from civflow.web.shared.current import actor, now, session
from civflow.web.shared.step_form import attempt

blueprint = Blueprint("question_sheets", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/challenges/<slug>/questions.csv")
@open_to(anyone)
def as_csv(slug: str) -> Response:
    challenge, zone = _readable(slug)
    text = spreadsheet.as_csv(public_page.numbered(session(), challenge)[0], zone)
    return _file(text, "text/csv", f"questions-{slug}.csv")


@blueprint.get("/challenges/<slug>/questions.xlsx")
@open_to(anyone)
def as_xlsx(slug: str) -> Response:
    challenge, zone = _readable(slug)
    data = spreadsheet.as_xlsx(public_page.numbered(session(), challenge)[0], zone)
    return _file(data, XLSX, f"questions-{slug}.xlsx")


@blueprint.get("/challenges/<slug>/questions/import")
@open_to(signed_in)
def choose_file(slug: str) -> str:
    challenge, case = at_address(slug)
    must_answer(case)
    return render_template("questions/import.html", challenge=challenge, columns=spreadsheet.IMPORTED)


@blueprint.post("/challenges/<slug>/questions/import")
@open_to(signed_in)
def take_in(slug: str) -> Response:
    """Take in the portal's questions: all of the file or none of it."""
    challenge, case = at_address(slug)
    must_answer(case)
    given = request.files.get("file")
    data = given.read() if given and given.filename else None
    with attempt() as tried:
        done = spreadsheet.import_questions(session(), challenge, data, actor=actor(), now=now())
    if tried.refusal:
        context = {"challenge": at_address(slug)[0], "columns": spreadsheet.IMPORTED}
        return tried.page("questions/import.html", {"": "file"}, **context)
    return Response(render_template("questions/imported.html", challenge=challenge, imported=done))


def _readable(slug: str) -> tuple[Challenge, str]:
    """A challenge whose answers this person may read, and its zone."""
    challenge, _ = at_address(slug)
    return challenge, g.zone


def _file(data: str | bytes, kind: str, name: str) -> Response:
    answer = Response(data, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
