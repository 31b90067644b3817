"""A sponsor and a colleague of another body take a challenge from nothing to open; the programme office only approves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from civflow.services.engine.deadlines import take_due_steps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

EDIT = "/challenges/peat-that-dries-out/edit"
OPENS = datetime(2026, 12, 7, 9, tzinfo=UTC)
HERS = {
    "text-problem": {
        "problem": "Wardens find dry peat too late. We need a dashboard for every moor. " + "It is far away. " * 9
    },
    "text-background": {"background": "Rangers walk the moors and write down what they see. " * 6},
    "text-why_now": {"why_now": "Two dry summers came one after the other, and the next one is near. " * 3},
}
HIS = {
    "question": {"question": "How might we know in time where peat dries out?"},
    "text-who_benefits": {
        "who_benefits": "Wardens, crofters, and everybody who drinks the water that comes from there. " * 3
    },
    "text-on_offer": {
        "on_offer": "Ten years of notes, two wardens for a day a week, and a moor to try things on. " * 3
    },
    "readiness": {
        "budget_holder": "Director of Land",
        "route_to_adoption": "The wardens' team takes it over and pays for it.",
        "sponsor_time": "Two wardens, one day a week each.",
        "data_access": "The notes are public.",
        "exit_if_too_expensive": "The director stops it, and what was learnt is published.",
    },
    "dates": {"opens_at": "7 December 2026 09:00", "closes_at": "25 January 2027 12:00", "money_pounds": "100,000"},
}


def write(visitor, part: str, words: dict[str, str]) -> None:
    """Fill in a part; with scripts it is saved by itself, the last field too before anybody goes on."""
    visitor.open(f"{EDIT}/{part}")
    *others, (last, text) = words.items()
    for name, words_of_it in others:
        visitor.page.locator(f"#{name}").fill(words_of_it)
    if visitor.javascript:
        with visitor.page.expect_response(
            lambda answer: text in parse_qs(answer.request.post_data or "").get(last, [])
        ):
            visitor.page.locator(f"#{last}").fill(text)
        expect(visitor.page.locator("[data-autosave-status]")).to_contain_text("Saved at")
    else:
        visitor.page.locator(f"#{last}").fill(text)
        visitor.page.locator("button[name=then]").last.click()
        expect(visitor.page.locator("body")).to_contain_text("is saved.")


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_two_people_of_two_bodies_take_a_challenge_from_nothing_to_open(come, own_site, whole, javascript):
    owner = come("Challenge owner", javascript=javascript)
    owner.open("/challenges/new")
    owner.fill("Title", "Peat that dries out")
    owner.fill("Sponsor (may stay empty)", "Forestry and Land Scotland")
    owner.press("Begin the draft")
    owner.reads("Forestry and Land Scotland leads.", "0 of 10 parts are done")

    owner.follow("Who writes it")
    owner.fill("A supporting sponsor", "stirling council")
    owner.press("Add the supporting sponsor")
    owner.reads("Supports: Stirling Council")
    owner.fill("Their e-mail address", "ailsa@stirling.example.org")
    owner.fill("Their name (if they have no account)", "Ailsa Munro")
    owner.page.get_by_label("Stirling Council", exact=True).check()
    owner.press("Name them as a writer")
    owner.reads("Ailsa Munro, Stirling Council")
    whole(owner)

    own_site.now += timedelta(minutes=1)  # so long a message can still be cancelled
    own_site.work()
    colleague = come(javascript=javascript)
    colleague.open("/outbox")
    colleague.follow("Hamish Drummond asks you to write “Peat that dries out” with them")
    colleague.follow("The page that it is about")
    colleague.press("Sign in")
    colleague.reads("Stirling Council supports.", "Hamish Drummond (Forestry and Land Scotland)")
    whole(colleague)
    for part, words in HERS.items():
        write(colleague, part, words)
    colleague.open(f"{EDIT}/text-problem")
    colleague.reads("Sounds like a solution: “a dashboard”.")
    colleague.fill("A comment on The problem", "Is it only the peat of the Forth?")
    colleague.press("Comment")
    colleague.reads("Ailsa Munro", "Is it only the peat of the Forth?")
    whole(colleague)

    for part, words in HIS.items():
        write(owner, part, words)
    whole(owner)
    owner.open(EDIT)
    owner.reads("Ailsa Munro (Stirling Council) is", "1 open comment")
    whole(owner)
    owner.open(f"{EDIT}/text-problem")
    owner.fill("Answer Ailsa Munro", "Of the whole of Scotland.")
    owner.press("Answer")
    owner.reads("Of the whole of Scotland.")
    owner.page.get_by_role("button", name="Settle").click()
    owner.reads("Hamish Drummond settled this")

    owner.open(EDIT)
    owner.take("Send for approval")
    owner.reads("Send for approval: done.")
    approver = come("Approver", javascript=javascript)
    approver.open("/challenges/peat-that-dries-out")
    approver.take("Approve the challenge")
    approver.reads("Approve the challenge: done.")

    own_site.now = OPENS + timedelta(minutes=1)
    with own_site.session() as session:
        take_due_steps(session, now=own_site.now)
        session.commit()
    anybody = come(javascript=javascript)
    anybody.open("/challenges/peat-that-dries-out")
    anybody.reads(
        "Open for applications", "Supported by", "Stirling Council", "How might we know in time where peat dries out?"
    )
    expect(anybody.page.locator("main")).not_to_contain_text("Is it only the peat of the Forth?")
    whole(anybody)
