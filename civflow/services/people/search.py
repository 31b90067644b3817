"""Finding people: by name or address and by role, with every role that they hold in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from civflow.models import Challenge, Grant, Panellist, Person, Round
from civflow.models.people import ROLES
from civflow.services.people.roles import BY_BELONGING
from civflow.services.records.titles import short_title_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Workflow
from civflow.workflows.rounds import CLOSED

EACH = 50  # people on a page
ON_A_PANEL = "panel_member"  # a role that comes with a seat, and that nobody grants
MOST_WORDS = 5  # of a search


class HeldRole(NamedTuple):
    """A role that a person holds or has held, with the name of its scope: “Challenge owner”, “of Flooding impact”."""

    grant: Grant
    words: str
    where: str
    given_by: str


@dataclass(frozen=True)
class Page:
    """One page of people, each with the roles that they hold, and how many there are altogether."""

    rows: list[tuple[Person, list[HeldRole]]]
    total: int


def find(session: Session, *, words: str = "", role: str = "", page: int = 1) -> Page:
    """The people whose name or address has all the words and who hold the role, by name; also by ON_A_PANEL. Six statements at most."""
    where = [_has_word(word) for word in words.split()[:MOST_WORDS]]
    if role == ON_A_PANEL:
        where.append(col(Person.id).in_(select(col(Panellist.person_id))))
    if role in ROLES:
        holds = select(col(Grant.person_id)).where(col(Grant.role) == role, col(Grant.revoked_at).is_(None))
        where.append(col(Person.id).in_(holds))
    total = session.scalar(select(func.count()).select_from(Person).where(*where)) or 0
    query = select(Person).where(*where).order_by(func.lower(col(Person.name)), col(Person.id))
    people = session.scalars(query.limit(EACH).offset((max(page, 1) - 1) * EACH)).all()
    held = roles_of(session, [person.id or 0 for person in people], only_current=True)
    return Page([(person, held.get(person.id or 0, [])) for person in people], total)


def _has_word(word: str) -> ColumnElement[bool]:
    like = "%" + word.lower().replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"
    return or_(func.lower(col(Person.name)).like(like, escape="/"), col(Person.email).like(like, escape="/"))


def roles_of(session: Session, ids: Iterable[int], *, only_current: bool = False) -> dict[int, list[HeldRole]]:
    """Person's id -> the roles that were given to them, those that they hold first, the newest before the others."""
    query = select(Grant).where(col(Grant.person_id).in_(list(ids)))
    if only_current:
        query = query.where(col(Grant.revoked_at).is_(None))
    grants = session.scalars(query.order_by(col(Grant.revoked_at).is_not(None), col(Grant.id).desc())).all()
    names = _names_of_scopes(session, grants)
    givers = select(col(Person.id), col(Person.name)).where(col(Person.id).in_({g.granted_by_id for g in grants}))
    by_id = {row[0]: row[1] for row in session.execute(givers)}
    found: dict[int, list[HeldRole]] = {}
    for grant in grants:
        where = names.get((grant.scope, grant.scope_id), "for the whole site")
        given_by = by_id.get(grant.granted_by_id, "civflow")
        found.setdefault(grant.person_id, []).append(HeldRole(grant, ROLES[grant.role], where, given_by))
    return found


def _names_of_scopes(session: Session, grants: Iterable[Grant]) -> dict[tuple[str, int | None], str]:
    wanted: dict[str, set[int | None]] = {}
    for grant in grants:
        wanted.setdefault(grant.scope, set()).add(grant.scope_id)
    found: dict[tuple[str, int | None], str] = {}
    for scope in wanted.keys() & HANDBOOK.keys():
        model, called = cast(Any, HANDBOOK[scope].record), HANDBOOK[scope].called.lower()
        for record in session.scalars(select(model).where(model.id.in_(wanted[scope]))):
            found[scope, record.id] = f"for the {called} “{short_title_of(session, record)}”"
    return found


def scopes(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """Where a role can be given: the site, the rounds that are not over, the challenges of those, and records of the other
    nouns for which roles are held; grouped, with titles."""
    over = col(Round.state).in_(CLOSED) | (col(Round.budget_pounds) == 0)  # the archive has no budget, and no roles
    rounds = session.execute(select(col(Round.id), col(Round.title)).where(~over).order_by(col(Round.starts_at).desc()))
    challenges = select(col(Challenge.id), col(Challenge.reference), col(Challenge.title)).join(Round).where(~over)
    return [
        ("Everywhere", [("site", "The whole site")]),
        ("One round", [(f"round-{row[0]}", row[1]) for row in rounds]),
        (
            "One challenge",
            [
                (f"challenge-{key}", f"{reference} {title}".strip())
                for key, reference, title in session.execute(challenges.order_by(col(Challenge.title)))
            ],
        ),
        *(_scopes_of(session, page) for name, page in HANDBOOK.items() if page.scope and name not in KNOWN_SCOPES),
    ]


KNOWN_SCOPES = ("round", "challenge", *BY_BELONGING)


def _scopes_of(session: Session, page: Workflow) -> tuple[str, list[tuple[str, str]]]:
    """The records of a noun that are not over, by title."""
    model: Any = page.record
    over = [state.name for state in page.states.values() if state.final]
    records = session.scalars(select(model).where(model.state.not_in(over)))
    titled = [(f"{page.name}-{record.id}", short_title_of(session, record)) for record in records]
    return f"One {page.called.lower()}", sorted(titled, key=lambda one: one[1].casefold())


def numbers(session: Session) -> dict[str, int]:
    """Role -> how many people with an account hold it, wherever; roles that nobody holds are 0."""
    query = select(col(Grant.role), func.count(func.distinct(col(Grant.person_id)))).join(
        Person, col(Person.id) == col(Grant.person_id)
    )
    query = query.where(col(Grant.revoked_at).is_(None), col(Person.closed_at).is_(None)).group_by(col(Grant.role))
    held = {row[0]: row[1] for row in session.execute(query)}
    return {role: held.get(role, 0) for role in ROLES}


def on_panels(session: Session) -> int:
    """How many people with an account sit on a panel."""
    seated = col(Person.id).in_(select(col(Panellist.person_id))), col(Person.closed_at).is_(None)
    return session.scalar(select(func.count()).select_from(Person).where(*seated)) or 0


def accounts(session: Session) -> int:
    """How many people have an account."""
    return session.scalar(select(func.count()).select_from(Person).where(col(Person.closed_at).is_(None))) or 0
