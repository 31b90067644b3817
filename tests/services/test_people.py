"""People: accounts, passwords, links that are used once, sign-ins that end, and roles in a scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Grant, Panellist, Person, SignIn, SignInLink
from civflow.models.people import ROLES
from civflow.services import people
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.services.people.passwords import hash_password
from civflow.services.teams.teams import invite
from civflow.workflows.engine import CIVFLOW, Actor, Forbidden, NotFound, Refused, RoleHeld
from tests.scenes.open_call import a_person, grant

ADDRESS = "Write an e-mail address such as name@example.org."
NOT_FITTING = "The address or the password does not fit. Try again, or have a link sent to you."
USED = "This link has been used or is too old. Ask for another one."
PASSWORD = "seven green kettles"


@pytest.fixture(scope="module")
def hashed() -> str:
    """Hashing takes long on purpose, so it is done once."""
    return hash_password(PASSWORD)


@pytest.fixture
def priya(session, now, hashed) -> Person:
    person = Person(name="Priya Raeburn", email="priya@example.org", password_hash=hashed, created_at=now)
    session.add(person)
    session.flush()
    return person


# Accounts ------------------------------------------------------------------------------------------------------------


def test_a_name_and_an_address_are_kept_as_everybody_reads_them(session, now):
    person = people.add_person(session, name=" Priya \n  Rae\u200bburn ", email=" Priya@Example.ORG ", now=now)
    assert (person.name, person.email, person.password_hash) == ("Priya Raeburn", "priya@example.org", None)
    assert people.person_by_email(session, "PRIYA@example.org ") is person


def test_a_password_is_kept_only_as_its_hash(session, now):
    person = people.add_person(session, name="Priya", email="priya@example.org", password=PASSWORD, now=now)
    assert person.password_hash.startswith("$argon2id$")
    assert PASSWORD not in person.password_hash
    assert people.check_password(session, email=person.email, password=PASSWORD) is person


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"name": " \u200b"}, {"name": "Write a name, with at most 120 characters."}),
        ({"name": "x" * 121}, {"name": "Write a name, with at most 120 characters."}),
        ({"email": "nobody"}, {"email": ADDRESS}),
        ({"email": "two@example.org,three@example.org"}, {"email": ADDRESS}),
        ({"email": "a@b.org\nBcc: c@example.org"}, {"email": ADDRESS}),
        ({"email": f"{'x' * 250}@example.org"}, {"email": ADDRESS}),
        ({"email": "PRIYA@example.org"}, {"email": "There is an account with this address already. Sign in instead."}),
        ({"password": "short"}, {"password": "Choose a password with at least 12 characters, and at most 200."}),
        (
            {"password": "abababababababab"},
            {
                "password": "Choose a password that nobody would guess: three words that only you would put together are"
                " good."
            },
        ),
        ({"name": "", "email": ""}, {"name": "Write a name, with at most 120 characters.", "email": ADDRESS}),
    ],
)
def test_what_will_not_do_is_refused_at_its_field(session, priya, now, given, fields):
    with pytest.raises(Refused) as refused:
        people.add_person(session, **{"name": "Tom", "email": "tom@example.org", "now": now, **given})
    assert refused.value.fields == fields
    assert session.scalars(select(Person)).all() == [priya]


def test_who_asks_for_an_account_that_is_there_gets_that_one_and_changes_nothing(session, priya, now):
    assert people.welcome(session, name="Somebody Else", email="PRIYA@example.org", now=now) is priya
    assert (priya.name, people.check_password(session, email=priya.email, password=PASSWORD)) == (
        "Priya Raeburn",
        priya,
    )
    new = people.welcome(session, name="Tom Baird", email="tom@example.org", now=now)
    assert (new.name, new.password_hash) == ("Tom Baird", None)


def test_asking_without_a_name_does_not_tell_who_has_an_account(session, priya, now):
    for email in ("priya@example.org", "nobody@example.org"):
        with pytest.raises(Refused) as refused:
            people.welcome(session, name="", email=email, now=now)
        assert "name" in refused.value.fields


# Passwords -----------------------------------------------------------------------------------------------------------


def test_the_right_password_is_the_only_way_in(session, priya):
    assert people.check_password(session, email=" PRIYA@example.org", password=PASSWORD) is priya
    for email, password in ((priya.email, PASSWORD.upper()), ("nobody@example.org", "nobody has this password")):
        with pytest.raises(Refused) as refused:
            people.check_password(session, email=email, password=password)
        assert refused.value.sentences == (NOT_FITTING,)


def test_without_a_password_no_password_fits(session, now):
    tom = a_person(session, "Tom Baird", now=now)
    with pytest.raises(Refused):
        people.check_password(session, email=tom.email, password="nobody has this password")


def test_a_new_password_ends_every_sign_in_and_every_link(session, priya, now):
    tom = a_person(session, "Tom Baird", now=now)
    tokens = [people.sign_in(session, person, now=now, hours=12)[0] for person in (priya, priya, tom)]
    links = [people.make_link(session, person, now=now) for person in (priya, tom)]
    people.set_password(session, priya, "nine yellow bicycles", now=now)
    assert [people.person_of_token(session, token, now=now) for token in tokens] == [None, None, tom]
    assert [people.look_at_link(session, link, now=now) for link in links] == [None, tom]
    assert people.check_password(session, email=priya.email, password="nine yellow bicycles") is priya
    with pytest.raises(Refused):
        people.check_password(session, email=priya.email, password=PASSWORD)


@pytest.mark.parametrize("password", ["x" * 11, "x" * 201, "Priya Raeburn", "PriyaRaeburn", "priya@example.org"])
def test_a_password_that_will_not_do_changes_nothing(session, priya, now, password):
    token, _ = people.sign_in(session, priya, now=now, hours=12)
    with pytest.raises(Refused) as refused:
        people.set_password(session, priya, password, now=now)
    assert list(refused.value.fields) == ["password"]
    assert people.check_password(session, email=priya.email, password=PASSWORD) is priya
    assert people.person_of_token(session, token, now=now) is priya


# Links ---------------------------------------------------------------------------------------------------------------


def test_a_link_signs_in_once(session, priya, now):
    link = people.make_link(session, priya, now=now)
    assert people.look_at_link(session, link, now=now) is priya  # a mail scanner may look first
    assert people.use_link(session, link, now=now) is priya
    assert people.look_at_link(session, link, now=now) is None
    with pytest.raises(Refused) as refused:
        people.use_link(session, link, now=now)
    assert refused.value.sentences == (USED,)


def test_a_link_lasts_a_quarter_of_an_hour(session, priya, now):
    link, end = people.make_link(session, priya, now=now), now + timedelta(minutes=15)
    assert people.look_at_link(session, link, now=end - timedelta(seconds=1)) is priya
    with pytest.raises(Refused):
        people.use_link(session, link, now=end)


def test_a_link_for_the_demonstration_works_again(session, priya, now):
    link = people.make_link(session, priya, now=now, lasts=timedelta(hours=1), reusable=True)
    assert [people.use_link(session, link, now=now) for _ in range(2)] == [priya, priya]
    people.end_all(session, priya, now=now)
    assert people.look_at_link(session, link, now=now) is priya
    assert people.look_at_link(session, link, now=now + timedelta(hours=1)) is None


def test_a_link_that_nobody_was_sent_signs_nobody_in(session, priya, now):
    people.make_link(session, priya, now=now)
    stored = session.scalars(select(col(SignInLink.token_hash))).one()
    for guess in ("", "0" * 32, stored):
        with pytest.raises(Refused):
            people.use_link(session, guess, now=now)


# Signing in and out --------------------------------------------------------------------------------------------------


def test_a_sign_in_ends_by_itself(session, priya, now):
    token, until = people.sign_in(session, priya, now=now, hours=12, browser="x" * 300)
    assert until == now + timedelta(hours=12)
    assert people.person_of_token(session, token, now=until - timedelta(seconds=1)) is priya
    assert people.person_of_token(session, token, now=until) is None
    assert people.sign_ins(session, priya, now=until) == []
    assert [len(s.browser) for s in session.scalars(select(SignIn))] == [200]


def test_signing_out_ends_this_sign_in_alone(session, priya, now):
    here, there = (people.sign_in(session, priya, now=now, hours=12)[0] for _ in range(2))
    people.sign_out(session, here, now=now)
    people.sign_out(session, "nobody's", now=now)
    assert [people.person_of_token(session, token, now=now) for token in (here, there)] == [None, priya]


def test_a_lost_browser_is_signed_out_from_another(session, priya, now):
    tokens = [people.sign_in(session, priya, now=now + timedelta(hours=h), hours=12)[0] for h in range(2)]
    newest, lost = people.sign_ins(session, priya, now=now)
    assert newest.id == people.sign_in_of(session, tokens[1])
    people.end(session, priya, lost.id, now=now)
    assert [people.person_of_token(session, token, now=now) for token in tokens] == [None, priya]


def test_nobody_ends_the_sign_in_of_another(session, priya, now):
    token, _ = people.sign_in(session, priya, now=now, hours=12)
    number = people.sign_in_of(session, token)
    for stranger, which in ((a_person(session, "Tom Baird", now=now), number), (priya, number + 1)):
        with pytest.raises(NotFound):
            people.end(session, stranger, which, now=now)
    assert people.person_of_token(session, token, now=now) is priya


def test_an_account_that_is_closed_lets_nobody_in(session, priya, now):
    token, _ = people.sign_in(session, priya, now=now, hours=12)
    link = people.make_link(session, priya, now=now)
    priya.closed_at = now
    session.flush()
    assert people.person_of_token(session, token, now=now) is None
    assert people.look_at_link(session, link, now=now) is None
    for refused in (
        lambda: people.use_link(session, link, now=now),
        lambda: people.check_password(session, email=priya.email, password=PASSWORD),
    ):
        with pytest.raises(Refused):
            refused()


# Roles ---------------------------------------------------------------------------------------------------------------


def test_a_person_holds_what_was_given_and_what_teams_and_panels_give(call, session, now):
    lead, member = call.person("Priya Raeburn"), call.person("Tom Baird")
    team, gate = call.team("Otter Works", lead), gate_of(session, call.challenge, "sift")
    asked = invite(session, team, member, actor=call.actor(lead), now=now)
    grant(session, member, "auditor", now)
    session.add(Panellist(gate_id=gate.id, person_id=member.id, side="expert"))
    session.flush()
    assert call.actor(lead).roles == {RoleHeld("team_lead", "team", team.id), RoleHeld("team_member", "team", team.id)}
    assert call.actor(member).roles == {RoleHeld("auditor", "site", None), RoleHeld("panel_member", "gate", gate.id)}
    advance(session, asked, "accept", actor=call.actor(member), now=now)
    assert RoleHeld("team_member", "team", team.id) in call.actor(member).roles


def test_a_role_counts_in_its_scope_and_nowhere_else(call, session, now):
    tom, here = call.person("Tom Baird"), {"round": call.challenge.round_id, "challenge": call.challenge.id}
    people.grant(session, tom, "programme_manager", actor=CIVFLOW, now=now, scope="round", scope_id=here["round"])
    people.grant(session, tom, "auditor", actor=CIVFLOW, now=now)
    actor = call.actor(tom)
    assert actor.holds("programme_manager", here)
    assert not actor.holds("programme_manager", {"round": here["round"] + 1})
    assert not actor.holds("programme_manager", {})
    assert actor.holds("auditor", {})


def test_a_role_that_is_taken_back_is_gone_and_stays_on_record(session, priya, now):
    people.grant(session, priya, "auditor", actor=CIVFLOW, now=now)
    people.revoke(session, priya, "auditor", actor=CIVFLOW, now=now + timedelta(days=1))
    assert people.actor_of(session, priya, now=now).roles == frozenset()
    assert [g.revoked_at for g in session.scalars(select(Grant))] == [now + timedelta(days=1)]
    with pytest.raises(NotFound) as missing:
        people.revoke(session, priya, "auditor", actor=CIVFLOW, now=now)
    assert missing.value.sentences == ("Priya Raeburn does not hold this role.",)


def test_given_again_a_role_only_changes_its_limit(session, priya, now):
    for limit in (1_000, 5_000):
        people.grant(session, priya, "approver", actor=CIVFLOW, now=now, limit_pounds=limit)
    assert [g.limit_pounds for g in session.scalars(select(Grant))] == [5_000]
    assert people.role_holders(session) == [(priya, "approver, up to £5,000")]
    people.revoke(session, priya, "approver", actor=CIVFLOW, now=now)
    people.grant(session, priya, "approver", actor=CIVFLOW, now=now, limit_pounds=7)
    assert people.role_holders(session) == [(priya, "approver, up to £7")]


def manager(scope: str, scope_id: int | None) -> Actor:
    return Actor(None, "Morag", frozenset({RoleHeld("programme_manager", scope, scope_id)}))


def test_a_manager_gives_roles_inside_their_own_round(call, session, now):
    challenge, tom = call.challenge, call.person("Tom Baird")
    of_the_challenge = {"now": now, "scope": "challenge", "scope_id": challenge.id}
    people.grant(session, tom, "assessor", actor=manager("round", challenge.round_id), **of_the_challenge)
    sentence = "A programme manager or an administrator gives and takes this role."
    for act in (people.grant, people.revoke):
        for actor in (manager("round", challenge.round_id + 1), Actor(None, "Nobody")):
            with pytest.raises(Forbidden) as forbidden:
                act(session, tom, "assessor", actor=actor, **of_the_challenge)
            assert forbidden.value.sentences == (sentence,)
    with pytest.raises(Forbidden):  # for the site they are nobody's manager
        people.grant(session, tom, "assessor", actor=manager("round", challenge.round_id), now=now)


@pytest.mark.parametrize("role", ["programme_manager", "approver", "finance_officer", "auditor", "administrator"])
def test_what_decides_over_money_and_records_only_an_administrator_gives(session, priya, now, role):
    with pytest.raises(Forbidden) as forbidden:
        people.grant(session, priya, role, actor=manager("site", None), now=now)
    assert forbidden.value.sentences == ("An administrator gives and takes this role.",)
    administrator = Actor(None, "Ada", frozenset({RoleHeld("administrator", "site", None)}))
    people.grant(session, priya, role, actor=administrator, now=now)
    assert people.role_holders(session) == [(priya, role)]


def test_nobody_gives_a_role_to_themselves(session, priya, now):
    priyas = Actor(priya.id, priya.name, frozenset({RoleHeld("administrator", "site", None)}))
    with pytest.raises(Forbidden) as forbidden:
        people.grant(session, priya, "approver", actor=priyas, now=now, limit_pounds=1)
    assert forbidden.value.sentences == ("Nobody gives a role to themselves. Ask somebody else who may give it.",)


@pytest.mark.parametrize(
    ("given", "kind", "sentence"),
    [
        ({"role": "king"}, Refused, f"There is no role 'king'; the roles are {', '.join(ROLES)}."),
        ({"scope": "hub"}, Refused, "There is no scope 'hub'; the scopes are site, round, challenge, team."),
        (
            {"scope": "round"},
            Refused,
            "A role for the site has no number; every other scope needs the number of its record.",
        ),
        (
            {"scope_id": 1},
            Refused,
            "A role for the site has no number; every other scope needs the number of its record.",
        ),
        ({"limit_pounds": -1}, Refused, "A limit in pounds is 0 or more."),
        ({"scope": "challenge", "scope_id": 99}, NotFound, "There is no challenge 99."),
    ],
)
def test_a_role_that_cannot_be_is_refused(session, priya, now, given, kind, sentence):
    with pytest.raises(kind) as refused:
        people.grant(session, priya, **{"role": "assessor", "actor": CIVFLOW, "now": now, **given})
    assert refused.value.sentences == (sentence,)
    assert session.scalars(select(Grant)).all() == []
