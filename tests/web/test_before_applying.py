"""What somebody without an account reads before applying: what happens next, the notice, and the whole form."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.visitor import Visitor

PAGE = "/challenges/11-2-flooding-impact"


@pytest.fixture
def call(call, session):
    call.challenge.notice_reference = "MAY414901"
    session.commit()
    return call


def ahead(visitor: Visitor) -> list[str]:
    return [" ".join(item.get_text(" ").split()) for item in visitor.page(PAGE).select(".app-next li")]


def test_the_page_says_what_happens_next_and_when_the_decision_is_promised(visitor, call, session):
    assert ahead(visitor)[:3] == [
        "Friday 23 January 2026, 12 noon (UK time), in 18 days The last moment for questions.",
        "Monday 2 February 2026, 12 noon (UK time), in 28 days The call closes. What is not submitted then does not count.",
        "Monday 2 March 2026, 12 noon (UK time), in 56 days The first decision is promised: which teams go on to “Interview”.",
    ]
    promised = call.now + timedelta(days=56)
    call.wait_until(promised + timedelta(minutes=1))
    session.commit()
    late = visitor.page(PAGE).select_one("#next .app-late")
    assert (late.text, ["first decision" in line for line in ahead(visitor)][:2]) == (
        "The first decision is late.",
        [False, False],
    )


def test_the_notice_leads_to_the_portal(visitor):
    link = visitor.page(PAGE).find("a", string="MAY414901 at Public Contracts Scotland")
    assert link["href"] == "https://www.publiccontractsscotland.gov.uk/search/show/search_view.aspx?ID=MAY414901"


def test_the_whole_form_is_one_page_with_its_limits_and_who_reads_it(visitor):
    page = visitor.page(f"{PAGE}/form")
    forms = [heading.text for heading in page.select("h2.govuk-heading-l")]
    assert forms == ["Application form", "Improved proposal"]
    questions = [heading.text for heading in page.select(".app-print__question h3")]
    assert (questions[0], questions[6], len(questions)) == (
        "1. Your idea in two sentences",
        "7. How do you work for equality and diversity? (may stay empty)",
        14,
    )
    assert page.select_one(".app-print__question .app-quiet").text == "Up to 80 words."
    readers = page.find("h2", string="Who reads what").find_next("ul").select("li")[1].text
    assert readers == (
        "After that, of this challenge: programme manager, challenge owner, assessor, approver and auditor. Whoever has a "
        "conflict of interest with your team does not."
    )
    assert visitor.get("/challenges/nothing/form").status_code == 404
