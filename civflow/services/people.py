"""People: accounts, roles in a scope, passwords, one-time links, and sign-ins that end.

Only hashes of tokens and passwords are kept.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pwdlib import PasswordHash
from sqlalchemy import or_, select, union_all, update
from sqlalchemy.sql import literal
from sqlmodel import Session, col

from civflow.models import Challenge, Grant, Membership, Panellist, Person, Round, SignIn, SignInLink, Team
from civflow.models.people import ROLES, SCOPES
from civflow.services.facts import stands_before
from civflow.workflows.engine import Actor, Forbidden, Held, NotFound, Refused
from civflow.workflows.people import MANAGED_BY

LINK_LASTS = timedelta(minutes=15)
SHORTEST = 12  # characters of a password
SCOPED: dict[str, Any] = {"round": Round, "challenge": Challenge, "team": Team}
ADDRESS = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+")


def add_person(session: Session, *, name: str, email: str, now: datetime, password: str = "") -> Person:
    """Make an account. Raises Refused, with a sentence per field, for a name, address or password that will not do."""
    name, email = " ".join(name.split()), email.strip().lower()
    fields = {}
    if not name:
        fields["name"] = "Write your name."
    if not ADDRESS.fullmatch(email) or len(email) > 254:
        fields["email"] = "Write an e-mail address such as name@example.org."
    elif person_by_email(session, email):
        fields["email"] = "There is an account with this address already. Sign in instead."
    if password and len(password) < SHORTEST:
        fields["password"] = f"Choose a password with at least {SHORTEST} characters."
    if fields:
        raise Refused(*fields.values(), fields=fields)
    person = Person(
        name=name[:120], email=email, created_at=now, password_hash=hash_password(password) if password else None
    )
    session.add(person)
    session.flush()
    return person


def person_by_email(session: Session, email: str) -> Person | None:
    return session.scalars(select(Person).where(col(Person.email) == email.strip().lower())).first()


def actor_of(session: Session, person: Person, *, now: datetime) -> Actor:  # noqa: ARG001 - roles may have an end
    """The person with every role that they hold: granted ones, and those that teams and panels give. One query."""
    grants: Any = select(
        col(Grant.role).label("role"), col(Grant.scope).label("scope"), col(Grant.scope_id).label("scope_id"),
        col(Grant.limit_pounds).label("pounds"),
    ).where(col(Grant.person_id) == person.id, col(Grant.revoked_at).is_(None))  # fmt: skip
    leads = select(literal("team_lead"), literal("team"), col(Team.id), literal(None)).where(
        col(Team.lead_id) == person.id, stands_before(Team, "disband")
    )
    belongs = select(literal("team_member"), literal("team"), col(Membership.team_id), literal(None)).where(
        col(Membership.person_id) == person.id, stands_before(Membership, "leave")
    )
    seats = select(literal("panel_member"), literal("gate"), col(Panellist.gate_id), literal(None)).where(
        col(Panellist.person_id) == person.id
    )
    rows = session.execute(union_all(grants, leads, belongs, seats))
    return Actor(person.id, person.name, frozenset(Held(r.role, r.scope, r.scope_id, r.pounds) for r in rows))


def grant(
    session: Session, person: Person, role: str, *, actor: Actor, now: datetime, scope: str = "site",
    scope_id: int | None = None, limit_pounds: int | None = None,
) -> Grant:  # fmt: skip
    """Give a person a role in a scope; one that is held already only gets its limit changed.

    Raises Forbidden where the actor may not give this role, Refused for a role or scope that does not exist, NotFound
    for a round, challenge or team that does not.
    """
    _check_grant(role, scope, scope_id)
    _may_grant(actor, role, scope, scope_id)
    if scope_id is not None and session.get(SCOPED[scope], scope_id) is None:
        raise NotFound(f"There is no {scope} {scope_id}.")
    known: Grant | None = session.scalars(_current(person.id, role, scope, scope_id)).first()
    if known:
        known.limit_pounds = limit_pounds
        session.flush()
        return known
    made = Grant(person_id=person.id or 0, role=role, scope=scope, scope_id=scope_id, limit_pounds=limit_pounds,
                 granted_by_id=actor.id, granted_at=now)  # fmt: skip
    session.add(made)
    session.flush()
    return made


def revoke(
    session: Session, person: Person, role: str, *, actor: Actor, now: datetime, scope: str = "site",
    scope_id: int | None = None,
) -> None:  # fmt: skip
    """Take a role back. Raises Forbidden, or NotFound where the person does not hold it."""
    _may_grant(actor, role, scope, scope_id)
    known = session.scalars(_current(person.id, role, scope, scope_id)).first()
    if known is None:
        raise NotFound(f"{person.name} does not hold this role.")
    known.revoked_at = now
    session.flush()


def _current(person_id: int | None, role: str, scope: str, scope_id: int | None):  # type: ignore[no-untyped-def]
    where = (col(Grant.person_id) == person_id, col(Grant.role) == role, col(Grant.scope) == scope,
             col(Grant.revoked_at).is_(None))  # fmt: skip
    return select(Grant).where(
        *where, col(Grant.scope_id).is_(None) if scope_id is None else col(Grant.scope_id) == scope_id
    )


def _check_grant(role: str, scope: str, scope_id: int | None) -> None:
    if role not in ROLES:
        raise Refused(f"There is no role '{role}'; the roles are {', '.join(ROLES)}.")
    if scope not in SCOPES:
        raise Refused(f"There is no scope '{scope}'; the scopes are {', '.join(SCOPES)}.")
    if (scope == "site") != (scope_id is None):
        raise Refused("A role for the site has no number; every other scope needs the number of its record.")


def _may_grant(actor: Actor, role: str, scope: str, scope_id: int | None) -> None:
    """Who may give which role stands in the handbook: workflows/people.py."""
    scopes = {scope: scope_id} if scope != "site" else {}
    if not actor.automatic and not any(actor.holds(manager, scopes) for manager in MANAGED_BY[role]):
        names = " or a ".join(ROLES[manager].lower() for manager in MANAGED_BY[role])
        raise Forbidden(f"A {names} gives and takes this role.")


# Passwords


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password")


def hash_password(password: str) -> str:
    """Argon2id with the library's recommended parameters."""
    return _hasher().hash(password)


