"""What people call a change that was asked for: the part of the draft, and what is to change there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import AskedChange, Challenge
from civflow.services.challenges.form import parts_of
from civflow.services.programmes.store import programme_of


def name_changes(session: Session, ids: Collection[int]) -> Mapping[int, str]:
    """'The problem: say for whom'."""
    query = select(AskedChange, Challenge).join(Challenge, col(Challenge.id) == col(AskedChange.challenge_id))
    named = {}
    for change, challenge in session.execute(query.where(col(AskedChange.id).in_(ids))):
        titles = {part.id: part.title for part in parts_of(programme_of(session, challenge))}
        named[change.id] = f"{titles.get(change.part, change.part)}: {change.reason}"
    return named


NAMES = {"asked_change": name_changes}
