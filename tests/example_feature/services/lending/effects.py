"""What follows when a shed closes."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import Session

from civflow.services.engine.effects import Move, effect
from tests.example_feature.services.lending.facts import LOAN
from tests.example_feature.workflows.lending import OUT


@effect
def count_what_is_missing(session: Session, move: Move) -> None:
    out = select(func.count()).where(LOAN.c.shed_id == move.record_id, LOAN.c.state.in_(OUT))
    move.record.missing = session.scalar(out)
    session.flush()
