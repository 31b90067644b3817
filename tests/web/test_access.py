"""Who may call what: every view says so, and what it shows is held against the pages of the handbook."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from civflow import create_app
from civflow.models import Reading
from civflow.web.shared.access import Audience, audience_of
from civflow.web.shared.navigation import links
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import NOBODY, Actor
from civflow.workflows.engine.declarations import PLACEHOLDER
from civflow.workflows.engine.sight import is_public
from tests.scenes.open_call import a_person, grant
from tests.web.openings import WHO, Answer, Mark, a_scene, opened, permitted
from tests.web.visitor import Visitor, an_app

LED_BY_A_PLACE = {"/assignments"}  # it shows what is one's own; who sits on a panel is led there, and holds no role
OF_THE_SITE = {"the administrator", "the manager of the site"}
# What a page shows beside the record that it is about, to these people, whom the other's own page does not name.
SHOWN_BESIDE = {
    ("delivery.place", "sprint"): {"approver", "finance_officer"},  # whoever sees a place reads how far the work is
    ("delivery.place", "deliverable"): {"approver", "finance_officer"},
    # Who is invited to an interview chooses among the slots that are free.
    ("applications.interview", "slot"): {"the lead of another team"},
    ("readiness.scoring", "challenge"): {"a scorer of the draft"},  # who scores a draft reads all of it
    # Everybody with a role reads the budget.
    ("rounds.show", "round"): {"every role elsewhere", "finance_officer", "the administrator"},
    # Who writes a challenge writes its readiness, and reads out of which budget it is paid.
    ("draft_parts.part", "challenge"): {"challenge_writer"},
    ("draft_comments.show", "challenge"): {"challenge_writer"},
    ("draft_parts.part", "round"): {"challenge_writer"},
    # Who writes a challenge reads the addresses of the others who do.
    ("draft_people.show", "person"): {
        "programme_manager",
        "challenge_owner",
        "challenge_writer",
        "the manager of the site",
    },
    # Who gives roles finds people by their addresses.
    ("people.everybody", "person"): OF_THE_SITE,
    ("people.show", "person"): OF_THE_SITE,
    ("audit.roles", "person"): {"the auditor of the site"},  # and whoever checks who held which role
    ("people.show", "challenge"): {"the administrator"},  # a role may count at a challenge, drafts among them
}
# The pages that no visitor opens, and why.
NOT_OPENED = {
    "comments.show": "The one noun with comments has a page of its own for them, which is opened; see test_comments.py.",
    "about.favicon": "It leads to a file of the site that is not a page.",
    "questions.find": "It only leads on to the question's page, which is opened.",
    "sessions.find": "It only leads on to the list of sessions or to the challenge, which are opened.",
}


@pytest.fixture
def app(settings, engine, now) -> Flask:
    """The site as it is outside the demonstration, which opens more to anyone."""
    served = replace(settings, demonstration=False, secret_key="s" * 32, smtp_url="smtp://127.0.0.1:25")
    return an_app(served, engine, lambda: now)


def views(app: Flask, method: str) -> dict[str, tuple[str, Audience]]:
    """The path of each route that takes this method, its endpoint, and who may call it."""
    with app.app_context():
        rules = [r for r in app.url_map.iter_rules() if method in (r.methods or ()) and r.endpoint != "static"]
        return {r.rule: (r.endpoint, audience) for r in rules if (audience := audience_of(r.endpoint))}


def page_at(app: Flask, path: str) -> Audience | None:
    """Who may open the page at a path of the handbook; its placeholders stand for any record. None where there is none."""
    address = PLACEHOLDER.sub("1", path)
    try:
        endpoint, _ = app.url_map.bind("localhost").match(address, method="GET")
    except HTTPException:
        return None
    with app.app_context():
        return audience_of(endpoint)


def test_every_view_says_who_may_call_it(app):
    with app.app_context():
        endpoints = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
        assert [endpoint for endpoint in endpoints if not isinstance(audience_of(endpoint), Audience)] == []


@pytest.mark.parametrize("noun", HANDBOOK)
def test_a_record_s_page_is_there_and_open_to_anyone_only_if_the_public_sees_such_records(app, noun):
    """The one page for any record, /cases/..., is open to anyone and asks the handbook about each."""
    page = HANDBOOK[noun]
    audience = page_at(app, page.path)
    assert audience is not None
    assert audience.signed_in or is_public(page) or page.path.startswith("/cases/")


@pytest.mark.parametrize("noun", HANDBOOK)
def test_a_step_s_own_page_is_there_and_asks_for_a_sign_in(app, noun):
    for path in {step.path for step in HANDBOOK[noun].steps if step.path}:
        audience = page_at(app, path)
        assert audience is not None, path
        assert audience.signed_in, path


def test_the_form_for_a_new_record_is_open_to_the_roles_that_begin_one(app):
    found = {}
    for noun, page in HANDBOOK.items():
        if audience := views(app, "GET").get(f"{page.path.rsplit('/', 1)[0]}/new"):
            found[noun] = (set(audience[1].roles), {rule.role for rule in page.begun_by} - {""})
            assert audience[1].signed_in
    assert found.keys() >= {"round", "challenge", "team"}
    assert [noun for noun, (open_to, begun_by) in found.items() if open_to != begun_by] == []


def test_what_the_navigation_keeps_for_some_is_open_to_no_more(app):
    """Where only people with a role are led, only a role opens the page; where nobody is led without a sign-in, none does."""
    for link in links():
        audience, somebody = views(app, "GET")[link.href][1], Actor(1, "Somebody")
        assert link.shown(NOBODY) or audience.signed_in, link.href
        led = link.shown(NOBODY) or link.shown(somebody)
        assert led or audience.roles or link.href in LED_BY_A_PLACE, link.href


def test_a_form_and_what_it_posts_to_are_open_to_the_same_roles(app):
    posts = views(app, "POST")
    differ = [
        endpoint
        for path, (endpoint, audience) in views(app, "GET").items()
        if path in posts and (audience.roles, audience.site) != (posts[path][1].roles, posts[path][1].site)
    ]
    assert differ == []


def test_a_form_is_taken_from_no_more_people_than_may_open_its_page(app):
    """The page of a form has its path, or the nearest one above it. Whoever may not open that posts nothing there."""
    pages, wider = views(app, "GET"), []
    for path, (endpoint, audience) in views(app, "POST").items():
        above = path
        while above not in pages and above:
            above = above.rpartition("/")[0]
        page = pages[above or "/"][1]
        if page.signed_in and not audience.signed_in:
            wider.append(endpoint)
        if page.roles and (
            not set(audience.roles) <= set(page.roles) or not audience.roles or page.site > audience.site
        ):
            wider.append(endpoint)
    assert wider == []


@dataclass
class Opening:
    """What one visitor opened, and what the handbook lets them read."""

    answers: list[Answer]
    readable: set[Mark]


@dataclass
class Proof:
    marks: dict[str, Mark]
    openings: dict[str, Opening]


@pytest.fixture(scope="module")
def kept() -> list[Proof]:
    """Opening all pages takes long, so it is done once for the tests of this file."""
    return []


@pytest.fixture
def proof(kept, app, session, now) -> Proof:
    """All visitors in one scene, one after the other."""
    if not kept:
        settings = app.config["SETTINGS"]
        scene = a_scene(session, now, settings.files)
        app = an_app(settings, app.config["ENGINE"], lambda: scene.call.now)
        openings = {}
        for who, person in scene.people.items():
            visitor = Visitor(app)
            if person:
                visitor.sign_in(session, person, now=scene.call.now)
            readable = permitted(session, person, scene.call.now)
            openings[who] = Opening(opened(app, visitor, scene), readable)
        kept.append(Proof(scene.marks, openings))
    return kept[0]


@pytest.mark.parametrize("who", WHO)
def test_no_page_shows_anybody_what_the_handbook_does_not_let_them_read(proof, who):
    """A view that is opened too widely, or loads a record without asking, shows a mark here."""
    opening = proof.openings[who]
    shown = {
        f"{answer.path} shows {where[2]} of {where[0]} {where[1]}"
        for answer in opening.answers
        for mark, where in proof.marks.items()
        if mark in answer.text
        and where not in opening.readable
        and who not in SHOWN_BESIDE.get((answer.endpoint, where[0]), ())
    }
    assert shown == set()
    assert {"home.home", "challenges.show", "cases.show"} <= {answer.endpoint for answer in opening.answers}


def test_every_page_is_opened_by_somebody(proof, app):
    """What nobody opens is not searched above, so each such page is named with its reason."""
    reached = {answer.endpoint for opening in proof.openings.values() for answer in opening.answers}
    pages = {endpoint for endpoint, _ in views(app, "GET").values()}
    assert pages - reached == NOT_OPENED.keys()


def test_a_view_that_does_not_say_who_may_call_it_is_refused(settings, engine):
    app = create_app(settings, engine=engine)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    answer = app.test_client().get("/forgotten")

    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_strangers_write_nothing_but_sign_ins_and_accounts(settings, engine):
    """Every other POST of a stranger is refused, or leads to signing in."""
    app = create_app(settings, engine=engine)
    app.config["WTF_CSRF_ENABLED"] = False
    client, answered = app.test_client(), []
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(("sign_in.", "account.register")):
            continue
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<int:{name}>", "1").replace(f"<{name}>", "x")
        status = client.post(path).status_code
        if status not in (303, 401, 403, 404):
            answered.append((path, status))
    assert answered == []


def test_what_an_auditor_reads_is_recorded_and_what_others_read_is_not(settings, engine, session, now):
    auditor, manager = (a_person(session, name, now=now) for name in ("Aud Itor", "Morag Sinclair"))
    grant(session, auditor, "auditor", now)
    grant(session, manager, "programme_manager", now)
    app = an_app(settings, engine, lambda: now)
    for person in (auditor, manager):
        visitor = Visitor(app).sign_in(session, person, now=now)
        assert [visitor.get(path).status_code for path in ("/rounds?page=1", "/rounds/99")] == [200, 404]
    assert [(r.person_id, r.at, r.path) for r in session.scalars(select(Reading))] == [
        (auditor.id, now, "/rounds?page=1")
    ]
