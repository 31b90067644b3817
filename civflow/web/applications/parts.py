"""What the pages about an application show; only its own team gets it from here to write, submit and book."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Application, Challenge, Document, Person, Place, Slot, Submission, Team
from civflow.services.applications.answers import faults, form_in_hand
from civflow.services.applications.submission import submissions
from civflow.services.challenges.versions import News, news_since
from civflow.services.dashboards.application import (
    can_be_submitted,
    progress_of,
    proposal_is_asked_for,
    standing_of,
    way_of,
)
from civflow.services.engine.advance import options
from civflow.services.formatting import word_count
from civflow.services.interviews.booking import booked_slot, gate_here, open_slots
from civflow.services.notifications.recipients import members
from civflow.services.programmes.store import programme_of
from civflow.services.records.timeline import timeline
from civflow.web.shared import record_page
from civflow.web.shared.access import load_case, may_open
from civflow.web.shared.current import actor, now, session
from civflow.workflows.applications import you_may_read_its_words
from civflow.workflows.engine import Case, NotFound, Option
from civflow.workflows.programme import Form, Section

SUBMITTING = ("submit", "improve")


def is_ours(case: Case) -> bool:
    return case.holds("team_member") or case.holds("team_lead")


def ours(application_id: int) -> Application:
    """An application of the person's own team. Raises NotFound for everybody else, staff included."""
    application, case = load_case(Application, application_id)
    if not is_ours(case):
        raise NotFound("There is no such application, or it is not yours to see.")
    return application


def the_form(application: Application) -> dict[str, Any]:
    """The form in hand with the team's words, and whether it can be written now."""
    challenge = session().get_one(Challenge, application.challenge_id)
    programme = programme_of(session(), challenge)
    name, form = form_in_hand(programme, application)
    gate = gate_here(session(), application)
    return {
        "application": application,
        "challenge": challenge,
        "programme": programme,
        "team": session().get_one(Team, application.team_id),
        "form": form,
        "answers": application.answers.get(name, {}),
        "writable": is_writable(application),
        "improving": bool(application.stage),
        "closes_at": gate.resubmit_by if gate else application.closes_at,
    }


def is_writable(application: Application) -> bool:
    """Whether words that are saved now can still be submitted."""
    open_call = can_be_submitted(session(), application, now=now())
    return open_call or proposal_is_asked_for(session(), application, now=now())


def status_of(question: Section, words: str) -> tuple[str, str]:
    """What the task list says of one question: words and a tone."""
    number = word_count(words)
    if number > question.words:
        return f"Too long: {number} of {question.words} words", "stopped"
    if number:
        return f"{number} of {question.words} words", "done"
    return ("Not started", "attention") if question.required else ("May stay empty", "neutral")


def tasks_of(form: Form, answers: dict[str, str]) -> list[tuple[Section, str, str]]:
    return [(question, *status_of(question, answers.get(question.id, ""))) for question in form.questions]


def for_the_team(application: Application) -> dict[str, Any]:
    """The page of an application as its team reads it."""
    parts, record = the_form(application), ("application", application.id)
    offered = options(session(), application, actor=actor(), now=now())
    elsewhere = (*SUBMITTING, "write", "acknowledge")  # these have pages of their own
    documents = _documents(*record)
    mine = col(Place.application_id) == application.id
    signed = col(Agreement.application_id) == application.id
    return {
        **parts,
        **record_page.offered_steps(application, [o for o in offered if o.step.name not in elsewhere]),
        "news": _news(application, offered),
        "can_take_back": any(o.step.name == "take_back" and o.allowed for o in offered),
        "standing": standing_of(session(), application, actor=actor(), now=now()),
        "way": way_of(session(), application),
        "tasks": tasks_of(parts["form"], parts["answers"]),
        "progress": progress_of(session(), application),
        "booked": booked_slot(session(), application),
        "free_slots": len(open_slots(session(), application, now=now())),
        "places": session().scalars(select(Place).where(mine).order_by(col(Place.id))).all(),
        "agreements": session().scalars(select(Agreement).where(signed).order_by(col(Agreement.id))).all(),
        "letters": [(d, _debrief_until(d)) for d in reversed(documents) if d.kind == "outcome_letter"],
        "submitted": [(kept, _name(kept.submitted_by_id)) for kept in reversed(submissions(session(), application))],
        "entries": timeline(session(), application, team_id=application.team_id),
        "members": members(session(), application.team_id),
    }


