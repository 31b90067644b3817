"""A gate at work: two applications before the sift, a panel of three, and its chair. Made by the services."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Conflict, Gate, Membership, Person, Score
from civflow.services.applications.submission import submit
from civflow.services.assessment.gates import scorecard_of
from civflow.services.assessment.scores import record_score
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.workflows.engine import CIVFLOW
from tests.scenes.open_call import Call, grant

NAMES = ("Priya Raeburn", "Omar Tait")  # who leads Otter Works and Heron Labs


@dataclass
class Panel:
    """The gate, its two applications and its people; the first of the panel chairs it."""

    call: Call
    gate: Gate
    otter: Application
    heron: Application
    people: list[Person]
    approver: Person
    leads: list[Person] = field(default_factory=list)

    @property
    def session(self) -> Session:
        return self.call.session

    @property
    def chair(self) -> Person:
        return self.people[0]

    def take(self, person: Person, trigger: str, **inputs: object) -> None:
        """A step of the gate, taken by this person."""
        advance(self.session, self.gate, trigger, actor=self.call.actor(person), now=self.call.now, **inputs)

    def assignment(self, person: Person, application: Application) -> Assignment:
        query = select(Assignment).where(
            col(Assignment.assessor_id) == person.id, col(Assignment.application_id) == application.id
        )
        return self.session.scalars(query).one()

    def accept(self, assignment: Assignment, person: Person) -> None:
        actor = self.call.actor(person)
        advance(self.session, assignment, "accept", actor=actor, now=self.call.now, no_conflict=True)

    def score(self, assignment: Assignment, person: Person, *, value: int = 3, why: str = "Good.") -> None:
        """Every criterion gets this score and reason."""
        for criterion in scorecard_of(self.session, self.gate).criteria:
            record_score(
                self.session,
                assignment,
                criterion=criterion.id,
                value=value,
                why=why,
                actor=self.call.actor(person),
                now=self.call.now,
            )

    def submit(self, assignment: Assignment, person: Person) -> None:
        advance(self.session, assignment, "submit", actor=self.call.actor(person), now=self.call.now)

    def everybody_scores(self, *, equal: bool = False) -> None:
        """Each member of the panel accepts, scores and submits each application: Otter Works is ahead or `equal`."""
        for number, person in enumerate(self.people):
            for value, application in ((3, self.otter), (3 if equal else 2, self.heron)):
                assignment = self.assignment(person, application)
                if assignment.declared_at is None:
                    self.accept(assignment, person)
                self.score(assignment, person, value=value, why=f"Reason {number} about {application.reference}.")
                self.submit(assignment, person)

    def a_score(self, application: Application) -> Score:
        query = select(Score).join(Assignment, col(Assignment.id) == col(Score.assignment_id))
        return self.session.scalars(
            query.where(col(Assignment.application_id) == application.id).order_by(col(Score.id))
        ).first()  # type: ignore[return-value]

    def declares(self, person: Person, application: Application) -> None:
        """A conflict with the team goes on record."""
        self.session.add(
            Conflict(person_id=person.id or 0, team_id=application.team_id, why="Kin.", declared_at=self.call.now)
        )
        self.session.flush()

    def joins(self, person: Person, application: Application) -> Membership:
        """The person is in the team, whoever they are."""
        membership = Membership(
            team_id=application.team_id,
            person_id=person.id or 0,
            state="active",
            since=self.call.now,
            joined_at=self.call.now,
        )
        self.session.add(membership)
        self.session.flush()
        return membership


def sift_panel(call: Call) -> Panel:
    """The sift scores: two applications, three assessors who are invited to each, and an approver."""
    session, manager = call.session, call.actor(call.manager)
    leads = [call.person(name) for name in NAMES]
    otter, heron = (
        call.application(call.team(name, lead), complete=True)
        for name, lead in zip(("Otter Works", "Heron Labs"), leads, strict=True)
    )
    for application, lead in ((otter, leads[0]), (heron, leads[1])):
        submit(session, application, actor=call.actor(lead), now=call.now)
    call.wait_until(call.closes_at)
    gate = gate_of(session, call.challenge, "sift")
    advance(session, call.challenge, "begin_sift", actor=manager, now=call.now)
    people = [call.person(f"Assessor {name}") for name in ("One", "Two", "Three")]
    for person, side in zip(people, ("programme", "sponsor", "expert"), strict=True):
        advance(
            session,
            gate,
            "seat",
            actor=manager,
            now=call.now,
            person_id=person.id,
            side=side,
            chairs=person is people[0],
        )
    advance(session, gate, "match", actor=manager, now=call.now)
    advance(session, gate, "start", actor=CIVFLOW, now=call.now)
    approver = call.person("Una Galbraith")
    grant(session, approver, "approver", call.now, limit_pounds=1_000_000)
    return Panel(call, gate, otter, heron, people, approver, leads)
