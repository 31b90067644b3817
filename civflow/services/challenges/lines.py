"""What the lines of home pages say about challenges that are written and approved, beyond their words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.challenges.calendar import send_by
from civflow.services.formatting import moment, money
from civflow.services.programmes.store import programme_of
from civflow.services.records.waiting import Said, says
from civflow.workflows.engine import Case

Cases = Sequence[Case[Any]]


@says()
def why_it_is_to_be_sent(session: Session, cases: Cases, now: datetime) -> Said:  # noqa: ARG001
    """A draft of a challenge owner: why it is theirs again, and by when it has to be sent for approval."""
    [case] = cases
    changed = case.state != case.workflow.initial
    detail = "The programme office has asked for changes." if changed else "It is not sent for approval yet."
    opens_at = case.record.opens_at
    if opens_at is None:
        return Said(detail)
    programme = programme_of(session, session.get_one(Challenge, case.record.id))
    opens, within = moment(opens_at, programme.timezone), programme.readiness.answer_within
    detail += f" Send it by then: the answer may take {within}, and it opens on {opens}."
    return Said(detail, due=send_by(programme, opens_at))


@says()
def by_when_it_is_to_be_sent(session: Session, cases: Cases, now: datetime) -> Said:  # noqa: ARG001
    """A draft of somebody who writes it without owning it."""
    [case] = cases
    opens_at = case.record.opens_at
    if opens_at is None:
        return Said()
    programme = programme_of(session, session.get_one(Challenge, case.record.id))
    opens = moment(opens_at, programme.timezone)
    detail = f"It has to be sent for approval by then, so that it is answered before it opens on {opens}."
    return Said(detail, due=send_by(programme, opens_at))


@says()
def what_an_approval_is_about(session: Session, cases: Cases, now: datetime) -> Said:  # noqa: ARG001
    """The money, and whether the answer to the sponsor, or the opening, presses."""
    record = cases[0].record
    said, promised, opens = f"up to {money(record.money_pounds)}", record.reply_promised_at, record.opens_at
    if promised and promised < now:
        return Said(f"{said}; the answer that the sponsor was promised is late")
    presses = promised and opens and opens < promised
    return Said(f"{said}; the call is to open before the answer is due" if presses else said)