def _news(application: Application, offered: list[Option]) -> News | None:
    """What changed in the challenge since the version that is answered, while anything can be done about it."""
    if not any(o.step.name in ("submit", "take_back") for o in offered):
        return None
    challenge = session().get_one(Challenge, application.challenge_id)
    return news_since(session(), challenge, application.challenge_version)


def submit_parts(application: Application) -> dict[str, Any]:
    """What will happen when it is submitted, or everything that stands against it."""
    parts = the_form(application)
    option = next((o for o in _options(application) if o.step.name in SUBMITTING), None)
    left = faults(parts["form"], parts["answers"])
    return {
        **parts,
        "option": option,
        "left": [(question, left[question.id]) for question in parts["form"].questions if question.id in left],
        "tasks": tasks_of(parts["form"], parts["answers"]),
        "members": members(session(), application.team_id),
        "unread": application.challenge_version != parts["challenge"].version,
    }


def _options(application: Application) -> list[Option]:
    return options(session(), application, actor=actor(), now=now())


def receipt_parts(application: Application, kept: Submission) -> dict[str, Any]:
    """A submission with the form that it answers, and its receipt."""
    parts = the_form(application)
    stages = {stage.id: stage for stage in parts["programme"].stages}
    form = parts["programme"].forms[stages[kept.stage].form or parts["programme"].call.form or ""]
    key = f"receipt-{application.id}-{kept.number}"
    return {
        **parts,
        "kept": kept,
        "kept_form": form,
        "submitted_by": _name(kept.submitted_by_id),
        "receipt": session().scalars(select(Document).where(col(Document.key) == key)).first(),
        "can_take_back": any(o.step.name == "take_back" and o.allowed for o in _options(application)),
        "is_last": kept.number == len(submissions(session(), application)),
    }


def interview_parts(application: Application) -> dict[str, Any]:
    """The booked interview, or the times to choose from."""
    slots = session().scalars(
        select(Slot).where(col(Slot.application_id) == application.id).order_by(col(Slot.starts_at).desc())
    )
    booked = booked_slot(session(), application)
    return {
        **the_form(application),
        "booked": booked,
        "slots": open_slots(session(), application, now=now()),
        "earlier": [slot for slot in slots if booked is None or slot.id != booked.id],
    }


def for_staff(application: Application, case: Case) -> dict[str, Any]:
    """The page for those who run the programme: sealed words stay sealed, a draft stays the team's own."""
    parts, kept = the_form(application), submissions(session(), application)
    readable = you_may_read_its_words(case)
    return {
        **parts,
        "answers": {},  # what is being written is the team's own, also once the seal is open
        **record_page.context(application, case),
        "case": case,
        "readable": readable,
        "kept": [receipt_parts(application, submission) for submission in reversed(kept)] if readable else [],
        "number_kept": len(kept),
        "news": news_since(session(), parts["challenge"], application.challenge_version) if application.stage else None,
        "way": way_of(session(), application),
        "members": members(session(), application.team_id),
        "team_in_sight": may_open(parts["team"]),
        "entries": record_page.entries(application, case),
    }


def _documents(workflow: str, record_id: int | None) -> list[Document]:
    about = col(Document.workflow) == workflow, col(Document.record_id) == record_id
    return list(session().scalars(select(Document).where(*about).order_by(col(Document.id))))


def _debrief_until(letter: Document) -> datetime | None:
    until = letter.data.get("debrief_until")
    return datetime.fromisoformat(until) if until else None


def _name(person_id: int | None) -> str:
    person = session().get(Person, person_id) if person_id else None
    return person.name if person else "civflow"
