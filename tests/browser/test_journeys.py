"""What people do from beginning to end in a browser, with JavaScript and without, and what they read on the way.

Each journey has the played demonstration to itself, as it stands at its end.
"""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Agreement, Application, Challenge, Person, Question, Team
from civflow.services.agreements.agreements import draft_agreement
from civflow.services.engine.advance import advance
from civflow.services.people import actor_of, grant, invented, person_by_email
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine import CIVFLOW

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ways = pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])


@ways
def test_an_assessor_declares_no_conflict_scores_and_submits(come, whole, javascript):
    assessor = come("Assessor", javascript=javascript)
    page = assessor.page
    assessor.follow("Assess")
    page.get_by_role("link", name="Go to the next one").click()
    assessor.press("Accept and read")
    assessor.reads("First: do you have a conflict of interest?")
    expect(page.locator(".govuk-error-message")).to_have_text(
        "Error: Tick “I have no conflict of interest with this team”."
    )
    whole(assessor)
    page.get_by_label("I have no conflict of interest").check()
    assessor.press("Accept and read")
    assessor.reads("What the team says", "0 of 4 criteria scored")
    criteria = page.locator(".app-score")
    for number in range(4):
        criterion = criteria.nth(number)
        criterion.get_by_role("radio", name="3").check()
        criterion.get_by_role("textbox").fill(f"Reason number {number + 1}.")
        if javascript:
            expect(criterion.locator("[data-autosave-status]")).to_contain_text("Saved at")
            assessor.reads(f"{number + 1} of 4 criteria scored")
    if not javascript:
        criteria.last.get_by_role("button", name="Save").click()
    assessor.reads("4 of 4 criteria scored")
    whole(assessor)
    page.get_by_role("button", name="Submit the scores of").click()
    assessor.reads("Your scores are locked", "You: 3 of 4", "Reason number 1.")
    whole(assessor)


@ways
def test_a_manager_releases_letters_and_who_presses_later_reads_who_was_first(come, own_site, whole, javascript):
    with own_site.session() as session:
        second = person_by_email(session, invented.ADMINISTRATOR)
        grant(session, second, "programme_manager", actor=CIVFLOW, now=own_site.now)
        session.commit()
    manager, late = (come(role, javascript=javascript) for role in ("Programme manager", "Administrator"))
    for visitor in (manager, late):
        visitor.page.get_by_role("link", name="Release 8 letters").first.click()
        visitor.sees_page("Release 8 letters")
    manager.reads(
        "6 teams go on. Every member of all 8 teams gets a message with the team's letter, and the result becomes public.",
        "the result of “Sift” for Outpatient appointments",
        "Your total:",
        "Going on:",
    )
    expect(manager.page.locator(".app-decision details li")).to_have_count(8)
    whole(manager)
    manager.press("Release the result")
    manager.reads("The result is released. Every team's letter is on its way.")
    late.press("Release the result")
    expect(late.page.locator(".govuk-error-summary")).to_contain_text("Somebody was first")
    late.reads(
        "Morag Sinclair was first: this gate is now “Released”. Look at it again.", "That was Monday 23 November 2026"
    )
    whole(late)


@ways
def test_a_backward_step_wants_its_reason(come, whole, javascript):
    manager = come("Programme manager", javascript=javascript)
    manager.page.get_by_role("link", name="Release 8 letters").first.click()
    manager.follow("The gate")
    manager.take("Reopen the scoring")
    manager.reads("The panel is told why, and can score again.")
    expect(manager.page.locator("#reason-error")).to_have_text("Error: Give a reason: it is kept with the step.")
    whole(manager)
    manager.fill("Your reason", "Two totals were mixed up.")
    manager.press("Reopen the scoring")
    manager.reads("Reopen the scoring: done.")


