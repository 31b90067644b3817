"""What the lines of home pages say about questions beyond their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.services.formatting import count
from civflow.services.records.waiting import Said, says
from civflow.workflows.engine import Case

Cases = Sequence[Case[Any]]


@says()
def when_it_was_asked(session: Session, cases: Cases, now: datetime) -> Said:  # noqa: ARG001
    """How old the oldest question is, and how many are late."""
    one = len(cases) == 1
    promises = [case.record.answer_promised_at for case in cases]
    late = sum(1 for promised in promises if promised is not None and promised < now)
    detail = f"{'It was' if one else 'The oldest was'} asked {_when(cases, now)}."
    if late:
        those = "It is" if one else f"{late} of them {'is' if late == 1 else 'are'}"
        detail += f" {those} late."
    return Said(detail)


@says()
def when_the_oldest_was_asked(session: Session, cases: Cases, now: datetime) -> Said:  # noqa: ARG001
    """What whoever publishes an answer reads: somebody else has written it."""
    what = "question" if len(cases) == 1 else "oldest question"
    return Said(f"Somebody else has written it; the {what} was asked {_when(cases, now)}.")


def _when(cases: Cases, now: datetime) -> str:
    days = (now - min(case.record.asked_at for case in cases)).days
    return f"{count(days, 'day')} ago" if days else "today"
