"""Load and check in one go: a record that this person may see, or none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlmodel import Session

from civflow.models import Challenge, Tracked
from civflow.models.people import ROLES
from civflow.services.engine import facts
from civflow.services.engine.advance import PAGES, workflow_of
from civflow.services.engine.lists import among
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Case, Ids, NotFound, Rule, Workflow
from civflow.workflows.engine.sight import may_see, needs_of, roles_that_see
from civflow.workflows.engine.waiting import COMES_WITH, finders

Record = TypeVar("Record", bound=Tracked)


def load_visible(
    session: Session, model: type[Record], record_id: int, *, actor: Actor, now: datetime
) -> tuple[Record, Case[Any]]:
    """The record and the case that the rules about who sees it looked at.

    Raises NotFound where there is none, and in the same words where the actor may not know of it.
    """
    record = session.get(model, record_id)
    if record is None:
        raise NotFound(f"There is no such {PAGES[model].called.lower()}, or it is not yours to see.")
    case = visibility_case(session, record, actor=actor, now=now)
    if not may_see(case):
        raise NotFound(f"There is no such {PAGES[model].called.lower()}, or it is not yours to see.")
    return record, case


def visibility_case(session: Session, record: Tracked, *, actor: Actor, now: datetime) -> Case[Any]:
    """The record as the rules about who sees it look at it, with the facts that they need."""
    workflow = workflow_of(session, record)
    needs = needs_of(workflow)
    row: Any = record
    if needs:
        query = select(*facts.columns(workflow, needs)).where(workflow.table.c.id == record.id)
        row = session.connection().execute(query).one()
    return Case(workflow, row, actor, now)


def cases_of(
    session: Session, page: Workflow, ids: Sequence[int] | None = None, *, actor: Actor, now: datetime
) -> dict[int, Case[Any]]:
    """Number -> case of many records of a noun, or of all, as the rules about who sees them look at it; one statement."""
    query = select(*facts.columns(page, needs_of(page)))
    if ids is not None:
        query = query.where(page.table.c.id.in_(ids))
    return {row.id: Case(page, row, actor, now) for row in session.connection().execute(query)}


def may_begin(session: Session, record: Tracked, *, actor: Actor, now: datetime) -> bool:
    """Whether the handbook lets the actor begin this record, which is not stored yet."""
    page = workflow_of(session, record)
    case = Case(page, record, actor, now, state=page.initial)
    return page.lets_begin(case)


def in_sight(actor: Actor, model: type[Tracked], *, role: str = "") -> ColumnElement[bool]:
    """Records of a noun that the actor's granted roles let them see: all, or those of some rounds and challenges.

    With `role` those that this role alone lets them see.
    """
    page = PAGES[model]
    held = [h for h in actor.roles if h.role in roles_that_see(page) and role in ("", h.role)]
    if any(h.scope == "site" for h in held):
        return _awake(actor, page)
    of = {scope: sorted(h.scope_id or 0 for h in held if h.scope == scope) for scope, _ in page.scopes}
    mine = [page.table.c[column].in_(of[scope]) for scope, column in page.scopes if of[scope]]
    return and_(or_(false(), *mine), _awake(actor, page))


def _awake(actor: Actor, page: Workflow) -> ColumnElement[bool]:
    """The records towards which the actor's granted roles do not sleep: `Actor.holds` in SQL."""
    column = dict(page.scopes).get("challenge")
    if column is None or not actor.applies_to:
        return true()
    return func.coalesce(page.table.c[column], 0).not_in(sorted(actor.applies_to))


def found_by(actor: Actor, page: Workflow, who: Rule) -> ColumnElement[bool] | None:
    """Where the records are among which a rule admits this actor; None for an actor for whom there are none.

    By the roles, columns and facts that the rule names; the rule itself is then asked about each.
    """
    found = []
    for name in finders(who):
        where = _in_scope(actor, page, name) if name in ROLES or name in COMES_WITH else _naming(actor, page, name)
        if where is None:
            return None
        found.append(where)
    return and_(true(), *found)


def _in_scope(actor: Actor, page: Workflow, role: str) -> ColumnElement[bool] | None:
    """The records that stand in a scope for which the actor holds a role: a round, a team, a gate."""
    found: dict[str, list[int]] = {}
    awake = _awake(actor, page) if role in ROLES else true()
    for held in actor.roles:
        if held.role == role and held.scope == "site":
            return awake
        column = "id" if held.scope == page.name else f"{held.scope}_id"
        if held.role == role and column in page.table.c:
            found.setdefault(column, []).append(held.scope_id or 0)
    mine = or_(*(page.table.c[column].in_(sorted(ids)) for column, ids in found.items())) if found else None
    return None if mine is None else and_(mine, awake)


def _naming(actor: Actor, page: Workflow, name: str) -> ColumnElement[bool]:
    """The records that name the actor in a column, or in a fact with one person or several."""
    if name in page.table.c:
        return page.table.c[name] == actor.id
    fact = facts.facts()[page.name][name]
    return among(actor.id or 0, fact) if page.declared[name].of == Ids else fact == actor.id


def looks_into(actor: Actor, noun: str, challenge: Challenge) -> bool:
    """Whether the actor's granted roles let them see every record of a noun that belongs to a challenge."""
    scopes = {"round": challenge.round_id, "challenge": challenge.id}
    return any(actor.holds(role, scopes) for role in roles_that_see(HANDBOOK[noun]))
