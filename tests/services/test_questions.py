"""Questions: who may ask and until when, two people for an answer, numbers, merging, and what nobody learns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlmodel import col

from civflow.db import new_session
from civflow.models import Message, Question
from civflow.services.challenges import public_page
from civflow.services.challenges.drafts import write_challenge
from civflow.services.challenges.versions import change_in_hand, publish_change, write_change
from civflow.services.engine import history
from civflow.services.engine.access import load_visible
from civflow.services.engine.advance import advance, advance_by_id, workflow_of
from civflow.services.programmes.store import programme_of
from civflow.services.questions.questions import answer_reach, ask, asked_by, last_moment, promised, publish
from civflow.services.records.details import rows_of
from civflow.services.records.export import rows_to_export
from civflow.services.records.timeline import timeline_for
from civflow.workflows.engine import NOBODY, Actor, Conflicted, Forbidden, NotFound, Refused, RoleHeld
from tests.scenes.open_call import Call, grant
from tests.two_at_once import Other

BEFORE_THE_CALL_CLOSES = timedelta(days=10)  # of the shipped programme


def asked(
    call: Call, text: str = "May a person apply?", asker: str = "Priya Raeburn", at: datetime | None = None
) -> Question:
    person = call.person(asker)
    return ask(call.session, call.challenge, text=text, actor=call.actor(person), now=at or call.now)


def drafted(call: Call, question: Question, answer: str = "Yes.", **inputs: str) -> Question:
    advance(call.session, question, "draft", actor=call.actor(call.owner), now=call.now, answer=answer, **inputs)
    return question


def published(call: Call, question: Question, answer: str = "Yes.", **inputs: str) -> Question:
    drafted(call, question, answer, **inputs)
    advance(call.session, question, "publish", actor=call.actor(call.manager), now=call.now)
    return question


def merged(call: Call, question: Question, other: Question) -> Question:
    advance(call.session, question, "merge", actor=call.actor(call.owner), now=call.now, merged_into_id=other.id)
    return question


def mail_to(call: Call, question: Question) -> list[Message]:
    query = select(Message).where(col(Message.person_id) == question.asked_by_id)
    return list(call.session.scalars(query.order_by(col(Message.id))))


def answers(call: Call) -> list[tuple[int, str, str]]:
    return [(a.number, a.text, a.answer) for a in public_page.numbered(call.session, call.challenge)[0]]


# Asking


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("  ", "Write your question."),
        ("x" * 2001, "Your question has 2001 characters; 2000 fit."),
    ],
)
def test_a_question_has_words_and_not_too_many(call, text, sentence):
    with pytest.raises(Refused) as refused:
        asked(call, text)
    assert refused.value.fields == {"text": sentence}


def test_nobody_asks_without_an_account(session, call):
    with pytest.raises(Forbidden):
        ask(session, call.challenge, text="May I?", actor=NOBODY, now=call.now)


def test_an_answer_is_promised_within_the_working_days_of_the_programme(call):
    question = asked(call)  # on Monday 5 January 2026
    assert question.answer_promised_at == datetime(2026, 1, 12, 17, tzinfo=UTC)


def test_bank_holidays_of_the_programme_do_not_count(session, call):
    programme = programme_of(session, call.challenge)
    christmas_eve = datetime(2026, 12, 24, 12, tzinfo=UTC)
    in_scotland = promised(programme, christmas_eve, None)
    in_england = promised(programme.model_copy(update={"bank_holidays": "england-and-wales"}), christmas_eve, None)
    # Scotland has 2 January too, which moves to Monday 4 January 2027.
    assert [at.day for at in (in_scotland, in_england)] == [6, 5]


def test_no_answer_is_promised_for_a_day_after_the_call_has_closed(session, call):
    programme, asked_at = programme_of(session, call.challenge), call.closes_at - timedelta(days=2)
    assert promised(programme, asked_at, call.closes_at) == call.closes_at


# Until when


def test_questions_end_as_long_before_the_close_as_the_programme_says(call):
    until = call.closes_at - BEFORE_THE_CALL_CLOSES
    assert call.challenge.questions_until == until == datetime(2026, 1, 23, 12, tzinfo=UTC)
    assert asked(call, at=until).state == "asked"
    with pytest.raises(Refused) as refused:
        asked(call, asker="Somebody late", at=until + timedelta(seconds=1))
    assert refused.value.sentences == (
        "The time for questions is over. It ended on Friday 23 January 2026, 12 noon (UK time).",
    )


def test_a_closed_call_says_when_questions_ended(session, call):
    asker = call.person("A")
    call.wait_until(call.closes_at)
    with pytest.raises(Refused) as refused:
        ask(session, call.challenge, text="May I?", actor=call.actor(asker), now=call.now)
    assert "It ended on Friday 23 January 2026, 12 noon (UK time)." in refused.value.sentences[0]


def test_the_last_moment_moves_with_the_closing_date_at_the_same_time_of_the_day_to_a_working_day(session, call):
    """British Summer Time begins on 29 March 2026, and ten days before Monday 13 April is Good Friday.

    Of 23 hours more nobody loses one: they end at 11 on Good Friday, and the working day before ends questions at 12.
    """
    manager, later = call.actor(call.manager), datetime(2026, 4, 13, 11, tzinfo=UTC)
    for closes_at in (later, later + timedelta(hours=23)):
        advance(session, call.challenge, "extend", actor=manager, now=call.now, reason="Snow.", closes_at=closes_at)
        assert call.challenge.questions_until == datetime(2026, 4, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_questions_end_on_the_working_day_before_where_the_programmes_own_figure_falls_on_a_day_off(session, call):
    challenge = call.challenge
    challenge.questions_until, challenge.opens_at = None, datetime(2026, 11, 23, 9, tzinfo=UTC)
    for closes, until in (
        ((2027, 1, 11), (2026, 12, 31)),
        ((2026, 12, 16), (2026, 12, 4)),
        ((2026, 12, 14), (2026, 12, 4)),
    ):
        challenge.closes_at = datetime(*closes, 12, tzinfo=UTC)  # ten days before: 1 January, a Sunday, a Friday
        assert last_moment(session, challenge) == datetime(*until, 12, tzinfo=UTC)
    challenge.opens_at = datetime(2026, 12, 6, 9, tzinfo=UTC)  # nobody could ask on the working day before
    challenge.closes_at = datetime(2026, 12, 16, 12, tzinfo=UTC)
    assert last_moment(session, challenge) == datetime(2026, 12, 6, 12, tzinfo=UTC)


def test_the_last_moment_is_moved_with_a_reason_and_within_the_call(session, call):
    owner, until = call.actor(call.owner), call.closes_at - timedelta(days=1)

    def move(**inputs):
        advance(session, call.challenge, "move_questions", actor=owner, now=call.now, **inputs)

    for wrong in (call.now, call.closes_at + timedelta(seconds=1)):
        with pytest.raises(Refused) as refused:
            move(reason="Many ask.", questions_until=wrong)
        assert refused.value.sentences == ("The last moment for questions lies ahead, and not after the closing date.",)
    with pytest.raises(Refused) as refused:
        move(questions_until=until)
    assert refused.value.fields == {"reason": "Give a reason: it is kept with the step."}
    move(reason="Many ask.", questions_until=until)
    assert asked(call, at=until).state == "asked"
    assert public_page.extensions_of(session, call.challenge) == [(call.now, None, "Many ask.", True, until)]


def test_before_the_opening_the_sponsor_may_set_another_last_moment(session, call):
    other = call.closes_at - timedelta(days=3)
    challenge = call.challenge
    challenge.state, challenge.questions_until = "draft", None
    session.flush()
    assert last_moment(session, challenge) == call.closes_at - BEFORE_THE_CALL_CLOSES
    with pytest.raises(Refused) as refused:
        write_challenge(
            session,
            challenge,
            actor=call.actor(call.owner),
            now=call.now,
            questions_until=call.closes_at + timedelta(days=1),
        )
    assert refused.value.fields == {"questions_until": "Questions end after the call opens, and not after it closes."}
    write_challenge(session, challenge, actor=call.actor(call.owner), now=call.now, questions_until=other)
    assert last_moment(session, challenge) == other


# Two people


def test_whoever_wrote_an_answer_does_not_publish_it(session, call):
    question = drafted(call, asked(call))
    with pytest.raises(Refused) as refused:
        advance(session, question, "publish", actor=call.actor(call.owner), now=call.now)
    assert refused.value.sentences == ("Somebody other than the person who wrote the answer clears it.",)
    advance(session, question, "publish", actor=call.actor(call.manager), now=call.now)
    assert (question.drafted_by_id, question.cleared_by_id) == (call.owner.id, call.manager.id)


def test_whoever_changes_an_answer_last_wrote_it(session, call):
    question = drafted(call, asked(call))
    advance(session, question, "draft", actor=call.actor(call.manager), now=call.now, answer="No.")
    with pytest.raises(Refused):
        advance(session, question, "publish", actor=call.actor(call.manager), now=call.now)
    advance(session, question, "publish", actor=call.actor(call.owner), now=call.now)


def test_nobody_publishes_other_words_than_they_have_read(session, call):
    question = drafted(call, asked(call))
    read = question.revision
    drafted(call, question, "Something else.")
    with pytest.raises(Conflicted):
        advance(session, question, "publish", actor=call.actor(call.manager), now=call.now, seen=read)


@pytest.mark.parametrize("step", ["draft", "publish", "merge", "decline"])
def test_only_those_who_run_the_challenge_answer(session, call, step):
    question = drafted(call, asked(call))
    asker = Actor(question.asked_by_id, "Priya Raeburn")
    elsewhere = Actor(
        99, "Another owner", frozenset({RoleHeld("challenge_owner", "challenge", (call.challenge.id or 0) + 1)})
    )
    auditor = Actor(98, "An auditor", frozenset({RoleHeld("auditor", "site", None)}))
    for stranger in (NOBODY, asker, elsewhere, auditor):
        with pytest.raises(Forbidden):
            advance(session, question, step, actor=stranger, now=call.now, reason="So.", answer="No.", merged_into_id=1)
    assert (question.state, question.answer) == ("drafted", "Yes.")


# Numbers


def test_answers_are_numbered_in_the_order_of_their_publication(call):
    first, second = asked(call, "May I?", "A"), asked(call, "Can I?", "B")
    published(call, second)
    published(call, first)
    assert answers(call) == [(1, "Can I?", "Yes."), (2, "May I?", "Yes.")]


def test_a_number_stays_when_an_answer_is_taken_back_and_nobody_else_gets_it(session, call):
    question = published(call, asked(call))
    advance(session, question, "redraft", actor=call.actor(call.manager), now=call.now, reason="It was wrong.")
    assert public_page.numbered(session, call.challenge) == ([], [1])
    assert published(call, asked(call, "Can I?", "B")).number == 2
    published(call, question, "No.")
    assert answers(call) == [(1, "May a person apply?", "No."), (2, "Can I?", "Yes.")]


def test_two_answers_at_the_same_moment_get_two_numbers(session, engine, call):
    questions = [drafted(call, asked(call, f"Question {n}?", f"Asker {n}")) for n in range(6)]
    manager, together = call.actor(call.manager), Barrier(6)
    ids = [q.id for q in questions]
    session.commit()  # on SQLite nobody else writes until then

    def publish(question_id: int) -> None:
        together.wait()
        with new_session(engine) as own:
            advance_by_id(own, Question, question_id, "publish", actor=manager, now=call.now)
            own.commit()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(publish, ids))
    session.expire_all()
    assert sorted(q.number for q in questions) == [1, 2, 3, 4, 5, 6]


# What an answer changes


def test_an_answer_that_changes_the_challenge_begins_a_new_version(session, call):
    question, other = drafted(call, asked(call)), drafted(call, asked(call, "Is it wet?", "B"))
    for one in (question, other):
        publish(session, one, actor=call.actor(call.manager), now=call.now, changes=True)
    text = change_in_hand(session, call.challenge)
    assert (text.why, question.version_id, other.version_id) == (
        "Question 1 was asked and answered: May a person apply?",
        text.id,
        text.id,
    )
    assert [a.version for a in public_page.numbered(session, call.challenge)[0]] == [None, None]
    write_change(
        session, call.challenge, actor=call.actor(call.owner), now=call.now, sections={"constraints": "New words."}
    )
    publish_change(session, call.challenge, actor=call.actor(call.manager), now=call.now)
    assert [a.version for a in public_page.numbered(session, call.challenge)[0]] == [2, 2]


def test_an_answer_changes_nothing_unless_somebody_says_so(session, call):
    publish(session, drafted(call, asked(call)), actor=call.actor(call.manager), now=call.now)
    assert change_in_hand(session, call.challenge) is None


# Merging


def test_whoever_asked_the_same_is_told_of_the_same_answer(call):
    first, second, third = (asked(call, f"May I, {n}?", f"Asker {n}") for n in range(3))
    merged(call, third, second)
    merged(call, second, first)
    published(call, first, "Everybody may.")
    assert answers(call) == [(1, "May I, 0?", "Everybody may.")]
    for question in (first, second, third):
        last = mail_to(call, question)[-1]
        assert last.subject == "Your question about Flooding impact: Answered"
        assert [words in last.body for words in (question.text, "Everybody may.")] == [True, True]


def test_merging_into_an_answered_question_tells_at_once(call):
    first, second = published(call, asked(call), "Everybody may."), asked(call, "May I?", "B")
    merged(call, second, first)
    [message] = mail_to(call, second)
    assert "The answer, which everybody can read as number 1:\nEverybody may." in message.body


def test_before_it_is_answered_nobody_reads_the_words_of_somebody_else(call):
    first, second = asked(call, "Does our secret method count?", "A"), asked(call, "May I?", "B")
    merged(call, second, first)
    [message] = mail_to(call, second)
    assert (message.subject, "secret" in message.body) == (
        "Your question about Flooding impact: Waiting for an answer",
        False,
    )


def test_a_merge_is_undone_with_a_reason_and_the_record_keeps_both(session, call):
    first, second = asked(call), asked(call, "May I come?", "B")
    merged(call, second, first)
    with pytest.raises(Refused):
        advance(session, second, "unmerge", actor=call.actor(call.owner), now=call.now)
    advance(
        session, second, "unmerge", actor=call.actor(call.owner), now=call.now, reason="It asks about the interview."
    )
    assert (second.state, second.merged_into_id) == ("asked", None)
    published(call, first)
    assert [m.subject.split(": ")[1] for m in mail_to(call, second)] == ["Waiting for an answer"] * 2
    steps = [(e.step, e.reason, e.inputs) for e in history.history_of(session, "question", second.id)]
    assert steps[:2] == [
        ("unmerge", "It asks about the interview.", ""),
        ("merge", "", f'{{"merged_into_id":{first.id}}}'),
    ]


def test_a_question_is_merged_only_into_one_that_can_stand_for_it(session, call):
    question, gone = asked(call), asked(call, "May I?", "B")
    advance(session, gone, "decline", actor=call.actor(call.owner), now=call.now, reason="Not about this.")
    for other in (question.id, gone.id, 4711):
        with pytest.raises(Refused) as refused:
            advance(session, question, "merge", actor=call.actor(call.owner), now=call.now, merged_into_id=other)
        assert refused.value.sentences == (
            "The other question is about the same challenge, and is waiting or answered.",
        )


def test_two_questions_are_never_merged_into_each_other(session, engine, call):
    """Somebody merges the second into the first while the other way round is under way and not yet committed."""
    first, second = asked(call).id, asked(call, "May I?", "B").id
    owner, now = call.actor(call.owner), call.now
    session.commit()
    advance_by_id(session, Question, first, "merge", actor=owner, now=now, merged_into_id=second)
    other = Other(
        engine, lambda own: advance_by_id(own, Question, second, "merge", actor=owner, now=now, merged_into_id=first)
    ).start()
    assert other.waits
    session.commit()
    sentence = "The other question is about the same challenge, and is waiting or answered."
    assert other.ends().sentences == (sentence,)


# Declining


def test_the_one_who_asked_reads_why_it_is_not_answered(session, call):
    question, same = asked(call, "Who else applies?"), asked(call, "Who are the others?", "B")
    merged(call, same, question)
    advance(session, question, "decline", actor=call.actor(call.owner), now=call.now, reason="That is sealed.")
    assert answers(call) == []
    for one in (question, same):
        assert "The reason given:\nThat is sealed." in mail_to(call, one)[-1].body


def test_a_declined_question_waits_again_and_whoever_asked_is_told_why(session, call):
    question, owner = asked(call, "Who else applies?"), call.actor(call.owner)
    advance(session, question, "decline", actor=owner, now=call.now, reason="That is sealed.")
    advance(session, question, "reconsider", actor=owner, now=call.now, reason="How many there are can be said.")
    assert question.state == "asked"
    assert "How many there are can be said." in mail_to(call, question)[-1].body


# Who is told


def test_an_answer_reaches_whoever_asked_and_everybody_with_a_draft_once(session, call):
    question, lead = asked(call), call.person("Lewis Shaw")
    call.application(call.team("Burn Watch", lead))
    other_lead = call.person("Gone Lead")
    gone = call.application(call.team("Gone Team", other_lead))
    advance(session, gone, "withdraw", actor=call.actor(other_lead), now=call.now, reason="No time.")
    assert answer_reach(session, question, now=call.now) == (1, 1, 0)
    published(call, question)
    told = session.scalars(select(Message.subject).where(col(Message.person_id) == lead.id)).all()
    assert told == ["A question about Flooding impact is answered"]
    assert len(mail_to(call, question)) == 1


# Nobody learns who asked


def test_the_public_reads_the_wording_and_the_asker_keeps_their_own_words(call):
    question = published(call, asked(call, "We at Acme build rafts. May we apply?"), wording="May a company apply?")
    assert answers(call) == [(1, "May a company apply?", "Yes.")]
    assert "We at Acme build rafts. May we apply?" in mail_to(call, question)[0].body


@pytest.mark.parametrize(
    ("role", "learns"),
    [
        ("challenge_owner", False),
        ("programme_manager", False),
        ("approver", False),
        ("finance_officer", False),
        ("assessor", False),
        ("administrator", False),
        ("auditor", True),
    ],
)
@pytest.mark.parametrize("is_answered", [False, True])
def test_no_role_but_the_auditor_learns_who_asked(session, call, role, learns, is_answered):
    question = asked(call)
    if is_answered:
        published(call, question)
    reader = call.person("A Reader")
    grant(session, reader, role, call.now, **({"limit_pounds": 9} if role == "approver" else {}))
    assert ("Priya Raeburn" in everything_read(session, call, question, call.actor(reader))) is learns


def test_neither_the_public_nor_another_applicant_learns_who_asked(session, call):
    question = asked(call)
    for reader in (NOBODY, call.actor(call.person("Other"))):
        with pytest.raises(NotFound):
            load_visible(session, Question, question.id, actor=reader, now=call.now)
    published(call, question)
    for reader in (NOBODY, call.actor(call.person("Another"))):
        assert "Priya Raeburn" not in everything_read(session, call, question, reader)


def everything_read(session, call, question, reader: Actor) -> str:
    """What somebody reads of a question on any page; nothing where they may not know of it."""
    try:
        record, case = load_visible(session, Question, question.id, actor=reader, now=call.now)
    except NotFound:
        return ""
    return str([rows_of(session, record, case), timeline_for(session, record, case), workflow_of(session, record).name])


def test_a_refusal_names_nobody_who_asked(session, call):
    question = asked(call)
    with pytest.raises(Conflicted) as conflict:
        advance(session, question, "draft", actor=call.actor(call.owner), now=call.now, seen=99, answer="Yes.")
    assert (conflict.value.sentences, conflict.value.who) == (
        ("What you had before you is not what is here. Look at it again.",),
        "",
    )


def test_an_export_of_the_record_names_nobody_who_asked(session, call):
    question = asked(call)
    auditor = call.person("Joanna Spence")
    grant(session, auditor, "auditor", call.now)
    names, rows = rows_to_export(session, "history", actor=call.actor(auditor), now=call.now)
    [begun] = [
        row
        for row in (dict(zip(names, r, strict=True)) for r in rows)
        if row["workflow"] == "question" and row["record_id"] == question.id
    ]
    assert (begun["step"], begun["actor_id"], begun["actor_name"]) == ("begin", None, "Somebody")


def test_whoever_asked_finds_what_became_of_it(session, call):
    question = asked(call)
    asker = Actor(question.asked_by_id, "Priya Raeburn")
    assert list(asked_by(session, call.challenge, actor=asker)) == [question]
    assert list(asked_by(session, call.challenge, actor=call.actor(call.person("Other")))) == []
    assert list(asked_by(session, call.challenge, actor=NOBODY)) == []
    published(call, question)
    assert list(asked_by(session, call.challenge, actor=asker)) == []
