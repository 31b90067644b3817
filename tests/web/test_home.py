"""The home page and the pages about the site: for everybody, by role, and for machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from civflow.models import Agreement, Round
from civflow.services.challenges import archive
from civflow.services.challenges.drafts import draft
from civflow.services.engine.advance import advance, begin
from civflow.services.formatting import DEFAULT_ZONE, day
from civflow.services.programmes.store import newest
from civflow.services.questions.questions import ask
from civflow.settings import read_settings
from civflow.workflows.engine import CIVFLOW
from tests.scenes.open_call import grant
from tests.scenes.selection import applied, score
from tests.web.visitor import Visitor, an_app, statements, text_of

# Home


def test_everybody_reads_what_is_open_how_it_works_and_what_became_of_it(visitor):
    page = visitor.page("/")
    assert [h.get_text(strip=True) for h in page.select("h2")][-3:] == [
        "Open now",
        "How it works",
        "What became of earlier challenges",
    ]
    assert page.select_one(".app-challenge a")["href"] == "/challenges/11-2-flooding-impact"
    assert len(page.select(".app-steps__step svg")) == 4
    assert page.select_one(".app-flow") is not None
    form = page.select_one("form[role=search]")
    assert (form["action"], form.input["name"]) == ("/challenges", "q")


def test_the_numbers_lead_to_the_rows_behind_them(visitor, session, call):
    archive.import_rows(
        session,
        archive.shipped_rows(),
        programme=newest(session, "civtech"),
        actor=call.actor(call.manager),
        now=call.now,
    )
    session.commit()
    tiles = visitor.page("/").select(".app-tile__link")
    numbers = {tile["href"]: tile.select_one(".app-tile__number").get_text(" ").split()[0] for tile in tiles}
    assert numbers == {
        "/challenges?group=finished": "56",
        "/challenges?group=running": "0",
        "/challenges?result=known": "13",
    }
    for href, number in numbers.items():
        total = visitor.page(href).select_one(".app-pages__shown")
        assert (total.get_text().split("of")[-1].split()[0] if total else "0") == number


def test_without_a_challenge_the_page_says_so(settings, engine, now):
    page = Visitor(an_app(settings, engine, lambda: now)).page("/")
    assert [empty.p.get_text() for empty in page.select(".app-empty")] == [
        "No challenge is open for applications at the moment.",
        "No challenge has been published yet.",
    ]


def test_an_owner_sees_first_what_waits_for_them(app, session, call):
    ask(session, call.challenge, text="May I?", actor=call.actor(call.person("Asker")), now=call.now)
    page = Visitor(app).sign_in(session, call.owner, now=call.now).page("/")
    assert page.h1.get_text() == "What waits for you"
    waiting = page.select_one(".app-waiting__item")
    assert waiting.a.get_text() == "Answer a question about “Flooding impact”"
    assert page.select_one(".app-mine h3").get_text() == "Flooding impact"


def test_what_is_late_says_so_in_a_word(app, session, call, gate):
    score(call, gate)
    advance(session, gate, "moderate", actor=call.actor(call.manager), now=call.now)
    shown = []
    for call.now in (gate.scoring_due_at - timedelta(days=1), gate.scoring_due_at + timedelta(days=3)):
        page = Visitor(app).sign_in(session, call.manager, now=call.now).page("/")
        shown += [" ".join(due.text.split()) for due in page.select(".app-waiting__due")[:1]]
        session.commit()
    assert [words.split(", ")[0] for words in shown] == ["by Monday 2 March 2026", "Late: due Monday 2 March 2026"]


def test_who_writes_finds_the_draft_under_its_heading_with_the_day_that_it_begins(app, session, call):
    ailsa, midnight = call.person("Ailsa Munro"), datetime(call.now.year, call.now.month + 1, 20, tzinfo=UTC)
    made = draft(
        session,
        round_=session.get_one(Round, call.challenge.round_id),
        sponsor=None,
        title="Secret plans",
        actor=call.actor(call.manager),
        now=call.now,
    )
    made.opens_at = midnight
    grant(session, ailsa, "challenge_writer", call.now, scope="challenge", scope_id=made.id)
    session.commit()
    desk = Visitor(app).sign_in(session, ailsa, now=call.now).page("/").select_one(".app-desk")
    assert [desk.h2.get_text(), desk.li.a["href"]] == ["Challenges that you write", "/challenges/secret-plans"]
    begins = f"is to open on {day(midnight, DEFAULT_ZONE)}, at the beginning of the day (UK time)"
    assert begins in desk.li.get_text(" ", strip=True)


def test_agreements_that_are_fulfilled_lead_to_where_they_are_read(app, session, call):
    [one, *_], finance = applied(call), call.person("Ravi Maitland")
    grant(session, finance, "finance_officer", call.now)
    begun = Agreement(
        round_id=one.round_id,
        challenge_id=one.challenge_id,
        application_id=one.id,
        team_id=one.team_id,
        stage="exploration",
        price_pounds=5_000,
        starts_at=call.now,
        ends_at=call.now,
        state="",
        since=call.now,
    )
    begin(session, begun, actor=CIVFLOW, now=call.now)
    begun.team_signed_at = begun.sponsor_signed_at = call.now
    begun.team_signed_by_id = begun.sponsor_signed_by_id = call.manager.id
    begun.state = "completed"  # scenery: both have signed, and it has been kept
    session.commit()
    desk = Visitor(app).sign_in(session, finance, now=call.now).page("/").select_one(".app-desk")
    assert (desk.p.a.get_text(), desk.p.a["href"]) == ("1 agreement", f"/rounds/{one.round_id}#record")


def test_somebody_new_is_told_what_comes_here(app, session, call):
    page = Visitor(app).sign_in(session, call.person("Newcomer"), now=call.now)
    assert "Nothing waits for you" in text_of(page.get("/"))


def test_a_rehearsal_is_not_announced(visitor, session, call):
    session.get_one(Round, call.challenge.round_id).rehearsal = True
    session.commit()
    assert visitor.page("/").select(".app-challenge") == []


@pytest.mark.both_databases
def test_the_home_page_asks_the_same_however_much_there_is(visitor, session, call, engine):
    visitor.get("/")
    with statements(engine) as of_one:
        visitor.get("/")
    archive.import_rows(
        session,
        archive.shipped_rows(),
        programme=newest(session, "civtech"),
        actor=call.actor(call.manager),
        now=call.now,
    )
    session.commit()
    with statements(engine) as of_many:
        visitor.get("/")
    assert len(of_one) == len(of_many) <= 9


def test_an_owner_of_many_challenges_asks_no_more_than_an_owner_of_one(app, session, call, engine):
    everywhere = call.person("Owner of all")
    grant(session, everywhere, "challenge_owner", call.now)
    owner = Visitor(app).sign_in(session, everywhere, now=call.now)
    owner.get("/")
    with statements(engine) as of_one:
        owner.get("/")
    for row in archive.shipped_rows()[:12]:
        archive.import_row(
            session, row, session.get_one(Round, call.challenge.round_id), actor=call.actor(call.manager), now=call.now
        )
    session.commit()
    with statements(engine) as of_many:
        assert len(owner.page("/").select(".app-mine")) == 13
    assert len(of_one) == len(of_many)


# About the site


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/how-it-works", "How it works"),
        ("/accessibility", "Accessibility statement"),
        ("/privacy", "Privacy"),
    ],
)
def test_pages_about_the_site_are_open_to_everybody(visitor, path, title):
    assert visitor.page(path).h1.get_text() == title


def test_the_funnel_has_the_programmes_own_figures(visitor):
    stages = visitor.page("/how-it-works").select(".app-funnel__stage")
    assert [stage.h3.get_text() for stage in stages][:4] == ["Open call", "Sift", "Interview", "Exploration"]
    assert "£5,000 for each team excluding VAT" in stages[3].get_text()


def test_the_privacy_page_names_every_cookie_that_is_set(app, session, call):
    visitor = Visitor(app).sign_in(session, call.owner, now=call.now)
    visitor.get("/challenges/11-2-flooding-impact")
    named = {row.th.get_text() for row in visitor.page("/privacy").select("tbody tr")}
    assert {name for _, _, name in visitor.client._cookies} <= named


@pytest.mark.both_databases
def test_health_says_whether_the_database_answers(visitor, engine):
    answer = visitor.get("/health")
    assert (answer.status_code, answer.json, answer.headers["Cache-Control"]) == (200, {"status": "ok"}, "no-store")


def test_health_says_when_it_does_not(settings, tmp_path):
    there_is_none = read_settings({}, database_url=f"sqlite:///{tmp_path}", demonstration="1")
    answer = Visitor(an_app(there_is_none, None, lambda: None)).get("/health")
    assert (answer.status_code, answer.json) == (503, {"status": "the database cannot be reached"})


def test_search_engines_stay_away_from_what_is_invented(visitor):
    assert visitor.get("/robots.txt").text == "User-agent: *\nDisallow: /\nSitemap: http://127.0.0.1:8000/sitemap.xml\n"


def test_an_owner_sees_the_strip_of_an_open_challenge_once(visitor, session, call):
    assert len(visitor.page("/").select(".app-flow__wide")) == 1
    visitor.sign_in(session, call.owner, now=call.now)
    assert len(visitor.page("/").select(".app-flow__wide")) == 1
