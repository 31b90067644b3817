"""Questions on the web: asking, the list of those who answer, publishing, merging, spreadsheets, and who may not."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Message, Question
from civflow.services.challenges.versions import publish_change, write_change
from civflow.services.engine.advance import advance
from civflow.services.questions.questions import ask
from tests.scenes.open_call import grant
from tests.web.visitor import HTMX, Visitor, errors_of, statements, text_of

SLUG = "11-2-flooding-impact"
PAGE = f"/challenges/{SLUG}"
LIST = f"{PAGE}/questions"


@pytest.fixture
def question(session, call) -> Question:
    """Somebody else's question, which waits for an answer."""
    made = asked(session, call, "May a person apply?")
    session.commit()
    return made


def asked(session, call, text: str, asker: str = "") -> Question:
    person = call.person(asker or f"Asker of {text.lower().strip('?')}")
    return ask(session, call.challenge, text=text, actor=call.actor(person), now=call.now)


def drafted(session, call, question, answer="Yes.") -> Question:
    advance(session, question, "draft", actor=call.actor(call.owner), now=call.now, answer=answer)
    session.commit()
    return question


def published(session, call, question, answer="Yes.") -> Question:
    drafted(session, call, question, answer)
    advance(session, question, "publish", actor=call.actor(call.manager), now=call.now)
    session.commit()
    return question


def texts(page: BeautifulSoup) -> list[str]:
    return [heading.get_text(" ", strip=True) for heading in page.select(".app-questions__text")]


# Asking


def test_a_question_is_asked_and_waits_without_a_name(innovator, visitor, session):
    answer = innovator.post(LIST, {"text": "May a person apply?"}, on=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}#ask")
    question = session.scalars(select(Question)).one()
    assert "The answer is promised by Monday 12 January 2026, 5pm (UK time), in 7 days." in text_of(innovator.get(PAGE))
    assert "May a person apply?" not in visitor.get(PAGE).text
    own = text_of(innovator.get(f"{LIST}/{question.id}"))
    assert "Waiting for an answer You asked Monday 5 January 2026, 12 noon (UK time), now." in own


def test_the_form_says_what_happens_next(innovator):
    steps = [step.get_text() for step in innovator.page(PAGE).select("#ask ol li")]
    assert (len(steps), "They do not learn who you are." in steps[0], "5 working days" in steps[1]) == (3, True, True)


def test_an_empty_question_comes_back_with_a_sentence(innovator):
    answer = innovator.post(LIST, {"text": "  "}, on=PAGE)
    assert (answer.status_code, errors_of(answer)) == (422, ["Write your question."])


def test_a_long_question_comes_back_with_every_word(innovator):
    words = "word " * 500
    answer = innovator.post(LIST, {"text": words}, on=PAGE, headers=HTMX)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert answer.text.lstrip().startswith('<div id="ask">')


def test_nobody_asks_without_an_account_and_a_link_to_an_address_is_enough(visitor, innovator, session, call):
    token = innovator.page(PAGE).select_one("[name=csrf_token]")["value"]
    answer = visitor.client.post(LIST, data={"text": "May I?", "csrf_token": token})
    assert (answer.status_code in (400, 403), session.scalars(select(Question)).all()) == (True, [])
    session.commit()

    way = visitor.page(PAGE).select_one("#ask a[href^='/register']")["href"]
    visitor.post("/register", {"name": "Una Newcomer", "email": "una@example.org", "then": f"{PAGE}#ask"}, on=way)
    link = session.scalars(select(Message.about).where(col(Message.address) == "una@example.org")).one()
    session.commit()
    then = visitor.page(link).select_one("[name=then]")["value"]
    assert visitor.post(link.split("?")[0], {"then": then}, on=link).headers["Location"] == f"{PAGE}#ask"
    assert visitor.post(LIST, {"text": "May I?"}, on=PAGE).status_code == 303


def test_after_the_last_moment_the_page_says_when_it_ended_and_keeps_the_words(innovator, session, call):
    call.now = call.challenge.questions_until + timedelta(seconds=1)
    innovator.sign_in(session, call.person("Late Asker"), now=call.now)
    page = innovator.page(PAGE)
    token = page.select_one("[name=csrf_token]")["value"]
    assert page.select("#ask form") == []
    assert "Questions could be asked until Friday 23 January 2026, 12 noon (UK time)" in page.main.get_text()
    answer = innovator.client.post(LIST, data={"text": "May I still?", "csrf_token": token})
    assert (answer.status_code, errors_of(answer), "May I still?" in answer.text) == (
        422,
        ["The time for questions is over. It ended on Friday 23 January 2026, 12 noon (UK time)."],
        True,
    )


