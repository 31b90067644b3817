"""Whom a step tells, and in which words: what is read before is what is sent, for every step of the handbook that tells."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from civflow.features import FeatureError
from civflow.models import Agreement, Application, Deliverable, LiveSession, Message, Question, Team, Tracked
from civflow.services.delivery.places import offer_place
from civflow.services.engine import advance as the_gate
from civflow.services.engine.advance import PAGES, advance, workflow_of
from civflow.services.following import SUBJECTS, follow
from civflow.services.interviews.slots import offer_slots
from civflow.services.notifications.declared import check_tellings
from civflow.services.notifications.letters import worded, words
from civflow.services.notifications.preview import Preview, preview
from civflow.services.notifications.recipients import SOMEBODY
from civflow.services.notifications.registry import all_told, audience
from civflow.services.programmes.store import programme_of
from civflow.services.teams.teams import invite
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import PLAIN, Actor, Ask, Letter, News, Rule, Step, Workflow
from tests.scenes.open_call import Call, grant
from tests.scenes.panel import Panel

ANYBODY = Rule("anybody", "Anybody may.", lambda _: True)
REASON = "For a good reason."
TELLING = sorted({page.name for page in HANDBOOK.values() for step in page.steps if step.tells})


def everything(panel: Panel) -> dict[str, Tracked]:
    """A record of each noun whose steps tell somebody; who follows, applies, assesses, runs and approves is there."""
    call, session, otter = panel.call, panel.session, panel.otter
    for role in ("programme_manager", "approver"):
        grant(session, call.person(f"Second {role}"), role, call.now)
    for person in (call.person("A follower"), panel.leads[0]):
        follow(session, person, now=call.now, record=call.challenge)
    found: dict[str, Tracked] = {"challenge": call.challenge, "application": otter, "gate": panel.gate}
    found["team"] = team = session.get_one(Team, otter.team_id)
    found["membership"] = invite(
        session, team, call.person("Tom Baird"), actor=call.actor(panel.leads[0]), now=call.now
    )
    found["assignment"] = panel.assignment(panel.chair, otter)
    found["question"] = _a_question(call)
    times = [call.now + timedelta(days=3)]
    ids = [person.id or 0 for person in panel.people]
    [found["slot"]] = offer_slots(
        session, panel.gate, starts=times, where="", panel=ids, actor=call.actor(call.manager), now=call.now
    )
    stage = next(stage for stage in programme_of(session, call.challenge).stages if stage.kind == "work")
    found["place"] = place = offer_place(session, otter, stage, now=call.now)
    advance(session, place, "accept", actor=call.actor(panel.leads[0]), now=call.now)
    found["agreement"] = session.scalars(select(Agreement)).one()
    found["deliverable"] = Deliverable(
        round_id=place.round_id, challenge_id=place.challenge_id, team_id=place.team_id, place_id=place.id or 0,
        title="A report", done_when="It is read.", due_at=call.now, state="due", since=call.now,
    )  # fmt: skip
    found["live_session"] = LiveSession(
        round_id=place.round_id, challenge_id=place.challenge_id, title="Meet the sponsor", place="The town hall",
        starts_at=call.now + timedelta(days=1), ends_at=call.now + timedelta(days=2), state="scheduled", since=call.now,
    )  # fmt: skip
    session.add_all([found["deliverable"], found["live_session"]])
    return found
    session.flush()
    return found


def _a_question(call: Call) -> Question:
    question = Question(
        round_id=call.challenge.round_id, challenge_id=call.challenge.id or 0, state="drafted", since=call.now,
        text="May a person apply?", answer="Yes.", asked_at=call.now, answer_promised_at=call.now,
        asked_by_id=call.person("Somebody Curious").id,
    )  # fmt: skip
    call.session.add(question)
    return question


@pytest.fixture
def records(scenes, panel) -> dict[str, Tracked]:
    return scenes.play(everything)


@pytest.fixture
def anybody_may(monkeypatch) -> None:
    """Every page as it is, but for its rules: what a step tells does not depend on who may take it, and when."""
    for record, page in list(PAGES.items()):
        monkeypatch.setitem(PAGES, record, without_rules(page))
    monkeypatch.setattr(the_gate, "challenge_workflow", lambda _source: without_rules(HANDBOOK["challenge"]))


def without_rules(page: Workflow) -> Workflow:
    free = copy(page)
    free.steps = tuple(replace(step, by=ANYBODY, requires=(), locks=()) for step in page.steps)
    free.along = {}  # what ends with a record is told by steps of its own
    free._by_state = {s: {step.name: step for step in free.steps if s in step.sources} for s in page.states}
    return free


def telling(page: Workflow) -> list[tuple[str, Step]]:
    """Each state and each step that leaves it and tells somebody."""
    return [(state, step) for state in page.states for step in page.steps_from(state).values() if step.tells]


def given(step: Step, records: dict[str, Tracked], now) -> dict[str, Any]:
    """An answer to everything that the step asks for."""
    somebody = records["assignment"].assessor_id
    values = {"yes": True, "person": somebody, "number": 1}
    chosen = {name: record.id for name, record in records.items()} | {"person": somebody}
    later = {ask.name: now + timedelta(days=50, hours=n) for n, ask in enumerate(step.asks) if ask.kind == "moment"}

    def answer(ask: Ask) -> Any:
        if ask.kind == "record":
            return chosen.get(ask.of)
        return ask.choices[0][0] if ask.choices else values.get(ask.kind, "Words.")

    return {ask.name: answer(ask) for ask in step.asks} | later


Letters = dict[tuple[str, str], list[int | None]]  # subject and text without its greeting -> who


def text_of(body: str) -> str:
    return body.partition("\n\n")[2]


def read_before(shown: Preview | None) -> Letters:
    letters = shown.letters if shown else []
    return {(one.subject, text_of(one.body)): [person.id for person in one.people] for one in letters}


def sent_after(session: Session, record: Tracked, step: Step, last: int) -> Letters:
    """What the outbox holds of the step, beside what its effects write themselves."""
    query = select(Message).where(col(Message.id) > last).order_by(col(Message.id))
    found: Letters = {}
    for message in session.scalars(query):
        if message.key.startswith((f"{PAGES[type(record)].name}-{record.id}-{record.revision}-{step.name}-", "news-")):
            found.setdefault((message.subject, text_of(message.body)), []).append(message.person_id)
    return found


@pytest.mark.parametrize("noun", TELLING)
@pytest.mark.usefixtures("anybody_may")
def test_what_is_read_before_is_what_is_sent(session, call, records, noun):
    record, somebody = records[noun], call.actor(call.person("Somebody Else"))
    for state, step in telling(workflow_of(session, record)):
        attempt, inputs = session.begin_nested(), given(step, records, call.now)
        put(session, record, state, call)
        shown = preview(
            session, workflow_of(session, record), step, record,
            actor=somebody, now=call.now, reason=REASON, inputs=inputs,
        )  # fmt: skip
        last = session.scalars(select(Message.id).order_by(col(Message.id).desc()).limit(1)).first() or 0
        advance(session, record, step.name, actor=somebody, now=call.now, reason=REASON, **inputs)
        before, after = read_before(shown), sent_after(session, record, step, last)
        place = f"{step.name} from {state}"
        assert list(before) == list(after) != [], place
        named = {words: people for words, people in before.items() if people and None not in people}
        assert named == {words: after[words] for words in named}, place
        attempt.rollback()
        session.expire_all()


def put(session: Session, record: Tracked, state: str, call: Call) -> None:
    """The record stands in this state, however it came there, with what it must hold there."""
    page = PAGES[type(record)]
    moments = dict.fromkeys(("begun_at", "team_signed_at", "sponsor_signed_at", "declared_at"), call.now)
    holds = {**moments, "approved_by_id": call.manager.id}
    if (page.name, state) == ("slot", "booked"):
        application = session.scalars(select(Application).order_by(col(Application.id))).first()
        holds |= {"application_id": application.id, "team_id": application.team_id}
    values = {name: value for name, value in holds.items() if name in page.table.c}
    session.execute(update(page.table).where(page.table.c.id == record.id).values(state=state, **values))
    session.refresh(record)


def letters_before(
    session: Session, record: Tracked, trigger: str, actor: Actor, call: Call
) -> list[tuple[str, list[str]]]:
    """To whom each letter of a step would go, if it were taken now."""
    page = workflow_of(session, record)
    step = page.steps_from(record.state)[trigger]
    shown = preview(session, page, step, record, actor=actor, now=call.now, reason=REASON)
    return [(one.audience, [person.name for person in one.people]) for one in shown.letters] if shown else []


def test_each_audience_is_shown_its_own_letter_and_nobody_two(session, panel):
    lead, call = panel.leads[0], panel.call
    grant(session, call.manager, "programme_manager", call.now, scope="challenge", scope_id=call.challenge.id)
    panel.joins(call.person("Tom Baird"), panel.otter)
    panel.joins(call.manager, panel.otter)
    assert letters_before(session, panel.otter, "withdraw", call.actor(lead), call) == [
        ("the_team", ["Morag Sinclair", "Tom Baird"])
    ]
    grant(session, call.person("Second Manager"), "programme_manager", call.now)
    assert letters_before(session, panel.otter, "withdraw", call.actor(lead), call) == [
        ("the_team", ["Morag Sinclair", "Tom Baird"]),
        ("the_programme_managers", ["Second Manager"]),
    ]


def test_followers_are_shown_their_news_and_a_sealed_call_does_not_tell_that_one_applies(session, call, otter, priya):
    manager = call.actor(call.manager)
    assert letters_before(session, call.challenge, "cancel", manager, call) == [("the_applicants", [SOMEBODY.name])]
    follow(session, call.manager, now=call.now, record=call.challenge)  # who cancels it is told nothing
    assert letters_before(session, call.challenge, "cancel", manager, call) == [("the_applicants", [SOMEBODY.name])]
    call.application(otter)
    follow(session, priya, now=call.now, record=call.challenge)
    sealed = [("the_applicants", [SOMEBODY.name]), ("the_followers", [])]
    assert letters_before(session, call.challenge, "cancel", manager, call) == sealed


@pytest.mark.usefixtures("anybody_may")
def test_who_books_an_interview_is_told_of_it_too_and_who_disbands_a_team_is_not(session, call, panel, records):
    lead = call.actor(panel.leads[0])
    assert letters_before(session, records["team"], "disband", lead, call) == []
    booked = {"application_id": panel.otter.id}
    advance(session, records["slot"], "book", actor=lead, now=call.now, **booked)
    keys = select(Message.person_id).where(col(Message.key).like("slot-%-book-%")).order_by(col(Message.id))
    assert session.scalars(keys).all() == [*(person.id for person in panel.people), lead.id]


# What pages and features say of each other


def with_tells(**tells: Any) -> Workflow:
    """The page of a team, whose first step tells these."""
    page = copy(HANDBOOK["team"])
    page.steps = (replace(page.steps[0], tells=tells), *page.steps[1:])
    return page


LETTER = Letter("A subject", "A body.")


@pytest.mark.parametrize(
    ("tells", "sentence"),
    [
        ({"the_neighbours": LETTER}, "team.form: it tells “the_neighbours”, and no service declares that."),
        (
            {"the_members": News("ends", "It ends.")},
            "team.form: “the_members” are told in a Letter, and not in a News.",
        ),
        ({"the_followers": LETTER}, "team.form: “the_followers” are told in a News, and not in a Letter."),
        (
            {"the_members": Letter(template="canceled")},
            "team.form, to the_members: the letter is templates/notifications/mail/canceled.txt, and there is no such file.",
        ),
        (
            {"the_members": Letter(template="to_score")},
            "team.form, to the_members: the template “to_score” prints “by”, and the letter names no words that answer it.",
        ),
        (
            {"the_members": Letter(template="interview", words="the_weather")},
            "team.form: it prints the words of “the_weather”, and no service declares that.",
        ),
        (
            {"the_followers": News("weather", "It rains.")},
            f"team.form, to the_followers: the news is of the kind “weather”, and there are {', '.join(SUBJECTS)}.",
        ),
        (
            {"the_followers": News("ends", words="the_weather")},
            "team.form: it prints the words of “the_weather”, and no service declares that.",
        ),
        (
            {"the_followers": News("ends", "It ends.", besides=("the_neighbours",))},
            "team.form: it has news beside letters to “the_neighbours”, and no service declares that.",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_place(tells, sentence):
    with pytest.raises(FeatureError) as refused:
        check_tellings([with_tells(**tells)])
    assert str(refused.value) == sentence


def test_what_can_be_told_is_not_refused():
    check_tellings([with_tells(the_members=PLAIN, the_followers=News("ends", "It ends.", besides=("the_team",)))])


@audience
def the_neighbours(session, step):
    return []


@words
def the_weather(session, step):
    return {}


def test_an_audience_that_nobody_tells_and_words_that_nothing_prints_are_refused(monkeypatch):
    monkeypatch.setitem(worded(), "the_weather", the_weather)
    with pytest.raises(FeatureError) as refused:
        check_tellings()
    assert str(refused.value) == (
        "tests.services.test_tellings: no step of the handbook prints the words of “the_weather”."
    )
    monkeypatch.setitem(all_told(), "the_neighbours", the_neighbours)
    with pytest.raises(FeatureError) as refused:
        check_tellings()
    assert str(refused.value) == "tests.services.test_tellings: no step of the handbook tells “the_neighbours”."
