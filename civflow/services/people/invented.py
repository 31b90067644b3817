"""Who can be signed in as in the demonstration, and whether it was played here: its people are invented."""

from __future__ import annotations

from sqlmodel import Session

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


def holds_demonstration(session: Session) -> bool:
    """Whether the demonstration has been played here, to its end or not: its people and their links are invented."""
    return session.get(Act, BEGUN) is not None
