"""An open call to apply to: a round with one challenge, its staff, and people who form teams. Made by the services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Document, Grant, Organisation, Person, Place, Round, Team
from civflow.services.applications.answers import form_in_hand, save_answers
from civflow.services.applications.begin import begin_application
from civflow.services.challenges.drafts import draft, write_challenge
from civflow.services.challenges.stages import gate_of
from civflow.services.documents import store as documents
from civflow.services.engine.advance import advance, begin
from civflow.services.engine.deadlines import take_due_steps
from civflow.services.people import actor_of
from civflow.services.programmes.store import programme_of, store
from civflow.services.teams.teams import create_team
from civflow.workflows.engine import CIVFLOW, Actor
from civflow.workflows.programme import Form, read_programme, shipped_programmes

OPEN_FOR = timedelta(days=28)


@dataclass
class Call:
    """One open challenge and its staff; `now` moves with `wait_until`."""

    session: Session
    now: datetime
    challenge: Challenge
    manager: Person
    owner: Person

    @property
    def closes_at(self) -> datetime:
        assert self.challenge.closes_at
        return self.challenge.closes_at

    def actor(self, person: Person) -> Actor:
        return actor_of(self.session, person, now=self.now)

    def person(self, name: str, *skills: str) -> Person:
        return a_person(self.session, name, now=self.now, skills=skills)

    def team(self, name: str, lead: Person) -> Team:
        return create_team(self.session, name=name, lead=lead, actor=self.actor(lead), now=self.now)

    def application(self, team: Team, *, complete: bool = False) -> Application:
        """A draft of the team; `complete` answers every question."""
        lead = self.actor(self.session.get_one(Person, team.lead_id))
        application = begin_application(self.session, self.challenge, team, actor=lead, now=self.now)
        if complete:
            save_answers(self.session, application, self.answers(application), actor=lead, now=self.now)
        return application

    def form(self, application: Application) -> Form:
        return form_in_hand(programme_of(self.session, self.challenge), application)[1]

    def answers(self, application: Application) -> dict[str, str]:
        return {q.id: f"Our words about {q.title.lower()}" for q in self.form(application).questions}

    def wait_until(self, moment: datetime) -> None:
        """Let the time pass, and the clock do what is due."""
        self.now = moment
        take_due_steps(self.session, now=moment)
        self.session.expire_all()

    def goes_on(self, application: Application, *stages: str) -> None:
        """The application is taken on to these stages, as the release of each gate does it."""
        for stage in stages:
            advance(self.session, application, "go_on", actor=CIVFLOW, now=self.now)
            assert application.stage == stage

    def asks_for_a_proposal(self, application: Application, *, until: datetime) -> None:
        """The application stands before the pitch, where an improved proposal is asked for."""
        application.stage = "pitch"
        gate_of(self.session, self.challenge, "pitch").resubmit_by = until
        self.session.flush()

    def make_documents(self, files: Path) -> None:
        """Every document that was asked for is there; its bytes do not matter here."""
        for document in self.session.scalars(select(Document).where(col(Document.made_at).is_(None))).all():
            documents.keep(self.session, document, f"%PDF {document.key}".encode(), files=files, now=self.now)


def a_person(session: Session, name: str, *, now: datetime, skills: tuple[str, ...] = ()) -> Person:
    person = Person(
        email=f"{name.lower().replace(' ', '.')}@example.org", name=name, created_at=now, skills=list(skills)
    )
    session.add(person)
    session.flush()
    return person


def grant(session: Session, person: Person, role: str, now: datetime, **scope: object) -> None:
    session.add(Grant(person_id=person.id, role=role, granted_at=now, **{"scope": "site", **scope}))
    session.flush()


def open_call(session: Session, now: datetime, *, late_access_hours: int = 0) -> Call:
    """A challenge of the shipped programme that opens now and closes four weeks later."""
    manager, owner = (a_person(session, name, now=now) for name in ("Morag Sinclair", "Hamish Drummond"))
    grant(session, manager, "programme_manager", now)
    grant(session, manager, "approver", now, limit_pounds=1_000_000)
    source = shipped_programmes()["civtech"].source
    if late_access_hours:
        closing = '    closes_at: "12:00"\n'
        source = source.replace(closing, f"{closing}    late_access_hours: {late_access_hours}\n")
    programme = store(session, read_programme(source), now=now)
    round_ = Round(
        programme_id=programme.id,
        slug="a-round",
        title="A round",
        budget_pounds=5_000_000,
        starts_at=now,
        ends_at=now + timedelta(days=300),
        state="",
        since=now,
    )
    begin(session, round_, actor=CIVFLOW, now=now)
    sponsor = Organisation(legal_name="Invented Council", kind="public_body")
    session.add(sponsor)
    session.flush()
    challenge = draft(
        session,
        round_=round_,
        sponsor=sponsor,
        title="Flooding impact",
        reference="11.2",
        now=now,
        question="How might we see a flood coming?",
        actor=actor_of(session, manager, now=now),
    )
    grant(session, owner, "challenge_owner", now, scope="challenge", scope_id=challenge.id)
    call = Call(session, now, challenge, manager, owner)
    _open(call, round_)
    return call


def _open(call: Call, round_: Round) -> None:
    session, now, challenge = call.session, call.now, call.challenge
    manager = call.actor(call.manager)
    sections = {section.id: "Words." for section in programme_of(session, challenge).brief}
    write_challenge(
        session,
        challenge,
        actor=call.actor(call.owner),
        now=now,
        sections=sections,
        opens_at=now,
        closes_at=now + OPEN_FOR,
        decision_promised_at=now + 2 * OPEN_FOR,
        money_pounds=650_000,
        budget_holder="A director",
        route_to_adoption="The service team takes it over.",
        sponsor_time="A day a week.",
        data_access="There is none.",
        exit_if_too_expensive="The sponsor keeps what was learnt.",
    )
    advance(session, challenge, "submit_for_review", actor=call.actor(call.owner), now=now)
    advance(session, challenge, "approve", actor=manager, now=now)
    advance(session, round_, "open", actor=manager, now=now)
    advance(session, challenge, "open", actor=manager, now=now)


def place_of(session: Session, application: Application) -> Place:
    return session.scalars(select(Place).where(col(Place.application_id) == application.id)).one()
