"""Copying a challenge as a new draft, into this round or into another: the words are taken over, dates and money not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Challenge, Organisation, Round, SupportingSponsor
from civflow.services.challenges.drafts import draft, has_every_section, text_in_hand, text_to_read
from civflow.services.challenges.sponsors import supporters
from civflow.services.engine.advance import workflow_of
from civflow.services.programmes.store import programme_of
from civflow.services.search.index import index
from civflow.workflows.challenges.page import OWNERS
from civflow.workflows.engine import Actor, Case

COPIED = ("themes", "place", "sponsors_in_source")
READINESS = ("budget_holder", "route_to_adoption", "sponsor_time", "data_access", "exit_if_too_expensive")


def copy_challenge(
    session: Session, source: Challenge, round_: Round, *, actor: Actor, now: datetime, title: str = ""
) -> Challenge:
    """A draft with the title, question, sections, readiness and sponsors of `source`, and which challenge that was.

    Its readiness, which only the sponsor and the programme office read, is copied for those of `source` alone. Dates,
    money, the number in the round and the notice belong to the old call and stay empty. Sections that the programme of
    the new round does not ask for are left out. Raises Refused without a title, Forbidden for somebody who may not
    begin a challenge in the round.
    """
    sponsor = session.get(Organisation, source.sponsor_id) if source.sponsor_id else None
    case = Case(workflow_of(session, source), source, actor, now)
    names = COPIED + (READINESS if any(rule.claim(case) for rule in OWNERS) else ())
    values = {name: getattr(source, name) for name in names}
    columns: dict[str, Any] = {n: list(v) if isinstance(v, list) else v for n, v in values.items()}
    copy = draft(
        session,
        round_=round_,
        sponsor=sponsor,
        title=title or source.title,
        question=source.question,
        actor=actor,
        now=now,
        copied_from_id=source.id,
        **columns,
    )
    programme, before = programme_of(session, copy), text_to_read(session, source)
    asked = {section.id for section in programme.brief}
    text = text_in_hand(session, copy)
    text.sections = {name: words for name, words in before.sections.items() if name in asked}
    text.complete = has_every_section(programme, text.sections)
    session.add_all(
        SupportingSponsor(challenge_id=copy.id or 0, organisation_id=body.id or 0, added_by_id=actor.id, added_at=now)
        for body in supporters(session, source)
    )
    session.flush()
    index(session, [copy.id or 0])
    return copy


def left_out(session: Session, source: Challenge, round_: Round) -> list[str]:
    """The titles of sections that a copy into this round would lose, because its programme does not ask for them."""
    asked = {section.id for section in programme_of(session, round_).brief}
    before = text_to_read(session, source)
    titles = {section.id: section.title for section in programme_of(session, source).brief}
    return [titles.get(name, name) for name, words in before.sections.items() if words.strip() and name not in asked]


def origin_of(session: Session, challenge: Challenge) -> Challenge | None:
    """The challenge that this one was copied from."""
    return session.get(Challenge, challenge.copied_from_id) if challenge.copied_from_id else None


def copies_of(session: Session, challenge: Challenge) -> list[Challenge]:
    """The challenges that were copied from this one, the first one first."""
    query = select(Challenge).where(col(Challenge.copied_from_id) == challenge.id)
    return list(session.scalars(query.order_by(col(Challenge.id))))
