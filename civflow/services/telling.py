"""Telling: the effects that tell people what happened, and what a person who is about to press can see of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Panellist, Person, Round, Team
from civflow.services.applicants import NOBODY_READS_WHO
from civflow.services.closing import are_sealed
from civflow.services.effects import Move, effect_named
from civflow.services.messages import holders, members, post_all, write
from civflow.services.naming import path_of
from civflow.services.step_letters import words
from civflow.services.wording import count
from civflow.workflows.applications import OVER
from civflow.workflows.engine import Actor, Step, Workflow

SOMEBODY = Person(name="(the reader's name)", email="")  # of a team whose name is sealed
OF_TEAMS = ("tell_the_applicants",)
Audience = Callable[[Session, Any], list[Person]]
AUDIENCES: dict[str, Audience] = {}
LETTERS = {("challenge", "cancel"): "cancelled"}  # steps with a letter of their own: the name of its template


def tells(audience: Audience) -> Audience:
    """Make an effect of a function that says who is told; the effect has the function's name."""

    def tell(session: Session, move: Move) -> None:
        context = words(session, move.workflow, move.step, move.record, move.actor, move.reason, audience.__name__)
        about = path_of(move.record)
        key = f"{move.workflow.name}-{move.record.id}-{move.record.revision}-{move.step.name}"
        kind = LETTERS.get((move.workflow.name, move.step.name), "step")
        post_all(
            session,
            [
                write(person=person, kind=kind, about=about, now=move.now, key=f"{key}-{person.id}", **context)
                for person in audience(session, move.record)
                if person.id != move.actor.id
            ],
            now=move.now,
        )

    AUDIENCES[audience.__name__] = audience
    effect_named(audience.__name__, tell)
    return audience


class Preview(NamedTuple):
    """Who would be told of a step, by name, and the message to the first of them; `teams` of a sealed call have no names."""

    people: list[str]
    subject: str
    body: str
    teams: bool = False

    @property
    def sentence(self) -> str:
        number = f"{count(len(self.people), 'person', 'people')} {'is' if len(self.people) == 1 else 'are'} told."
        return " ".join([number] * bool(self.people) + [NOBODY_READS_WHO] * self.teams)


def preview(
    session: Session, workflow: Workflow, step: Step, record: Any, *, actor: Actor, now: datetime, reason: str = ""
) -> Preview | None:
    """What people would be sent if the step were taken now; None where nobody is told this way."""
    found: dict[int | None, tuple[Person, str]] = {}
    sealed = isinstance(record, Challenge) and are_sealed(session, record, now=now)
    for name in step.then:
        if sealed and name in OF_TEAMS:
            found.setdefault(None, (SOMEBODY, name))
            continue
        for person in AUDIENCES[name](session, record) if name in AUDIENCES else ():
            found.setdefault(person.id, (person, name))
    told = [(person, name) for key, (person, name) in found.items() if key != actor.id]
    if not told:
        return None
    people = [person for person, _ in told]
    reason = reason or ("(your reason)" if step.reason else "")
    given = {ask.name: "(the moment that you give)" for ask in step.asks if ask.kind == "moment"}
    context = words(session, workflow, step, record, actor, reason, told[0][1], given=given)
    kind = LETTERS.get((workflow.name, step.name), "step")
    message = write(person=people[0], kind=kind, key="", about="", now=now, **context)
    names = [person.name for person in people if person is not SOMEBODY]
    return Preview(names, message.subject, message.body, teams=SOMEBODY in people)


def _staff(session: Session, record: Any, role: str) -> list[Person]:
    round_id = record.id if isinstance(record, Round) else getattr(record, "round_id", None)
    challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
    return holders(session, role, round_id=round_id, challenge_id=challenge_id)


def _team_id(record: Any) -> int:
    found: int = (record.id or 0) if isinstance(record, Team) else record.team_id
    return found


@tells
def tell_the_programme_managers(session: Session, record: Any) -> list[Person]:
    return _staff(session, record, "programme_manager")


@tells
def tell_the_approvers(session: Session, record: Any) -> list[Person]:
    return _staff(session, record, "approver")


@tells
def tell_the_challenge_owners(session: Session, record: Any) -> list[Person]:
    return _staff(session, record, "challenge_owner")


@tells
def tell_the_members(session: Session, record: Any) -> list[Person]:
    return members(session, _team_id(record))


@tells
def tell_the_team(session: Session, record: Any) -> list[Person]:
    return members(session, _team_id(record))


@tells
def tell_the_person(session: Session, record: Any) -> list[Person]:
    return [session.get_one(Person, record.person_id)]


@tells
def tell_the_team_lead(session: Session, record: Any) -> list[Person]:
    return [session.get_one(Person, session.get_one(Team, _team_id(record)).lead_id)]


@tells
def tell_the_assessor(session: Session, record: Any) -> list[Person]:
    return [session.get_one(Person, record.assessor_id)]


@tells
def tell_the_panel(session: Session, record: Any) -> list[Person]:
    query = select(Person).join(Panellist, col(Panellist.person_id) == col(Person.id))
    return list(session.scalars(query.where(col(Panellist.gate_id) == record.id).order_by(col(Person.id))))


@tells
def tell_both_sides(session: Session, record: Any) -> list[Person]:
    people = {p.id: p for p in [*members(session, record.team_id), *_staff(session, record, "challenge_owner")]}
    return list(people.values())


@tells
def tell_the_applicants(session: Session, record: Any) -> list[Person]:
    """Every member of every team whose application has not ended: of those that write, wait, work or have won."""
    query = select(col(Application.team_id)).where(col(Application.challenge_id) == record.id)
    query = query.where(col(Application.state).not_in(OVER)).order_by(col(Application.team_id))
    return list({p.id: p for team in session.scalars(query) for p in members(session, team)}.values())