# Those who answer


@pytest.mark.both_databases
def test_the_list_is_oldest_first_with_what_was_promised_and_late_ones_say_so(owner, session, call, question):
    call.now += timedelta(days=6)
    asked(session, call, "Can I?")
    session.commit()
    call.now += timedelta(days=2)
    owner.sign_in(session, call.owner, now=call.now)
    page = owner.page(LIST)
    assert texts(page) == ["May a person apply?", "Can I?"]
    first, second = (" ".join(line.get_text(" ").split()) for line in page.select(".app-questions__where"))
    assert first == (
        "To be answered Late: the answer was promised by Monday 12 January 2026, 5pm (UK time), yesterday . It has waited 8 days."
    )
    assert second.endswith("It has waited 2 days.")
    assert page.select_one(".app-late").get_text() == "1 question is late:"
    waiting = owner.page("/").select_one(".app-waiting__item").get_text(" ", strip=True)
    assert "Answer 2 questions about “Flooding impact”" in waiting
    assert "The oldest was asked 8 days ago. 1 of them is late." in waiting
    assert "2 wait for us, 1 of them is late." in text_of(owner.get(PAGE))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("ours", ["May a person apply?"]),
        ("asked", ["May a person apply?"]),
        ("drafted", []),
        ("published", ["Question 1: Can I?"]),
        ("declined", []),
        ("all", ["May a person apply?", "Question 1: Can I?"]),
        ("nonsense", ["May a person apply?"]),
    ],
)
def test_the_list_is_filtered_by_state(owner, session, call, question, state, found):
    published(session, call, asked(session, call, "Can I?"))
    assert texts(owner.page(f"{LIST}?state={state}")) == found
    assert owner.get(f"{LIST}?state={state}", headers=HTMX).text.lstrip().startswith('<div id="question-list">')


def test_fifty_questions_cause_no_more_work_than_two(owner, session, call, engine, question):
    first = asked(session, call, "Number 0?")
    advance(session, first, "merge", actor=call.actor(call.owner), now=call.now, merged_into_id=question.id)
    session.commit()
    owner.get(f"{LIST}?state=all")
    with statements(engine) as of_two:
        owner.get(f"{LIST}?state=all")
    for number in range(1, 40):
        asked(session, call, f"Number {number}?")
    session.commit()
    with statements(engine) as of_many:
        assert len(texts(owner.page(f"{LIST}?state=all"))) == 41
    assert len(of_two) == len(of_many) <= 11


def test_one_writes_another_publishes_and_everybody_reads(owner, manager, visitor, session, question):
    own = f"{LIST}/{question.id}"
    answer = owner.post(own, {"answer": "Yes, *anybody*.", "wording": "May anybody apply?", "seen": "0"}, on=own)
    assert (answer.status_code, answer.headers["Location"]) == (303, own)
    assert "You wrote this, so somebody else publishes it." in text_of(owner.get(own))
    refused = owner.post(f"{own}/publish", {"seen": "1"}, on=own)
    assert (refused.status_code, errors_of(refused)) == (
        422,
        ["Needed first: Somebody other than the person who wrote the answer clears it."],
    )

    look = text_of(manager.get(f"{own}/publish"))
    assert (
        "with the next number. Told at the same moment: 1 person who asked, every team that has begun an application."
        in look
    )
    assert "What was asked, in its own words May a person apply?" in look
    assert manager.post(f"{own}/publish", {"seen": "1"}, on=f"{own}/publish").headers["Location"] == LIST
    item = visitor.page(PAGE).select_one("#question-1")
    assert (
        " ".join(item.get_text(" ").split())
        == "Question 1 May anybody apply? Yes, anybody . Answered Monday 5 January 2026."
    )
    assert "May a person apply?" not in visitor.get(PAGE).text


