"""Who is told of what happens to a shed."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Person
from civflow.services.notifications.registry import audience
from civflow.services.notifications.taken import Taken
from tests.example_feature.services.lending.facts import LOAN
from tests.example_feature.workflows.lending import OUT


@audience
def the_borrowers(session: Session, step: Taken) -> list[Person]:
    """Whoever has a tool of it, by name."""
    have = select(LOAN.c.borrower_id).where(LOAN.c.shed_id == step.record.id, LOAN.c.state.in_(OUT))
    return list(session.scalars(select(Person).where(col(Person.id).in_(have)).order_by(col(Person.name))))
