"""Signing in: with a password or a link, for a while, and out again. Only hashes of tokens are kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session, col

from civflow.models import Person, SignIn, SignInLink
from civflow.services.people.accounts import person_by_email
from civflow.services.people.passwords import hash_password, verify, why_not
from civflow.workflows.engine import NotFound, Refused

LINK_LASTS = timedelta(minutes=15)
KEPT = timedelta(days=2)  # how long a sign-in or a link that has ended is kept


def set_password(session: Session, person: Person, password: str, *, now: datetime) -> None:
    """Set a password and end every sign-in of the person. Raises Refused for one that will not do."""
    sentence = why_not(password, person)
    if sentence:
        raise Refused(sentence, fields={"password": sentence})
    person.password_hash = hash_password(password)
    end_all(session, person, now=now)


def check_password(session: Session, *, email: str, password: str) -> Person:
    """The person with this address and password. Raises Refused; it takes as long for an address that nobody has."""
    person = person_by_email(session, email)
    fits, fresh = verify(password, person.password_hash if person else None)
    if not fits or person is None or person.closed_at:
        sentence = "The address or the password does not fit. Try again, or have a link sent to you."
        raise Refused(sentence, fields={"password": sentence})
    if fresh:
        person.password_hash = fresh
    return person


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(
    session: Session, person: Person, *, now: datetime, lasts: timedelta = LINK_LASTS, reusable: bool = False
) -> str:
    """A token that signs the person in, once unless it is `reusable`."""
    token = secrets.token_urlsafe(24)
    session.add(
        SignInLink(
            person_id=person.id or 0,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + lasts,
            reusable=reusable,
        )
    )
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


def link_of(session: Session, token: str) -> SignInLink | None:
    """The link with this token, good or not: its page says why it is not."""
    return session.scalars(select(SignInLink).where(col(SignInLink.token_hash) == token_hash(token))).first()


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
    session.add(
        SignIn(
            person_id=person.id or 0,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=until,
            browser=browser[:200],
        )
    )
    session.flush()
    return token, until


def person_of_token(session: Session, token: str, *, now: datetime) -> Person | None:
    """Who is signed in with this token; None once it has ended."""
    query = select(Person).join(SignIn, col(SignIn.person_id) == col(Person.id))
    query = query.where(
        col(SignIn.token_hash) == token_hash(token),
        col(SignIn.revoked_at).is_(None),
        col(SignIn.expires_at) > now,
        col(Person.closed_at).is_(None),
    )
    return session.scalars(query).first()


def sign_in_of(session: Session, token: str) -> int | None:
    """The number of the sign-in with this token."""
    return session.scalars(select(col(SignIn.id)).where(col(SignIn.token_hash) == token_hash(token))).first()


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
    """End every sign-in of the person, and every link that could still make one."""
    for found in sign_ins(session, person, now=now):
        found.revoked_at = now
    open_links = (col(SignInLink.person_id) == person.id, col(SignInLink.reusable).is_(False))
    session.execute(update(SignInLink).where(*open_links, col(SignInLink.expires_at) > now).values(expires_at=now))
    session.flush()


def sign_out(session: Session, token: str, *, now: datetime) -> None:
    """End the sign-in with this token; an unknown one is no error."""
    session.connection().execute(
        update(SignIn)
        .where(col(SignIn.token_hash) == token_hash(token), col(SignIn.revoked_at).is_(None))
        .values(revoked_at=now)
    )


def forget(session: Session, *, now: datetime) -> int:
    """Delete sign-ins and their links that ended KEPT ago or longer; how many."""
    gone = 0
    for table in (SignIn, SignInLink):
        old = delete(table).where(col(table.expires_at) < now - KEPT)
        gone += session.connection().execute(old).rowcount
    return gone