def test_an_answer_that_changes_the_challenge_leads_to_the_new_version(
    owner, manager, visitor, session, call, question
):
    drafted(session, call, question)
    own = f"{LIST}/{question.id}/publish"
    assert [box["name"] for box in manager.page(own).select("[type=checkbox]")] == ["changes"]
    answer = manager.post(own, {"changes": "yes", "seen": "1"}, on=own)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PAGE}/change")
    assert "Question 1 was asked and answered: May a person apply?" in manager.get(f"{PAGE}/change").text
    assert visitor.page(PAGE).select("#question-1 .app-muted a") == []
    session.expire_all()
    write_change(
        session, call.challenge, actor=call.actor(call.owner), now=call.now, sections={"constraints": "New words."}
    )
    publish_change(session, call.challenge, actor=call.actor(call.manager), now=call.now)
    session.commit()
    link = visitor.page(PAGE).select_one("#question-1 .app-muted a")["href"]
    assert (link, visitor.get(link).status_code) == (f"{PAGE}/versions/2", 200)


def test_after_the_call_no_answer_changes_the_challenge(manager, session, call, question):
    own = f"{LIST}/{drafted(session, call, question).id}/publish"
    call.wait_until(call.closes_at)
    manager.sign_in(session, call.manager, now=call.now)
    assert manager.page(own).select("[type=checkbox]") == []
    assert manager.post(own, {"seen": "1"}, on=own).headers["Location"] == LIST


def test_an_answer_that_cannot_be_saved_comes_back(owner, manager, session, question):
    own = f"{LIST}/{question.id}"
    answer = owner.post(own, {"answer": "", "wording": "Other words?", "seen": "0"}, on=own)
    assert (answer.status_code, errors_of(answer), "Other words?" in answer.text) == (
        422,
        ["Fill in “The answer”."],
        True,
    )
    manager.post(own, {"answer": "Theirs.", "seen": "0"}, on=own)
    late = owner.post(own, {"answer": "Mine.", "seen": "0"}, on=own)
    assert (late.status_code, "Mine." in late.text, "Theirs." in late.text) == (409, True, True)
    session.expire_all()
    assert question.answer == "Theirs."


def test_two_questions_are_merged_and_separated(owner, session, call, question):
    other = asked(session, call, "Can I?")
    session.commit()
    own = f"{LIST}/{question.id}"
    unchosen = owner.post(f"{own}/merge", {"seen": "0"}, on=f"{own}/merge")
    assert (unchosen.status_code, errors_of(unchosen)) == (
        422,
        ["Choose “The question that asks the same”."],
    )
    done = owner.post(f"{own}/merge", {"merged_into_id": other.id, "seen": "0"}, on=f"{own}/merge")
    assert (done.status_code, done.headers["Location"]) == (303, LIST)
    assert [a.get_text() for a in owner.page(f"{LIST}/{other.id}").select("main .govuk-list--bullet a")] == [
        "May a person apply?"
    ]
    step = f"/cases/question/{question.id}/unmerge"
    back = owner.post(step, {"reason": "It differs.", "seen": "1"}, on=step)
    assert back.headers["Location"] == f"/questions/{question.id}"
    assert owner.get(f"/questions/{question.id}").headers["Location"] == own
    session.expire_all()
    assert (question.state, question.merged_into_id) == ("asked", None)


# Everybody's answers


@pytest.mark.both_databases
def test_many_answers_are_searched_and_read_newest_first(visitor, session, call):
    for number in range(1, 10):
        published(
            session, call, asked(session, call, f"Is {number} enough?"), "Rafts float." if number == 3 else "Yes."
        )

    def numbers(query: str) -> list[str]:
        return [item["id"] for item in visitor.page(f"{PAGE}?{query}").select(".app-answers__item")]

    assert numbers("") == [f"question-{n}" for n in range(1, 10)]
    assert numbers("order=newest") == [f"question-{n}" for n in range(9, 0, -1)]
    assert numbers("answers=FLOAT+rafts") == ["question-3"]
    assert numbers("answers=nothing") == []
    fragment = visitor.get(f"{PAGE}?answers=rafts", headers=HTMX).text
    assert fragment.lstrip().startswith('<div id="answers">')


def test_an_answer_that_was_taken_back_leaves_its_number_empty(visitor, session, call, question):
    published(session, call, question)
    advance(session, question, "redraft", actor=call.actor(call.manager), now=call.now, reason="Wrong.")
    published(session, call, asked(session, call, "Can I?"))
    text = text_of(visitor.get(PAGE))
    assert ("Question 2 Can I?" in text, "May a person apply?" in text) == (True, False)
    assert "Answer 1 is taken back for now" in text


