"""Whatever is typed or pasted into a draft: a sentence at the field, and the rest is kept."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from civflow.models import Round
from civflow.services.challenges.drafts import draft, text_in_hand
from civflow.services.formatting import pasted
from tests.scenes.open_call import grant
from tests.web.visitor import Visitor, an_app, errors_of

pytestmark = pytest.mark.both_databases


@pytest.fixture
def a_draft(session, call):
    round_ = session.get_one(Round, call.challenge.round_id)
    made = draft(session, round_=round_, sponsor=None, title="Peat", actor=call.actor(call.manager), now=call.now)
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=made.id)
    session.commit()
    return made


@pytest.fixture
def owner(settings, engine, session, call, a_draft) -> Visitor:
    return Visitor(an_app(settings, engine, lambda: call.now)).sign_in(session, call.owner, now=call.now)


def filled(owner, path, **typed) -> dict[str, str]:
    """The form at a path as it stands, with some fields typed anew."""
    form = owner.page(path).main.form
    stored = {i["name"]: i.get("value", "") for i in form.select("input[name]")}
    return {**stored, **{a["name"]: a.get_text().removeprefix("\n") for a in form.select("textarea")}, **typed}


DATES = {"opens_at": "12 January 2026 09:00", "closes_at": "16 February 2026 12:00", "money_pounds": "650,000"}


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"closes_at": "9 January 2026 12:00"}, "closes_at", "The closing date must come after the opening date."),
        (
            {"opens_at": "4 January 2026 09:00"},
            "opens_at",
            "The opening date has passed. Write a date that lies ahead.",
        ),
        (
            {"opens_at": "3 January 2026 09:00", "closes_at": "4 January 2026 09:00"},
            "closes_at",
            "The closing date has passed. Write a date that lies ahead.",
        ),
        (
            {"money_pounds": "5,000,001"},
            "money_pounds",
            "The money must lie between £0 and the round's budget of £5,000,000.",
        ),
        ({"money_pounds": "a lot"}, "money_pounds", "Write whole pounds, such as 650,000."),
        ({"closes_at": "1 June 9999 12:00"}, "closes_at", "Write a year from 2000 to 2099."),
        (
            {"closes_at": "31 February 2026 12:00"},
            "closes_at",
            "There is no such day or time. Write a day and a time such as 10 September 2026 12:00.",
        ),
    ],
)
def test_dates_and_money_that_cannot_be_are_refused_at_their_field(owner, a_draft, typed, field, sentence):
    path = f"/challenges/{a_draft.slug}/edit/dates"
    sent = filled(owner, path, **{**DATES, **typed})
    answer = owner.post(path, sent, on=path)
    page = BeautifulSoup(answer.data, "html.parser")
    assert answer.status_code == 422
    assert sentence in errors_of(answer)
    assert " ".join(page.select_one(f"#{field}-error").text.split()) == f"Error: {sentence}"
    assert {name: page.select_one(f"#{name}")["value"] for name in DATES} == {name: sent[name] for name in DATES}


def test_an_unknown_sponsor_is_asked_about_and_a_known_one_is_found_however_it_is_written(session, owner, a_draft):
    path = f"/challenges/{a_draft.slug}/edit/question"
    answer = owner.post(path, filled(owner, path, sponsor="Invented Councl", question="How?"), on=path)
    sentence = (
        "No sponsor is called “Invented Councl” here. Is it “Invented Council”? If not, ask the programme office to "
        "add it."
    )
    assert (answer.status_code, errors_of(answer)) == (422, [sentence])
    assert "How?" in answer.text
    assert owner.post(path, filled(owner, path, sponsor="invented council"), on=path).status_code == 303
    session.refresh(a_draft)
    assert a_draft.sponsor_id is not None


@pytest.mark.parametrize("letters", [2_000_000, 2_500_000])
def test_a_text_of_two_megabytes_is_told_its_length_and_comes_back(owner, a_draft, letters):
    path, words = f"/challenges/{a_draft.slug}/edit/text-problem", "word\n" * (letters // 5)
    answer = owner.post(path, filled(owner, path, problem=words), on=path)
    sentence = f"“The problem” has {letters // 5:,} words; it may have 400."
    assert (answer.status_code, errors_of(answer)) == (422, [sentence])
    kept = BeautifulSoup(answer.data, "html.parser").select_one("textarea").get_text()
    assert kept.split() == words.split()


def test_a_title_has_no_line_breaks_since_it_stands_in_the_subjects_of_messages(session, owner, a_draft):
    path = f"/challenges/{a_draft.slug}/edit/question"
    owner.post(path, filled(owner, path, title="Forest\r\nYour password has ended\u2028Sign in"), on=path)
    session.refresh(a_draft)
    assert a_draft.title == "Forest Your password has ended Sign in"


def test_a_pasted_word_document_becomes_plain_words():
    word = "The\xa0prob\u202elem\u2066\x0bis\u200b “wet” feet\xad.\r\n•\tOne\r\n·  Two\r\x07\x1f\ufeff– 2 – 3"
    assert pasted(word) == "The problem\nis “wet” feet.\n- One\n- Two\n– 2 – 3"


def test_html_and_scripts_stay_words(session, owner, a_draft, call):
    path = f"/challenges/{a_draft.slug}/edit/text-problem"
    words = '<script>alert(1)</script> <b onclick="x()">bold</b> [a](javascript:alert(1)) <img src=x onerror=y>'
    assert owner.post(path, filled(owner, path, problem=words), on=path).status_code == 303
    assert text_in_hand(session, a_draft).sections == {"problem": words}
    session.rollback()
    page = owner.page(f"/challenges/{a_draft.slug}")
    about = page.select_one("#about")
    assert about.select("script, b, img, a") == []
    assert words.split("[", maxsplit=1)[0].strip() in about.get_text()
