"""What is known about a record, as rows of a name and a value for people to read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column
from sqlmodel import Session

from civflow.models import Tracked
from civflow.services.engine.advance import PAGES
from civflow.services.records.titles import name_behind, stage_title
from civflow.workflows.engine import Case
from civflow.workflows.engine.sight import columns_read
from civflow.workflows.themes import THEMES

NAMES = {
    "since": "In this state since",
    "challenge_id": "Challenge",
    "round_id": "Round",
    "team_id": "Team",
    "application_id": "Application",
    "assessor_id": "Assessor",
    "lead_id": "Lead",
    "person_id": "Person",
    "organisation_id": "Organisation",
    "sponsor_id": "Sponsor",
    "cap": "Declared number that goes on",
    "going_on": "Decided number that goes on",
    "stake_pounds": "What the places cost",
    "money_pounds": "Money",
    "price_pounds": "Price",
    "budget_pounds": "Budget",
    "proceed_reason": "Why it goes on without late assessors",
    "number_reason": "Why another number than declared",
    "resubmit_by": "Improved proposals until",
    "respond_by": "Answer by",
    "due_at": "Due by",
    "declared_at": "No conflict declared",
    "done_when": "Done when",
    "asked_by_id": "Asked by",
    "drafted_by_id": "Answer written by",
    "cleared_by_id": "Cleared by",
    "text": "Question",
    "wording": "As everybody reads it",
    "answer_promised_at": "Answer promised by",
    "merged_into_id": "Merged into question",
    "portal_reference": "At the procurement portal",
    "questions_until": "Questions until",
    "approved_by_id": "Approved by",
    "team_signed_by_id": "Signed for the team by",
    "sponsor_signed_by_id": "Signed for the sponsor by",
    "not_before": "Leaves at",
    "about": "About",
    "decline_why": "Why declined",
    "notice_reference": "Notice",
    "source_url": "Source",
    "sponsors_in_source": "Sponsors, as the source names them",
    "data_access": "Access to data",
    "exit_if_too_expensive": "If it is too expensive",
    "reply_promised_at": "Answer to the sponsor promised by",
    "low_score_reason": "Why it was approved although its score is low",
}
POUNDS = ("_pounds",)


def rows_of(session: Session, record: Tracked, case: Case) -> list[tuple[str, Any, str]]:
    """Name, value and kind (text, link, moment or money) of each column that the case's actor reads; no empty ones.

    Staff also read what the public and applicants do not, such as who asked a question.
    """
    read, rows = columns_read(case), []
    for column in PAGES[type(record)].table.c:
        value = getattr(record, column.name)
        if column.name not in read:
            continue
        if value is None or value in ("", []) or (value == 0 and column.name.endswith(POUNDS)):
            continue
        rows.append((NAMES.get(column.name) or _words(column.name), *_shown(session, record, column, value)))
    return rows


def _words(name: str) -> str:
    return name.removesuffix("_id").removesuffix("_at").replace("_", " ").capitalize()


def _shown(session: Session, record: Any, column: Column[Any], value: Any) -> tuple[Any, str]:
    name = column.name
    if name.endswith(POUNDS):
        return value, "money"
    if hasattr(value, "tzinfo"):
        return value, "moment"
    if name.endswith("_url") and value.startswith(("https://", "http://")):
        return value, "link"
    return _in_words(session, record, column, value), "text"


def _in_words(session: Session, record: Any, column: Column[Any], value: Any) -> Any:
    name = column.name
    if name == "stage":
        return stage_title(session, record.challenge_id, value)
    refers = PAGES[type(record)].refers(name)
    if refers is not None:
        return name_behind(session, refers.name, value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        titles = THEMES if name == "themes" else {}
        return ", ".join(str(titles.get(one, one)) for one in value)
    asks = (ask for step in PAGES[type(record)].steps for ask in step.asks if ask.name == name)
    return next((dict(ask.choices).get(value, value) for ask in asks), value)
