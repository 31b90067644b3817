"""What people come for, done in a browser: with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("javascript", [True, False], ids=["with-javascript", "without-javascript"])
def test_an_assessor_declares_reads_scores_and_submits(people, javascript):
    assessor = people("Assessor", javascript=javascript)
    assessor.open("/assignments")
    assessor.page.get_by_role("link", name="Go to the next one").click()
    assert not assessor.reads("What the team says")

    assessor.press("Accept and read")
    assert assessor.reads("Fill in “I have no conflict of interest with this team”.")
    assessor.check()
    assessor.page.get_by_role("checkbox").first.check()
    assessor.press("Accept and read")
    assert assessor.reads("What the team says")

    forms = assessor.page.locator(".app-score form")
    expect(forms.first.get_by_role("textbox")).to_be_visible()
    forms.first.get_by_role("button").click()
    expect(assessor.page.get_by_text("Choose a score from 0 to 4.").first).to_be_visible()
    for number in range(forms.count()):
        form = forms.nth(number)
        form.get_by_role("radio").nth(3).check()
        form.get_by_role("textbox").fill("A good answer with named people.")
        form.get_by_role("button").click()
        expect(assessor.page.locator(".app-score").nth(number).get_by_text("Saved", exact=True)).to_be_visible()
    assessor.check()

    assessor.page.get_by_role("button", name="Submit the scores").click()
    assert assessor.reads("Your scores are locked")
    assessor.check()


def test_a_manager_sees_whom_a_release_tells_and_only_the_first_of_two_presses_counts(people):
    manager, second = people("Programme manager"), people("Programme manager", javascript=False)
    for visitor in (manager, second):
        visitor.open("/")
        visitor.page.get_by_role("link", name="Release 8 letters").first.click()
        assert visitor.reads("8 teams")
        assert visitor.reads("What they will be sent")
    manager.check()

    manager.press("Release 8 letters")
    assert manager.reads("Released")
    second.press("Release 8 letters")

    assert second.reads("Morag Sinclair was first") or second.reads("it is “Released” now")
    manager.open("/outbox?q=2.4")
    manager.open("/outbox?q=Outpatient")
    assert manager.reads("the result of “Sift” for Outpatient appointments")


def test_what_is_not_possible_yet_says_why(people):
    manager = people("Programme manager", javascript=False)
    manager.open("/cases/round/1")
    assert manager.reads("Every challenge of the round is completed, withdrawn or cancelled.")
    manager.open("/cases/round/1/close")
    assert manager.reads("Not possible yet")
    manager.check()


def test_a_reason_is_asked_for_and_kept(people):
    manager = people("Programme manager")
    manager.open("/rounds")
    manager.follow("CivTech round running now")
    manager.follow("Public buildings investment")
    case = manager.page.locator("a[href^='/cases/challenge/'][href$='/cancel']").first
    case.click()
    assert manager.reads("What they will be sent")
    manager.press("Cancel the challenge")
    expect(manager.page.get_by_text("Give a reason: it is kept with the step.").first).to_be_visible()
    manager.check()