def set_password(session: Session, person: Person, password: str, *, now: datetime) -> None:
    """Set a password and end every sign-in of the person. Raises Refused for one that is too short."""
    check_length(password)
    person.password_hash = hash_password(password)
    end_all(session, person, now=now)


def check_length(password: str) -> None:
    """Raise Refused for a password that is too short."""
    if len(password) < SHORTEST:
        sentence = f"Choose a password with at least {SHORTEST} characters."
        raise Refused(sentence, fields={"password": sentence})


def check_password(session: Session, *, email: str, password: str) -> Person:
    """The person with this address and password. Raises Refused; it takes as long for an address that nobody has."""
    person = person_by_email(session, email)
    stored = person.password_hash if person and person.password_hash else _nobodys_hash()
    fits, fresh = _hasher().verify_and_update(password, stored)
    if not fits or person is None or person.password_hash is None or person.closed_at:
        sentence = "The address or the password does not fit. Try again, or have a link sent to you."
        raise Refused(sentence, fields={"password": sentence})
    if fresh:
        person.password_hash = fresh
    return person


# Tokens, links and sign-ins


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(
    session: Session, person: Person, *, now: datetime, lasts: timedelta = LINK_LASTS, reusable: bool = False
) -> str:
    """A token that signs the person in, once unless it is `reusable`; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    session.add(SignInLink(person_id=person.id or 0, token_hash=token_hash(token), created_at=now, expires_at=now + lasts,
                           reusable=reusable))  # fmt: skip
    session.flush()
    return token


def look_at_link(session: Session, token: str, *, now: datetime) -> Person | None:
    """Whom a link would sign in, without using it up; None for a link that is unknown, used or too old."""
    query = select(SignInLink, Person).join(Person, col(Person.id) == col(SignInLink.person_id))
    found = session.execute(query.where(col(SignInLink.token_hash) == token_hash(token))).first()
    if found is None:
        return None
    link, person = found
    good = link.expires_at > now and (link.reusable or link.used_at is None) and person.closed_at is None
    return person if good else None


def use_link(session: Session, token: str, *, now: datetime) -> Person:
    """Use a link up. Of two people who press at once, one signs in. Raises Refused for a link that is not good."""
    person = look_at_link(session, token, now=now)
    unused = or_(col(SignInLink.used_at).is_(None), col(SignInLink.reusable).is_(True))
    used = update(SignInLink).where(col(SignInLink.token_hash) == token_hash(token), unused).values(used_at=now)
    if person is None or session.connection().execute(used).rowcount != 1:
        raise Refused("This link has been used or is too old. Ask for another one.")
    return person


def sign_in(session: Session, person: Person, *, now: datetime, hours: int, browser: str = "") -> tuple[str, datetime]:
    """Sign a person in: the token for the browser, and when it ends."""
    token, until = secrets.token_urlsafe(32), now + timedelta(hours=hours)
    session.add(SignIn(person_id=person.id or 0, token_hash=token_hash(token), created_at=now, expires_at=until,
                       browser=browser[:200]))  # fmt: skip
    session.flush()
    return token, until


def person_of_token(session: Session, token: str, *, now: datetime) -> Person | None:
    """Who is signed in with this token; None once it has ended."""
    query = select(Person).join(SignIn, col(SignIn.person_id) == col(Person.id))
    query = query.where(
        col(SignIn.token_hash) == token_hash(token), col(SignIn.revoked_at).is_(None), col(SignIn.expires_at) > now,
        col(Person.closed_at).is_(None),
    )  # fmt: skip
    return session.scalars(query).first()


def sign_ins(session: Session, person: Person, *, now: datetime) -> list[SignIn]:
    """The person's sign-ins that have not ended, the newest first."""
    query = select(SignIn).where(
        col(SignIn.person_id) == person.id, col(SignIn.revoked_at).is_(None), col(SignIn.expires_at) > now
    )
    return list(session.scalars(query.order_by(col(SignIn.created_at).desc(), col(SignIn.id).desc())))


