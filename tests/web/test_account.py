"""One's own account: a name and skills, a password that only its owner changes, and the browsers that are signed in."""

from __future__ import annotations

from tests.scenes.open_call import grant
from tests.web.visitor import errors_of


def message(visitor) -> str:
    return visitor.page("/account").select_one(".govuk-notification-banner__content").get_text().strip()


def test_a_name_and_skills_are_saved_and_a_name_is_needed(come, priya):
    visitor = come(priya)
    typed = {"name": " ", "skills": "Maps, data,maps"}
    refused = visitor.post("/account", typed, on="/account")
    assert (refused.status_code, errors_of(refused)) == (422, ["Write your name, with at most 120 characters."])
    assert 'value="Maps, data,maps"' in refused.text
    assert visitor.post("/account", {**typed, "name": "Priya Rae"}, on="/account").status_code == 303
    fields = {field["name"]: field.get("value") for field in visitor.page("/account").select("input[id]")}
    assert (fields["name"], fields["skills"]) == ("Priya Rae", "maps, data")


def test_whoever_finds_an_open_browser_does_not_get_the_password(come, priya):
    visitor, other = come(priya), come(priya)
    first, second = "heron in the burn", "otter in the loch"
    short = visitor.post("/account/password", {"password": "short"}, on="/account")
    assert errors_of(short) == ["Choose a password with at least 12 characters, and at most 200."]
    assert visitor.post("/account/password", {"password": first}, on="/account").status_code == 303
    assert message(visitor) == "Your password is set. Other browsers are signed out."
    assert other.get("/account").status_code == 303
    found = visitor.post("/account/password", {"password": second, "old": "a guess"}, on="/account")
    assert (found.status_code, errors_of(found)) == (422, ["That is not your password."])
    assert visitor.post("/account/password", {"password": second, "old": first}, on="/account").status_code == 303


def test_a_browser_is_signed_out_from_another_and_all_at_once(come, priya, call):
    here, there = come(priya), come(priya)
    rows = here.page("/account").select("table tbody tr")
    assert sorted("(this browser)" in row.get_text() for row in rows) == [False, True]
    other = next(row.form["action"] for row in rows if "(this browser)" not in row.get_text())
    assert come(call.manager).post(other, {}, on="/account").status_code == 404
    here.post(other, {}, on="/account")
    assert [visitor.get("/account").status_code for visitor in (here, there)] == [200, 303]
    here.post("/account/sign-ins/end", {}, on="/account")
    assert here.get("/account").headers["Location"] == "/sign-in?then=%2Faccount"


def test_a_role_that_sleeps_is_told_to_its_holder_at_home_and_in_their_account(come, call, priya):
    call.application(call.team("Otter Works", priya))
    grant(call.session, priya, "programme_manager", call.now)
    told = (
        "Your role as programme manager sleeps for “Flooding impact”, because your team applies there. Nobody else is told "
        "that before the seal opens."
    )
    visitor, other = come(priya), come(call.manager)
    for path in ("/", "/account"):
        assert [p.get_text() for p in visitor.page(path).select("main .govuk-inset-text")] == [told]
        assert other.page(path).select("main .govuk-inset-text") == []
