"""Roles in a scope: what a person may do, who gives it and who takes it back."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, case, null, select, union_all
from sqlalchemy.sql import literal
from sqlmodel import Session, col

from civflow import features
from civflow.models import Application, Challenge, Gate, Grant, Membership, Panellist, Person, Team
from civflow.models.people import ROLES
from civflow.services.formatting import with_article
from civflow.services.people.conflicts import applied_to
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import BEING_WRITTEN, HANDED_IN, OVER
from civflow.workflows.duties import never_with
from civflow.workflows.engine import Actor, Forbidden, NotFound, Refused, RoleHeld
from civflow.workflows.engine.contents import scopes
from civflow.workflows.people import MANAGED_BY
from civflow.workflows.teams.memberships import MEMBERS
from civflow.workflows.teams.teams import TOGETHER

BY_BELONGING = ("team", "gate")  # roles for one of these come with a place in a team or on a panel


def actor_of(session: Session, person: Person, *, now: datetime) -> Actor:  # noqa: ARG001 - roles may have an end
    """The person with every role that they hold: granted ones, and those that teams and panels give. One query."""
    rows = session.execute(_roles(), {"person": person.id}).all()
    applies_to = frozenset(r.challenge_id for r in rows if r.role == APPLIES)
    held = {RoleHeld(r.role, r.scope, r.scope_id, r.pounds): r.challenge_id for r in rows if r.role != APPLIES}
    asleep = frozenset(
        one for one, challenge in held.items() if challenge in applies_to or (one.role == "auditor" and applies_to)
    )
    return Actor(person.id, person.name, frozenset(held) - asleep, applies_to=applies_to, asleep=asleep)


APPLIES = "applies"  # among the rows of `_roles`: no role, but what makes roles sleep


@cache
def _roles() -> CompoundSelect[Any]:
    """The roles of the person whose id is given as `person`. Every request asks for them: the statement is built once."""
    person: Any = bindparam("person")
    grants: Any = select(
        col(Grant.role).label("role"),
        col(Grant.scope).label("scope"),
        col(Grant.scope_id).label("scope_id"),
        col(Grant.limit_pounds).label("pounds"),
        case((col(Grant.scope) == "challenge", col(Grant.scope_id))).label("challenge_id"),
    ).where(col(Grant.person_id) == person, col(Grant.revoked_at).is_(None))
    leads = select(literal("team_lead"), literal("team"), col(Team.id), null(), null()).where(
        col(Team.lead_id) == person, col(Team.state).in_(TOGETHER)
    )
    belongs = select(literal("team_member"), literal("team"), col(Membership.team_id), null(), null()).where(
        col(Membership.person_id) == person, col(Membership.state).in_(MEMBERS)
    )
    seats = (
        select(literal("panel_member"), literal("gate"), col(Gate.id), null(), col(Gate.challenge_id))
        .join(Panellist, col(Panellist.gate_id) == col(Gate.id))
        .where(col(Panellist.person_id) == person)
    )
    applies = applied_to(person).subquery("applied_to")
    there = select(literal(APPLIES), literal("challenge"), null(), null(), applies.c.challenge_id)
    return union_all(grants, leads, belongs, seats, there)


def grant(
    session: Session,
    person: Person,
    role: str,
    *,
    actor: Actor,
    now: datetime,
    scope: str = "site",
    scope_id: int | None = None,
    limit_pounds: int | None = None,
    organisation_id: int | None = None,
) -> Grant:
    """Give a person a role in a scope; one that is held already only gets its limit and its body changed.

    Raises Forbidden where the actor may not give this role, Refused for a role or scope that does not exist and for a
    person who may not hold it beside what they do already, NotFound for a record that does not exist.
    """
    _check_grant(role, scope, scope_id)
    _may_grant(session, actor, role, scope, scope_id)
    if actor.id == person.id and not actor.automatic:
        raise Forbidden("Nobody gives a role to themselves. Ask somebody else who may give it.")
    if limit_pounds is not None and limit_pounds < 0:
        raise Refused("A limit in pounds is 0 or more.")
    if scope_id is not None and session.get(HANDBOOK[scope].record, scope_id) is None:
        raise NotFound(f"There is no {scope} {scope_id}.")
    hold_still(session, person)
    if why := _why_not_both(session, person, role, scope, scope_id, now):
        raise Refused(why)
    known = session.scalars(_current(person.id, role, scope, scope_id)).first()
    if known:
        known.limit_pounds, known.organisation_id = limit_pounds, organisation_id
        session.flush()
        return known  # type: ignore[no-any-return]
    made = Grant(
        person_id=person.id or 0,
        role=role,
        scope=scope,
        scope_id=scope_id,
        limit_pounds=limit_pounds,
        granted_by_id=actor.id,
        granted_at=now,
        organisation_id=organisation_id,
    )
    session.add(made)
    session.flush()
    return made


def hold_still(session: Session, person: Person) -> None:
    """Until this transaction ends, the person joins no team and gets no role, and none of their teams applies or submits."""
    session.execute(select(col(Person.id)).where(col(Person.id) == person.id).with_for_update(key_share=True))
    mine = select(col(Membership.team_id)).where(
        col(Membership.person_id) == person.id, col(Membership.state).in_(MEMBERS)
    )
    teams = select(col(Team.id)).where(col(Team.id).in_(mine)).order_by(col(Team.id))
    session.execute(teams.with_for_update(key_share=True))


OF_A_CHALLENGE = never_with("audits")  # roles that no auditor has, and nobody who applies to it


def _why_not_both(session: Session, person: Person, role: str, scope: str, scope_id: int | None, now: datetime) -> str:
    """A sentence that says what a person does already that keeps them from this role; '' where nothing does.

    A team that applies keeps nobody from a role while its application is sealed: the refusal would tell that it applies.
    The role sleeps towards what they apply to (`actor_of`).
    """
    held = select(col(Grant.id)).where(col(Grant.person_id) == person.id, col(Grant.revoked_at).is_(None)).limit(1)
    if role == "auditor" and session.scalars(held.where(col(Grant.role).in_(OF_A_CHALLENGE))).first() is not None:
        return (
            f"{person.name} owns or writes a challenge, and an auditor changes nothing. Take that role back first, or "
            "name somebody else."
        )
    if role == "auditor" and _applies_there(session, person, "site", None, now):
        return (
            f"{person.name} belongs to a team that applies, and an auditor reads everybody's applications. Name somebody "
            "else, or ask them to leave the team first."
        )
    if role not in OF_A_CHALLENGE:
        return ""
    if session.scalars(held.where(col(Grant.role) == "auditor")).first() is not None:
        return f"{person.name} is an auditor: they read everything and change nothing. Name somebody else."
    if _applies_there(session, person, scope, scope_id, now):
        what = "this challenge" if scope == "challenge" else "a challenge there"
        return (
            f"{person.name} belongs to a team that applies to {what}, and nobody does both. Name somebody else, or ask "
            "them to leave the team first."
        )
    return ""


def _applies_there(session: Session, person: Person, scope: str, scope_id: int | None, now: datetime) -> bool:
    """Whether a team of this person applies to a challenge in the scope, and the seal of its application is open."""
    applies = (
        select(col(Application.id))
        .join(Membership, col(Membership.team_id) == col(Application.team_id))
        .where(
            col(Membership.person_id) == person.id,
            col(Membership.state).in_(MEMBERS),
            col(Application.state).not_in(OVER),
            col(Application.stage) != "",
            col(Application.state).not_in((*BEING_WRITTEN, *HANDED_IN)),
            col(Application.sealed_until) <= now,
        )
    )
    if scope == "challenge":
        applies = applies.where(col(Application.challenge_id) == scope_id)
    if scope == "round":
        applies = applies.join(Challenge, col(Challenge.id) == col(Application.challenge_id))
        applies = applies.where(col(Challenge.round_id) == scope_id)
    return session.scalars(applies.limit(1)).first() is not None


def revoke(
    session: Session,
    person: Person,
    role: str,
    *,
    actor: Actor,
    now: datetime,
    scope: str = "site",
    scope_id: int | None = None,
) -> None:
    """Take a role back, and end what hangs on it. Raises Forbidden, NotFound where the person does not hold it, and
    Refused for the last one."""
    _may_grant(session, actor, role, scope, scope_id)
    if role == LAST_ONE_STAYS:
        session.execute(_administrators().with_for_update(key_share=True))
    known = session.scalars(_current(person.id, role, scope, scope_id)).first()
    if known is None:
        raise NotFound(f"{person.name} does not hold this role.")
    if role == LAST_ONE_STAYS and scope == "site" and not _held_by_others(session, person, role):
        raise Refused(f"{person.name} is the only administrator. Give the role to somebody else first.")
    known.revoked_at, known.revoked_by_id = now, actor.id
    session.flush()
    for feature in features.modules("revoked"):
        feature.role_taken_back(session, person, role, now=now)


LAST_ONE_STAYS = "administrator"  # without one nobody could give this role again


def _administrators() -> Select[Any]:
    """Their grants, which whoever takes one back keeps from everybody else: two would each take the other's."""
    held = col(Grant.role) == LAST_ONE_STAYS, col(Grant.revoked_at).is_(None)
    return select(col(Grant.id)).where(*held).order_by(col(Grant.id))