def end(session: Session, person: Person, sign_in_id: int, *, now: datetime) -> None:
    """End one of the person's sign-ins. Raises NotFound for somebody else's."""
    found = session.get(SignIn, sign_in_id)
    if found is None or found.person_id != person.id:
        raise NotFound("There is no such sign-in.")
    found.revoked_at = found.revoked_at or now
    session.flush()


def end_all(session: Session, person: Person, *, now: datetime) -> None:
    """End every sign-in of the person."""
    for found in sign_ins(session, person, now=now):
        found.revoked_at = now
    session.flush()


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End the sign-in with this token; an unknown one is no error."""
    session.connection().execute(
        update(SignIn)
        .where(col(SignIn.token_hash) == token_hash(token), col(SignIn.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def role_holders(session: Session) -> list[tuple[Person, str]]:
    """Everybody who holds a granted role, with each role in words, by address."""
    query = select(Person, Grant).join(Grant, col(Grant.person_id) == col(Person.id))
    query = query.where(col(Grant.revoked_at).is_(None)).order_by(col(Person.email), col(Grant.id))
    return [
        (person, held.role + ("" if held.scope == "site" else f" ({held.scope} {held.scope_id})")
         + (f", up to £{held.limit_pounds:,}" if held.limit_pounds is not None else ""))
        for person, held in session.execute(query)
    ]  # fmt: skip
