"""Who can be signed in as in the demonstration, and whether it was played here: its people are invented."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col

from civflow.models import Act

BEGUN = "demonstration begun"  # the first act of it that was done
MANAGER = "manager@demonstration.example.org"
APPROVER = "approver@demonstration.example.org"
OWNER = "owner@demonstration.example.org"
INNOVATOR = "innovator@demonstration.example.org"
ASSESSOR = "assessor@demonstration.example.org"
FINANCE = "finance@demonstration.example.org"
AUDITOR = "auditor@demonstration.example.org"
ADMINISTRATOR = "administrator@demonstration.example.org"

ROLES = (
    (MANAGER, "Morag Sinclair", "Programme manager"),
    (OWNER, "Hamish Drummond", "Challenge owner"),
    (INNOVATOR, "Priya Raeburn", "Innovator"),
    (ASSESSOR, "Tadeusz Lamont", "Assessor"),
    (APPROVER, "Una Galbraith", "Approver"),
    (FINANCE, "Ravi Maitland", "Finance officer"),
    (AUDITOR, "Joanna Spence", "Auditor"),
    (ADMINISTRATOR, "Magnus Younger", "Administrator"),
)


def asked_by_the_story(asked_at: Any) -> ColumnElement[bool]:
    """Whether this moment, a column, belongs to the story of the demonstration: what it asked for is never late."""
    return exists().where(col(Act.name) == BEGUN, col(Act.at) >= asked_at)


def moment_of(session: Session, asked_at: datetime, *, now: datetime) -> datetime:
    """When something counts as done: now, but what the story asked for, when it was asked for.

    The story of half a year is played in a minute, and its papers are printed in the next.
    """
    begun = session.get(Act, BEGUN)
    return asked_at if begun and asked_at <= begun.at else now


def holds_demonstration(session: Session) -> bool:
    """Whether the demonstration has been played here, to its end or not: its people and their links are invented."""
    return session.get(Act, BEGUN) is not None
