"""Following on the web: one press on the page of a challenge, searches, and a link in each message that ends it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.models import Follow, Gate, Message, Slot
from civflow.services import following
from civflow.services.engine.advance import begin
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import CIVFLOW, Followed
from civflow.workflows.rules import the_challenge_owner, the_programme_manager
from tests.services.test_search import another, opened
from tests.web.visitor import HTMX, Visitor, errors_of, text_of

PAGE = "/challenges/11-2-flooding-impact"


@pytest.fixture
def reader(app, session, call) -> Visitor:
    """Somebody with an account and nothing else."""
    return Visitor(app).sign_in(session, call.person("Fiona Gunn"), now=call.now)


def follows(session) -> list[tuple[str, bool]]:
    """How everything is followed, and whether it has ended."""
    rows = session.scalars(select(Follow).order_by(col(Follow.id)).execution_options(populate_existing=True)).all()
    session.commit()  # on SQLite nobody else writes while a test looks
    return [(f.delivery, f.ended_at is not None) for f in rows]


def test_one_press_follows_and_another_ends_it(reader, session):
    answer = reader.post(f"{PAGE}/follow", {"delivery": "at_once", "then": "challenge"}, on=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert "You follow this challenge. You are told by e-mail at once." in text_of(reader.get(PAGE))

    [form] = [f for f in reader.page(PAGE).select("#follow form") if f["action"].endswith("/end")]
    assert reader.post(form["action"], {"then": "challenge"}, on=PAGE).headers["Location"] == PAGE
    assert follows(session) == [("at_once", True)]
    assert reader.page(PAGE).select_one("#follow button").get_text(strip=True) == "Follow this challenge"


def test_with_htmx_the_same_part_of_the_page_comes_back(reader, session):
    answer = reader.post(f"{PAGE}/follow", {"delivery": "at_once"}, on=PAGE, headers=HTMX)
    assert answer.text.lstrip().startswith('<div class="app-follow" id="follow" role="status">')
    one = session.scalars(select(Follow)).one()
    session.commit()
    answer = reader.post(f"/following/{one.id}", {"delivery": "daily"}, on=PAGE, headers=HTMX)
    assert "You are told by e-mail once a day." in text_of(answer)
    assert follows(session) == [("daily", False)]


def test_whoever_is_not_signed_in_is_led_through_signing_in_and_back(visitor):
    link = visitor.page(PAGE).select_one("#follow a")["href"]
    assert visitor.get(link).headers["Location"] == f"/sign-in?then={PAGE.replace('/', '%2F')}%2Ffollow"


def test_an_announced_challenge_is_followed_from_the_list(reader, session, call):
    opened(session, call, "Quiet roads", announced=True, question="How might we calm traffic?")
    session.commit()
    [row] = [r for r in reader.page("/challenges").select(".app-challenge") if "Quiet roads" in r.get_text()]
    path = row.select_one(".app-challenge__soon a")["href"]

    assert "traffic" not in reader.get(path).text
    assert reader.post(path, {"delivery": "daily"}, on=path).headers["Location"] == "/account#following"
    assert follows(session) == [("daily", False)]


def test_nobody_follows_what_they_may_not_know_of(reader, session, call):
    another(session, call, "Secret plans")
    session.commit()
    assert reader.get("/challenges/secret-plans/follow").status_code == 404
    token = reader.page("/account").select_one("[name=csrf_token]")["value"]
    assert reader.client.post("/challenges/secret-plans/follow", data={"csrf_token": token}).status_code == 404
    assert follows(session) == []


@pytest.mark.both_databases
def test_a_search_is_followed_and_listed_in_words(reader, session):
    link = reader.page("/challenges?q=flood&theme=water").select_one(".app-take a")["href"]
    assert "“flood”, water and flooding" in text_of(reader.get(link))
    reader.post(link, {"delivery": "daily"}, on=link)

    assert session.scalars(select(Follow.search)).all() == ["q=flood&theme=water"]
    [item] = reader.page("/account").select(".app-followed__item")
    assert item.a.get_text() == "New challenges: “flood”, water and flooding"
    assert item.a["href"] == "/challenges?q=flood&theme=water"


@pytest.mark.parametrize(
    ("path", "typed", "sentence"),
    [
        (
            "/following/new?",
            {"delivery": "daily"},
            "Search for something first, or choose a filter: then you can follow what is found.",
        ),
        ("/following/new?q=flood", {}, "Choose how you want to be told."),
        (f"{PAGE}/follow", {"delivery": "by pigeon"}, "Choose how you want to be told."),
    ],
)
def test_what_cannot_be_followed_is_said_in_a_sentence(reader, session, path, typed, sentence):
    answer = reader.post(path, typed, on=path)
    assert (answer.status_code, errors_of(answer), follows(session)) == (422, [sentence], [])


def test_one_person_follows_so_many_searches_and_no_more(app, session, call):
    me, path = call.person("Many Searches"), "/following/new?q=flood"
    for number in range(50):
        following.follow(session, me, search=f"q={number}", now=call.now)
    many = Visitor(app).sign_in(session, me, now=call.now)
    assert errors_of(many.post(path, {"delivery": "daily"}, on=path)) == [
        "You follow 50 searches, which is the most. End one on your account's page first."
    ]


def test_nobody_changes_what_another_follows(reader, session, call):
    other = following.follow(session, call.person("Other"), record=call.challenge, now=call.now)
    session.commit()
    for path in (f"/following/{other.id}", f"/following/{other.id}/end"):
        assert reader.post(path, {"delivery": "daily"}, on="/account").status_code == 404
    assert follows(session) == [("at_once", False)]


# The link in a message


@pytest.fixture
def letter(session, call) -> Message:
    """A message to somebody who follows the challenge."""
    following.follow(session, call.person("Fiona Gunn"), record=call.challenge, now=call.now)
    following.publish_news(session, call.challenge, "changes", "A new text.", key="version-2", now=call.now)
    session.commit()
    message = session.scalars(news()).one()
    session.commit()
    return message


def news():
    """The messages about what somebody follows."""
    return select(Message).where(col(Message.key).like("news-%"))


def test_looking_at_the_link_ends_nothing(visitor, session, letter):
    page = visitor.page(letter.unsubscribe)
    assert "Messages about: Flooding impact" in text_of(visitor.get(letter.unsubscribe))
    assert [button.get_text(strip=True) for button in page.main.select("button")] == ["Stop these messages"]
    assert follows(session) == [("at_once", False)]


def test_the_link_ends_the_messages_without_signing_in(visitor, session, letter, call):
    answer = visitor.client.post(letter.unsubscribe)
    assert (answer.status_code, "You are not told any more" in answer.text) == (200, True)
    assert follows(session) == [("at_once", True)]
    following.publish_news(session, call.challenge, "changes", "Another text.", key="version-3", now=call.now)
    assert session.scalars(news()).all() == [letter]
    session.commit()
    assert visitor.client.post(letter.unsubscribe).status_code == 200


def test_a_mail_programme_ends_them_with_one_press(visitor, session, letter):
    """RFC 8058: a POST with this body, without cookies and without anything of a page of ours."""
    answer = visitor.client.post(letter.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, follows(session)) == (200, [("at_once", True)])


def test_a_link_of_the_daily_message_ends_everything_in_it(visitor, session, call):
    person, other = call.person("Daily Reader"), call.person("Other")
    first = following.follow(session, person, record=call.challenge, delivery="daily", now=call.now)
    following.follow(session, person, search="q=flood", delivery="daily", now=call.now)
    following.follow(session, person, search="q=peat", now=call.now)
    following.follow(session, other, search="q=peat", delivery="daily", now=call.now)
    session.commit()
    path = f"/unsubscribe/{first.token}/daily"

    assert re.findall(r"<li>(.*?)</li>", visitor.get(path).text)[:2] == ["Flooding impact", "New challenges: “flood”"]
    assert visitor.client.post(path).status_code == 200
    assert follows(session) == [("daily", True), ("daily", True), ("at_once", False), ("daily", False)]


def test_a_link_that_nobody_was_sent_ends_nothing(visitor, session, letter):
    for path in ("/unsubscribe/nothing", "/unsubscribe/nothing/daily"):
        assert (visitor.get(path).status_code, visitor.client.post(path).status_code) == (404, 404)
    assert follows(session) == [("at_once", False)]


def test_the_link_does_not_tell_the_title_of_what_is_hidden(visitor, session, letter, call):
    call.challenge.version, call.challenge.state = 0, "draft"
    call.challenge.title = "Secret title"
    session.commit()
    assert "A challenge that is not public at present" in text_of(visitor.get(letter.unsubscribe))


# Any other noun


@pytest.fixture
def slot(session, call, monkeypatch) -> Slot:
    """A record that is read at /cases/..., of a noun that is followed by those who manage its programme or own its challenge."""
    followed = Followed(
        (the_programme_manager, the_challenge_owner), "it is booked", subjects={"booked": "A time is taken"}
    )
    monkeypatch.setattr(HANDBOOK["slot"], "followed", followed)
    keys = {"round_id": call.challenge.round_id, "challenge_id": call.challenge.id, "state": "", "since": call.now}
    gate = session.scalars(select(Gate)).first()
    times = {"starts_at": call.now + timedelta(days=40), "ends_at": call.now + timedelta(days=41)}
    made = Slot(**keys, **times, gate_id=gate.id, where="A room")
    begin(session, made, actor=CIVFLOW, now=call.now)
    session.commit()
    return made


TITLE = "Interview slot of 11.2 Flooding impact"


def test_a_record_of_any_noun_whose_page_says_so_is_followed_at_its_page(owner, manager, reader, session, call, slot):
    page = f"/cases/slot/{slot.id}"
    session.commit()
    assert "An e-mail when it is booked." in text_of(owner.get(page))
    assert f"Follow “{TITLE}”" in text_of(owner.get(f"{page}/follow"))
    answer = owner.post(f"{page}/follow", {"delivery": "at_once", "then": "slot"}, on=page)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert "You follow this interview slot. You are told by e-mail at once." in text_of(owner.get(page))
    for method in (reader.get, lambda path: reader.post(path, {}, on="/account")):
        assert method(f"{page}/follow").status_code == 404  # who may not follow it learns nothing of it
    for other in ("/cases/round/1/follow", "/cases/slot/99/follow", "/cases/no_noun/1/follow"):
        assert manager.get(other).status_code == 404
    assert manager.page("/cases/round/1").select("#follow") == []
    listed = owner.page("/account").select_one(".app-followed__title a")
    assert (listed.get_text(), listed["href"]) == (TITLE, page)


def test_whoever_follows_a_record_is_told_of_it_while_they_may_follow_it(app, owner, manager, session, call, slot):
    for person, delivery in ((call.owner, "at_once"), (call.manager, "daily"), (call.person("Not Any"), "at_once")):
        following.follow(session, person, record=slot, delivery=delivery, now=call.now)
    following.publish_news(session, slot, "booked", "A team comes.", key="slot-1", now=call.now)
    following.publish_news(session, slot, "booked", "Another comes.", key="slot-2", now=call.now + timedelta(minutes=1))
    sent = session.scalars(select(Message).where(col(Message.key).startswith("news-")).order_by(col(Message.id))).all()
    assert [(m.person_id, m.subject, m.about) for m in sent] == [
        (call.owner.id, f"A time is taken: {TITLE}", f"/cases/slot/{slot.id}")
    ] * 2
    assert f"You are told because you follow “{TITLE}”." in sent[0].body
    following.send_daily(session, base_url="https://example.org", now=call.now + timedelta(days=2))
    [daily] = session.scalars(select(Message).where(col(Message.key).startswith("daily-"))).all()
    assert daily.subject == "What happened to 1 interview slot that you follow"
    assert daily.body.splitlines()[2:6] == [
        TITLE,
        "A time is taken. A team comes.",
        "A time is taken. Another comes.",
        f"https://example.org/cases/slot/{slot.id}",
    ]
    unsubscribe, who = sent[0].unsubscribe, call.owner.id
    session.commit()
    assert "An interview slot that is not public at present" in text_of(Visitor(app).get(unsubscribe))
    Visitor(app).client.post(unsubscribe)
    kept = session.scalars(select(Follow).where(col(Follow.person_id) == who).execution_options(populate_existing=True))
    assert kept.one().ended_at == call.now


def test_news_that_nobody_has_words_for_are_refused(session, call, slot):
    with pytest.raises(KeyError, match="eclipse"):
        following.publish_news(session, slot, "eclipse", "It is dark.", key="slot-9", now=call.now)
