"""The panel of a gate by name, taking somebody off with a reason, ties with their teams, and what follows a release."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Assignment, Gate, Message, Panellist, Person, Team
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from tests.scenes.open_call import Call, grant, open_call
from tests.scenes.selection import decided, released, score, seat, sift, three_applied
from tests.web.visitor import Visitor, an_app, errors_of, statements, text_of


@pytest.fixture
def call(scenes) -> Call:
    return scenes.play(open_call, three_applied)


@pytest.fixture
def gate(call) -> Gate:
    found = gate_of(call.session, call.challenge, "sift")
    call.session.commit()
    return found


def choices(page) -> dict[str, str]:
    return {o["value"]: o.get_text(strip=True) for o in page.select("#person option") if o["value"]}


def lead_of(call: Call, name: str) -> Person:
    return call.session.get_one(Person, call.session.scalars(select(Team.lead_id).where(col(Team.name) == name)).one())


@pytest.mark.both_databases
def test_people_with_a_fitting_role_are_chosen_by_name(call, gate, manager):
    assessor, stranger = call.person("Ailsa Gunn"), call.person("Stranger")
    grant(call.session, assessor, "assessor", call.now)
    employee = call.person("Effie Sponsor")
    employee.organisation_id = call.challenge.sponsor_id
    call.session.commit()

    offered = choices(manager.page(f"/gates/{gate.id}/panel"))

    assert offered == {
        str(assessor.id): "Ailsa Gunn: assessor",
        str(employee.id): "Effie Sponsor: works for the sponsor",
        str(call.owner.id): "Hamish Drummond: challenge owner",
        str(call.manager.id): "Morag Sinclair: programme manager",
    }
    assert str(stranger.id) not in offered


def test_a_person_is_seated_and_the_page_says_what_is_still_wanted(call, gate, manager):
    path = f"/gates/{gate.id}/panel"
    wanted = [item.get_text() for item in manager.page(path).select(".govuk-inset-text li")]
    assert wanted == [
        "At least 3 people, so that each application gets 3 assessors: nobody so far.",
        "Somebody who sits for the sponsor.",
        "Somebody who sits for the programme.",
    ]

    form = {"person": call.owner.id, "side": "sponsor", "seen": gate.revision}
    call.session.commit()
    answer = manager.post(path, form, on=path)

    assert answer.status_code == 303
    page = manager.page(path)
    assert page.select_one("table th[scope=row]").get_text(" ", strip=True) == "Hamish Drummond challenge owner"
    assert [item.get_text() for item in page.select(".govuk-inset-text li")] == [
        "At least 3 people, so that each application gets 3 assessors: 1 so far.",
        "Somebody who sits for the programme.",
        "Somebody in the chair: the chair ends the scoring and settles ties.",
    ]
    assert str(call.owner.id) not in choices(page)


def test_while_the_call_is_sealed_the_page_names_nobody_who_applies(scenes, session, settings, engine, now):
    call = scenes.play(open_call)
    lead = call.person("Otter Lead")
    grant(session, lead, "assessor", now)
    call.application(call.team("Otter Works", lead))
    gate = gate_of(session, call.challenge, "sift")
    manager = Visitor(an_app(settings, engine, lambda: now)).sign_in(session, call.manager, now=now)
    page = manager.page(f"/gates/{gate.id}/panel")
    assert (choices(page)[str(lead.id)], "applies" in page.main.get_text()) == ("Otter Lead: assessor", False)


def test_an_applicant_is_refused_and_a_conflict_is_warned_of(call, gate, manager):
    path, lead = f"/gates/{gate.id}/panel", lead_of(call, "Heron Labs")
    for name in (lead, former := call.person("Former Employee")):
        grant(call.session, name, "assessor", call.now)
    call.session.scalars(
        select(Team).where(col(Team.name) == "Heron Labs")
    ).one().organisation_id = call.challenge.sponsor_id
    former.organisation_id = call.challenge.sponsor_id
    call.session.commit()

    page = manager.page(path)
    assert str(lead.id) not in choices(page)
    assert [item.get_text() for item in page.select("main ul.govuk-list--bullet")[-1].select("li")] == [
        f"{lead.name} (assessor): applies to this challenge, and nobody judges beside an application of their own."
    ]
    answer = manager.post(path, {"email": lead.email, "side": "expert"}, on=path)
    assert (answer.status_code, errors_of(answer)) == (
        422,
        [
            "Needed first: The person does not apply to this challenge: nobody judges beside an application of their own."
        ],
    )

    assert choices(page)[str(former.id)].endswith("conflict with 1 team")
    manager.post(path, {"person": former.id, "side": "expert"}, on=path)
    assert "Heron Labs: belongs to the team's organisation" in text_of(manager.get(path))


def test_what_is_missing_is_said_at_the_field_and_nothing_is_lost(call, gate, manager):
    path = f"/gates/{gate.id}/panel"
    answer = manager.post(path, {"email": "nobody@example.org", "side": "x"}, on=path)
    assert errors_of(answer) == [
        "Nobody has an account with the address nobody@example.org. Ask them to make one first.",
        "Choose for whom the person sits.",
    ]
    assert 'value="nobody@example.org"' in answer.text
    assert errors_of(manager.post(path, {"side": "expert"}, on=path)) == [
        "Choose a person, or write an e-mail address."
    ]


def test_somebody_is_taken_off_with_a_reason_and_their_open_work_is_withdrawn(call, manager):
    gate = sift(call)
    score(call, gate, leave=8)
    first = call.session.scalars(select(Assignment).where(col(Assignment.submitted_at).is_not(None))).one()
    person = call.session.get_one(Person, first.assessor_id)
    call.session.commit()
    path = f"/gates/{gate.id}/panel/{person.id}"

    told = text_of(manager.get(path))
    assert "2 open assessments are withdrawn" in told
    assert "1 submitted assessment stays and counts, unless it is for a conflict of interest" in told
    assert errors_of(manager.post(path, {"reason": ""}, on=path)) == [
        "Give a reason: it is kept with the step.",
        "Choose one of the answers to “Why”.",
    ]
    typed = {"reason": "Left the council.", "why_off": "other", "seen": gate.revision}
    assert manager.post(path, typed, on=path).status_code == 303

    call.session.expire_all()
    mine = call.session.scalars(select(Assignment).where(col(Assignment.assessor_id) == person.id)).all()
    assert sorted(a.state for a in mine) == ["submitted", "withdrawn", "withdrawn"]
    assert call.session.scalars(select(Panellist).where(col(Panellist.person_id) == person.id)).all() == []
    message = call.session.scalars(select(Message).where(col(Message.key).like("gate-%-unseat-%"))).one()
    assert (message.person_id, "Left the council." in message.body) == (person.id, True)
    assert manager.get(path).status_code == 404


def test_only_a_programme_manager_changes_the_panel(settings, engine, call, gate):
    owner = Visitor(an_app(settings, engine, lambda: call.now)).sign_in(call.session, call.owner, now=call.now)
    page = owner.page(f"/gates/{gate.id}/panel")
    assert page.select("main form") == []
    other = call.person("Somebody else")
    assert (
        Visitor(owner.app).sign_in(call.session, other, now=call.now).get(f"/gates/{gate.id}/panel").status_code == 404
    )


def test_the_page_of_a_panel_asks_the_same_for_few_and_for_many(call, gate, manager, engine):
    path = f"/gates/{gate.id}/panel"
    manager.get(path)
    with statements(engine) as of_few:
        manager.get(path)
    for number in range(8):
        grant(call.session, call.person(f"Assessor {number}"), "assessor", call.now)
    seat(call, gate, "Ailsa", "Brodie")
    call.session.commit()
    with statements(engine) as of_many:
        assert len(choices(manager.page(path))) == 10
    assert len(of_few) == len(of_many)


def test_a_tie_is_settled_with_the_teams_before_ones_eyes(call, manager):
    gate = sift(call)
    score(call, gate)
    advance(call.session, gate, "moderate", actor=call.actor(call.manager), now=call.now)
    call.session.commit()
    path = f"/gates/{gate.id}/ties"

    page = manager.page(path)
    assert page.select_one("#rank-1").get_text() == "Rank 1: 3 applications"
    teams = {r.find_next("label").get_text(strip=True): r["value"] for r in page.select("input[name=application]")}
    assert list(teams) == ["Otter Works", "Heron Labs", "Plover Studio"]
    assert [e for e in errors_of(manager.post(path, {"reason": "Why not."}, on=path)) if e] != []

    answer = manager.post(path, {"application": teams["Heron Labs"], "reason": "It is ready sooner."}, on=path)

    assert answer.status_code == 303
    page = manager.page(path)
    assert page.select_one("#rank-2").get_text() == "Rank 2: 2 applications"
    assert [r.find_next("label").get_text(strip=True) for r in page.select("input[name=application]")] == [
        "Otter Works",
        "Plover Studio",
    ]


def test_after_the_release_the_gate_shows_the_letters_and_what_comes_next(call, manager):
    gate = sift(call)
    score(call, gate)
    decided(call, gate, going_on=3)
    released(call, gate)
    call.session.commit()

    page = manager.page(f"/gates/{gate.id}")

    following = gate_of(call.session, call.challenge, "interview")
    assert [(link.get_text(), link["href"]) for link in page.select(".app-waiting__link")] == [
        ("Seat the panel for Interview of 11.2 Flooding impact", f"/gates/{following.id}/panel"),
        ("Offer 3 interviews for Interview of 11.2 Flooding impact", f"/gates/{following.id}/interviews"),
    ]
    rows = page.select_one("#told").find_next("table").select("tbody tr")
    assert [" ".join(row.get_text(" ").split()) for row in rows] == [
        f"{team} {reference} Goes on Letter (being made) to {team} 1 person, 1 message not sent yet"
        for team, reference in zip(
            ("Otter Works", "Heron Labs", "Plover Studio"),
            [row.select_one(".app-scores__team").get_text() for row in rows],
            strict=True,
        )
    ]
    assert all(row.select_one("a")["href"].startswith("/documents/") for row in rows)


def test_a_stage_that_is_left_is_begun_again(call, manager):
    words = text_of(manager.get(f"/cases/challenge/{call.challenge.id}/leave_sift"))
    assert "Can this be undone? Yes: “Begin the stage Sift”." in words
