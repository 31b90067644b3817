"""The pages of rounds: for those who run or audit them; what is not possible yet stands there with its reason."""

from __future__ import annotations

from datetime import timedelta

from bs4 import BeautifulSoup

from civflow.models import Agreement, Round
from civflow.models.people import ROLES
from civflow.services.challenges.drafts import draft
from civflow.services.engine.advance import advance, begin
from civflow.services.formatting import DEFAULT_ZONE as LONDON
from civflow.services.formatting import day, moment
from civflow.workflows.engine import CIVFLOW
from tests.scenes.open_call import Call, grant
from tests.scenes.selection import applied, closed, score, sift
from tests.web.visitor import errors_of, text_of


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
        422,
        ["Needed first: Every challenge of the round is completed, withdrawn or cancelled."],
    )


def test_an_owner_is_offered_no_step_of_the_round(come, call):
    round_id, owner = call.challenge.round_id, come(call.owner)
    assert "Close the round" not in text_of(owner.get(f"/rounds/{round_id}"))
    assert owner.get(f"/cases/round/{round_id}/close").status_code == 403


def test_whoever_may_not_open_a_page_reads_who_may(come, call):
    refused = come(call.owner).get(f"/challenges/{call.challenge.slug}/deadline")
    assert refused.status_code == 403
    assert "It is open only if this is true: You are a programme manager of this round." in text_of(refused)


def test_rounds_are_not_for_teams_nor_for_passers_by(come, call):
    priya = come(call.person("Priya Raeburn"))
    assert [priya.get(path).status_code for path in ("/rounds", f"/rounds/{call.challenge.round_id}")] == [403, 403]
    assert come().get("/rounds").headers["Location"] == "/sign-in?then=%2Frounds"
    assert come(call.manager).get("/rounds/99").status_code == 404


def test_a_role_for_another_round_finds_nothing_of_this_one_on_any_desk(come, session, call):
    round_ = session.get_one(Round, call.challenge.round_id)
    another = Round(
        programme_id=round_.programme_id,
        slug="b",
        title="Another",
        starts_at=call.now,
        ends_at=round_.ends_at,
        state="",
        since=call.now,
    )
    begin(session, another, actor=CIVFLOW, now=call.now)
    something_for_every_desk(call)
    round_.rehearsal = True  # so that nothing of it is public

    def people_found(role: str, scope_id: int | None) -> set[str]:
        """What somebody with this role for one round finds of this round at home and on the list of rounds."""
        person = call.person(f"{role} of {scope_id}")
        grant(session, person, role, call.now, scope="round", scope_id=scope_id, limit_pounds=5_000_000)
        words = [text_of(come(person).get(path)) for path in ("/", "/rounds")]
        return {name for name in OF_THIS_ROUND if name in " ".join(words)}

    assert {role: names for role in ROLES if (names := people_found(role, another.id))} == {}
    assert {role: names for role in ROLES if (names := people_found(role, round_.id))} == {
        "programme_manager": {"A round", "Flooding", "Waiting"},
        "challenge_owner": {"Flooding", "Waiting"},
        "approver": {"Flooding", "Waiting"},
        "finance_officer": {"A round", "Flooding", "Otter Works", "£123,456"},
        "auditor": {"A round"},
    }


OF_THIS_ROUND = ("A round", "Flooding", "Waiting", "Otter Works", "£123,456")


def something_for_every_desk(call: Call) -> None:
    """A result and a challenge wait for approval, and an agreement is in force."""
    session, manager = call.session, call.actor(call.manager)
    round_, stage = session.get_one(Round, call.challenge.round_id), "exploration"
    otter, *_ = applied(call)
    closed(call)
    gate = sift(call)
    score(call, gate)
    advance(session, gate, "moderate", actor=manager, now=call.now)
    advance(session, gate, "propose", actor=manager, now=call.now, going_on=3)
    waits = draft(session, round_=round_, sponsor=None, title="Waiting", actor=manager, now=call.now)
    waits.state = "in_review"
    session.add(
        Agreement(
            round_id=round_.id,
            challenge_id=call.challenge.id,
            team_id=otter.team_id,
            application_id=otter.id,
            stage=stage,
            state="active",
            since=call.now,
            price_pounds=123_456,
            starts_at=call.now,
            ends_at=call.closes_at,
            team_signed_at=call.now,
            sponsor_signed_at=call.now,
            team_signed_by_id=call.manager.id,
            sponsor_signed_by_id=call.manager.id,
        )
    )
    session.flush()


def test_every_page_says_until_when_a_call_is_sealed_also_where_one_team_has_more_time(come, session, call):
    priya, url, round_url = (
        call.person("Priya Raeburn"),
        f"/challenges/{call.challenge.slug}",
        f"/rounds/{call.challenge.round_id}",
    )
    late = call.application(call.team("Otter Works", priya))
    last = call.closes_at + timedelta(days=7)
    advance(session, late, "extend", actor=call.actor(call.manager), now=call.now, reason="Ill.", closes_at=last)
    session.commit()
    manager, owner, team = come(call.manager), come(call.owner), come(priya)
    [cell] = manager.page(round_url).select('td[data-label="Applications"]')
    assert cell.get_text() == f"sealed until {day(last, LONDON, short=True)}"
    sealed = f"Sealed until {moment(last, LONDON)}"
    assert [sealed in text_of(who.get(url)) for who in (manager, owner)] == [True, True]
    assert f"Applications stay sealed until {moment(last, LONDON)}" in text_of(manager.get(f"{url}/deadline"))
    [here] = team.page(f"/applications/{late.id}").select('[aria-current="step"] .app-way__status')
    assert here.get_text() == f"You are here, until {day(last, LONDON, short=True)}"
    call.wait_until(call.closes_at)
    session.commit()
    assert sealed in text_of(come(call.owner).get(url))
    call.wait_until(last)
    session.commit()
    [cell] = come(call.manager).page(round_url).select('td[data-label="Applications"]')
    assert (cell.get_text(), "There is none to read." in text_of(come(call.owner).get(url))) == ("0", True)


def test_a_challenge_has_one_name_and_the_reader_learns_whether_all_are_counted(come, session, call):
    round_ = session.get_one(Round, call.challenge.round_id)
    draft(session, round_=round_, sponsor=None, title="Not announced", actor=call.actor(call.manager), now=call.now)
    closed(call)
    session.commit()
    manager, owner = (come(person).get(f"/rounds/{round_.id}") for person in (call.manager, call.owner))
    assert "Open 2 challenges, budget" in text_of(manager)
    assert "Open 1 challenge that you may read, budget" in text_of(owner)
    assert "Seat the panel for Sift of 11.2 Flooding impact" in text_of(manager)
    heads = [th.get_text() for th in BeautifulSoup(manager.data, "html.parser").select('tbody th[scope="row"]')]
    assert heads == ["Not announced", "11.2 Flooding impact"]
