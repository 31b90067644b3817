"""Before a challenge is approved: the promised answer, changes asked for part by part, and the score of the challenge."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from civflow.models import Challenge, Round
from civflow.services.applications.begin import runs_it
from civflow.services.challenges import review, review_scores
from civflow.services.challenges.draft_check import findings
from civflow.services.challenges.drafts import draft, text_in_hand, write_challenge
from civflow.services.dashboards import round as round_overview
from civflow.services.dashboards.tasks import dashboards
from civflow.services.engine.advance import advance, options, workflow_of
from civflow.services.engine.facts import CHALLENGE, facts
from civflow.services.engine.history import history_of
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import preview_step
from civflow.workflows.engine import Conflicted, Forbidden, Refused
from tests.scenes import Scenes
from tests.scenes.open_call import Call, grant, open_call

READY = {
    "budget_holder": "A director",
    "route_to_adoption": "A team takes it over.",
    "sponsor_time": "A day a week.",
    "data_access": "There is none.",
    "exit_if_too_expensive": "We publish what was learnt.",
    "money_pounds": 100_000,
}
LOW, GOOD = 1, 3


def with_three_scorers(made: Call) -> None:
    made.people = {}
    for name in ("Ada Innes", "Callum Reid", "Una Galbraith"):
        made.people[name] = made.person(name)
    grant(made.session, made.people["Una Galbraith"], "approver", made.now, limit_pounds=1_000_000)


def sent_for_approval(call: Call) -> Challenge:
    """A second challenge of the round that waits for approval."""
    session = call.session
    round_ = session.get_one(Round, call.challenge.round_id)
    manager = call.actor(call.manager)
    challenge = draft(
        session,
        round_=round_,
        sponsor=None,
        title="Ghost gear",
        reference="11.3",
        question="How might we find lost nets?",
        actor=manager,
        now=call.now,
    )
    grant(session, call.owner, "challenge_owner", call.now, scope="challenge", scope_id=challenge.id)
    sections = {section.id: "Words." for section in programme_of(session, challenge).brief}
    write_challenge(
        session,
        challenge,
        actor=manager,
        now=call.now,
        sections=sections,
        opens_at=call.now + timedelta(days=40),
        closes_at=call.now + timedelta(days=80),
        **READY,
    )
    advance(session, challenge, "submit_for_review", actor=call.actor(call.owner), now=call.now)
    return challenge


@pytest.fixture
def call(scenes: Scenes) -> Call:
    return scenes.play(open_call, with_three_scorers)


@pytest.fixture
def sent(scenes: Scenes, call: Call) -> Challenge:
    return scenes.play(sent_for_approval)


def name(call: Call, challenge: Challenge, *people: str) -> None:
    for person in people:
        advance(
            call.session,
            challenge,
            "name_a_scorer",
            actor=call.actor(call.manager),
            now=call.now,
            person_id=call.people[person].id,
        )


def score(call: Call, challenge: Challenge, person: str, value: int) -> None:
    scoring = programme_of(call.session, challenge).readiness.scoring
    given = {c.id: (str(value), f"{person} thinks so.") for c in scoring.criteria}
    review_scores.score(call.session, challenge, given, actor=call.actor(call.people[person]), now=call.now)


def approve(call: Call, challenge: Challenge, **inputs: str) -> None:
    actor = call.actor(call.people["Una Galbraith"])
    advance(call.session, challenge, "approve", actor=actor, now=call.now, **inputs)


def test_a_sponsor_is_promised_an_answer_in_working_days_and_everybody_reads_when_it_is_late(session, call, sent):
    promised = datetime(2026, 1, 19, 17, tzinfo=UTC)  # ten working days after Monday 5 January
    assert review.promised_reply(session, sent) == promised
    approver, round_ = call.actor(call.people["Una Galbraith"]), session.get_one(Round, sent.round_id)

    def seen_by(now: datetime):
        desk = next(d for d in dashboards(session, actor=approver, now=now) if d.role == "approver")
        view = round_overview.overview(session, round_, actor=call.actor(call.manager), now=now)
        late = [(d.what, d.at) for d in view.late if d.href == "/challenges/11-3-ghost-gear"]
        return [(w.due, w.detail) for w in desk.waiting], late

    assert (seen_by(promised), review.opens_unanswered(session, sent)) == (([(promised, "up to £100,000")], []), "")
    sent.opens_at, kept = promised - timedelta(hours=8), sent.opens_at
    assert seen_by(promised) == ([(promised, "up to £100,000; the call is to open before the answer is due")], [])
    assert review.opens_unanswered(session, sent) == (
        "It is to open on Monday 19 January 2026, 9am (UK time), before the day by which the answer is promised: answered "
        "later than that, it opens when it is approved."
    )
    sent.opens_at = kept
    late = "up to £100,000; the answer that the sponsor was promised is late"
    after = promised + timedelta(seconds=1)
    assert seen_by(after) == ([(promised, late)], [("The sponsor is promised an answer", promised)])

    approve(call, sent)
    assert review.promised_reply(session, sent) is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_draft_is_to_be_sent_early_enough_to_be_answered_before_it_opens(session, call, sent):
    owner, writer = call.actor(call.owner), call.people["Ada Innes"]
    grant(session, writer, "challenge_writer", call.now, scope="challenge", scope_id=sent.id)
    advance(session, sent, "take_back", actor=owner, now=call.now, reason="The dates.")
    opens = datetime(2026, 3, 9, 9, tzinfo=UTC)  # a Monday: the answer has to be there on Friday
    write_challenge(
        session,
        sent,
        actor=owner,
        now=call.now,
        opens_at=opens,
        closes_at=opens + timedelta(days=40),
        budget_holder="Another director",
    )

    def due(actor) -> list[tuple[str, datetime | None, str]]:
        waiting = [w for desk in dashboards(session, actor=actor, now=call.now) for w in desk.waiting]
        return [(w.text, w.due, w.detail) for w in waiting if "Ghost gear" in w.text]

    last, on = datetime(2026, 2, 20, 17, tzinfo=UTC), "Monday 9 March 2026, 9am (UK time)"
    assert due(owner) == [
        (
            "Finish the draft of “Ghost gear”",
            last,
            (
                "It is not sent for approval yet. Send it by then: "
                f"the answer may take 10 working days, and it opens on {on}."
            ),
        )
    ]
    assert due(call.actor(writer)) == [
        (
            "Write “Ghost gear”",
            last,
            (f"It has to be sent for approval by then, so that it is answered before it opens on {on}."),
        )
    ]

    step = workflow_of(session, sent).steps_from(sent.state)["submit_for_review"]
    assert preview_step(session, step, sent, actor=call.actor(call.manager), now=last, reason="") is None
    said = preview_step(session, step, sent, actor=call.actor(call.manager), now=last + timedelta(days=3), reason="")
    assert said
    assert said.sentences == [
        (
            "The answer is promised by Monday 9 March 2026, 5pm (UK time), and that is later than the opening on "
            f"{on}: choose a later opening, or it opens when it is approved."
        )
    ]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_day_off_and_a_long_call_are_pointed_out_and_stop_nothing(session, call, sent):
    programme, text = programme_of(session, call.challenge), text_in_hand(session, sent)

    def pointed_out(opens: datetime, closes: datetime) -> list[str]:
        sent.opens_at, sent.closes_at = opens, closes
        return [finding.reason for finding in findings(programme, sent, text).get("dates", [])]

    opens, eight_weeks = datetime(2026, 11, 2, 12, tzinfo=UTC), datetime(2026, 12, 28, 12, tzinfo=UTC)
    off = "The call closes on a bank holiday (Boxing Day (substitute day)): teams reach nobody on that day. A working day is kinder."
    assert pointed_out(opens, eight_weeks) == [off]
    assert pointed_out(opens, eight_weeks + timedelta(days=1)) == [
        "The call is open for 57 days; the programme's calls last 8 weeks at most."
    ]
    assert pointed_out(opens, eight_weeks - timedelta(days=5)) == []


def test_a_requested_change_stands_at_its_part_until_the_sponsor_says_that_it_is_dealt_with(session, call, sent):
    manager, owner = call.actor(call.manager), call.actor(call.owner)
    with pytest.raises(Refused) as refused:
        review.request_changes(session, sent, {"readiness": "x" * 501}, general=" ", actor=manager, now=call.now)
    assert refused.value.fields == {"readiness": "“Readiness” has 501 characters here; a reason may have 500."}
    with pytest.raises(Refused):
        review.request_changes(session, sent, {"readiness": " "}, general="", actor=manager, now=call.now)

    reasons = {"text-problem": "It presupposes an app.", "readiness": "Name the two people.", "dates": ""}
    review.request_changes(session, sent, reasons, general="", actor=manager, now=call.now)
    asked = review.open_changes(session, sent)
    assert [(a.part, a.change.reason, a.asked_by) for a in asked] == [
        ("The problem", "It presupposes an app.", "Morag Sinclair"),
        ("Readiness", "Name the two people.", "Morag Sinclair"),
    ]

    problem, ready = (a.change.id for a in asked)
    review.deal_with(session, sent, problem, how="It is a question now.", actor=owner, now=call.now)
    with pytest.raises(Refused) as refused:
        review.deal_with(session, sent, problem, how="Twice", actor=owner, now=call.now)
    assert refused.value.sentences == ("A change is asked for that nobody has dealt with.",)
    with pytest.raises(Refused) as refused:
        advance(session, sent, "submit_for_review", actor=owner, now=call.now)
    assert refused.value.sentences == ("Every change that was asked for is dealt with.",)
    with pytest.raises(Forbidden):
        review.deal_with(session, sent, ready, how="", actor=call.actor(call.people["Ada Innes"]), now=call.now)

    session.commit()
    write_challenge(session, sent, actor=owner, now=call.now, place="Orkney")
    with pytest.raises(Refused) as refused:  # another part was written, and nobody says why this one stays
        review.deal_with(session, sent, ready, how=" ", actor=owner, now=call.now)
    assert refused.value.fields == {"how": review.SAY_HOW}
    session.rollback()
    write_challenge(session, sent, actor=owner, now=call.now, sponsor_time="Ada and Callum, a day a week each.")
    review.deal_with(session, sent, ready, how="", actor=owner, now=call.now)
    advance(session, sent, "submit_for_review", actor=owner, now=call.now + timedelta(days=1))
    assert review.promised_reply(session, sent) == datetime(2026, 1, 20, 17, tzinfo=UTC)
    kept = review.asked_changes(session, sent)
    assert [(a.part, a.dealt_by, a.change.how) for a in kept] == [
        ("The problem", "Hamish Drummond", "It is a question now."),
        ("Readiness", "Hamish Drummond", ""),
    ]
    entry = next(e for e in history_of(session, "challenge", sent.id) if e.step == "request_changes")
    assert json.loads(entry.inputs)["parts"] == {name: words for name, words in reasons.items() if words}
    assert entry.reason == "Changes are asked for in “The problem”, “Readiness”."


def test_each_scores_alone_and_the_scores_are_read_when_everybody_has(session, call, sent):
    owner = call.actor(call.owner)
    with pytest.raises(Refused) as refused:
        advance(session, sent, "name_a_scorer", actor=call.actor(call.manager), now=call.now, person_id=call.owner.id)
    assert refused.value.sentences == ("They neither own nor write the challenge.",)
    name(call, sent, "Ada Innes", "Callum Reid")
    with pytest.raises(Forbidden):
        score(call, sent, "Una Galbraith", GOOD)
    assert [
        d.waiting[0].href
        for d in dashboards(session, actor=call.actor(call.people["Ada Innes"]), now=call.now)
        if d.role == "scorer"
    ] == ["/challenges/11-3-ghost-gear/scoring"]

    score(call, sent, "Ada Innes", GOOD)
    for reader in (owner, call.actor(call.manager), call.actor(call.people["Callum Reid"])):
        seen = review_scores.standing(session, sent, actor=reader)
        assert ([sheet.given for sheet in seen.sheets], seen.total) == ([{}, {}], None)
    entry = next(e for e in history_of(session, "challenge", sent.id) if e.step == "score")
    assert set(json.loads(entry.inputs)) == {"scores_sha256"}
    with pytest.raises(Refused) as refused:
        score(call, sent, "Ada Innes", LOW)
    assert refused.value.sentences == ("You have not scored it yet.",)
    with pytest.raises(Refused) as refused:
        approve(call, sent)
    assert refused.value.sentences == (
        "Nobody was named to score it, or at least 2 people have scored it, and everybody who was named to.",
    )

    score(call, sent, "Callum Reid", LOW)
    seen = review_scores.standing(session, sent, actor=owner)
    assert seen.sheets[0].given["importance"] == (GOOD, "Ada Innes thinks so.")
    assert (seen.total, seen.is_low) == (Fraction(50), False)  # the mean of 3 and 1, out of 4
    approve(call, sent)


def test_what_a_scorer_keeps_is_read_by_nobody_else_and_counts_only_once_it_is_sent(session, call, sent):
    name(call, sent, "Ada Innes", "Callum Reid")
    ada, callum = (call.actor(call.people[person]) for person in ("Ada Innes", "Callum Reid"))
    criteria = [c.id for c in programme_of(session, sent).readiness.scoring.criteria]
    half = {criteria[0]: ("", "Seals die."), criteria[1]: ("4", ""), criteria[2]: ("4", "x" * 501)}

    def keep(given, seen):
        return review_scores.keep(session, sent, given, seen=seen, actor=ada, now=call.now)

    blank = review_scores.kept(session, sent, actor=ada).seen
    first = keep(half, blank)
    assert list(first.faults.values()) == ["The reason at “Needs innovation” has 501 characters; it may have 500."]
    found = review_scores.kept(session, sent, actor=ada)
    assert dict(found.typed) == {criteria[0]: ("", "Seals die."), criteria[1]: ("4", ""), criteria[2]: ("4", "")}
    for reader in (ada, callum, call.actor(call.owner)):
        assert [s.given for s in review_scores.standing(session, sent, actor=reader).sheets] == [{}, {}]
    assert review_scores.kept(session, sent, actor=callum).typed == {}
    with pytest.raises(Conflicted):  # an older window
        keep({criteria[0]: ("1", "Older words.")}, blank)
    with pytest.raises(Refused, match="You have scored every criterion"):  # past the page, half given
        advance(session, sent, "score", actor=ada, now=call.now, scores_sha256="0" * 64)

    whole = dict.fromkeys(criteria, ("4", "Words."))
    keep(whole, found.seen)
    score(call, sent, "Callum Reid", 4)
    marks = session.execute(select(CHALLENGE.c.id, facts()["challenge"]["scores_given"])).all()
    assert {id_: sorted(given) for id_, given in marks}[sent.id] == sorted((c, 4) for c in criteria)
    assert review_scores.standing(session, sent, actor=callum).total is None
    review_scores.score(session, sent, whole, actor=ada, now=call.now)
    assert review_scores.standing(session, sent, actor=ada).total == 100
    with pytest.raises(Refused):  # locked
        keep({}, found.seen)
    assert review_scores.standing(session, sent, actor=ada).total == 100


def test_a_text_that_was_only_taken_back_keeps_its_scores_and_its_promised_answer(session, call, sent):
    name(call, sent, "Ada Innes", "Una Galbraith")
    score(call, sent, "Ada Innes", LOW)
    score(call, sent, "Una Galbraith", LOW)
    owner, promised = call.actor(call.owner), sent.reply_promised_at

    def again(**written: object) -> None:
        call.now += timedelta(days=1)
        advance(session, sent, "take_back", actor=owner, now=call.now, reason="To look at it.")
        write_challenge(session, sent, actor=owner, now=call.now, **written)
        advance(session, sent, "submit_for_review", actor=owner, now=call.now)

    again(place="Perth", sponsor_time=sent.sponsor_time)
    with pytest.raises(Refused) as refused:
        approve(call, sent)
    assert refused.value.sentences == (
        "Its score is at least 50 of 100, or you say why it is approved all the same.",
        "You did not score it yourself.",
    )
    assert (review_scores.standing(session, sent, actor=owner).total, sent.reply_promised_at) == (25, promised)

    again(sponsor_time="Two days a week.")
    now = review_scores.standing(session, sent, actor=owner)
    assert (now.sheets, now.total, now.earlier) == ([], None, [(1, 2, 25)])
    assert sent.reply_promised_at > promised

    name(call, sent, "Ada Innes", "Callum Reid")  # what the text came to before does not lead who scores it anew
    callum = call.actor(call.people["Callum Reid"])
    assert review_scores.standing(session, sent, actor=callum).earlier == []
    score(call, sent, "Callum Reid", GOOD)
    assert review_scores.standing(session, sent, actor=callum).earlier == [(1, 2, 25)]


def test_scores_are_shown_when_enough_have_scored_and_then_nobody_else_is_named(session, call, sent):
    name(call, sent, "Ada Innes", "Callum Reid")
    score(call, sent, "Ada Innes", GOOD)
    advance(
        session,
        sent,
        "take_off_a_scorer",
        actor=call.actor(call.manager),
        now=call.now,
        reason="They are ill.",
        person_id=call.people["Callum Reid"].id,
    )
    seen = review_scores.standing(session, sent, actor=call.actor(call.manager))
    assert ([sheet.given for sheet in seen.sheets], seen.total) == ([{}], None)
    name(call, sent, "Callum Reid")
    score(call, sent, "Callum Reid", GOOD)
    assert review_scores.standing(session, sent, actor=call.actor(call.manager)).total == 75
    with pytest.raises(Refused) as refused:
        name(call, sent, "Una Galbraith")
    assert refused.value.sentences == ("The scores are not shown yet: who may have read them scores no more.",)


def test_who_writes_a_challenge_does_not_score_it_and_who_scores_it_does_not_apply(session, call, sent):
    grant(session, call.people["Ada Innes"], "challenge_writer", call.now, scope="challenge", scope_id=sent.id)
    with pytest.raises(Refused) as refused:
        name(call, sent, "Ada Innes")
    assert refused.value.sentences == ("They neither own nor write the challenge.",)
    name(call, sent, "Callum Reid")
    callum = call.people["Callum Reid"]
    assert (runs_it(session, sent, callum.id), runs_it(session, call.challenge, callum.id)) == (True, False)
    grant(session, callum, "challenge_owner", call.now, scope="challenge", scope_id=sent.id)
    with pytest.raises(Refused) as refused:
        score(call, sent, "Callum Reid", GOOD)
    assert refused.value.sentences == ("You neither own nor write the challenge.",)


def test_a_low_score_decides_nothing_but_wants_a_reason(session, call, sent):
    name(call, sent, "Ada Innes", "Callum Reid")
    score(call, sent, "Ada Innes", LOW)
    with pytest.raises(Refused) as refused:
        approve(call, sent)
    assert [sentence for sentence in refused.value.sentences if "of 100" in sentence] == []  # Callum could read it
    score(call, sent, "Callum Reid", 2)
    with pytest.raises(Refused) as refused:
        approve(call, sent)
    assert refused.value.sentences == ("Its score is at least 50 of 100, or you say why it is approved all the same.",)
    step = next(
        o.step for o in options(session, sent, actor=call.actor(call.manager), now=call.now) if o.step.name == "approve"
    )
    told = preview_step(session, step, sent, actor=call.actor(call.manager), now=call.now, reason="")
    assert told.sentences[0].endswith("2 people scored it: 37.5 of 100, and the programme asks for at least 50.")
    approve(call, sent, low_score_reason="A minister has promised it.")
    assert sent.low_score_reason == "A minister has promised it."


def test_a_score_without_a_reason_or_off_the_scale_is_told_at_its_field(session, call, sent):
    name(call, sent, "Ada Innes")
    ada, good = call.actor(call.people["Ada Innes"]), ("3", "Because.")
    given = {
        "importance": ("5", "x" * 501),
        "user_need": ("", " "),
        "needs_innovation": good,
        "transferable": good,
        "right_size": good,
    }
    with pytest.raises(Refused) as refused:
        review_scores.score(session, sent, given, actor=ada, now=call.now)
    assert refused.value.fields == {
        "importance-score": "Choose a score from 0 to 4 for “Importance”.",
        "importance-reason": "The reason at “Importance” has 501 characters; it may have 500.",
        "user_need-score": "Choose a score from 0 to 4 for “User need”.",
        "user_need-reason": "Give the reason for your score of “User need”.",
    }
