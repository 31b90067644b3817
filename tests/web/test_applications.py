"""Applying and writing: pages, fragments, refusals, who may open what, two writers, and a deadline that passes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlmodel import col

from civflow.db import new_session, reading
from civflow.models import Application, Conflict, Document, Person, Slot, Team
from civflow.services.applications.answers import save_answers
from civflow.services.applications.begin import apply_alone
from civflow.services.applications.submission import submit
from civflow.services.challenges.stages import gate_of
from civflow.services.engine.advance import advance
from civflow.services.interviews.slots import offer_slots
from civflow.services.teams.teams import invite
from civflow.workflows.applications import nobody_in_the_team_runs_it
from tests.scenes.open_call import grant
from tests.web.visitor import HTMX, errors_of, text_of


@pytest.fixture
def priya(call) -> Person:
    return call.person("Priya Raeburn", "data")


@pytest.fixture
def draft(call, priya) -> Application:
    return call.application(call.team("Otter Works", priya))


@pytest.fixture
def complete(call, priya) -> Application:
    return call.application(call.team("Otter Works", priya), complete=True)


@pytest.fixture
def stored(engine):
    """What the database has for a question; read on the side, because SQLite has one writer at a time."""

    def read(application, question="idea"):
        with new_session(reading(engine)) as beside:
            return beside.get_one(Application, application.id).answers.get("application", {}).get(question)

    return read


@pytest.fixture
def applications(engine):
    """Every application that the database has."""

    def read():
        with new_session(reading(engine)) as beside:
            return beside.scalars(select(Application).order_by(col(Application.id))).all()

    return read


APPLY = "/challenges/11-2-flooding-impact/apply"


def idea(application) -> str:
    return f"/applications/{application.id}/questions/idea"


# Applying


def test_a_stranger_is_asked_in_and_comes_back_here(come):
    stranger = come()
    answer = stranger.get(APPLY)
    assert (answer.status_code, answer.location) == (
        303,
        "/sign-in?then=%2Fchallenges%2F11-2-flooding-impact%2Fapply",
    )
    assert f"/register?then={APPLY}" in [a["href"] for a in stranger.page(answer.location).select("main a")]


def test_a_person_without_a_team_applies_alone(come, session, call, applications):
    browser = come(call.person("Hana Begg"))
    words = text_of(browser.get(APPLY))
    assert "The call closes Monday 2 February 2026, 12 noon (UK time), in 28 days." in words
    begun = browser.post(APPLY, {"who": "alone"}, on=APPLY)
    (application,) = applications()
    assert (begun.status_code, begun.location) == (303, f"/applications/{application.id}")
    page = text_of(browser.get(begun.location))
    assert "0 of 8 questions answered" in page
    assert "Team Hana Begg" in page


def test_one_applies_with_a_new_team_or_one_of_ones_own(come, call, priya, applications):
    otter = call.team("Otter Works", priya)
    theirs = call.team("Theirs", call.person("Omar Tait"))
    browser = come(priya)
    assert [i["value"] for i in browser.page(APPLY).select("input[name=who]")] == [str(otter.id), "alone", "new"]
    for who, name, errors in (
        ("", "", ["Choose who applies."]),
        (str(theirs.id), "", ["Choose who applies."]),
        ("new", "", ["Give the team a name."]),
        ("new", "Theirs", ["Another team is called “Theirs”. Choose another name."]),
    ):
        answer = browser.post(APPLY, {"who": who, "name": name}, on=APPLY)
        assert (answer.status_code, errors_of(answer)) == (422, errors)
    assert applications() == []
    assert browser.post(APPLY, {"who": str(otter.id)}, on=APPLY).status_code == 303
    (first,) = applications()
    for who, name in (("new", "Second"), ("alone", "")):
        again = browser.post(APPLY, {"who": who, "name": name}, on=APPLY)
        sentence = "You have an application to this challenge already, as Otter Works: 1-0001."
        assert (again.status_code, errors_of(again)) == (422, [sentence])
        link = BeautifulSoup(again.data, "html.parser").select_one(".govuk-error-summary__list a")
        assert (link["href"], link.get_text(strip=True)) == (f"/applications/{first.id}", sentence)
    assert [a.reference for a in applications()] == ["1-0001"]
    assert "Otter Works has begun already: open application 1-0001." in text_of(browser.get(APPLY))


def test_a_closed_call_takes_nobody_and_says_when_it_closed(come, call, priya):
    call.wait_until(call.closes_at)
    browser = come(priya)
    assert browser.page(APPLY).select_one("main form") is None
    assert "The call closed Monday 2 February 2026, 12 noon (UK time), now." in text_of(browser.get(APPLY))
    answer = browser.post(APPLY, {"who": "alone"}, on="/teams/new")
    assert (answer.status_code, errors_of(answer)) == (
        422,
        ["Needed first: The challenge is open.", "Needed first: The deadline has not passed."],
    )


def test_who_runs_a_challenge_reads_that_they_cannot_apply_to_it(come, call, applications):
    for person in (call.owner, call.manager):
        browser = come(person)
        assert "You run this challenge, so you cannot apply to it." in text_of(browser.get(APPLY))
        assert browser.page(APPLY).select_one("main form") is None
        answer = browser.post(APPLY, {"who": "alone"}, on="/teams/new")
        assert (answer.status_code, errors_of(answer)) == (
            422,
            ["Needed first: " + nobody_in_the_team_runs_it.sentence],
        )
    assert applications() == []


def test_there_is_no_apply_page_for_a_challenge_that_nobody_may_see(come, priya):
    assert come(priya).get("/challenges/nonsense/apply").status_code == 404


# Reading


def test_the_team_reads_what_it_needs_and_by_when(come, draft, priya):
    page = come(priya).page(f"/applications/{draft.id}")
    waiting = page.select_one(".app-waiting")
    assert [a.get_text() for a in waiting.select("a")] == ["Finish and submit your application to Flooding impact"]
    statuses = [s.get_text(strip=True) for s in page.select(".govuk-task-list__status")]
    assert statuses == ["May stay empty", *["Not started"] * 6, *["May stay empty"] * 2]
    way = [stage["class"][1] for stage in page.select(".app-way__stage")]
    assert way == ["app-way__stage--here", *["app-way__stage--ahead"] * 8]
    assert [a["href"] for a in page.select("#options a")] == [f"/cases/application/{draft.id}/withdraw"]


def test_the_list_has_what_needs_the_person_first(come, call, draft, priya, session):
    both, hana = call.team("Second", priya), call.person("Hana Begg")
    advance(
        session,
        invite(session, both, hana, actor=call.actor(priya), now=call.now),
        "accept",
        actor=call.actor(hana),
        now=call.now,
    )
    second = call.application(both, complete=True)
    submit(session, second, actor=call.actor(priya), now=call.now)
    cards = come(priya).page("/applications").select(".app-card")
    assert [c.select_one(".govuk-tag").get_text() for c in cards] == ["Not submitted yet", "Submitted"]
    assert "You hear the result by" in cards[1].get_text()


def test_a_newcomer_reads_what_to_do(come, priya):
    browser = come(priya)
    assert "You have no application yet." in text_of(browser.get("/applications"))
    assert "To apply you need no company and no partners:" in text_of(browser.get("/"))


@pytest.mark.parametrize("part", ["", "/print", "/submit", "/title", "/questions/idea", "/interview"])
def test_another_team_finds_nothing(come, call, draft, part):
    path = f"/applications/{draft.id}{part}"
    stranger = call.person("Omar Tait")
    call.team("Theirs", stranger)
    answer = come(stranger).get(path)
    assert answer.status_code == 404
    assert "There is no such application, or it is not yours to see." in text_of(answer)
    assert come().get(path).status_code == 303


def test_the_team_of_one_of_an_applicant_is_nobodys_to_see_until_it_is_more_than_that(come, call, session, priya):
    """Whoever counts through the teams during one open call would learn who applies to it."""
    application = apply_alone(session, call.challenge, priya, now=call.now)
    team, tom, auditor = (
        session.get_one(Team, application.team_id),
        call.person("Tom Baird"),
        call.person("Joanna Spence"),
    )
    grant(session, auditor, "auditor", call.now)
    others = (call.person("Omar Tait"), tom, call.owner, call.manager, auditor)
    own = f"/teams/{team.id}"

    def see_it() -> list[str]:
        session.commit()
        pages = {
            person.name: [come(person).get(path).status_code for path in (own, f"/cases/team/{team.id}")]
            for person in (priya, *others)
        }
        assert all(codes in ([200, 200], [404, 404]) for codes in pages.values())
        return [name for name, codes in pages.items() if codes == [200, 200]]

    assert see_it() == ["Priya Raeburn"]
    words = text_of(come(priya).get(own))
    assert "make one and tell you: then invite them here. Until then nobody else sees the team." in words
    team.looking_for = ["design"]
    assert see_it() == [priya.name, *(person.name for person in others)]
    team.looking_for = []
    invite(session, team, tom, actor=call.actor(priya), now=call.now)
    assert see_it() == ["Priya Raeburn", "Tom Baird"]
    save_answers(session, application, call.answers(application), actor=call.actor(priya), now=call.now)
    submit(session, application, actor=call.actor(priya), now=call.now)
    manager = come(call.manager).page(f"/applications/{application.id}")
    assert manager.select(f"main a[href='{own}']") == []
    call.wait_until(call.closes_at)
    assert see_it() == [priya.name, *(person.name for person in others[1:])]
    una = call.person("Una Galbraith")
    asked = invite(session, team, una, actor=call.actor(priya), now=call.now)
    advance(session, asked, "accept", actor=call.actor(una), now=call.now)
    assert see_it() == [priya.name, *(person.name for person in others)]


def test_nobody_outside_the_team_reads_a_word_before_the_deadline(come, call, session, priya, complete):
    submit(session, complete, actor=call.actor(priya), now=call.now)
    auditor = call.person("Joanna Spence")
    grant(session, auditor, "auditor", call.now)
    here = f"/applications/{complete.id}"
    approver = call.person("Una Galbraith")
    grant(session, approver, "approver", call.now, limit_pounds=1_000_000)
    for person in (call.owner, approver):  # whoever decides learns neither who applies nor that anybody does
        for path in (here, f"/cases/application/{complete.id}"):
            assert come(person).get(path).status_code == 404
    team = f"/teams/{complete.team_id}"
    links = [
        a["href"] for who in (call.manager, approver) for a in come(who).page(team).select("main a[href^='/appl']")
    ]
    assert links == []
    for person in (call.manager, auditor):
        browser = come(person)
        words = text_of(browser.get(here))
        assert "Our words" not in words
        assert "Sealed until Monday 2 February 2026, 12 noon (UK time), in 28 days." in words
        for part in ("/print", "/submissions/1", "/questions/idea"):
            assert browser.get(f"{here}{part}").status_code == 404
    call.wait_until(call.closes_at)
    for person in (call.manager, call.owner, approver):
        assert "Our words about your idea in two sentences" in text_of(come(person).get(here))


def test_what_was_taken_back_stays_the_teams_own_for_ever(come, call, session, complete, priya):
    submit(session, complete, actor=call.actor(priya), now=call.now)
    advance(session, complete, "take_back", actor=call.actor(priya), now=call.now, reason="A slip.")
    here = f"/applications/{complete.id}"
    call.wait_until(call.closes_at + timedelta(days=1))
    words = text_of(come(call.manager).get(here))
    assert "Our words" not in words
    assert "This was not handed in before the deadline, so it stays the team's own" in words


# Writing


def test_a_question_is_saved_and_leads_to_the_next(come, draft, priya, stored):
    browser = come(priya)
    heading = browser.page(idea(draft)).select_one("h1").get_text(" ", strip=True)
    assert heading == "Question 1 of 8 Your idea in two sentences"
    onwards = browser.post(idea(draft), {"words": "Gauges.", "before": "", "then": "continue"}, on=idea(draft))
    assert (onwards.status_code, onwards.location) == (303, f"/applications/{draft.id}/questions/solves")
    back = browser.post(idea(draft), {"words": "Gauges!", "before": "Gauges.", "then": "back"}, on=idea(draft))
    assert (back.status_code, back.location) == (303, f"/applications/{draft.id}#questions")
    assert stored(draft) == "Gauges!"
    last = f"/applications/{draft.id}/questions/sustainability"
    end = browser.post(last, {"words": "Yes.", "before": "", "then": "continue"}, on=last)
    assert end.location == f"/applications/{draft.id}#questions"


def test_words_that_are_too_long_are_kept_and_told(come, draft, priya, stored):
    browser, long = come(priya), "word " * 81
    answer = browser.post(idea(draft), {"words": long, "before": "", "then": "continue"}, on=idea(draft))
    assert (answer.status_code, answer.location) == (303, idea(draft))
    assert stored(draft) == long.strip()
    assert errors_of(browser.get(idea(draft))) == [
        "Your words are saved, but they are too long. “Your idea in two sentences” has 81 words; it may have 80.",
    ]
    assert "Too long: 81 of 80 words" in text_of(browser.get(f"/applications/{draft.id}"))


def test_saving_by_itself_answers_with_a_sentence_and_what_was_saved(come, draft, priya, call, stored):
    call.now += timedelta(minutes=3)
    answer = come(priya).post(idea(draft), {"words": "Gau", "before": ""}, on=idea(draft), headers=HTMX)
    soup = BeautifulSoup(answer.data, "html.parser")
    assert (answer.status_code, soup.select_one("[data-announce]").get_text()) == (200, "Saved at 12:03pm.")
    assert (soup.select_one("#before")["value"], soup.select_one("#before")["hx-swap-oob"]) == ("Gau", "true")
    assert soup.select_one("html") is None
    assert stored(draft) == "Gau"


@pytest.fixture
def hana(call, session, draft, priya) -> Person:
    """A second member of the team."""
    hana = call.person("Hana Begg")
    team = session.get_one(Team, draft.team_id)
    membership = invite(session, team, hana, actor=call.actor(priya), now=call.now)
    advance(session, membership, "accept", actor=call.actor(hana), now=call.now)
    return hana


@pytest.mark.both_databases
def test_of_two_writers_the_second_reads_both_texts_and_loses_none(come, draft, priya, hana, stored):
    first, second = come(hana), come(priya)
    hers = first.post(idea(draft), {"words": "Hers.", "before": "", "then": "back"}, on=idea(draft))
    assert hers.status_code == 303
    answer = second.post(idea(draft), {"words": "Mine.", "before": "", "then": "back"}, on=idea(draft))
    assert (answer.status_code, errors_of(answer)) == (
        409,
        [
            "Hana Begg has changed this answer since you opened it. Both texts are on this page.",
            "That was Monday 5 January 2026, 12 noon (UK time).",
        ],
    )
    page = BeautifulSoup(answer.data, "html.parser")
    assert page.select_one("#words").get_text(strip=True) == "Mine."
    assert page.select_one("#conflict .app-words").get_text() == "Hers."
    assert stored(draft) == "Hers."
    theirs = page.select_one("input[name=theirs]")["value"]
    again = second.post(
        idea(draft),
        {"words": "Hers and mine.", "before": "", "theirs": theirs, "then": "back"},
        on=idea(draft),
    )
    assert (again.status_code, stored(draft)) == (303, "Hers and mine.")


@pytest.mark.both_databases
def test_two_tabs_of_one_person_conflict_too_and_by_itself_nothing_is_overwritten(come, draft, priya, stored):
    browser = come(priya)
    browser.post(idea(draft), {"words": "First tab.", "before": ""}, on=idea(draft), headers=HTMX)
    data = {"words": "Second tab.", "before": "", "theirs": "First tab."}  # only a button says that it was read
    answer = browser.post(idea(draft), data, on=idea(draft), headers=HTMX)
    soup = BeautifulSoup(answer.data, "html.parser")
    assert answer.status_code == 409
    assert soup.select_one("[data-announce]").get_text() == (
        "Not saved. You have changed this answer in another window since you opened it. Both texts are on this page."
    )
    assert soup.select_one("#conflict")["hx-swap-oob"] == "true"
    assert soup.select_one("#before") is None
    assert stored(draft) == "First tab."


def token_on(browser, path) -> str:
    return browser.page(path).select_one("input[name=csrf_token]")["value"]


def test_words_typed_when_the_deadline_passed_are_kept_and_told(come, session, call, draft, priya, stored):
    call.wait_until(call.closes_at - timedelta(minutes=5))
    browser, path, here = come(priya), idea(draft), f"/applications/{draft.id}"
    form = {"csrf_token": token_on(browser, path)}
    call.wait_until(call.closes_at)
    session.commit()
    late = {"words": "Too late.", "before": "", **form}
    by_itself = browser.client.post(path, data=late, headers=HTMX)
    assert BeautifulSoup(by_itself.data, "html.parser").select_one("[data-announce]").get_text() == (
        "Saved at 12 noon. The deadline has passed, so this can no longer be submitted. Your words are kept."
    )
    pressed = browser.client.post(path, data={"words": "Later.", "before": "Too late.", **form})
    assert pressed.status_code == 200
    assert "Your words are saved, but the deadline has passed" in text_of(pressed)
    assert browser.get(path).location == here
    assert stored(session.get_one(Application, draft.id)) == "Later."


@pytest.mark.both_databases
def test_words_typed_when_somebody_submitted_come_back(come, session, call, priya, complete):
    browser, path = come(priya), idea(complete)
    form = {"csrf_token": token_on(browser, path)}
    submit(session, complete, actor=call.actor(priya), now=call.now)
    session.commit()
    answer = browser.client.post(path, data={"words": "One more.", "before": "", **form})
    assert (answer.status_code, errors_of(answer)) == (
        409,
        ["Priya Raeburn submitted it while you were typing. Copy your words, take it back, and change it."],
    )
    assert BeautifulSoup(answer.data, "html.parser").select_one("#words").get_text(strip=True) == "One more."


def test_whoever_is_signed_out_while_typing_gets_the_words_back(come, draft, priya):
    browser, path = come(priya), idea(draft)
    data = {"words": "Not lost.", "before": "", "csrf_token": token_on(browser, path)}
    browser.client.delete_cookie("civflow_sign_in")
    answer = browser.client.post(path, data=data)
    assert answer.status_code == 403
    assert BeautifulSoup(answer.data, "html.parser").select_one("textarea").get_text(strip=True) == "Not lost."
    by_itself = browser.client.post(path, data=data, headers=HTMX)
    assert (by_itself.status_code, "Not saved: your sign-in has ended." in by_itself.text) == (422, True)


def test_the_title_is_saved_or_too_long(come, draft, priya):
    path, browser = f"/applications/{draft.id}/title", come(priya)
    assert browser.post(path, {"title": "Gauges"}, on=path).status_code == 303
    long = browser.post(path, {"title": "x" * 201}, on=path)
    assert (long.status_code, errors_of(long)) == (422, ["The title has 201 characters; it may have 200."])
    assert browser.page(path).select_one("#title")["value"] == "Gauges"


def test_there_is_no_page_for_a_question_that_the_form_has_not(come, draft, priya):
    browser, path = come(priya), f"/applications/{draft.id}/questions/nonsense"
    assert browser.get(path).status_code == 404
    assert browser.post(path, {"words": "x"}, on=idea(draft)).status_code == 404


# Submitting


def test_the_check_page_lists_everything_that_is_missing(come, draft, priya):
    path, browser = f"/applications/{draft.id}/submit", come(priya)
    page = browser.page(path)
    assert page.select_one("main form") is None
    assert [li.get_text(strip=True) for li in page.select("main ul li")] == [
        "Every question of the form is answered within its length.",
        "Answer “Your idea in two sentences”.",
        "Answer “How does it solve the challenge?”.",
        "Answer “What is new about it?”.",
        "Answer “How can it become a business?”.",
        "Answer “How will you take part in every stage?”.",
        "Answer “Who is in the team?”.",
    ]
    answer = browser.post(path, {}, on=idea(draft))
    assert (answer.status_code, errors_of(answer)) == (
        422,
        ["Needed first: Every question of the form is answered within its length."],
    )


def test_submitting_leads_to_a_receipt_with_the_hash(come, engine, complete, priya):
    path, browser = f"/applications/{complete.id}/submit", come(priya)
    page = browser.page(path)
    assert "1 member of your team gets a receipt" in page.main.get_text(" ", strip=True)
    answer = browser.post(path, {"seen": page.select_one("input[name=seen]")["value"]}, on=path)
    assert (answer.status_code, answer.location) == (303, f"/applications/{complete.id}/submissions/1?new=1")
    receipt = browser.page(answer.location)
    with new_session(reading(engine)) as beside:
        document = beside.scalars(select(Document).where(col(Document.kind) == "receipt")).one()
    assert receipt.select_one(".app-hash").get_text() == document.data["content_hash"]
    assert receipt.select_one(f'a[href="/documents/{document.id}"]').get_text() == "It is being made"
    assert "Our words about who is in the team?" in receipt.main.get_text()
    assert browser.get(f"/applications/{complete.id}/submissions/2").status_code == 404


@pytest.mark.both_databases
def test_who_looked_at_an_older_text_does_not_submit_it(come, session, call, complete, priya):
    path, browser = f"/applications/{complete.id}/submit", come(priya)
    seen = browser.page(path).select_one("input[name=seen]")["value"]
    save_answers(session, complete, {"idea": "Changed."}, actor=call.actor(priya), now=call.now)
    session.commit()
    answer = browser.post(path, {"seen": seen}, on=path)
    assert (answer.status_code, errors_of(answer)) == (
        409,
        [
            "Priya Raeburn was first: this application is now “Draft”. Look at it again.",
            "That was Monday 5 January 2026, 12 noon (UK time).",
        ],
    )


def test_everything_is_on_one_page_to_print(come, complete, priya):
    page = come(priya).page(f"/applications/{complete.id}/print")
    assert len(page.select(".app-print__question")) == 8
    assert page.select(".app-quiet")[0].get_text().startswith("8 of 80 words")


# Interviews


@pytest.fixture
def invited(call, session, complete, priya) -> list[Slot]:
    """The application stands before the interview, and three times are offered."""
    submit(session, complete, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(complete, "interview")
    interview, manager = gate_of(session, call.challenge, "interview"), call.actor(call.manager)
    for person, side in ((call.manager, "programme"), (call.owner, "sponsor")):
        advance(session, interview, "seat", actor=manager, now=call.now, person_id=person.id, side=side)
    return offer_slots(
        session,
        interview,
        starts=[call.now + timedelta(days=3, hours=n) for n in range(3)],
        where="Room 1",
        panel=[call.manager.id, call.owner.id],
        actor=call.actor(call.manager),
        now=call.now,
    )


def test_a_team_books_one_of_the_times_and_gives_it_back(come, complete, invited, priya):
    path, slot = f"/applications/{complete.id}/interview", invited[1].id
    browser = come(priya)
    assert "Book your interview for Flooding impact" in text_of(browser.get(path.removesuffix("/interview")))
    assert errors_of(browser.post(path, {}, on=path)) == ["Choose a time."]
    assert browser.post(path, {"slot": slot}, on=path).status_code == 303
    assert "Thursday 5 February 2026, 1pm (UK time)" in text_of(browser.get(path))
    no_reason = browser.post(f"{path}/give-back", {"reason": ""}, on=path)
    assert (no_reason.status_code, errors_of(no_reason)) == (422, ["Give a reason: it is kept with the step."])
    assert browser.post(f"{path}/give-back", {"reason": "Ill."}, on=path).status_code == 303
    assert len(browser.page(path).select("input[name=slot]")) == 3


@pytest.mark.both_databases
def test_the_first_team_has_the_time_and_a_conflicted_panel_is_not_offered(
    come, session, call, complete, invited, priya
):
    other = call.person("Omar Tait")
    theirs = Application(
        round_id=complete.round_id,
        challenge_id=complete.challenge_id,
        reference="1-0002",
        stage="interview",
        team_id=call.team("Theirs", other).id,
        state=complete.state,
        since=call.now,
        closes_at=complete.closes_at,
        submitted_at=call.now,
    )
    session.add(theirs)
    session.flush()
    mine, path, slot = (
        f"/applications/{complete.id}/interview",
        f"/applications/{theirs.id}/interview",
        invited[0].id,
    )
    first, second = come(priya), come(other)
    assert first.post(mine, {"slot": slot}, on=mine).status_code == 303
    late = second.post(path, {"slot": slot}, on=path)
    assert (late.status_code, errors_of(late)) == (
        409,
        ["Another team was first: this time is booked. Choose another one."],
    )
    session.add(Conflict(person_id=call.owner.id, team_id=theirs.team_id, why="Kin.", declared_at=call.now))
    session.commit()
    assert "There is no time to choose from at the moment." in text_of(second.get(path))


# The improved proposal


def test_an_improved_proposal_is_written_on_the_same_pages(come, session, call, complete, priya):
    submit(session, complete, actor=call.actor(priya), now=call.now)
    call.wait_until(call.closes_at)
    call.goes_on(complete, "interview", "exploration")
    call.asks_for_a_proposal(complete, until=call.now + timedelta(days=2))
    questions = [question.id for question in call.form(complete).questions]
    browser, here = come(priya), f"/applications/{complete.id}"
    assert "Send your improved proposal for Flooding impact" in text_of(browser.get(here))
    page = browser.page(f"{here}/questions/solves")
    assert page.select_one("details .app-words").get_text() == "Our words about how does it solve the challenge?"
    for question in questions:
        path = f"{here}/questions/{question}"
        saved = browser.post(path, {"words": "Better.", "before": "", "then": "back"}, on=path)
        assert saved.status_code == 303
    sent = browser.post(f"{here}/submit", {}, on=f"{here}/submit")
    assert (sent.status_code, sent.location) == (303, f"{here}/submissions/2?new=1")
    assert "Send your improved proposal" not in text_of(browser.get(here))
    call.wait_until(call.now + timedelta(days=3))
    assert come(priya).get(f"{here}/questions/solves").location == here
