"""People and roles: found by name, given a role in a scope, with a limit; taken back; signed out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Grant, LiveSession, Person
from civflow.services import people
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance, begin
from civflow.services.people import actor_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, Case, Refused
from tests.scenes.open_call import Call, grant
from tests.scenes.selection import seat
from tests.web.visitor import HTMX, Visitor, errors_of, statements, text_of


@pytest.fixture
def boss(call) -> Person:
    person = call.person("Magnus Younger")
    grant(call.session, person, "administrator", call.now)
    call.session.commit()
    return person


@pytest.fixture
def administrator(app, call, boss) -> Visitor:
    return Visitor(app).sign_in(call.session, boss, now=call.now)


@pytest.fixture
def somebody(call) -> tuple[Person, int]:
    person = call.person("Effie Gunn")
    key = person.id
    call.session.commit()
    return person, key


def held_by(call: Call, key: int) -> list[tuple[str, str, int | None, int | None]]:
    query = select(Grant).where(col(Grant.person_id) == key, col(Grant.revoked_at).is_(None)).order_by(col(Grant.id))
    found = [(g.role, g.scope, g.scope_id, g.limit_pounds) for g in call.session.scalars(query)]
    call.session.rollback()
    return found


def test_an_administrators_home_leads_to_people_and_says_which_role_nobody_holds(administrator, call):
    page = administrator.page("/")
    assert page.select_one("#desk-administrator").get_text() == "People and roles"
    assert page.select('main a[href="/people"]') != []
    assert administrator.get("/rounds").status_code == 200

    people.revoke(call.session, call.manager, "approver", actor=call.actor(boss_of(call)), now=call.now)
    call.session.commit()
    assert "Make somebody an approver" in text_of(administrator.get("/"))


def test_no_tile_of_the_home_counts_a_role_that_nobody_holds_and_panels_lead_to_their_people(administrator, call):
    seat(call, gate_of(call.session, call.challenge, "sift"), "Ailsa Chair", "Brodie Second")
    call.session.commit()
    tiles = [tile.get_text(" ", strip=True) for tile in administrator.page("/").select(".app-tile")]
    assert [words for words in tiles if words.startswith("0") or "assessor" in words] == []
    assert "2 sit on panels" in tiles
    page = administrator.page("/people?role=panel_member")
    assert [a.get_text() for a in page.select("#people th a")] == ["Ailsa Chair", "Brodie Second"]


def boss_of(call: Call) -> Person:
    return call.session.scalars(select(Person).where(col(Person.name) == "Magnus Younger")).one()


@pytest.mark.both_databases
def test_people_are_found_by_name_address_and_role(administrator, somebody):
    def names(path: str) -> list[str]:
        return [a.get_text() for a in administrator.page(path).select("#people th a")]

    assert names("/people") == ["Effie Gunn", "Hamish Drummond", "Magnus Younger", "Morag Sinclair"]
    assert names("/people?q=gunn") == names("/people?q=effie.gunn@") == ["Effie Gunn"]
    assert names("/people?role=approver") == ["Morag Sinclair"]
    assert names("/people?q=%25") == []
    assert administrator.get("/people?q=gunn", headers=HTMX).text.lstrip().startswith('<div id="people"')


def test_a_role_is_given_in_a_scope_and_taken_back(administrator, call, somebody):
    _, key = somebody
    path, scope = f"/people/{key}", f"round-{call.challenge.round_id}"
    round_id = call.challenge.round_id
    call.session.commit()
    answer = administrator.post(f"{path}/roles", {"role": "challenge_owner", "scope": scope}, on=path)
    assert (answer.status_code, held_by(call, key)) == (303, [("challenge_owner", "round", round_id, None)])
    assert "Challenge owner for the round “A round”" in text_of(administrator.get(path))

    administrator.post(f"{path}/roles/end", {"role": "challenge_owner", "scope": scope}, on=path)

    assert held_by(call, key) == []
    assert "1 role taken back" in text_of(administrator.get(path))


def test_a_role_is_given_for_a_record_of_any_noun_whose_page_says_so(administrator, call, somebody, monkeypatch):
    """It is offered by title while it is not over, and the sentence for another scope names it."""
    _, key = somebody
    live = LiveSession(
        round_id=call.challenge.round_id,
        challenge_id=call.challenge.id,
        title="Meet us",
        place="A hall",
        starts_at=call.now + timedelta(days=1),
        ends_at=call.now + timedelta(days=2),
        state="",
        since=call.now,
    )
    begin(call.session, live, actor=CIVFLOW, now=call.now)
    path, value = f"/people/{key}", f"live_session-{live.id}"
    call.session.commit()
    refused = administrator.post(f"{path}/roles", {"role": "assessor", "scope": value}, on=path)
    assert errors_of(refused) == ["Choose where the role counts."]
    page = HANDBOOK["live_session"]
    monkeypatch.setattr(page, "scope", True)
    monkeypatch.setattr(page, "scopes", (*page.scopes, ("live_session", "id")))
    [group] = [g for g in administrator.page(path).select("optgroup") if g["label"] == "One live session"]
    assert [(o["value"], o.get_text()) for o in group.select("option")] == [
        (value, "“Meet us” about 11.2 Flooding impact")
    ]
    answer = administrator.post(f"{path}/roles", {"role": "assessor", "scope": value}, on=path)
    assert (answer.status_code, held_by(call, key)) == (303, [("assessor", "live_session", live.id, None)])
    assert "Assessor for the live session ““Meet us” about 11.2 Flooding impact”" in text_of(administrator.get(path))
    with pytest.raises(Refused) as nowhere:
        people.grant(call.session, call.owner, "assessor", actor=CIVFLOW, now=call.now, scope="hub", scope_id=1)
    assert str(nowhere.value) == ("There is no scope 'hub'; the scopes are site, round, challenge, live_session, team.")
    person = call.session.get_one(Person, key)
    case = Case(page, live, actor_of(call.session, person, now=call.now), call.now)
    assert case.holds("assessor")


def test_an_approver_has_a_limit(administrator, call, somebody):
    _, key = somebody
    path = f"/people/{key}"
    answer = administrator.post(f"{path}/roles", {"role": "approver", "scope": "site", "limit": "lots"}, on=path)
    assert errors_of(answer) == ["An approver has a limit. Write whole pounds, such as 650,000."]
    administrator.post(f"{path}/roles", {"role": "approver", "scope": "site", "limit": "50,000"}, on=path)
    assert held_by(call, key) == [("approver", "site", None, 50_000)]


def test_what_cannot_be_given_is_said(administrator, call, somebody, boss):
    _, key = somebody
    me, path = boss.id, f"/people/{key}"
    call.session.commit()
    assert errors_of(administrator.post(f"{path}/roles", {"role": "x", "scope": "y"}, on=path)) == [
        "Choose a role.",
        "Choose where the role counts.",
    ]
    last = administrator.post(f"/people/{me}/roles/end", {"role": "administrator", "scope": "site"}, on=path)
    assert errors_of(last) == ["Magnus Younger is the only administrator. Give the role to somebody else first."]
    self_made = administrator.post(f"/people/{me}/roles", {"role": "auditor", "scope": "site"}, on=path)
    assert (self_made.status_code, errors_of(self_made)) == (
        403,
        ["Nobody gives a role to themselves. Ask somebody else who may give it."],
    )
    nowhere = administrator.post(f"{path}/roles", {"role": "auditor", "scope": "round-999"}, on=path)
    assert nowhere.status_code == 404
    assert administrator.get("/people/999").status_code == 404


def test_who_audits_or_applies_neither_owns_nor_writes_a_challenge(app, boss, call):
    session, challenge, auditor, priya = call.session, call.challenge, call.person("Una Reid"), call.person("Priya Roy")
    grant(session, auditor, "auditor", call.now)
    application = call.application(call.team("Otters", priya), complete=True)
    advance(session, application, "submit", actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    manager, administrator = (Visitor(app).sign_in(session, who, now=call.now) for who in (call.manager, boss))
    for one in (challenge, auditor, priya, call.owner):
        session.refresh(one)
    session.commit()
    owner, audits = call.owner, "Una Reid is an auditor: they read everything and change nothing. Name somebody else."
    both = "and nobody does both. Name somebody else, or ask them to leave the team first."
    instead = "Take that role back first, or name somebody else."
    here, in_the_round = f"challenge-{challenge.id}", f"round-{challenge.round_id}"
    for visitor, person, role, scope, sentence in (
        (manager, auditor, "challenge_owner", here, audits),
        (manager, auditor, "challenge_writer", here, audits),
        (manager, auditor, "challenge_owner", in_the_round, audits),
        (
            manager,
            priya,
            "challenge_owner",
            here,
            f"Priya Roy belongs to a team that applies to this challenge, {both}",
        ),
        (
            manager,
            priya,
            "challenge_owner",
            in_the_round,
            f"Priya Roy belongs to a team that applies to a challenge there, {both}",
        ),
        (
            administrator,
            owner,
            "auditor",
            "site",
            f"Hamish Drummond owns or writes a challenge, and an auditor changes nothing. {instead}",
        ),
    ):
        path = f"/people/{person.id}"
        answer = visitor.post(f"{path}/roles", {"role": role, "scope": scope}, on=path)
        assert (answer.status_code, errors_of(answer)) == (422, [sentence])
    edit = f"/challenges/{challenge.slug}/edit/people"
    assert errors_of(manager.post(edit, {"email": auditor.email}, on=edit)) == [audits]
    assert manager.post(f"/people/{priya.id}/roles", {"role": "assessor", "scope": here}, on=edit).status_code == 303


def test_sign_ins_are_ended_by_an_administrator_alone(app, administrator, call, somebody):
    person, key = somebody
    theirs = Visitor(app).sign_in(call.session, person, now=call.now)
    manager = Visitor(app).sign_in(call.session, call.manager, now=call.now)
    path = f"/people/{key}"
    assert manager.post(f"{path}/sign-ins/end", {}, on=path).status_code == 403
    assert theirs.get("/account").status_code == 200
    assert administrator.post(f"{path}/sign-ins/end", {}, on=path).status_code == 303
    assert theirs.get("/account").status_code == 303


def test_a_programme_manager_gives_only_what_is_theirs_to_give(app, call, somebody):
    _, key = somebody
    manager, path = Visitor(app).sign_in(call.session, call.manager, now=call.now), f"/people/{key}"
    offered = {o["value"] for o in manager.page(path).select("#role option") if o["value"]}
    assert offered == {"challenge_owner", "challenge_writer", "assessor"}
    assert manager.post(f"{path}/roles", {"role": "auditor", "scope": "site"}, on=path).status_code == 403
    owner = Visitor(app).sign_in(call.session, call.owner, now=call.now)
    assert (owner.get("/people").status_code, owner.get(path).status_code) == (403, 403)


@pytest.mark.both_databases
def test_the_list_asks_the_same_for_few_and_for_many(administrator, call, engine):
    administrator.get("/people")
    with statements(engine) as of_few:
        administrator.get("/people")
    for number in range(6):
        grant(
            call.session,
            call.person(f"Owner {number}"),
            "challenge_owner",
            call.now,
            scope="challenge",
            scope_id=call.challenge.id,
        )
    call.session.commit()
    with statements(engine) as of_many:
        administrator.get("/people")
    assert len(of_many) <= len(of_few) + 1  # the names of challenges, once there are any


def test_an_owner_of_one_challenge_reads_why_they_cannot_begin_another(app, call):
    owner = Visitor(app).sign_in(call.session, call.owner, now=call.now)
    (sentence,) = owner.page("/challenges/new").select("main ul.govuk-list--bullet li")
    assert sentence.get_text() == (
        "In A round you own “Flooding impact”, and your role is for that challenge alone. To begin another challenge "
        "there, you have to be a challenge owner of the round: ask the programme office for that."
    )
