"""Roles and memberships that exclude each other, given at the same moment: the second is refused, or the role sleeps."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import Session

from civflow.models import Application, Challenge, Membership, Person, Team
from civflow.services.applications.begin import apply_alone, begin_application
from civflow.services.engine.advance import advance
from civflow.services.people import roles
from civflow.services.teams.teams import invite
from civflow.workflows.applications import nobody_in_the_team_runs_it
from tests.scenes.open_call import Call, grant
from tests.two_at_once import Other, Press


def second(engine, session: Session, first: Press, then: Press) -> tuple[str, ...]:
    """The sentences that the second of two people reads, who presses before the first one's step is committed."""
    first(session)
    other = Other(engine, then).start()
    assert other.waits
    session.commit()
    refusal = other.ends()
    session.expire_all()
    return refusal.sentences if refusal else ()


BOTH_ORDERS = pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["one first", "other first"])


@BOTH_ORDERS
def test_two_administrators_do_not_revoke_each_other(engine, call, session, order):
    ada, una = call.person("Ada Innes"), call.person("Una Galbraith")
    for person in (ada, una):
        grant(session, person, "administrator", call.now)
    session.commit()

    def taking(from_whom: Person, by: Person) -> Press:
        actor, key = call.actor(by), from_whom.id
        return lambda s: roles.revoke(s, s.get_one(Person, key), "administrator", actor=actor, now=call.now)

    read = second(engine, session, *[taking(una, ada), taking(ada, una)][order])
    kept = {"Ada Innes", "Una Galbraith"} & {person.name for person, _ in roles.role_holders(session)}
    (left,) = kept
    assert read == (f"{left} is the only administrator. Give the role to somebody else first.",)


def owning(call: Call, person: Person) -> Press:
    """The person is made an owner of the challenge, by the programme manager."""
    actor, key, challenge = call.actor(call.manager), person.id, call.challenge.id
    return lambda s: roles.grant(
        s, s.get_one(Person, key), "challenge_owner", actor=actor, now=call.now, scope="challenge", scope_id=challenge
    )


def owning_the_round(call: Call, person: Person) -> Press:
    actor, key, round_id = call.actor(call.manager), person.id, call.challenge.round_id
    return lambda s: roles.grant(
        s, s.get_one(Person, key), "challenge_owner", actor=actor, now=call.now, scope="round", scope_id=round_id
    )


def owns_it(call: Call, person: Person) -> bool:
    challenge = call.challenge
    return call.actor(person).holds("challenge_owner", {"challenge": challenge.id, "round": challenge.round_id})


RUNS = "The person does not run or decide on a challenge to which the team has applied."


@BOTH_ORDERS
def test_nobody_joins_an_applicant_while_they_are_made_an_owner(engine, call, session, order):
    priya, tom = call.person("Priya Raeburn"), call.person("Tom Baird")
    team = call.team("Otter Works", priya)
    call.application(team)
    asked = invite(session, team, tom, actor=call.actor(priya), now=call.now)
    session.commit()
    actor, key = call.actor(tom), asked.id

    def joining(s: Session) -> None:
        advance(s, s.get_one(Membership, key), "accept", actor=actor, now=call.now)

    read = second(engine, session, *[joining, owning(call, tom)][order])
    joined = asked.state == "active"
    assert (read, owns_it(call, tom)) == (() if joined else (RUNS,), not joined)


@BOTH_ORDERS
@pytest.mark.parametrize("making", [owning, owning_the_round], ids=["of the challenge", "of the round"])
def test_no_team_applies_while_a_member_is_made_an_owner(engine, call, session, order, making):
    priya = call.person("Priya Raeburn")
    team = call.team("Otter Works", priya)
    session.commit()
    actor, team_id, challenge = call.actor(priya), team.id, call.challenge.id

    def applying(s: Session) -> None:
        begin_application(s, s.get_one(Challenge, challenge), s.get_one(Team, team_id), actor=actor, now=call.now)

    read = second(engine, session, *[applying, making(call, priya)][order])
    began = session.scalars(select(Application)).first() is not None
    assert (read, owns_it(call, priya)) == (() if began else (nobody_in_the_team_runs_it.sentence,), not began)


@BOTH_ORDERS
def test_nobody_applies_alone_while_they_are_made_an_owner(engine, call, session, order):
    priya = call.person("Priya Raeburn")
    session.commit()
    key, challenge = priya.id, call.challenge.id

    def applying(s: Session) -> None:
        apply_alone(s, s.get_one(Challenge, challenge), s.get_one(Person, key), now=call.now)

    read = second(engine, session, *[applying, owning(call, priya)][order])
    began = session.scalars(select(Application)).first() is not None
    assert (read == (), owns_it(call, priya)) == (began, not began)