@ways
def test_an_innovator_applies_and_gets_a_receipt(come, own_site, whole, javascript):
    innovator = come("Innovator", javascript=javascript)
    page = innovator.page
    innovator.open("/challenges/engagement-with-nature/apply")
    page.get_by_label("A new team").check()
    innovator.fill("Name of the team, if it is a new one", "Nettle and Thistle")
    innovator.press("Begin the application")
    innovator.reads("Your answers", "0 of 8 questions answered")
    page.get_by_role("link", name="Your idea in two sentences").click()
    for number in range(1, 9):
        innovator.sees_page(f"Question {number} of 8")
        page.get_by_role("textbox").fill("We count nets with a camera.")
        page.get_by_role("button", name="Save and").first.click()
    innovator.reads("8 of 8 questions answered")
    page.get_by_role("button", name="Check and submit").click()
    innovator.reads(
        "1 member of your team gets a receipt",
        "Nobody can open it before Wednesday 16 December 2026, 12 noon (UK time)",
    )
    innovator.press("Submit the application")
    innovator.reads("Submitted", "We have it. Every member of your team gets this receipt.")
    whole(innovator)
    own_site.work()
    page.reload()
    href = page.get_by_role("link", name="Receipt with every word (PDF)").get_attribute("href")
    receipt = page.request.get(own_site.address + href)
    words = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(receipt.body())).pages)
    assert (receipt.status, receipt.headers["content-type"]) == (200, "application/pdf")
    assert "We count nets with a camera." in words


@ways
def test_a_question_is_asked_once_and_stands_where_it_was_asked(come, own_site, whole, javascript):
    innovator = come("Innovator", javascript=javascript)
    innovator.open("/challenges/engagement-with-nature")
    innovator.fill("Your question", "May we fly a drone there?")
    innovator.press("Ask the question")
    innovator.reads("The sponsor has your question.", "“May we fly a drone there?”")
    expect(innovator.page.get_by_label("Your question")).to_have_value("")
    whole(innovator)
    with own_site.session() as session:
        asked = select(Question.id).where(col(Question.text) == "May we fly a drone there?")
        assert len(session.scalars(asked).all()) == 1


@ways
def test_a_challenge_owner_signs_an_agreement(come, own_site, whole, javascript):
    agreement_id = an_agreement_that_the_team_has_signed(own_site)
    owner = come("Challenge owner", javascript=javascript)
    owner.open(f"/agreements/{agreement_id}")
    owner.take("Sign for the sponsor")
    expect(owner.page.locator("#may_sign-error")).to_have_text(
        "Error: Tick “I have read the agreement and may sign it for my side”."
    )
    whole(owner)
    owner.page.get_by_label("I have read the agreement and may sign it for my side").check()
    owner.press("Sign for the sponsor")
    owner.reads("You have signed. Both sides are told.", "Hamish Drummond, Monday 23 November 2026", "Signed")


def an_agreement_that_the_team_has_signed(site) -> int:
    """The demonstration's agreements are all signed: another one is drafted and issued, and the team has signed it."""
    with site.session() as session:
        team_in = select(Application).join(Challenge, col(Application.challenge_id) == Challenge.id)
        application = session.scalars(
            team_in.where(Challenge.slug == "public-buildings-investment", col(Application.state) == "in_progress")
        ).first()
        challenge, now = session.get_one(Challenge, application.challenge_id), site.now
        stage = programme_of(session, challenge).stage("accelerator")
        agreement = draft_agreement(
            session,
            place=None,
            application=application,
            stage=stage,
            price=stage.money,
            starts_at=now,
            ends_at=now + stage.length,
            standstill_ends_at=None,
            now=now,
        )
        session.commit()
    site.work()
    with site.session() as session:
        agreement = session.get_one(Agreement, agreement.id)
        manager = person_by_email(session, invented.MANAGER)
        lead = session.get_one(Person, session.get_one(Team, agreement.team_id).lead_id)
        advance(session, agreement, "issue", actor=actor_of(session, manager, now=now), now=now)
        advance(session, agreement, "sign_for_the_team", actor=actor_of(session, lead, now=now), now=now, may_sign=True)
        session.commit()
        return agreement.id


@ways
def test_somebody_signs_in_with_a_link_and_out_again(come, whole, javascript):
    somebody = come(javascript=javascript)
    somebody.open("/sign-in/link")
    somebody.fill("E-mail address", invented.INNOVATOR)
    somebody.press("Send the link")
    somebody.reads("If somebody has an account with innovator@demonstration.example.org, a link is on its way there.")
    somebody.follow("outbox")
    somebody.page.get_by_role("link", name="Your link to sign in").first.click()
    somebody.reads("It works once, and for 15 minutes.")
    somebody.follow("The page that it is about")
    somebody.sees_page("Sign in as Priya Raeburn")
    whole(somebody)
    link = somebody.page.url
    somebody.press("Sign in")
    expect(somebody.page.get_by_role("link", name="Priya Raeburn")).to_be_visible()
    somebody.press("Sign out")
    expect(somebody.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    assert somebody.page.goto(link).status == 410
    somebody.reads("This link does not work any more", "It has been used: it works once.")
    whole(somebody)
