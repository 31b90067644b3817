"""Who is told of a step of any noun: those who have a role there, and the person whom the record is about."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from civflow.models import Person
from civflow.services.notifications.registry import audience, staff_of


@audience
def tell_the_programme_managers(session: Session, record: Any) -> list[Person]:
    return staff_of(session, record, "programme_manager")


@audience
def tell_the_approvers(session: Session, record: Any) -> list[Person]:
    return staff_of(session, record, "approver")


@audience
def tell_the_challenge_owners(session: Session, record: Any) -> list[Person]:
    return staff_of(session, record, "challenge_owner")


@audience
def tell_the_person(session: Session, record: Any) -> list[Person]:
    return [session.get_one(Person, record.person_id)]
