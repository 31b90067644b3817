"""What stands around applications: dates, gates, interviews, places, agreements and deliverables, asked for once for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlmodel import Session, col

from civflow.models import (
    Agreement,
    Application,
    Challenge,
    Deliverable,
    Gate,
    Place,
    Slot,
    SlotPanel,
    StageDates,
    Submission,
)
from civflow.services.assessment.gates import AT_THE_GATE
from civflow.services.people.conflicts import has_conflict
from civflow.workflows.agreements import TO_SIGN
from civflow.workflows.delivery.deliverables import TO_SUBMIT
from civflow.workflows.delivery.places import AT_WORK, OFFERED
from civflow.workflows.interviews import BOOKED, FREE


@dataclass(frozen=True)
class Around:
    """By the number of the application, but for `dates`: challenge's id -> stage -> its dates. What is not there is empty."""

    challenges: dict[int, Challenge]
    dates: dict[int, dict[str, StageDates]]
    gates: dict[int, list[Gate]]  # the gate before which it stands
    sent: set[tuple[int, str]]  # the stages for which something was submitted
    booked: dict[int, list[Slot]]  # interviews that lie ahead or were not recorded yet
    offered: dict[int, list[Slot]]  # times that the team may book
    places: dict[int, list[Place]]  # that it may accept
    unsigned: dict[int, list[Agreement]]  # that its team has not signed
    owed: dict[int, list[Deliverable]]


def around(session: Session, applications: Sequence[Application], *, now: datetime) -> Around:
    """Everything around some applications, in a fixed number of statements."""
    ids = [application.id or 0 for application in applications]
    keys = {application.challenge_id for application in applications}
    challenges = {c.id or 0: c for c in session.scalars(select(Challenge).where(col(Challenge.id).in_(keys)))}
    dates: dict[int, dict[str, StageDates]] = defaultdict(dict)
    planned = select(StageDates).where(col(StageDates.challenge_id).in_(keys))
    for found in session.scalars(planned.order_by(col(StageDates.starts_at), col(StageDates.id))):
        dates[found.challenge_id][found.stage] = found
    sent = select(col(Submission.application_id), col(Submission.stage)).where(col(Submission.application_id).in_(ids))
    booked = select(col(Slot.application_id), Slot).where(
        col(Slot.application_id).in_(ids), col(Slot.state).in_(BOOKED)
    )
    placed = select(col(Place.application_id), Place).where(
        col(Place.application_id).in_(ids), col(Place.state).in_(OFFERED)
    )
    unsigned = select(col(Agreement.application_id), Agreement).where(
        col(Agreement.application_id).in_(ids),
        col(Agreement.state).in_(TO_SIGN),
        col(Agreement.team_signed_at).is_(None),
    )
    return Around(
        challenges,
        dates,
        _sorted(session, _gates(ids)),
        {(row[0], row[1]) for row in session.execute(sent)},
        _sorted(session, booked.order_by(col(Slot.starts_at))),
        _sorted(session, _offered(ids, now)),
        _sorted(session, placed.order_by(col(Place.id))),
        _sorted(session, unsigned.order_by(col(Agreement.id))),
        _sorted(session, _owed(ids)),
    )


def _sorted(session: Session, query: Any) -> dict[int, list[Any]]:
    """Application's number -> its records, of a query for both."""
    found: dict[int, list[Any]] = defaultdict(list)
    for key, record in session.execute(query):
        found[key].append(record)
    return found


def _gates(ids: list[int]) -> Any:
    return select(col(Application.id), Gate).join(Gate, AT_THE_GATE).where(col(Application.id).in_(ids))


def _offered(ids: list[int], now: datetime) -> Any:
    """Offered and ahead, and nobody on the panel has a conflict with the team."""
    conflicted = exists().where(
        col(SlotPanel.slot_id) == col(Slot.id), has_conflict(col(SlotPanel.person_id), col(Application.team_id))
    )
    query = select(col(Application.id), Slot).join(Gate, AT_THE_GATE).join(Slot, col(Slot.gate_id) == col(Gate.id))
    query = query.where(
        col(Application.id).in_(ids),
        col(Slot.state).in_(FREE),
        col(Slot.starts_at) > now,
        ~conflicted,
    )
    return query.order_by(col(Slot.starts_at), col(Slot.id))


def _owed(ids: list[int]) -> Any:
    query = select(col(Place.application_id), Deliverable).join(Place, col(Place.id) == col(Deliverable.place_id))
    query = query.where(
        col(Place.application_id).in_(ids), col(Place.state).in_(AT_WORK), col(Deliverable.state).in_(TO_SUBMIT)
    )
    return query.order_by(col(Deliverable.due_at), col(Deliverable.id))
