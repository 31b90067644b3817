"""What people call a record: its title, and the page where it is read."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from civflow.models import (
    Agreement,
    Application,
    Assignment,
    Challenge,
    Deliverable,
    Gate,
    LiveSession,
    Membership,
    Message,
    Person,
    Place,
    Question,
    Round,
    Slot,
    Sprint,
    Team,
    Tracked,
)
from civflow.services.programmes.store import programme_of


def title_of(session: Session, record: Tracked) -> str:
    """A short title that says which record it is, such as “Sift of Flooding impact”."""
    title: str = TITLES[type(record)](session, record)
    return title


def path_of(record: Tracked) -> str:
    """The path of the page where the record is read."""
    name = type(record).__name__.lower()
    if isinstance(record, Challenge):
        return f"/challenges/{record.slug}"
    if name in PARTS:
        page, column = PARTS[name]
        return f"/{page}/{getattr(record, column)}"
    return f"/{PAGES[name]}/{record.id}" if name in PAGES else f"/cases/{name}/{record.id}"


def step_path(record: Tracked, trigger: str) -> str | None:
    """The path of the page where a step of the record is taken, where it has one of its own."""
    noun = type(record).__name__.lower()
    page = STEP_PAGES.get((noun, trigger))
    address = getattr(record, "slug", None) if noun == "challenge" else record.id
    return page.format(address) if page else None


# Steps that have a page of their own: the noun and the step, and the path with the record's id or slug.
STEP_PAGES = {
    ("challenge", "write"): "/challenges/{}/edit",
    ("challenge", "deal_with"): "/challenges/{}/edit",
    ("challenge", "request_changes"): "/challenges/{}/request-changes",
    ("challenge", "score"): "/challenges/{}/scoring",
    ("challenge", "change"): "/challenges/{}/change",
    ("challenge", "write_change"): "/challenges/{}/change",
    ("challenge", "hand_in_change"): "/challenges/{}/change",
    ("challenge", "publish_change"): "/challenges/{}/change/publish",
    ("challenge", "extend"): "/challenges/{}/deadline",
    ("challenge", "reopen"): "/challenges/{}/deadline",
    ("challenge", "cancel"): "/challenges/{}/cancel",
    ("challenge", "withdraw"): "/challenges/{}/withdraw",
    ("round", "change"): "/rounds/{}/edit",
    ("gate", "seat"): "/gates/{}/panel",
    ("gate", "unseat"): "/gates/{}/panel",
    ("gate", "settle"): "/gates/{}/ties",
    ("gate", "propose"): "/gates/{}/propose",
    ("gate", "release"): "/gates/{}/release",
    ("application", "write"): "/applications/{}",
    ("application", "extend"): "/applications/{}/deadline",
    ("application", "acknowledge"): "/applications/{}",
    ("assignment", "score"): "/assignments/{}",
}
PAGES = {
    "application": "applications",
    "gate": "gates",
    "assignment": "assignments",
    "team": "teams",
    "agreement": "agreements",
    "round": "rounds",
    "place": "delivery",
    "question": "questions",
    "livesession": "sessions",
}
# Records that are read on the page of another: the page, and the column with that one's id.
PARTS = {
    "membership": ("teams", "team_id"),
    "sprint": ("delivery", "place_id"),
    "deliverable": ("delivery", "place_id"),
}


def _challenge_title(session: Session, challenge_id: int) -> str:
    challenge = session.get_one(Challenge, challenge_id)
    return f"{challenge.reference} {challenge.title}".strip()


def stage_title(session: Session, challenge_id: int, stage: str) -> str:
    """What the programme calls a stage of a challenge."""
    return programme_of(session, session.get_one(Challenge, challenge_id)).stage(stage).title


def _of_stage(session: Session, record: Any) -> str:
    stage = stage_title(session, record.challenge_id, record.stage)
    return f"{stage} of {_challenge_title(session, record.challenge_id)}"


def _team_of(session: Session, record: Any) -> str:
    return session.get_one(Team, record.team_id).name


def _assignment(session: Session, record: Any) -> str:
    application = session.get_one(Application, record.application_id)
    assessor = session.get_one(Person, record.assessor_id)
    return f"{application.reference} by {assessor.name}"


TITLES: dict[type[Tracked], Any] = {
    Round: lambda session, r: r.title,
    Challenge: lambda session, r: f"{r.reference} {r.title}".strip(),
    Question: lambda session, r: f"Question {r.number or ''} about {_challenge_title(session, r.challenge_id)}".replace(
        "  ", " "
    ),
    LiveSession: lambda session, r: f"“{r.title}” about {_challenge_title(session, r.challenge_id)}",
    Team: lambda session, r: r.name,
    Membership: lambda session, r: f"{session.get_one(Person, r.person_id).name} in {_team_of(session, r)}",
    Application: lambda session, r: (
        f"{r.reference} of {_team_of(session, r)} to {_challenge_title(session, r.challenge_id)}"
    ),
    Gate: _of_stage,
    Assignment: _assignment,
    Slot: lambda session, r: f"Interview slot of {_challenge_title(session, r.challenge_id)}",
    Place: lambda session, r: f"{_team_of(session, r)} in {_of_stage(session, r)}",
    Agreement: lambda session, r: f"Agreement with {_team_of(session, r)} for {_of_stage(session, r)}",
    Sprint: lambda session, r: f"Sprint {r.number} of {_team_of(session, r)}",
    Deliverable: lambda session, r: f"{r.title} ({_team_of(session, r)})",
    Message: lambda session, r: r.subject,
}


def free_address(session: Session, column: Any, title: str, *, longest: int, kept: Collection[str] = ()) -> str:
    """The words of a title as part of an address, with a number where they are taken in the column or `kept`."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:longest].strip("-") or column.table.name
    taken = {*kept, *session.scalars(select(column).where(column.startswith(words)))}
    return next(slug for n in range(1, len(taken) + 2) if (slug := words if n == 1 else f"{words}-{n}") not in taken)
