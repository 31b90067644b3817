"""Who is told: those who hold a role, and the members of a team."""

from __future__ import annotations

from sqlalchemy import literal, or_, select
from sqlmodel import Session, col

from civflow.models import Grant, Membership, Person
from civflow.services.people.conflicts import applied_to
from civflow.workflows.teams.memberships import MEMBERS

NOBODY_READS_WHO = (
    "Every team that has begun an application is told; who they are is not shown before the last deadline."
)


def holders(session: Session, role: str, **scopes: int | None) -> list[Person]:
    """The people who hold a role for the site or in one of some scopes, such as `round_id=3`, by name.

    Among the scopes a challenge keeps out whoever applies to it: their role sleeps there.
    """
    held = [(scope.removesuffix("_id"), number) for scope, number in scopes.items() if number is not None]
    where = or_(
        col(Grant.scope) == "site",
        *((col(Grant.scope) == scope) & (col(Grant.scope_id) == number) for scope, number in held),
    )
    granted = select(col(Grant.person_id)).where(col(Grant.role) == role, col(Grant.revoked_at).is_(None), where)
    if (challenge := scopes.get("challenge_id")) is not None:
        granted = granted.where(literal(challenge).not_in(applied_to(col(Grant.person_id))))
    query = select(Person).where(col(Person.id).in_(granted), col(Person.closed_at).is_(None))
    return list(session.scalars(query.order_by(col(Person.name), col(Person.id))))


def members(session: Session, team_id: int) -> list[Person]:
    """The active members of a team, by name."""
    query = select(Person).join(Membership, col(Membership.person_id) == col(Person.id))
    query = query.where(col(Membership.team_id) == team_id, col(Membership.state).in_(MEMBERS))
    return list(session.scalars(query.order_by(col(Person.name), col(Person.id))))


SOMEBODY = Person(name="(the reader's name)", email="")  # of a team whose name is sealed
