"""A round is begun by whoever runs rounds for the whole site, from nothing to the first draft of a challenge."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from civflow.models import Programme, Round
from civflow.services.engine.history import last_entry
from civflow.services.programmes.store import newest, store_shipped
from tests.scenes.open_call import grant, open_call
from tests.web.visitor import errors_of

TYPED = {
    "title": "CivTech 12",
    "programme": "civtech",
    "starts_at": "1 March 2026 09:00",
    "ends_at": "31 March 2027 17:00",
    "budget_pounds": "£4,000,000",
}


@pytest.fixture
def call(session, now):
    store_shipped(session, now=now)
    return open_call(session, now)


def test_a_round_is_planned_under_the_newest_version_and_takes_challenges(come, session, call):
    office = call.person("Robin Office")
    grant(session, office, "programme_manager", call.now)
    browser = come(office)
    assert [a["href"] for a in browser.page("/rounds").select("main a.govuk-button")] == ["/rounds/new"]
    made = browser.post("/rounds/new", TYPED, on="/rounds/new").location
    round_ = session.scalars(select(Round).order_by(col(Round.id).desc())).first()
    assert (made, round_.state, round_.slug) == (f"/rounds/{round_.id}", "planned", "civtech-12")
    assert (round_.title, round_.budget_pounds, round_.rehearsal) == ("CivTech 12", 4_000_000, False)
    assert session.get_one(Programme, round_.programme_id) == newest(session, "civtech")
    assert last_entry(session, "round", round_.id).actor_name == "Robin Office"
    session.commit()
    begun = browser.post("/challenges/new", {"title": "Ghost gear", "round": str(round_.id)}, on="/challenges/new")
    assert begun.location == "/challenges/ghost-gear/edit"


def test_a_round_that_was_begun_is_corrected_on_the_form_that_began_it(come, session, call):
    office = call.person("Robin Office")
    grant(session, office, "programme_manager", call.now)
    browser = come(office)
    url = browser.post("/rounds/new", TYPED, on="/rounds/new").location
    shown = browser.page(url)
    assert [a["href"] for a in shown.select(".govuk-notification-banner a")] == ["/people"]
    assert "Begins Sunday 1 March 2026, 9am (UK time), in 55 days; ends" in " ".join(shown.text.split())
    buttons = shown.select("#options a.govuk-button")
    assert [(b.text, "govuk-button--secondary" in b["class"]) for b in buttons] == [
        ("File as an earlier round", True),
        ("Change the round", True),
    ]
    form = browser.page(buttons[1]["href"])
    seen = form.select_one("input[name=seen]")["value"]
    typed = {i["name"]: i["value"] for i in form.select("main input[type=text]")}
    assert typed == {
        "title": "CivTech 12",
        "starts_at": "1 March 2026 09:00",
        "ends_at": "31 March 2027 17:00",
        "budget_pounds": "4,000,000",
    }
    new = {**typed, "seen": seen, "ends_at": "30 April 2027 17:00", "budget_pounds": "5,000,000"}
    assert browser.post(f"{url}/edit", new, on=f"{url}/edit").location == url
    assert "ends Friday 30 April 2027, 5pm" in " ".join(browser.page(url).text.split())
    assert browser.post(f"{url}/edit", new, on=f"{url}/edit").status_code == 409  # somebody was first


def test_a_round_keeps_room_for_what_its_challenges_have_committed(come, session, call):
    url = f"/rounds/{call.challenge.round_id}/edit"
    new = {
        "title": "A round",
        "starts_at": "1 January 2026 09:00",
        "ends_at": "1 February 2026 12:00",
        "budget_pounds": str(call.challenge.money_pounds - 1),
    }
    answer = come(call.manager).post(url, new, on=url)
    assert (answer.status_code, errors_of(answer)) == (
        422,
        [
            "Needed first: The round ends after the call of each of its challenges has closed.",
            "Needed first: The budget covers what its challenges have committed.",
        ],
    )
    assert (come(call.owner).get(url).status_code, session.get_one(Round, call.challenge.round_id).title) == (
        403,
        "A round",
    )


def test_what_is_missing_or_cannot_be_is_told_at_its_field_and_kept(come, session, call):
    office = call.person("Robin Office")
    grant(session, office, "programme_manager", call.now)
    browser = come(office)
    wrong = {
        "title": "",
        "programme": "civtech",
        "starts_at": "soon",
        "ends_at": "31 March 2027 17:00",
        "budget_pounds": "much",
    }
    answer = browser.post("/rounds/new", wrong, on="/rounds/new")
    assert (answer.status_code, errors_of(answer)) == (
        422,
        ["Write a day and a time such as 10 September 2026 12:00.", "Write whole pounds, such as 650,000."],
    )
    assert 'value="much"' in answer.text
    wrong = {**TYPED, "title": "x" * 121, "ends_at": TYPED["starts_at"], "budget_pounds": "0"}
    answer = browser.post("/rounds/new", wrong, on="/rounds/new")
    assert (answer.status_code, errors_of(answer)) == (
        422,
        [
            "Give the round a title of up to 120 characters.",
            "Say when the round ends: a moment after it begins.",
            "Say what its challenges may cost together, up to £1,000,000,000.",
        ],
    )


def test_nobody_whose_role_is_for_one_round_begins_another(come, session, call):
    office = call.person("Robin Office")
    grant(session, office, "programme_manager", call.now, scope="round", scope_id=call.challenge.round_id)
    browser = come(office)
    assert browser.page("/rounds").select("main a.govuk-button") == []
    assert browser.post("/rounds/new", TYPED, on="/rounds/new").status_code == 403
