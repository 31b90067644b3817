"""Changing a published text in a browser: why, part by part, a second look, and what everybody reads afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Application, Challenge, Follow, Message
from civflow.services.applications.submission import submit
from civflow.services.challenges.calendar import stage_dates
from civflow.services.challenges.versions import begin_change, change_in_hand, publish_change, write_change
from civflow.services.engine.advance import advance
from civflow.services.formatting import moment
from tests.services.test_deadlines import _approved
from tests.web.visitor import Visitor, errors_of

WHY = "The council has bought a second gauge."


@pytest.fixture
def page(call) -> str:
    return f"/challenges/{call.challenge.slug}"


@pytest.fixture
def somebody(app) -> Visitor:
    """A visitor who is not signed in."""
    return Visitor(app)


@pytest.fixture
def priya(session, call):
    person = call.person("Priya Raeburn")
    session.commit()
    return person


@pytest.fixture
def draft(session, call, priya) -> Application:
    """A whole application that is not handed in."""
    made = call.application(call.team("Otter Works", priya), complete=True)
    session.commit()
    return made


def publish(session, call, **columns) -> None:
    manager = call.actor(call.manager)
    begin_change(session, call.challenge, why=WHY, actor=manager, now=call.now)
    write_change(session, call.challenge, actor=manager, now=call.now, **(columns or {"title": "Flooding"}))
    publish_change(session, call.challenge, actor=manager, now=call.now)
    session.commit()


def version_of(session, application) -> int:
    """The version that the application answers, without keeping anybody from writing."""
    session.refresh(application)
    version = application.challenge_version
    session.rollback()
    return version


def marks(page: BeautifulSoup) -> list[tuple[str, str]]:
    """What is marked in a difference, as those who listen hear it."""
    found = page.select(".app-difference__words del, .app-difference__words ins")
    return [(mark.name, " ".join(mark.get_text().split())) for mark in found]


def test_a_change_is_written_looked_at_and_published(session, call, page, owner, manager, draft, somebody):
    assert owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change").location == f"{page}/change"
    part = f"{page}/change/text-problem"
    seen = owner.page(part).select_one("[name=seen]")["value"]
    assert owner.post(part, {"problem": "Words about water.", "seen": seen}, on=part).location == f"{page}/change"
    desk = owner.page(f"{page}/change")
    assert marks(desk) == [("ins", "[put in: about water]")]
    assert owner.post(f"{page}/change/hand-in", {}, on=f"{page}/change").status_code == 303
    look = manager.page(f"{page}/change/publish")
    told = [" ".join(group.get_text().split()) for group in look.select(".app-decision summary")]
    assert told == [
        "Every team with a draft, which has to acknowledge it before it submits",
        "Every team that has submitted: its application stays valid, and it may revise it",
        "1 person in charge of the challenge",
    ]
    assert "Say in a sentence" not in look.text
    seen = look.select_one("[name=seen]")["value"]
    done = manager.post(f"{page}/change/publish", {"seen": seen}, on=f"{page}/change/publish")
    assert done.location == f"{page}/versions/2"
    public = somebody.page(page)
    assert [link["href"] for link in public.select(".govuk-inset-text a")] == [f"{page}/versions/2", f"{page}/versions"]
    assert marks(somebody.page(f"{page}/versions/2")) == [("ins", "[put in: about water]")]
    titles = [" ".join(t.get_text().split()) for t in somebody.page(f"{page}/versions").select(".app-versions__title")]
    assert titles == ["Version 2 what counts now", "Version 1"]


def test_a_change_that_is_not_published_is_nobody_elses(session, call, page, owner, somebody, app, priya):
    owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change")
    assert somebody.get(f"{page}/versions/2").status_code == 404
    assert somebody.get(f"{page}/change").status_code == 303
    assert Visitor(app).sign_in(session, priya, now=call.now).get(f"{page}/change").status_code == 403
    assert owner.post(f"{page}/change/publish", {}, on=f"{page}/change").status_code == 403
    told = somebody.page(f"/cases/challenge/{call.challenge.id}").select(".app-history__what")
    assert "Change the published text" not in " ".join(t.get_text() for t in told)


def test_the_reason_is_asked_for_at_its_field(page, owner):
    answer = owner.post(f"{page}/change", {"why": " "}, on=f"{page}/change")
    assert (answer.status_code, errors_of(answer)) == (422, ["Say in a sentence why the text changes."])


def test_what_cannot_be_read_comes_back_with_a_sentence(session, call, page, owner):
    owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change")
    terms = f"{page}/change/terms"
    typed = {"money_pounds": "lots", "decision_promised_at": "soon", "notice_reference": "N" * 301, "seen": "x"}
    answer = owner.post(terms, typed, on=terms)
    assert answer.status_code == 422
    assert errors_of(answer) == [
        "Write a day and a time such as 10 September 2026 12:00.",
        "Write whole pounds, such as 650,000.",
    ]
    kept = BeautifulSoup(answer.data, "html.parser")
    assert kept.select_one("#notice_reference")["value"] == "N" * 301


@pytest.mark.both_databases
def test_two_who_write_the_same_part_of_a_change_lose_nothing(session, call, page, owner, manager):
    owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change")
    part = f"{page}/change/text-problem"
    seen = owner.page(part).select_one("[name=seen]")["value"]
    assert manager.post(part, {"problem": "Theirs.", "seen": seen}, on=part).status_code == 303
    answer = owner.post(part, {"problem": "Mine.", "seen": seen}, on=part)
    assert answer.status_code == 409
    both = BeautifulSoup(answer.data, "html.parser")
    assert (both.select_one(".app-theirs__words").text, both.select_one("textarea").text.strip()) == (
        "Theirs.",
        "Mine.",
    )


@pytest.mark.both_databases
def test_a_conflict_in_a_change_names_whoever_changed_that_part(session, call, page, owner, manager):
    owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change")
    parts = [f"{page}/change/{name}" for name in ("text-problem", "text-background", "terms")]
    seen = {part: owner.page(part).select_one("[name=seen]")["value"] for part in parts}
    problem, background, terms = parts
    manager.post(problem, {"problem": "Theirs.", "seen": seen[problem]}, on=problem)
    moves = {"closes_at": "9 February 2026 12:00", "reason": "Late.", "confirmed": "1"}
    manager.post(f"{page}/deadline", moves, on=f"{page}/deadline")
    owner.post(background, {"background": "Mine.", "seen": seen[background]}, on=background)
    for part, typed, who in (
        (problem, {"problem": "Mine."}, "Morag Sinclair has changed this part"),
        (terms, {"money_pounds": "1"}, "Morag Sinclair has changed this part"),  # her closing date moved the promise
        (background, {"background": "Ours."}, "You have changed this part in another window"),
    ):
        answer = owner.post(part, {**typed, "seen": seen[part]}, on=part)
        sentence = f"{who} while you were writing. Nothing is lost: what is saved now stands above your own words."
        assert (answer.status_code, errors_of(answer)[0]) == (409, sentence)


def test_who_looked_at_an_older_change_does_not_publish_the_newer_one(session, call, page, owner, manager):
    owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change")
    part = f"{page}/change/text-problem"
    look = manager.page(f"{page}/change/publish")
    seen = manager.page(part).select_one("[name=seen]")["value"]
    owner.post(part, {"problem": "Other words.", "seen": seen}, on=part)
    answer = manager.post(f"{page}/change/publish", {"seen": "1"}, on=f"{page}/change/publish")
    assert look.select_one("[name=seen]") is None  # nothing was different yet, so there was no button
    assert answer.status_code == 409


# Whoever applies


def test_a_draft_reads_what_is_different_and_acknowledges_it_before_submitting(session, call, draft, app, priya):
    team = Visitor(app).sign_in(session, priya, now=call.now)
    own = f"/applications/{draft.id}"
    publish(session, call, sections={"problem": "Words about water."})
    assert marks(team.page(own)) == [("ins", "[put in: about water]")]
    refused = team.post(f"{own}/submit", {}, on=own)
    assert (refused.status_code, errors_of(refused)) == (
        422,
        ["Needed first: You have read the latest text of the challenge."],
    )
    publish(session, call, title="Flooding, again")
    late = team.post(f"{own}/read", {"version": "2"}, on=own)
    assert (late.location, version_of(session, draft)) == (f"{own}#text", 1)
    team.post(f"{own}/read", {"version": "3"}, on=own)
    assert version_of(session, draft) == 3
    assert team.page(own).select_one("#text") is None
    assert team.post(f"{own}/submit", {}, on=own).status_code == 303


def test_a_submitted_application_stays_valid_and_its_team_is_shown_the_difference(session, call, draft, app, priya):
    submit(session, draft, actor=call.actor(priya), now=call.now)
    publish(session, call)
    team = Visitor(app).sign_in(session, priya, now=call.now)
    shown = team.page(f"/applications/{draft.id}").select_one("#text")
    assert "answers version 1 and stays valid" in shown.text
    assert [a["href"] for a in shown.select("a")] == [f"/cases/application/{draft.id}/take_back"]


# Deadlines, endings, copies


def test_a_deadline_moves_for_everybody_or_for_one(session, call, page, draft, manager, somebody):
    wrong = manager.post(f"{page}/deadline", {"closes_at": "yesterday", "reason": "Late."}, on=f"{page}/deadline")
    assert (wrong.status_code, errors_of(wrong)) == (422, ["Write a day and a time such as 10 September 2026 12:00."])
    manager.post(
        f"{page}/deadline",
        {"closes_at": "10 February 2026 12:00", "reason": "The notice was late.", "confirmed": "yes"},
        on=f"{page}/deadline",
    )
    one = f"/applications/{draft.id}/deadline"
    typed = {"closes_at": "12 February 2026 12:00", "reason": "Illness."}
    looked = BeautifulSoup(manager.post(one, typed, on=one).data, "html.parser")
    session.expire_all()
    assert draft.closes_at == call.challenge.closes_at  # the first press shows what will be
    assert [li.text.split(":")[0] for li in looked.select("#moved-dates li")] == [
        "The applications are opened",
        "“Sift” begins",
    ]
    assert looked.select_one("#the-promise").text.startswith(
        "The first decision stays promised for Tuesday 10 March 2026"
    )
    session.commit()
    back = BeautifulSoup(manager.post(one, {**typed, "back": "yes"}, on=one).data, "html.parser")
    assert (back.select_one("#closes_at")["value"], back.select_one("#reason").text.strip()) == tuple(typed.values())
    manager.post(one, {**typed, "confirmed": "yes"}, on=one)
    moved = [" ".join(m.get_text().split()) for m in somebody.page(page).select("#stages li") if "moved" in m.text]
    assert moved == [
        (
            "The closing date was moved for everybody on Monday 5 January 2026, to Tuesday 10 February 2026, 12 noon "
            "(UK time), in 36 days, because: “The notice was late.”"
        ),
        (
            "The deadline of one applicant was moved on Monday 5 January 2026, to Thursday 12 February 2026, 12 noon "
            "(UK time), in 38 days, because: “Illness.”"
        ),
    ]
    assert "Otter Works" not in somebody.get(page).text


def test_a_promise_that_moves_with_the_closing_date_changes_no_text(session, call, page, owner, manager, somebody):
    owner.post(f"{page}/change", {"why": WHY}, on=f"{page}/change")
    manager.post(
        f"{page}/deadline",
        {"closes_at": "9 February 2026 12:00", "reason": "Late.", "confirmed": "yes"},
        on=f"{page}/deadline",
    )
    tags = owner.page(f"{page}/change").select(".govuk-task-list__status")
    assert {tag.get_text(strip=True) for tag in tags} == {"As published"}
    rows = {
        row.dt.get_text(strip=True): row.dd.get_text(strip=True).split(", in ")[0]
        for row in somebody.page(f"{page}/versions/1").select(".govuk-summary-list__row")
    }
    assert [rows["First decisions promised by"], rows["Moved with the closing date to"]] == [
        "Monday 2 March 2026, 12 noon (UK time)",
        "Monday 9 March 2026, 12 noon (UK time)",
    ]
    assert "Monday 9 March 2026" in somebody.get(page).text


def test_before_the_closing_date_moves_one_page_says_what_will_be_and_keeps_nothing(
    session, call, page, draft, manager, priya
):
    url, typed = f"{page}/deadline", {"closes_at": "10 February 2036 12:00", "reason": "The notice\nwas late."}
    far = manager.post(url, typed, on=url)
    assert (far.status_code, errors_of(far)) == (
        422,
        ["Needed first: The new closing date lies before the end of the round."],
    )

    typed["closes_at"] = "10 February 2026 12:00"
    looked = manager.post(url, typed, on=url)
    shown = BeautifulSoup(looked.data, "html.parser")
    when = "Tuesday 10 February 2026, 12 noon (UK time)"
    says = " ".join(shown.select_one(".app-decision__what").text.split())
    assert says == (
        f"The call closes on {when}, in 36 days, for everybody. Every team that has begun an application "
        "is told; who the teams are is not shown before the last deadline."
    )
    letter = shown.select_one(".app-letter__body").text.split("\n", 1)[1].strip()
    lines = [li.text for li in shown.select("#moved-dates li")]
    stays = {line.split(":")[0]: line.split(": ")[1].split(" instead of ")[0] for line in lines}
    before, sent = call.challenge.closes_at, select(Message).where(col(Message.key).contains("-extend-"))
    session.expire_all()
    assert (call.challenge.closes_at, session.scalars(sent).all()) == (before, [])
    session.commit()

    form = shown.select_one(f'main form[action="{url}"]')
    kept = {field["name"]: field.get("value") for field in form.select("input[type=hidden]")}
    back = BeautifulSoup(manager.post(url, {**kept, "back": "yes"}, on=url).data, "html.parser")
    assert (back.select_one("#closes_at")["value"], back.select_one("#reason").text.strip()) == tuple(typed.values())
    manager.post(url, {**kept, "confirmed": "yes"}, on=url)
    session.expire_all()
    assert moment(call.challenge.closes_at, "Europe/London") == when
    assert shown.select_one("#the-promise").text.startswith("The promise moves too: the first decision is promised for")
    promised = moment(call.challenge.decision_promised_at, "Europe/London")
    sift = stage_dates(session, call.challenge)["sift"]
    assert (stays["The call closes"], stays["“Sift” begins"], stays["“Sift” ends"]) == (
        when,
        moment(sift.starts_at, "Europe/London"),
        promised,
    )
    (told,) = session.scalars(sent).all()
    assert told.body.split("\n", 1)[1].strip() == letter
    session.commit()
    late = manager.post(url, {**kept, "confirmed": "yes"}, on=url)
    assert late.status_code == 409


def test_nobody_but_the_programme_office_moves_a_deadline_or_is_led_to_do_so(page, draft, owner, manager):
    assert owner.get(f"{page}/deadline").status_code == 403
    assert owner.get(f"/applications/{draft.id}/deadline").status_code == 404
    assert owner.post(f"{page}/deadline/of-one", {"reference": draft.reference}, on="/").status_code == 403
    led = [who.page(f"{page}/change").select(f'main a[href="{page}/deadline"]') != [] for who in (owner, manager)]
    assert led == [False, True]


def test_while_a_call_is_sealed_no_page_before_a_button_tells_who_applies_or_how_many(
    call, page, draft, manager, owner
):
    """A team that needs more time tells its reference; the teams themselves are told all the same."""
    paths = {manager: ("deadline", "cancel"), owner: ()}
    asked = [(who, f"{page}/{path}") for who, them in paths.items() for path in them]
    asked += [(who, f"/cases/challenge/{call.challenge.id}/move_questions") for who in paths]
    for who, path in asked:
        words = " ".join(who.page(path).get_text().split())
        assert "very team that has begun an application" in words
        assert [
            name for name in ("Priya Raeburn", "Otter", "1 person", "1 member", draft.reference) if name in words
        ] == []
    of_one = f"{page}/deadline/of-one"
    answer = manager.post(of_one, {"reference": "9-9999"}, on=f"{page}/deadline")
    assert (answer.status_code, errors_of(answer)) == (
        422,
        ["No application to this challenge has this reference. The team reads it on its application’s page."],
    )
    found = manager.post(of_one, {"reference": f" {draft.reference} "}, on=f"{page}/deadline")
    assert found.location == f"/applications/{draft.id}/deadline"


def test_a_cancelled_challenge_says_so_to_everybody(session, call, page, draft, manager, somebody, priya):
    fin = call.person("Finlay Tait")
    session.add(
        Follow(person_id=fin.id, workflow="challenge", record_id=call.challenge.id, token="t" * 43, begun_at=call.now)
    )
    session.commit()
    text = " ".join(manager.page(f"{page}/cancel").text.split())
    sealed = "who the teams are is not shown before the last deadline."
    told = f"Every team that has begun an application is told at once, with your reason, and so is 1 follower; {sealed}"
    assert told in text
    answer = manager.post(f"{page}/cancel", {"reason": ""}, on=f"{page}/cancel")
    assert (answer.status_code, errors_of(answer)) == (422, ["Give a reason: it is kept with the step."])
    manager.post(f"{page}/cancel", {"reason": "The budget was cut."}, on=f"{page}/cancel")
    warning = somebody.page(page).select_one(".govuk-warning-text__text")
    assert " ".join(warning.text.split()) == "Cancelled on Monday 5 January 2026. The reason: The budget was cut."
    told = session.execute(select(col(Message.address), col(Message.subject)).order_by(col(Message.address))).all()
    assert [tuple(row) for row in told if "ancelled" in row[1] or "ended" in row[1]] == [
        (fin.email, "It has ended: Flooding impact"),
        (priya.email, "Cancelled: 11.2 Flooding impact"),
    ]


def test_a_challenge_is_copied_as_a_new_draft(session, call, page, manager):
    assert errors_of(manager.post(f"{page}/copy", {"title": ""}, on=f"{page}/copy")) == [
        "Give the challenge a title of up to 200 characters.",
        "Choose the round that the copy belongs to.",
    ]
    typed = {"title": "Flooding impact, again", "round": str(call.challenge.round_id)}
    made = manager.post(f"{page}/copy", typed, on=f"{page}/copy").location
    assert made == "/challenges/flooding-impact-again/edit"
    copy = session.scalars(select(Challenge).where(col(Challenge.title) == "Flooding impact, again")).one()
    assert (copy.copied_from_id, change_in_hand(session, copy)) == (call.challenge.id, None)
    session.rollback()
    links = [a["href"] for a in manager.page("/challenges/flooding-impact-again").select(".app-staff a")]
    assert page in links


def test_an_approved_challenge_says_when_it_opens_and_when_it_is_announced(session, call, page, manager):
    opens = call.now + timedelta(days=7)
    _approved(call, "Quiet", opens)
    session.commit()
    soon = session.scalars(select(Challenge).where(col(Challenge.title) == "Quiet")).one()
    address = f"/challenges/{soon.slug}"
    inset = " ".join(manager.page(address).select_one(".govuk-inset-text").text.split())
    assert "It opens by itself on Monday 12 January 2026, 12 noon (UK time), in 7 days." in inset
    assert "It is not announced" in inset
    advance(
        session,
        soon,
        "plan_the_announcement",
        actor=call.actor(call.manager),
        now=call.now,
        announce_at=call.now + timedelta(days=1),
    )
    session.commit()
    assert "announced by themselves on Tuesday 6 January" in " ".join(manager.page(address).text.split())
