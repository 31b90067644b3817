"""Who is told of a step of any noun: those who have a role there, and the person whom the record is about."""

from __future__ import annotations

from sqlmodel import Session

from civflow.models import Person
from civflow.services.notifications.registry import audience, staff_of
from civflow.services.notifications.taken import Taken


@audience
def the_programme_managers(session: Session, step: Taken) -> list[Person]:
    return staff_of(session, step.record, "programme_manager")


@audience
def the_approvers(session: Session, step: Taken) -> list[Person]:
    return staff_of(session, step.record, "approver")


@audience
def the_challenge_owners(session: Session, step: Taken) -> list[Person]:
    return staff_of(session, step.record, "challenge_owner")


@audience
def the_person(session: Session, step: Taken) -> list[Person]:
    return [session.get_one(Person, step.record.person_id)]
