"""Accounts: who is known, by which name and address."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Person
from civflow.services.formatting import on_one_line
from civflow.services.people.passwords import hash_password, why_not
from civflow.workflows.engine import Refused

LONGEST_NAME = 120
ADDRESS_IN_IT = re.compile(r"://|www\.", re.IGNORECASE)
ADDRESS = re.compile(
    r"[^@\s\x00-\x1f,;:<>()\[\]\"\\]+@[^@\s\x00-\x1f,;:<>()\[\]\"\\]+\.[^@\s\x00-\x1f,;:<>()\[\]\"\\]+"
)


def add_person(session: Session, *, name: str, email: str, now: datetime, password: str = "") -> Person:
    """Make an account. Raises Refused, with a sentence per field, for a name, address or password that will not do."""
    fields = {}
    if why := why_no_name(name):
        fields["name"] = why
    name, email = on_one_line(name), email.strip().lower()
    if not ADDRESS.fullmatch(email) or len(email) > 254:
        fields["email"] = "Write an e-mail address such as name@example.org."
    elif person_by_email(session, email):
        fields["email"] = "There is an account with this address already. Sign in instead."
    if password and why_not(password):
        fields["password"] = why_not(password)
    if fields:
        raise Refused(*fields.values(), fields=fields)
    person = Person(name=name, email=email, created_at=now, password_hash=hash_password(password) if password else None)
    session.add(person)
    session.flush()
    return person


def welcome(session: Session, *, name: str, email: str, now: datetime) -> Person:
    """Somebody who wants an account: a new person without a password, or whoever has the address already.

    Only a link that is sent there signs them in, so nobody gets an account with another's address. Raises Refused.
    """
    known = person_by_email(session, email)
    if known and not why_no_name(name):
        return known
    return add_person(session, name=name, email=email, now=now)


def rename(person: Person, name: str) -> None:
    """Give a person another name. Raises Refused for none."""
    if sentence := why_no_name(name, whose="your"):
        raise Refused(sentence, fields={"name": sentence})
    person.name = on_one_line(name)


def person_by_email(session: Session, email: str) -> Person | None:
    return session.scalars(select(Person).where(col(Person.email) == email.strip().lower())).first()


def why_no_name(name: str, *, whose: str = "a") -> str:
    """A sentence that says what to write instead; '' for a name. Names stand in messages: none carries an address."""
    name = on_one_line(name)
    if not 0 < len(name) <= LONGEST_NAME:
        return f"Write {whose} name, with at most {LONGEST_NAME} characters."
    return f"Write {whose} name alone, without the address of a page." if ADDRESS_IN_IT.search(name) else ""