@pytest.mark.both_databases
def test_anybody_takes_the_answers_with_them(visitor, session, call, question):
    published(session, call, question, "=1+1")
    answer = visitor.get(f"{PAGE}/questions.csv")
    [row] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert row == {
        "number": "1",
        "question": "May a person apply?",
        "answer": "'=1+1",
        "asked": "2026-01-05 12:00",
        "published": "2026-01-05 12:00",
    }
    assert answer.headers["Content-Disposition"] == f'attachment; filename="questions-{SLUG}.csv"'
    assert visitor.get(f"{PAGE}/questions.xlsx").data[:2] == b"PK"


# Spreadsheets of the portal


@pytest.mark.both_databases
def test_the_portals_questions_are_taken_in_once(owner, session):
    def send(text: str):
        token = owner.page(f"{LIST}/import").select_one("[name=csrf_token]")["value"]
        data = {"csrf_token": token, "file": (io.BytesIO(text.encode()), "portal.csv")}
        return owner.client.post(f"{LIST}/import", data=data, content_type="multipart/form-data")

    sheet = "Reference,Question,Asked by\nP-1,May I?,Acme\nP-2,Can I?,Bolt\n"
    assert "2 questions taken in" in text_of(send(sheet))
    assert "Nothing new in the file 2 questions of the file were here already." in text_of(send(sheet))
    wrong = send("reference,question\nP-3,\n,Where?\n")
    assert (wrong.status_code, errors_of(wrong)) == (
        422,
        [
            "Row 2: it has no question.",
            "Row 3: it has no reference, and without one a second import could not tell it again.",
        ],
    )
    assert session.scalars(select(Question.portal_reference).order_by(col(Question.id))).all() == ["P-1", "P-2"]
    assert (text_of(owner.get(LIST)).count("From the procurement portal: P-"), "Acme" in owner.get(LIST).text) == (
        2,
        False,
    )


def test_without_a_file_nothing_is_taken_in(owner):
    assert errors_of(owner.post(f"{LIST}/import", {}, on=f"{LIST}/import")) == ["Choose the file with the questions."]


# Who may not


@pytest.mark.parametrize("path", ["{q}/publish", "{q}/merge", "import"])
def test_others_open_no_page_of_those_who_answer(app, session, call, visitor, innovator, question, path):
    stranger = call.person("Another owner")
    grant(session, stranger, "challenge_owner", call.now, scope="challenge", scope_id=99)
    auditor = call.person("An auditor")
    grant(session, auditor, "auditor", call.now)
    others = [Visitor(app).sign_in(session, person, now=call.now) for person in (stranger, auditor)]
    page = f"{LIST}/{path.format(q=question.id)}"
    is_seen = path == "import"
    assert [who.get(page).status_code for who in (visitor, innovator, *others)] == [
        303,
        *((403, 403, 403) if is_seen else (404, 404, 403)),
    ]


def test_the_list_is_for_those_who_run_it_and_for_auditors(
    app, session, call, visitor, innovator, owner, manager, question
):
    auditor = call.person("An auditor")
    grant(session, auditor, "auditor", call.now)
    audits = Visitor(app).sign_in(session, auditor, now=call.now)
    assert [who.get(LIST).status_code for who in (owner, manager, audits)] == [200, 200, 200]
    for who in (visitor, innovator):
        assert (who.get(LIST).status_code, who.get(LIST).headers["Location"]) == (303, f"{PAGE}#questions")
    assert innovator.get(f"{LIST}/{question.id}").status_code == 404
    published(session, call, question)
    assert innovator.get(f"{LIST}/{question.id}").headers["Location"] == f"{PAGE}#question-1"


def test_no_page_tells_staff_who_asked(owner, manager, session, call):
    question = published(session, call, asked(session, call, "May I?", "Priya Raeburn"))
    pages = [
        PAGE,
        LIST,
        f"{LIST}?state=all",
        f"{LIST}/{question.id}",
        f"/cases/question/{question.id}",
        "/",
        "/outbox",
        "/outbox?q=priya",
    ]
    message = session.scalars(select(Message).where(col(Message.person_id) == question.asked_by_id)).one()
    pages += [f"/outbox/{message.id}", f"/cases/message/{message.id}"]
    for who in (manager, owner):
        for page in pages:
            answer = who.get(page)
            assert ("Priya" in answer.text or "priya.raeburn" in answer.text, page) == (False, page)
    assert "Whoever asked the question" in manager.get("/outbox").text
    assert manager.page("/outbox?q=priya").select("table") == []
