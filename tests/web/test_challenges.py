"""Challenges on the web: pages, fragments, refusals, who may read them, and what they ask of the database."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlmodel import col
from werkzeug.test import TestResponse

from civflow.models import Challenge, ChallengeVersion, Programme, Question, Round
from civflow.services.challenges import archive
from civflow.services.challenges.drafts import draft
from civflow.services.challenges.who_writes import writers
from civflow.services.engine.advance import advance, begin_many
from civflow.services.people import add_person
from tests.scenes.open_call import grant
from tests.web.visitor import HTMX, errors_of, statements, text_of

SLUG = "11-2-flooding-impact"
PAGE = f"/challenges/{SLUG}"


@pytest.fixture
def a_draft(session, call) -> Challenge:
    """A second challenge of the same owner, which nobody outside may read."""
    made = draft(
        session,
        round_=_round(session, call),
        sponsor=None,
        title="Secret plans",
        actor=call.actor(call.manager),
        now=call.now,
    )
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=made.id)
    session.commit()
    return made


def _round(session, call):
    return session.get_one(Round, call.challenge.round_id)


def titles(page) -> list[str]:
    return [heading.get_text(" ", strip=True) for heading in page.select(".app-challenge__title")]


# The list


def test_everybody_reads_what_is_open(visitor):
    page = visitor.page("/challenges")
    assert titles(page) == ["11.2 Flooding impact"]
    row = " ".join(page.select_one(".app-challenge").get_text(" ").split())
    assert "Open for applications closes Monday 2 February 2026, 12 noon (UK time), in 28 days" in row
    assert "Sponsor Invented Council" in row
    assert "up to £650,000 excluding VAT" in row


@pytest.mark.both_databases
def test_every_imported_challenge_is_reachable_with_its_source(visitor, session, call):
    rows = archive.shipped_rows()
    programme = session.scalars(select(Programme)).one()
    made, _ = archive.import_rows(session, rows, programme=programme, actor=call.actor(call.manager), now=call.now)
    session.commit()
    pages = [visitor.page(f"/challenges?page={number}") for number in (1, 2)]
    links = {link["href"] for page in pages for link in page.select(".app-challenge__title a")}
    assert links == {PAGE, *(f"/challenges/{challenge.slug}" for challenge in made)}
    for challenge in made[:3] + made[-2:]:
        text = text_of(visitor.get(f"/challenges/{challenge.slug}"))
        assert (challenge.earlier_result or "The source does not say.") in text
    unverified = next(c for c in made if not c.source_url.startswith("http"))
    assert "third-party demonstrator (unverified)" in text_of(visitor.get(f"/challenges/{unverified.slug}"))


def test_htmx_gets_the_list_alone_and_may_keep_its_address(visitor):
    answer = visitor.get("/challenges?q=flooding", headers=HTMX)
    assert (answer.status_code, answer.text.lstrip().startswith('<div id="challenges">')) == (200, True)
    assert "HX-Request" in answer.headers["Vary"]
    form = visitor.page("/challenges").select_one(".app-filters")
    assert (form["hx-push-url"], form["method"]) == ("true", "get")


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=flood+COUNCIL", ["11.2 Flooding impact"]),
        ("q=nothing", []),
        ("group=open", ["11.2 Flooding impact"]),
        ("group=finished", []),
        ("round=a-round", ["11.2 Flooding impact"]),
        ("round=other", []),
        ("sponsor=Invented+Council", ["11.2 Flooding impact"]),
        ("group=nonsense&sort=nonsense&page=nonsense", ["11.2 Flooding impact"]),
        ("page=99999999999", []),
    ],
)
def test_search_and_filters(visitor, query, found):
    assert titles(visitor.page(f"/challenges?{query}")) == found


@pytest.mark.both_databases
def test_only_filters_that_lead_to_a_challenge_which_the_reader_may_read_are_offered(
    visitor, owner, session, call, a_draft
):
    def offered(who, query=""):
        form = who.page(f"/challenges{query}").select_one(".app-filters")
        return {
            name: [option.get_text(strip=True) for option in form.select(f'select[name="{name}"] option')[1:]]
            for name in ("theme", "place")
        }

    assert offered(visitor) == {"theme": [], "place": []}
    assert [visitor.page("/challenges").select(f'[name="{name}"]') for name in ("theme", "place")] == [[], []]
    assert offered(visitor, "?theme=health")["theme"] == ["Health and care"]
    call.challenge.themes, call.challenge.place, a_draft.themes = ["water", "climate"], "Leith", ["food"]
    session.commit()
    assert offered(visitor) == {"theme": ["Climate and energy", "Water and flooding"], "place": ["Leith"]}
    assert offered(owner)["theme"] == ["Climate and energy", "Food and farming", "Water and flooding"]


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("q=nothing", "No challenge has all the words “nothing”."),
        ("group=finished", "No challenge fits these filters."),
        ("page=2", "There is no page 2."),
    ],
)
def test_an_empty_list_says_why_and_what_to_do(visitor, query, why):
    empty = visitor.page(f"/challenges?{query}").select_one(".app-empty")
    assert (empty.p.get_text(), bool(empty.a)) == (why, True)


def test_what_is_typed_stands_in_the_page_as_words(visitor):
    page = visitor.get("/challenges?q=%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>alert(1)" not in page


@pytest.mark.both_databases
def test_the_download_is_the_list_and_no_formula(visitor, session, call):
    call.challenge.title = "=HYPERLINK(1)"
    session.commit()
    answer = visitor.get("/challenges.csv?group=open")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["title"], row["sponsor"], row["money_pounds_excluding_vat"]) for row in rows] == [
        ("'=HYPERLINK(1)", "Invented Council", "650000")
    ]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="challenges.csv"'


@pytest.mark.both_databases
def test_fifty_rows_cause_no_more_work_than_one(visitor, session, call, engine):
    visitor.get("/challenges")  # what is read once per process is read
    with statements(engine) as of_one:
        visitor.get("/challenges")
    programme = session.scalars(select(Programme)).one()
    archive.import_rows(
        session, archive.shipped_rows(), programme=programme, actor=call.actor(call.manager), now=call.now
    )
    session.commit()
    with statements(engine) as of_fifty:
        assert len(titles(visitor.page("/challenges"))) == 50
    assert len(of_one) == len(of_fifty) == 3


# The page of one


def test_the_page_has_all_that_an_applicant_needs(visitor):
    page = visitor.page(PAGE)
    text = " ".join(page.main.get_text(" ").split())
    for words in (
        "How might we see a flood coming?",
        "Closes Monday 2 February 2026, 12 noon (UK time), in 28 days",
        "up to £650,000 excluding VAT",
        "Solves the challenge",
        "40%",
        "How does it solve the challenge?",
        "Up to 500 words.",
        "Nobody has asked yet.",
        "Sign in to ask a question",
    ):
        assert words in text, words
    assert page.select_one(".app-now__apply")["href"] == f"{PAGE}/apply"
    assert [row.th.contents[0].strip() for row in page.select(".app-dates tbody tr")][:3] == [
        "Open call",
        "Sift",
        "Interview",
    ]


def test_after_the_deadline_nobody_is_asked_to_apply(visitor, session, call):
    call.wait_until(call.closes_at)
    session.commit()
    page = visitor.page(PAGE)
    assert page.select_one(".app-now__apply") is None
    assert "The call is closed, so questions can no longer be asked." in page.main.get_text(" ")


def test_between_the_deadline_and_the_clock_nobody_is_asked_to_apply(visitor, call):
    call.now = call.closes_at + timedelta(seconds=1)
    page = visitor.page(PAGE)
    assert page.select_one(".app-now__apply") is None
    assert "The applications are being taken in." in page.main.get_text(" ")


def test_an_outsider_does_not_learn_of_a_draft(visitor, innovator, a_draft):
    assert titles(visitor.page("/challenges")) == titles(innovator.page("/challenges")) == ["11.2 Flooding impact"]
    for who in (visitor, innovator):
        answer = who.get(f"/challenges/{a_draft.slug}")
        assert (answer.status_code, "Secret" in answer.text) == (404, False)
        assert who.get("/challenges/there-is-none").status_code == 404
    for path in ("edit", "edit/question", "edit/people"):
        assert innovator.get(f"/challenges/{a_draft.slug}/{path}").status_code == 404
        assert visitor.get(f"/challenges/{a_draft.slug}/{path}").status_code == 303


def test_those_who_run_it_preview_it(owner, manager, a_draft):
    for who in (owner, manager):
        assert "This is a preview." in text_of(who.get(f"/challenges/{a_draft.slug}"))
        assert titles(who.page("/challenges")) == ["11.2 Flooding impact", "Secret plans"]


def test_a_moved_deadline_is_published_with_its_reason(visitor, session, call):
    advance(
        session,
        call.challenge,
        "extend",
        actor=call.actor(call.manager),
        now=call.now,
        reason="Snow.",
        closes_at=call.closes_at + timedelta(days=7),
    )
    session.commit()
    sentence = (
        "The closing date was moved for everybody on Monday 5 January 2026, to Monday 9 February 2026, 12 noon "
        "(UK time), in 35 days, because: “Snow.”"
    )
    assert sentence in text_of(visitor.get(PAGE))


def test_questions_cause_the_same_work_however_many_there_are(visitor, session, call, engine):
    visitor.get(PAGE)
    with statements(engine) as of_none:
        visitor.get(PAGE)
    asker = call.person("Asker")
    for number in range(1, 51):
        question = Question(
            round_id=call.challenge.round_id,
            challenge_id=call.challenge.id,
            asked_by_id=asker.id,
            asked_at=call.now,
            text=f"Question {number}?",
            state="",
            since=call.now,
        )
        begin_many(session, [question], actor=call.actor(asker), now=call.now)
        advance(session, question, "draft", actor=call.actor(call.owner), now=call.now, answer="Yes.")
        advance(session, question, "publish", actor=call.actor(call.manager), now=call.now)
    session.commit()
    with statements(engine) as of_fifty:
        assert len(visitor.page(PAGE).select(".app-answers__item")) == 50
    assert len(of_none) == len(of_fifty) <= 8


# Drafting


def test_only_who_may_begin_one_is_offered_to_draft(visitor, owner, manager, innovator):
    offers = [bool(who.page("/challenges").select('a[href="/challenges/new"]')) for who in (visitor, owner, manager)]
    assert offers == [False, False, True]
    assert innovator.get("/challenges/new").status_code == 403


def test_the_manager_begins_a_challenge_and_names_its_owner(manager, session, call):
    typed = {"title": "Peat", "round": str(call.challenge.round_id), "sponsor": "NatureScot", "owner": call.owner.email}
    answer = manager.post("/challenges/new", typed, on="/challenges/new")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/challenges/peat/edit")
    page = manager.page("/challenges/peat/edit")
    statuses = {
        item.a.get_text(): item.select_one(".govuk-task-list__status").get_text(strip=True)
        for item in page.select(".govuk-task-list__item")
    }
    assert statuses["Who writes it"] == "Hamish Drummond (NatureScot)"
    assert statuses["The problem"] == "Not begun"
    assert statuses["Title and question"] == "Missing: the question"


def test_what_is_missing_at_the_beginning_is_said_at_its_field(manager):
    typed = {"title": " ", "round": "99", "sponsor": "", "owner": "nobody@example.org"}
    answer = manager.post("/challenges/new", typed, on="/challenges/new")
    assert answer.status_code == 422
    assert errors_of(answer) == [
        "Give the challenge a title of up to 200 characters.",
        "Choose the round that the challenge belongs to.",
        "Nobody has an account with the address nobody@example.org. Ask them to make one first.",
    ]
    assert 'value="nobody@example.org"' in answer.text


def edit(challenge, part="") -> str:
    return f"/challenges/{challenge.slug}/edit" + (f"/{part}" if part else "")


def fields_of(visitor, path) -> dict[str, str]:
    form = visitor.page(path).main.form
    inputs = {i["name"]: i.get("value", "") for i in form.select("input[name]")}
    return inputs | {a["name"]: a.get_text() for a in form.select("textarea")}


def test_a_part_is_written_saved_and_gone_on_from(owner, session, a_draft):
    path = edit(a_draft, "text-problem")
    typed = fields_of(owner, path) | {"problem": "Wet feet.\r\nEvery week.", "then": "continue"}
    answer = owner.post(path, typed, on=path)
    assert answer.headers["Location"] == edit(a_draft, "text-background")
    assert fields_of(owner, path)["problem"].strip() == "Wet feet.\nEvery week."
    text = session.scalars(select(ChallengeVersion).where(col(ChallengeVersion.challenge_id) == a_draft.id)).one()
    assert text.sections == {"problem": "Wet feet.\nEvery week."}


def test_too_many_words_are_kept_and_come_back_with_a_sentence(owner, a_draft):
    path, words = edit(a_draft, "text-problem"), "word " * 401
    answer = owner.post(path, fields_of(owner, path) | {"problem": words, "then": "continue"}, on=path)
    assert answer.headers["Location"] == path
    page = owner.page(path)
    assert (
        page.select_one("#problem-error").get_text(strip=True) == "Error:“The problem” has 401 words; it may have 400."
    )
    assert page.select_one("#problem").get_text(strip=True) == words.strip()
    far = owner.post(path, fields_of(owner, path) | {"problem": "word " * 400_000}, on=path)
    assert (far.status_code, errors_of(far)) == (422, ["“The problem” has 400,000 words; it may have 400."])


def test_dates_and_money_are_read_as_people_type_them(owner, session, a_draft):
    path = edit(a_draft, "dates")
    typed = {
        "opens_at": "1 July 2026 09:00",
        "closes_at": "12/8/2026 12.00",
        "decision_promised_at": "",
        "money_pounds": "£650,000",
        "notice_reference": " AUG1 ",
    }
    assert owner.post(path, fields_of(owner, path) | typed, on=path).status_code == 303
    session.refresh(a_draft)
    assert (a_draft.opens_at.isoformat(), a_draft.closes_at.isoformat()) == (
        "2026-07-01T08:00:00+00:00",
        "2026-08-12T11:00:00+00:00",
    )
    assert (a_draft.money_pounds, a_draft.notice_reference) == (650_000, "AUG1")
    assert fields_of(owner, path)["money_pounds"] == "650,000"


def test_dates_that_cannot_be_are_refused_one_by_one(owner, a_draft):
    path = edit(a_draft, "dates")
    typed = {"opens_at": "29 March 2026 01:30", "closes_at": "31 June 2026 12:00", "money_pounds": "650k"}
    answer = owner.post(path, fields_of(owner, path) | typed, on=path)
    assert answer.status_code == 422
    assert errors_of(answer) == [
        "The clocks go forward then: this time does not exist. Choose another.",
        "There is no such day or time. Write a day and a time such as 10 September 2026 12:00.",
        "Write whole pounds, such as 650,000.",
    ]
    assert all(f'value="{value}"' in answer.text for value in typed.values())


@pytest.mark.both_databases
def test_two_writers_of_one_part_both_keep_their_words(owner, manager, a_draft):
    path = edit(a_draft, "text-problem")
    mine = fields_of(owner, path) | {"problem": "My words."}
    manager.post(path, fields_of(manager, path) | {"problem": "Their words."}, on=path)
    answer = owner.post(path, mine, on=path)
    assert answer.status_code == 409
    assert errors_of(answer) == [
        "Morag Sinclair has changed this part while you were writing. Nothing is lost: what is saved now stands above your own words.",
        "That was Monday 5 January 2026, 12 noon (UK time).",
    ]
    assert ("My words." in answer.text, "Their words." in answer.text) == (True, True)
    hidden = BeautifulSoup(answer.data, "html.parser").main.form.select("[type=hidden]")
    typed = {i["name"]: i["value"] for i in hidden} | {"problem": "Both."}
    assert owner.post(path, typed, on=path, headers=HTMX).status_code == 409  # by itself it overwrites nothing
    assert owner.post(path, typed, on=path).status_code == 303


# A part that is saved by itself


def by_itself(visitor, path, **typed) -> TestResponse:
    return visitor.post(path, fields_of(visitor, path) | typed, on=path, headers=HTMX)


def test_a_part_is_saved_by_itself_and_looked_at(owner, session, a_draft):
    path = edit(a_draft, "text-problem")
    answer = by_itself(owner, path, problem="We need a dashboard for every ward.")
    assert answer.status_code == 200
    fragment = BeautifulSoup(answer.data, "html.parser")
    assert fragment.select_one("[data-announce]")["data-announce"].startswith("Saved at ")
    assert " ".join(fragment.select_one("#findings li").get_text(" ").split()) == (
        "Sounds like a solution: “a dashboard”. That is an answer already. "
        "Say what goes wrong now and for whom: teams then bring answers you did not think of."
    )
    shown = owner.page(path)
    assert shown.select_one("#seen")["value"] == fragment.select_one("#seen")["value"]
    assert shown.select_one("#findings").get_text().split() == fragment.select_one("#findings").get_text().split()
    look = owner.page(edit(a_draft)).select_one("#look-text-problem")
    assert look.get_text() == "2 things to look at: sounds like a solution, length"


def test_a_form_that_comes_without_its_field_empties_nothing(owner, session, a_draft):
    path = edit(a_draft, "text-problem")
    by_itself(owner, path, problem="Words.")
    seen = fields_of(owner, path)["seen"]
    for headers in (HTMX, {}):
        answer = owner.post(path, {"seen": seen}, on=path, headers=headers)
        assert (answer.status_code, "The page did not send all of its fields" in answer.text) == (422, True)
    assert fields_of(owner, path)["problem"] == "Words."


def test_what_cannot_be_read_is_told_at_its_field_and_the_rest_is_saved(owner, session, a_draft):
    path = edit(a_draft, "dates")
    answer = by_itself(owner, path, opens_at="soon", closes_at="1 August 2026 12:00", money_pounds="9,000,000")
    told = {
        div["id"]: " ".join(div.get_text(" ").split())
        for div in BeautifulSoup(answer.data, "html.parser").select("div[id^=told-]")
    }
    assert {name: words for name, words in told.items() if words} == {
        "told-opens_at": "Error: Write a day and a time such as 10 September 2026 12:00.",
        "told-money_pounds": "Error: The money must lie between £0 and the round's budget of £5,000,000.",
    }
    session.refresh(a_draft)
    assert (a_draft.opens_at, a_draft.closes_at.isoformat(), a_draft.money_pounds) == (
        None,
        "2026-08-01T11:00:00+00:00",
        0,
    )


@pytest.mark.both_databases
def test_by_itself_nobody_overwrites_another_and_too_much_is_told(owner, manager, session, a_draft):
    path = edit(a_draft, "text-problem")
    mine = fields_of(owner, path)
    by_itself(manager, path, problem="Their words.")
    lost = owner.post(path, mine | {"problem": "My words."}, on=path, headers=HTMX)
    assert (lost.status_code, "Their words." in lost.text, "Morag Sinclair has changed this part" in lost.text) == (
        409,
        True,
        True,
    )
    # Nor do words that go on from what is saved: whoever cut it down to that may have deleted what they bring back.
    back = owner.post(path, mine | {"problem": "Their words. And mine."}, on=path, headers=HTMX)
    assert (back.status_code, "Morag Sinclair has changed this part" in back.text) == (409, True)
    saved = owner.post(path, fields_of(owner, path) | {"problem": "One."}, on=path, headers=HTMX)
    seen = BeautifulSoup(saved.data, "html.parser").select_one("#seen")["value"]
    for own in ("One. Two.", "One."):
        saved = owner.post(path, mine | {"problem": own, "seen": seen}, on=path, headers=HTMX)
        seen = BeautifulSoup(saved.data, "html.parser").select_one("#seen")["value"]
        assert saved.status_code == 200
    long = by_itself(owner, path, problem="word " * 401)
    assert (long.status_code, "It cannot be sent for approval like this." in long.text) == (200, True)
    assert by_itself(owner, path, problem="word " * 400_000).status_code == 422
    text = session.scalars(select(ChallengeVersion).where(col(ChallengeVersion.challenge_id) == a_draft.id)).one()
    assert len(text.sections["problem"].split()) == 401
    owner.client.delete_cookie("civflow_sign_in")
    ended = owner.client.post(path, data=mine, headers=HTMX)
    assert (ended.status_code, "your sign-in has ended" in ended.text) == (422, True)


def test_an_ended_sign_in_gives_the_words_back_and_a_button_that_saves_them_after_the_next(
    owner, visitor, call, a_draft
):
    path = edit(a_draft, "readiness")
    typed = fields_of(owner, path) | {"budget_holder": "An hour of work."}
    for cookie in ("civflow_sign_in", "session"):  # the token of the page has gone with the sign-in
        owner.client.delete_cookie(cookie)
    by_itself = owner.client.post(path, data=typed, headers=HTMX)
    assert (by_itself.status_code, "data-not-saved" in by_itself.text) == (422, True)
    answer = owner.client.post(path, data=typed, headers={"Origin": "http://localhost"})
    page = BeautifulSoup(answer.data, "html.parser")
    assert (answer.status_code, page.h1.get_text()) == (403, "Your sign-in has ended")
    assert "Seen" not in [label.get_text() for label in page.select("main label")]
    again = {field["name"]: field["value"] for field in page.select("main form input")}
    owner.sign_in(call.session, call.owner, now=call.now)  # in another tab
    assert owner.client.post(page.select_one("main form")["action"], data=again).status_code == 303
    assert fields_of(owner, path)["budget_holder"] == "An hour of work."


def test_a_challenge_in_review_is_read_and_not_written(owner, manager, session, call, a_draft):
    for part, typed in (
        ("question", {"question": "How?", "sponsor": "Invented Council"}),
        ("dates", {"opens_at": "1 July 2026 09:00", "closes_at": "1 August 2026 12:00", "money_pounds": "9,000"}),
    ):
        owner.post(edit(a_draft, part), fields_of(owner, edit(a_draft, part)) | typed, on=edit(a_draft, part))
    for section in ("problem", "background", "why_now", "who_benefits", "on_offer"):
        path = edit(a_draft, f"text-{section}")
        owner.post(path, fields_of(owner, path) | {section: "Words."}, on=path)
    path, typed = edit(a_draft, "text-problem"), fields_of(owner, edit(a_draft, "text-problem"))
    send = f"/cases/challenge/{a_draft.id}/submit_for_review"
    assert owner.post(send, {}, on=send).status_code == 303
    assert owner.get(path).headers["Location"] == edit(a_draft)
    assert "The text cannot be changed in this state." in text_of(owner.get(edit(a_draft)))
    late = owner.client.post(path, data=typed | {"problem": "Too late."})
    assert (late.status_code, "Too late." in late.text) == (422, True)
    approver = text_of(manager.get(f"/challenges/{a_draft.slug}"))
    for sentence in ("A budget holder is named.", "Named people of the sponsor have hours for the teams."):
        assert sentence in approver


def test_owners_are_added_and_taken_off_by_the_programme_office_alone(owner, manager, session, call, a_draft):
    path = edit(a_draft, "people")
    colleague = add_person(session, name="Ailsa Munro", email="ailsa@example.org", now=call.now)
    session.commit()
    assert "Make them a challenge owner" not in text_of(owner.get(path))
    assert manager.post(path, {"email": colleague.email}, on=path).status_code == 303
    assert "Ailsa Munro" in text_of(owner.get(path))
    assert errors_of(manager.post(path, {"email": "nobody@example.org"}, on=path)) == [
        "Nobody has an account with the address nobody@example.org. Ask them to make one first."
    ]
    assert manager.post(path, {"leaves": colleague.email}, on=path).status_code == 303
    assert "Ailsa Munro: until Monday 5 January 2026" in text_of(owner.get(path))


def test_an_owner_cannot_give_the_role_away(owner, manager, session, call, a_draft):
    path = edit(a_draft, "people")
    token = owner.page(edit(a_draft, "question")).select_one("[name=csrf_token]")["value"]
    answer = owner.client.post(path, data={"email": call.manager.email, "csrf_token": token})
    assert (answer.status_code, [w.person.name for w in writers(session, a_draft)]) == (403, ["Hamish Drummond"])
