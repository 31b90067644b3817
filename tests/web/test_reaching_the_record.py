"""Whoever runs, audits or pays reaches the record by links: from the home page, the rounds and the challenges."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Application, Person, Place, Team
from civflow.services.engine.advance import begin
from civflow.services.formatting import day
from civflow.workflows.engine import CIVFLOW
from tests.scenes.open_call import Call, grant, open_call
from tests.scenes.selection import applied, sift, three_applied
from tests.web.visitor import HTMX, Visitor, an_app, statements, text_of

ROLES = {
    "programme_manager": {"gates", "applications", "delivery", "agreements"},
    "auditor": {"gates", "applications", "delivery", "agreements"},
    "approver": {"gates", "applications", "delivery", "agreements"},
    "finance_officer": {"delivery", "agreements"},
}


@pytest.fixture
def call(scenes) -> Call:
    return scenes.play(open_call, three_applied)


def who(app, call: Call, role: str, **scope: object) -> Visitor:
    person = call.person(f"Some {role}")
    grant(call.session, person, role, call.now, **scope)
    return Visitor(app).sign_in(call.session, person, now=call.now)


def applied_to(call: Call) -> list[Application]:
    return list(call.session.scalars(select(Application).order_by(col(Application.id))))


def with_a_place(call: Call) -> None:
    """One team has a place in the exploration, and an agreement for it."""
    session, application = call.session, applied_to(call)[0]
    keys = {
        "round_id": call.challenge.round_id,
        "challenge_id": call.challenge.id,
        "application_id": application.id,
        "team_id": application.team_id,
        "stage": "exploration",
        "starts_at": call.now,
        "ends_at": call.now,
        "state": "",
        "since": call.now,
    }
    place = Place(**keys, money_pounds=5000)
    begin(session, place, actor=CIVFLOW, now=call.now)
    begin(session, Agreement(**keys, place_id=place.id, price_pounds=5000), actor=CIVFLOW, now=call.now)
    session.commit()


def hrefs(visitor: Visitor, path: str) -> set[str]:
    return {link["href"].split("#")[0] for link in visitor.page(path).select("main a[href], nav a[href]")}


def crawl(visitor: Visitor) -> set[str]:
    """Every path that can be reached by links from the home page over rounds, challenges and lists."""
    seen, left = set(), ["/"]
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        if path.split("?")[0] in ("/", "/rounds", "/applications") or path.startswith(("/rounds/", "/challenges/11")):
            left += [href for href in hrefs(visitor, path) if href.startswith("/") and "sort=" not in href]
    return seen


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reaches_by_links_what_it_may_see(app, call, role):
    with_a_place(call)
    found = crawl(who(app, call, role))
    kinds = {path.split("/")[1] for path in found if path.count("/") == 2}
    assert kinds & {"gates", "applications", "delivery", "agreements"} == ROLES[role]


def test_an_owner_reaches_their_own_challenge_and_the_gates_say_how_far_they_are(app, call):
    gate = sift(call)
    call.session.commit()
    page = Visitor(app).sign_in(call.session, call.owner, now=call.now).page(f"/challenges/{call.challenge.slug}")
    row = page.select_one(f'a[href="/gates/{gate.id}"]').find_parent("tr")
    assert [" ".join(cell.get_text(" ").split()) for cell in row.select("td")] == [
        "Scoring",
        "3 people",
        "0 of 9 in",
        day(gate.scoring_due_at, "Europe/London", short=True),
    ]
    assert page.select_one(f'a[href="/applications?challenge={call.challenge.id}"]').get_text() == "Read 3 applications"


def test_the_public_and_other_owners_see_no_record(app, call):
    sift(call)
    call.session.commit()
    path = f"/challenges/{call.challenge.slug}"
    assert Visitor(app).page(path).select("#record") == []
    assert who(app, call, "challenge_owner", scope="challenge", scope_id=999).page(path).select("#record") == []


# The list of applications


def shown(page) -> list[str]:
    return [link.get_text() for link in page.select("#applications tbody th a")]


def test_staff_list_the_applications_that_they_may_read(app, call):
    manager = Visitor(app).sign_in(call.session, call.manager, now=call.now)
    page = manager.page("/applications")
    assert page.h1.get_text() == "Applications"
    assert page.select_one(".app-pages__shown").get_text(strip=True) == "3 applications"
    assert [link.get_text() for link in page.select("#applications tbody td:nth-of-type(1) a")] == [
        "Otter Works",
        "Heron Labs",
        "Plover Studio",
    ]


@pytest.mark.both_databases
def test_the_list_is_searched_filtered_and_sorted_in_place(app, call):
    manager = Visitor(app).sign_in(call.session, call.manager, now=call.now)
    everything = shown(manager.page("/applications?sort=reference"))
    assert shown(manager.page("/applications?sort=-reference")) == everything[::-1]
    assert shown(manager.page("/applications?q=heron")) == everything[1:2]
    assert shown(manager.page(f"/applications?challenge={call.challenge.id}")) == everything
    assert shown(manager.page(f"/applications?round={call.challenge.round_id + 1}")) == []
    assert shown(manager.page("/applications?state=in_progress")) == everything
    assert shown(manager.page("/applications?state=draft&sort=nonsense&page=0&round=x")) == []
    fragment = manager.get("/applications?q=heron", headers=HTMX)
    assert fragment.text.lstrip().startswith('<div id="applications"')


def test_sealed_applications_are_neither_listed_nor_counted(scenes, settings, engine, session, now):
    call = scenes.play(open_call)
    applied(call)
    session.commit()
    manager = Visitor(an_app(settings, engine, lambda: call.now)).sign_in(session, call.manager, now=now)
    page = manager.page("/applications")
    assert shown(page) == []
    assert page.select_one(".app-empty__why").get_text() == "There is no application that you may read yet."
    assert "Otter" not in page.get_text()
    assert "Sealed until Monday 2 February 2026" in text_of(manager.get(f"/challenges/{call.challenge.slug}"))


def test_an_innovator_and_a_finance_officer_list_nothing_of_others(app, call):
    team = call.session.get_one(Team, applied_to(call)[0].team_id)
    lead = call.session.get_one(Person, team.lead_id)
    assert Visitor(app).sign_in(call.session, lead, now=call.now).page("/applications").select("#applications") == []
    words = text_of(who(app, call, "finance_officer").get("/applications"))
    assert "A finance officer reads agreements, and not applications." in words


def test_an_owner_lists_the_applications_to_their_own_challenges_alone(app, call):
    owner = Visitor(app).sign_in(call.session, call.owner, now=call.now)
    assert len(shown(owner.page("/applications"))) == 3
    assert shown(who(app, call, "challenge_owner", scope="challenge", scope_id=999).page("/applications")) == []


@pytest.mark.both_databases
def test_the_list_asks_the_same_however_long_it_is(app, call, engine):
    manager = Visitor(app).sign_in(call.session, call.manager, now=call.now)
    manager.get("/applications")
    with statements(engine) as of_three:
        manager.get("/applications")
    with statements(engine) as of_one:
        manager.get("/applications?q=heron")
    assert len(of_three) == len(of_one) <= 18