def _held_by_others(session: Session, person: Person, role: str) -> bool:
    others = select(col(Grant.id)).join(Person, col(Person.id) == col(Grant.person_id))
    others = others.where(col(Grant.role) == role, col(Grant.scope) == "site", col(Grant.revoked_at).is_(None))
    return (
        session.scalars(others.where(col(Person.id) != person.id, col(Person.closed_at).is_(None))).first() is not None
    )


def may_give(actor: Actor, role: str) -> bool:
    """Whether the actor gives and takes this role for the whole site."""
    return any(actor.holds(manager, {}) for manager in MANAGED_BY[role])


def _current(person_id: int | None, role: str, scope: str, scope_id: int | None) -> Select[Any]:
    where = (
        col(Grant.person_id) == person_id,
        col(Grant.role) == role,
        col(Grant.scope) == scope,
        col(Grant.revoked_at).is_(None),
    )
    return select(Grant).where(
        *where, col(Grant.scope_id).is_(None) if scope_id is None else col(Grant.scope_id) == scope_id
    )


def _check_grant(role: str, scope: str, scope_id: int | None) -> None:
    if role not in ROLES:
        raise Refused(f"There is no role '{role}'; the roles are {', '.join(ROLES)}.")
    if scope not in scopes(HANDBOOK):
        raise Refused(f"There is no scope '{scope}'; the scopes are {', '.join(scopes(HANDBOOK))}.")
    if (scope == "site") != (scope_id is None):
        raise Refused("A role for the site has no number; every other scope needs the number of its record.")


def _may_grant(session: Session, actor: Actor, role: str, scope: str, scope_id: int | None) -> None:
    """Who may give which role stands in the handbook: workflows/people.py."""
    page = HANDBOOK.get(scope)
    record = session.get(page.record, scope_id) if page and scope_id is not None else None
    around = {name: getattr(record, column) for name, column in page.scopes} if page and record else {}
    if not actor.automatic and not any(actor.holds(manager, around) for manager in MANAGED_BY[role]):
        names = " or ".join(with_article(ROLES[manager].lower()) for manager in MANAGED_BY[role])
        raise Forbidden(f"{names[0].upper()}{names[1:]} gives and takes this role.")


def role_holders(session: Session) -> list[tuple[Person, str]]:
    """Everybody who holds a granted role, with each role in words, by address."""
    query = select(Person, Grant).join(Grant, col(Grant.person_id) == col(Person.id))
    query = query.where(col(Grant.revoked_at).is_(None)).order_by(col(Person.email), col(Grant.id))
    return [
        (
            person,
            held.role
            + ("" if held.scope == "site" else f" ({held.scope} {held.scope_id})")
            + (f", up to £{held.limit_pounds:,}" if held.limit_pounds is not None else ""),
        )
        for person, held in session.execute(query)
    ]
