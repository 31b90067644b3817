"""A finance officer's dashboard: the agreements that bind money, beside the budget of each round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, func, select
from sqlmodel import Session, col

from civflow.models import Agreement, Challenge, Round, Team
from civflow.services.dashboards.tasks import Dashboard
from civflow.services.engine.access import in_sight
from civflow.workflows import HANDBOOK
from civflow.workflows.agreements import IN_FORCE
from civflow.workflows.engine import Actor

ROLE = "finance_officer"
SHOWN = 50
FULFILLED = HANDBOOK["agreement"].step("complete", "active").target


class RoundMoney(NamedTuple):
    """A round's money in pounds excluding VAT: its budget, what agreements in force bind, what has been fulfilled."""

    id: int
    title: str
    budget: int
    number: int
    bound: int
    fulfilled: int
    kept: int


def dashboard(session: Session, *, actor: Actor, now: datetime) -> Dashboard | None:  # noqa: ARG001 - every dashboard gets the time
    """The dashboard of a finance officer, in any scope."""
    if not any(held.role == ROLE for held in actor.roles):
        return None
    mine = in_sight(actor, Agreement, role=ROLE)
    rounds = _rounds(session, mine)
    number = sum(round_.number for round_ in rounds)
    return Dashboard(
        "finance",
        "Agreements in force",
        (),
        "Nothing waits for you.",
        {"agreements": _agreements(session, mine), "rounds": rounds, "number": number},
    )


def _agreements(session: Session, mine: ColumnElement[bool]) -> Sequence[Row[Any]]:
    query: Any = select(
        col(Agreement.id),
        col(Agreement.price_pounds).label("price"),
        col(Agreement.ends_at),
        col(Team.name).label("team"),
        col(Challenge.title).label("challenge"),
        col(Challenge.slug),
    ).join(Team, col(Team.id) == col(Agreement.team_id))
    query = query.join(Challenge, col(Challenge.id) == col(Agreement.challenge_id))
    query = query.where(col(Agreement.state).in_(IN_FORCE), mine)
    return session.execute(query.order_by(col(Agreement.ends_at), col(Agreement.id)).limit(SHOWN)).all()


def _rounds(session: Session, mine: ColumnElement[bool]) -> list[RoundMoney]:
    """Every round with an agreement of mine that is in force or fulfilled, the newest first."""
    in_force, fulfilled = col(Agreement.state).in_(IN_FORCE), col(Agreement.state) == FULFILLED
    price = col(Agreement.price_pounds)
    sums = [
        part
        for which in (in_force, fulfilled)
        for part in (func.count().filter(which), func.coalesce(func.sum(price).filter(which), 0))
    ]
    query = select(col(Round.id), col(Round.title), col(Round.budget_pounds), *sums).join(
        Agreement, col(Agreement.round_id) == col(Round.id)
    )
    query = query.where(in_force | fulfilled, mine).group_by(col(Round.id), col(Round.title), col(Round.budget_pounds))
    return [RoundMoney(*row) for row in session.execute(query.order_by(col(Round.id).desc()))]
