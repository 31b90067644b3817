"""Messages: written in the transaction that makes them true; and the effects that tell people what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Agreement, Application, Challenge, Grant, Membership, Message, Panellist, Person, Team
from civflow.services import jobs
from civflow.services.advance import begin_many
from civflow.services.effects import Move, effect
from civflow.services.facts import stands_before
from civflow.services.naming import path_of, title_of
from civflow.workflows.engine import CIVFLOW

UNDO = timedelta(seconds=30)  # how long a message waits, so that it can still be cancelled


@cache
def _templates() -> Environment:
    """Plain text, so nothing is escaped; a missing value is an error and not an empty line."""
    return Environment(
        loader=PackageLoader("civflow", "templates/mail"), undefined=StrictUndefined, autoescape=False,  # noqa: S701
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False,
    )  # fmt: skip


def write(*, person: Person, kind: str, key: str, about: str, now: datetime, document_id: int | None = None,
          **context: Any) -> Message:  # fmt: skip
    """A message from templates/mail/`kind`.txt, whose first line is the subject. `about` is the path of a page."""
    text = _templates().get_template(f"{kind}.txt").render(person=person, **context)
    subject, _, body = text.strip().partition("\n")
    return Message(
        key=key, person_id=person.id, address=person.email, subject=subject.strip()[:200], body=body.strip(),
        about=about, document_id=document_id, not_before=now + UNDO, state="", since=now,
    )  # fmt: skip


def post(session: Session, *, person: Person, kind: str, key: str, about: str, now: datetime,
         document_id: int | None = None, **context: Any) -> Message:  # fmt: skip
    """Put one message into the outbox; see `write`."""
    message = write(person=person, kind=kind, key=key, about=about, now=now, document_id=document_id, **context)
    post_all(session, [message], now=now)
    return message


def post_all(session: Session, messages: Sequence[Message], *, now: datetime) -> None:
    """Put many messages into the outbox; a key that is there already is left as it is."""
    keys = [m.key for m in messages]
    known = set(session.scalars(select(Message.key).where(col(Message.key).in_(keys))))
    fresh = list({m.key: m for m in messages if m.key not in known}.values())
    begin_many(session, fresh, actor=CIVFLOW, now=now)
    for message in fresh:
        jobs.enqueue(session, "send_message", f"message-{message.id}", message.id)


def tell(session: Session, move: Move, people: Iterable[Person], kind: str = "step", **context: Any) -> None:
    """Tell people that a step was taken; whoever took it is not told."""
    about = path_of(move.record)
    labels = {
        "title": title_of(session, move.record),
        "noun": move.workflow.title.lower(),
        "step": move.step.button,
        "state": move.workflow.states[move.to_state].public or move.workflow.states[move.to_state].staff,
        "reason": move.reason,
        "actor": move.actor.name,
    }
    post_all(
        session,
        [
            write(person=person, kind=kind, about=about, now=move.now,
                  key=f"{move.workflow.name}-{move.record.id}-{move.record.revision}-{kind}-{person.id}",
                  **{**labels, **context})
            for person in people if person.id != move.actor.id
        ],
        now=move.now,
    )  # fmt: skip


def holders(session: Session, role: str, *, round_id: int | None = None, challenge_id: int | None = None) -> list[Person]:
    """The people who hold a role for the site, this round or this challenge, by name."""
    scope = (col(Grant.scope) == "site") | ((col(Grant.scope) == "round") & (col(Grant.scope_id) == round_id))
    scope = scope | ((col(Grant.scope) == "challenge") & (col(Grant.scope_id) == challenge_id))
    granted = select(col(Grant.person_id)).where(col(Grant.role) == role, col(Grant.revoked_at).is_(None), scope)
    query = select(Person).where(col(Person.id).in_(granted), col(Person.closed_at).is_(None))
    return list(session.scalars(query.order_by(col(Person.name), col(Person.id))))


def members(session: Session, team_id: int) -> list[Person]:
    """The active members of a team, by name."""
    query = select(Person).join(Membership, col(Membership.person_id) == col(Person.id))
    query = query.where(col(Membership.team_id) == team_id, stands_before(Membership, "leave"))
    return list(session.scalars(query.order_by(col(Person.name), col(Person.id))))


def _staff(session: Session, move: Move, role: str) -> list[Person]:
    record = move.record
    round_id = record.id if move.workflow.name == "round" else getattr(record, "round_id", None)
    challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
    return holders(session, role, round_id=round_id, challenge_id=challenge_id)


def _team_id(record: Any) -> int:
    return int(record.id if isinstance(record, Team) else record.team_id)


@effect
def tell_the_programme_managers(session: Session, move: Move) -> None:
    tell(session, move, _staff(session, move, "programme_manager"))


@effect
def tell_the_approvers(session: Session, move: Move) -> None:
    tell(session, move, _staff(session, move, "approver"))


@effect
def tell_the_challenge_owners(session: Session, move: Move) -> None:
    tell(session, move, _staff(session, move, "challenge_owner"))


@effect
def tell_the_members(session: Session, move: Move) -> None:
    tell(session, move, members(session, _team_id(move.record)))


@effect
def tell_the_team(session: Session, move: Move) -> None:
    tell(session, move, members(session, _team_id(move.record)))


@effect
def tell_the_person(session: Session, move: Move) -> None:
    tell(session, move, [session.get_one(Person, move.record.person_id)])


@effect
def tell_the_team_lead(session: Session, move: Move) -> None:
    team = session.get_one(Team, _team_id(move.record))
    tell(session, move, [session.get_one(Person, team.lead_id)])


@effect
def tell_the_assessor(session: Session, move: Move) -> None:
    tell(session, move, [session.get_one(Person, move.record.assessor_id)])


@effect
def tell_the_panel(session: Session, move: Move) -> None:
    query = select(Person).join(Panellist, col(Panellist.person_id) == col(Person.id))
    tell(session, move, session.scalars(query.where(col(Panellist.gate_id) == move.record.id).order_by(col(Person.id))))


@effect
def tell_both_sides(session: Session, move: Move) -> None:
    agreement: Agreement = move.record
    owners = holders(session, "challenge_owner", round_id=agreement.round_id, challenge_id=agreement.challenge_id)
    people = {p.id: p for p in [*members(session, agreement.team_id), *owners]}
    tell(session, move, people.values())


@effect
def tell_the_applicants(session: Session, move: Move) -> None:
    """Every member of every team that has begun an application to the challenge."""
    query = select(Application.team_id).where(col(Application.challenge_id) == move.record.id)
    query = query.where(stands_before(Application, "withdraw")).order_by(col(Application.team_id))
    people = {p.id: p for team in session.scalars(query) for p in members(session, team)}
    tell(session, move, people.values())
