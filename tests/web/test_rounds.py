"""The pages of rounds: for those who run or audit them; what is not possible yet stands there with its reason."""

from __future__ import annotations

import pytest

from tests.an_open_call import open_call
from tests.web.visitor import Visitor, an_app, errors_of, text_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def call(session, now):
    made = open_call(session, now)
    session.commit()
    return made


@pytest.fixture
def come(session, settings, engine, call):
    """A function that brings a person to the site, or a passer-by."""
    app = an_app(settings, engine, lambda: call.now)
    return lambda person=None: Visitor(app).sign_in(session, person, now=call.now) if person else Visitor(app)


def test_a_round_lists_its_challenges_and_what_closing_it_needs(come, call):
    round_id, manager = call.challenge.round_id, come(call.manager)
    [row] = manager.page("/rounds").select("tbody tr")
    assert [cell.get_text().strip() for cell in row.select("th, td")] == ["A round", "Open", "1"]
    words = text_of(manager.get(f"/rounds/{round_id}"))
    assert "1 challenge, budget £5,000,000 excluding VAT" in words
    assert "Close the round Not possible yet" in words
    close = f"/cases/round/{round_id}/close"
    answer = manager.post(close, {}, on="/account")
    assert (answer.status_code, errors_of(answer)) == (
        422, ["Needed first: Every challenge of the round is completed, withdrawn or cancelled."],
    )  # fmt: skip


def test_an_owner_is_offered_no_step_of_the_round(come, call):
    round_id, owner = call.challenge.round_id, come(call.owner)
    assert "Close the round" not in text_of(owner.get(f"/rounds/{round_id}"))
    assert owner.get(f"/cases/round/{round_id}/close").status_code == 403


def test_rounds_are_not_for_teams_nor_for_passers_by(come, call):
    priya = come(call.person("Priya Raeburn"))
    assert [priya.get(path).status_code for path in ("/rounds", f"/rounds/{call.challenge.round_id}")] == [403, 403]
    assert come().get("/rounds").headers["Location"] == "/sign-in?then=%2Frounds"
    assert come(call.manager).get("/rounds/99").status_code == 404
