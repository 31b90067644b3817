"""A rule that lists and counts ask in SQL says the same there as on the page, for every record that there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Boolean, ColumnElement, literal_column, select
from sqlmodel import Session, col

from civflow.db import make_engine, new_session
from civflow.models import Application, Challenge, Grant, Person, Round, Team
from civflow.services.challenges.applicants import applicants
from civflow.services.challenges.seal import is_readable, number_sealed, seals
from civflow.services.engine import sql
from civflow.services.engine.access import in_sight
from civflow.services.engine.advance import advance
from civflow.services.engine.facts import facts
from civflow.services.notifications.facts import tells_of_nothing_sealed
from civflow.services.people.roles import actor_of
from civflow.services.search.sql import IS_PUBLISHED, may_know_of, may_read, sight_of
from civflow.services.teams.teams import invite
from civflow.workflows import HANDBOOK
from civflow.workflows.applications import the_seal_is_open
from civflow.workflows.challenges.rules import it_is_public, it_is_published
from civflow.workflows.engine import NOBODY, Actor, Case, Workflow
from civflow.workflows.engine.sight import may_see, needs_of
from tests.played import NOW
from tests.scenes.open_call import Call, grant, open_call
from tests.scenes.selection import applied, decided, released, score, sift

Cases = list[Case[Any]]


def cases(session: Session, page: Workflow, now: datetime) -> Cases:
    """Every record of a noun, as the rules about who sees it look at it, by nobody in particular."""
    session.flush()
    connection = session.connection()
    ids = [key for (key,) in connection.execute(select(page.table.c.id))]
    rows = sql.read(connection, page, needs_of(page), ids) if ids else []
    return [Case(page, row, NOBODY, now) for row in rows]


def by(actor: Actor, case: Case[Any]) -> Case[Any]:
    return Case(case.workflow, case.record, actor, case.now)


def ids_where(session: Session, page: Workflow, where: ColumnElement[bool]) -> set[int]:
    query = select(page.table.c.id).select_from(page.table).where(where)
    if page.name == "challenge":
        query = query.join(Round, col(Round.id) == page.table.c.round_id)
    return set(session.connection().execute(query).scalars())


def everybody(session: Session, now: datetime) -> Iterator[Actor]:
    """A stranger, one person for each role in each kind of scope that anybody holds, and all whose roles sleep somewhere."""
    yield NOBODY
    first: dict[tuple[str, str], int] = {}
    for held in session.scalars(select(Grant).where(col(Grant.revoked_at).is_(None)).order_by(col(Grant.id))):
        first.setdefault((held.role, held.scope), held.person_id)
    for key in sorted(set(first.values())):
        yield actor_of(session, session.get_one(Person, key), now=now)
    others = select(Person).where(
        col(Person.id).in_(select(col(Grant.person_id))), col(Person.id).not_in(first.values())
    )
    actors = [actor_of(session, person, now=now) for person in session.scalars(others)]
    yield from (actor for actor in actors if actor.applies_to)


def the_seal(session: Session, now: datetime) -> None:
    page = HANDBOOK["application"]
    opened = {c.record.id for c in cases(session, page, now) if the_seal_is_open.claim(c)}
    assert ids_where(session, page, is_readable(now)) == opened


def what_is_published(session: Session, now: datetime) -> None:
    page = HANDBOOK["challenge"]
    published = {c.record.id for c in cases(session, page, now) if it_is_published.claim(c)}
    assert ids_where(session, page, literal_column(IS_PUBLISHED, Boolean())) == published


def what_the_list_of_challenges_shows(session: Session, now: datetime) -> None:
    """Whoever is named to score a draft reads it from a link of their own, and it stands in no list of theirs."""
    page = HANDBOOK["challenge"]
    listed = [r for r in page.sees if r.role or r is it_is_public]
    assert [r.name for r in page.sees if r not in listed] == ["a_scorer_before_the_approval"]
    every = cases(session, page, now)
    for actor in everybody(session, now):
        sight = sight_of(actor)
        seen = {c.record.id for c in every if any(r.claim(by(actor, c)) for r in listed)}
        assert ids_where(session, page, may_know_of(sight) & may_read(sight)) == seen


# Lists of these leave out what is sealed, whoever looks.
AFTER_THE_SEAL = {"application": is_readable, "message": tells_of_nothing_sealed}


def what_a_role_sees(session: Session, now: datetime) -> None:
    """A list shows nothing that its reader may not open; and whoever sees by a role alone misses nothing in it."""
    for page in HANDBOOK.values():
        every, rules = cases(session, page, now), [r for r in page.sees if r.role]
        for actor in everybody(session, now):
            mine = {c.record.id: by(actor, c) for c in every}
            listed = ids_where(session, page, in_sight(actor, page.record))
            by_role = {key for key, c in mine.items() if any(r.claim(c) for r in rules)}
            assert by_role <= listed, f"{actor.name} misses some of the nouns “{page.name}”"
            if page.name in AFTER_THE_SEAL:
                listed &= ids_where(session, page, AFTER_THE_SEAL[page.name](now))
            seen = {key for key, c in mine.items() if may_see(c)}
            assert listed <= seen, f"{page.name} as {actor}"


def what_is_sealed(session: Session, now: datetime) -> None:
    challenges = session.scalars(select(Challenge)).all()
    sealed = seals(session, challenges, now=now)
    for challenge in challenges:
        number = number_sealed(session, col(Challenge.id) == challenge.id, now=now)
        assert number == (challenge.id in sealed)


def who_applies(session: Session, now: datetime) -> None:
    """The people who are told of a change are those that no scorer may be."""
    page = HANDBOOK["challenge"]
    query = select(page.table.c.id, facts()["challenge"]["applicant_ids"])
    for key, ids in session.connection().execute(query):
        assert {one.person.id for one in applicants(session, session.get_one(Challenge, key))} == set(ids)


RULES: dict[str, Callable[[Session, datetime], None]] = {
    rule.__name__: rule
    for rule in (
        the_seal,
        what_is_published,
        what_the_list_of_challenges_shows,
        what_a_role_sees,
        what_is_sealed,
        who_applies,
    )
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_in_the_played_demonstration(demonstration, rule):
    assert demonstration.scalar(select(col(Application.id)).limit(1)) is not None
    rule(demonstration, NOW)


@pytest.fixture(scope="module")
def demonstration(own_round) -> Iterator[Session]:
    engine = make_engine(own_round)
    with new_session(engine) as session:
        yield session
    engine.dispose()


def test_from_the_open_call_to_the_released_sift(scenes):
    """While teams write, once they have handed in, while they are assessed, and when some of them are out."""
    call = scenes.play(open_call)

    def agree() -> None:
        """Now, and when the call's deadline has just passed and nobody has closed it yet."""
        for rule in RULES.values():
            rule(call.session, call.now)
            rule(call.session, call.challenge.closes_at + timedelta(minutes=1))

    first, *_ = applied(call)
    _somebody_comes_and_goes(call, first)
    _an_applicant_is_given_roles(call, first)
    agree()
    manager, more = call.actor(call.manager), call.challenge.closes_at + timedelta(days=5)
    advance(call.session, first, "extend", actor=manager, now=call.now, closes_at=more, reason="Ill.")
    call.wait_until(call.closes_at)
    agree()
    advance(call.session, call.challenge, "reopen", actor=manager, now=call.now, closes_at=more, reason="More time.")
    agree()
    call.wait_until(more)
    advance(call.session, call.challenge, "begin_sift", actor=manager, now=call.now)
    gate = sift(call)
    score(call, gate)
    agree()
    decided(call, gate, going_on=3)
    released(call, gate)
    agree()


def _an_applicant_is_given_roles(call: Call, application: Application) -> None:
    """Roles for the site, the round and the challenge itself, each of which sleeps towards the challenge."""
    team, here = call.session.get_one(Team, application.team_id), call.challenge
    lead = call.session.get_one(Person, team.lead_id)
    for role in ("programme_manager", "approver", "auditor", "finance_officer"):
        grant(call.session, lead, role, call.now)
    grant(call.session, lead, "challenge_owner", call.now, scope="round", scope_id=here.round_id)
    grant(call.session, lead, "challenge_writer", call.now, scope="challenge", scope_id=here.id)


def _somebody_comes_and_goes(call: Call, application: Application) -> None:
    """A member of a team that applies who has left it."""
    team, former = call.session.get_one(Team, application.team_id), call.person("A Former Member")
    lead = call.session.get_one(Person, team.lead_id)
    asked = invite(call.session, team, former, actor=call.actor(lead), now=call.now)
    for trigger in ("accept", "leave"):
        advance(call.session, asked, trigger, actor=call.actor(former), now=call.now)
