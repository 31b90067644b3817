"""However many rows a page shows, the database is asked the same number of statements."""

from __future__ import annotations

from datetime import timedelta

import pytest

from civflow.models import Application, Deliverable, Gate, Person, Place, Round, Sprint, Team
from civflow.services.applications.submission import submit
from civflow.services.challenges.drafts import draft
from civflow.services.live_sessions import sessions
from civflow.services.teams.teams import invite
from civflow.workflows import HANDBOOK
from tests.scenes.open_call import Call, grant, place_of
from tests.web.visitor import Visitor, an_app, statements


@pytest.fixture
def lead(call) -> Person:
    return call.person("Priya Raeburn", "water", "python")


@pytest.fixture
def place(call, session, lead) -> Place:
    """Where the lead's team works with the sponsor."""
    application = call.application(call.team("Otter Works", lead), complete=True)
    submit(session, application, actor=call.actor(lead), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(application, "interview", "exploration")
    return place_of(session, application)


def test_a_list_asks_the_same_of_one_row_and_of_many(settings, engine, session, call, lead, place):
    approver = call.person("Una Approver")
    grant(session, approver, "approver", call.now, limit_pounds=5_000_000)
    pages = [
        (lead, "/teams"),
        (lead, f"/teams/{place.team_id}"),
        (lead, f"/delivery/{place.id}"),
        (lead, "/"),
        (lead, "/applications"),
        (call.manager, f"/challenges/{call.challenge.slug}/sessions"),
        (approver, "/"),
    ]
    app = an_app(settings, engine, lambda: call.now)
    more_of_everything(call, place, lead, 90)
    looks = [(Visitor(app).sign_in(session, person, now=call.now), path) for person, path in pages]

    of_one = [asked(engine, *look) for look in looks]
    for number in range(80, 90):
        more_of_everything(call, place, lead, number)
    session.commit()
    assert [asked(engine, *look) for look in looks] == of_one


def asked(engine, visitor: Visitor, path: str) -> tuple[str, int]:
    visitor.page(path)
    with statements(engine) as found:
        visitor.page(path)
    return path, len(found)


def more_of_everything(call: Call, place: Place, lead: Person, number: int) -> None:
    """A member, two teams, an application, a live session, a sprint, a deliverable, and an open challenge with a result."""
    name = f"Number {number}"
    session, now, manager = call.session, call.now, call.actor(call.manager)
    keys = {"round_id": place.round_id, "challenge_id": place.challenge_id, "since": now}
    work = {**keys, "team_id": place.team_id, "place_id": place.id}
    invite(
        session, session.get_one(Team, place.team_id), call.person(f"{name} Member"), actor=call.actor(lead), now=now
    )
    works = call.team(f"{name} Works", lead)
    session.add(
        Application(
            reference=name, state="in_progress", stage="interview", submitted_at=now, **{**keys, "team_id": works.id}
        )
    )
    call.team(f"{name} Labs", call.person(f"{name} Lead")).looking_for = ["water"]
    sessions.schedule(
        session,
        call.challenge,
        actor=manager,
        now=now,
        title=name,
        link="https://example.org",
        starts_at=now + timedelta(days=3),
        ends_at=now + timedelta(days=3, hours=1),
    )
    session.add(Deliverable(title=name, done_when="It is.", due_at=now, state=HANDBOOK["deliverable"].initial, **work))
    session.add(
        Sprint(number=number, starts_at=now, ends_at=now + timedelta(days=14), state=HANDBOOK["sprint"].initial, **work)
    )
    challenge = draft(
        session,
        round_=session.get_one(Round, place.round_id),
        sponsor=None,
        title=f"{name}: water",
        actor=manager,
        now=now,
    )
    challenge.state, challenge.version, challenge.closes_at = "open", 1, now + timedelta(days=9)
    waits = HANDBOOK["gate"].sources("approve")[0]
    session.add(Gate(stage="sift", cap=3, state=waits, **{**keys, "challenge_id": challenge.id}))
    session.flush()
