"""Readiness: from the first word of a challenge to its approval, and what is announced of it before it opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from civflow.workflows.challenges import letters
from civflow.workflows.engine import Ask, Case, Facts, Ids, Line, Marks, Pairs, Rule, Step, rule
from civflow.workflows.engine.language import WaitsFor
from civflow.workflows.programme import Programme, Scoring
from civflow.workflows.rules import (
    somebody_else_approves,
    the_approver,
    the_challenge_owner,
    the_challenge_writer,
    the_programme_manager,
)


class ReadinessFacts(Facts):
    brief_is_complete: bool | None  # of the text that is being written, where there is one
    round_budget: int  # whole pounds
    round_money_committed: int  # whole pounds, to the other challenges
    open_change_ids: Ids  # changes that were asked for and that nobody has dealt with
    author_ids: Ids  # its owners and writers
    applicant_ids: Ids  # everybody in a team that applies
    scorer_ids: Ids  # who is named to score it
    waiting_scorer_ids: Ids  # who of them has not scored it
    scores_given: Marks
    whole_scores: Pairs  # who gave it, and a score that they gave with a reason; sent or not


@rule(
    "The question and every required section of the brief are written, none too long.",
    needs=("brief_is_complete",),
)
def the_brief_is_written(case: Case[ReadinessFacts]) -> bool:
    return bool(case.record.question.strip()) and case.facts.brief_is_complete is True


@rule("It has an opening and a closing date, and the closing date lies ahead.")
def the_dates_are_set(case: Case) -> bool:
    record = case.record
    return record.opens_at is not None and record.closes_at is not None and record.closes_at > case.now


@lru_cache
def the_call_is_open_long_enough(least: timedelta, in_words: str, zone: ZoneInfo) -> Rule:
    """Its dates are set, and leave teams the time that the programme gives them at least, by the clock on the wall."""

    def claim(case: Case) -> bool:
        opens, closes = case.record.opens_at, case.record.closes_at
        if opens is None or closes is None:
            return False
        first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (max(opens, case.now), closes))
        return bool(last - first >= least)

    sentence = (
        f"It has an opening and a closing date, and the closing date lies at least {in_words} after the opening "
        "and after today."
    )
    return Rule("the_call_is_open_long_enough", sentence, claim)


@rule("The last moment for questions lies ahead and after the opening, or is left to the programme.")
def questions_can_be_asked(case: Case) -> bool:
    until, opens = case.record.questions_until, case.record.opens_at
    return until is None or bool(until > case.now and (opens is None or until > opens))


@rule("It says how much money there is.")
def it_says_how_much_money_there_is(case: Case) -> bool:
    return bool(case.record.money_pounds > 0)


@rule("A budget holder is named.")
def a_budget_holder_is_named(case: Case) -> bool:
    return bool(case.record.budget_holder.strip())


@rule("The route to adoption is written: who will use it, and who pays when it works.")
def the_route_to_adoption_is_written(case: Case) -> bool:
    return bool(case.record.route_to_adoption.strip())


@rule("Named people of the sponsor have hours for the teams.")
def the_sponsor_gives_time(case: Case) -> bool:
    return bool(case.record.sponsor_time.strip())


@rule("Access to data is written: what teams may use and how they get at it, or that there is none.")
def the_access_to_data_is_written(case: Case) -> bool:
    return bool(case.record.data_access.strip())


@rule("The exit is written: what the sponsor does if the solution turns out too expensive.")
def the_exit_is_written(case: Case) -> bool:
    return bool(case.record.exit_if_too_expensive.strip())


# In these states a challenge takes nothing out of its round's budget.
BEING_DRAFTED = ("draft", "changes_requested")  # challenges whose writers have the next word
WAITS_FOR_APPROVAL = ("in_review",)
APPROVED = ("approved",)  # they open when their day has come
CALL_IS_OPEN = ("open",)
COMPLETED = ("completed",)
WITHDRAWN = ("withdrawn",)  # before they opened
ENDED = (*COMPLETED, *WITHDRAWN, "cancelled")
COMMITS_NOTHING = ("draft", "in_review", "changes_requested", "withdrawn", "cancelled")


@rule("Its money is within the round's budget.", needs=("round_budget", "round_money_committed"))
def the_money_is_within_the_budget(case: Case[ReadinessFacts]) -> bool:
    return bool(case.facts.round_money_committed + case.record.money_pounds <= case.facts.round_budget)


@rule("Your limit in pounds covers the challenge's money.")
def the_limit_covers_the_money(case: Case) -> bool:
    return bool(case.limit("approver") >= case.record.money_pounds)


@rule("It is announced before it opens.")
def it_is_announced_before_it_opens(case: Case) -> bool:
    new, opens = case.inputs.get("announce_at"), case.record.opens_at
    return new is None or opens is None or new < opens


@rule("It is not announced yet.")
def it_is_not_announced(case: Case) -> bool:
    return not case.record.announced


@rule("Every change that was asked for is dealt with.", needs=("open_change_ids",))
def every_asked_change_is_dealt_with(case: Case[ReadinessFacts]) -> bool:
    return not case.facts.open_change_ids


@rule("A change is asked for that nobody has dealt with.", needs=("open_change_ids",))
def a_change_is_asked_for(case: Case[ReadinessFacts]) -> bool:
    named, asked = case.inputs.get("change_id"), case.facts.open_change_ids
    return bool(asked) if named is None else named in asked


@rule("You were named to score it.", needs=("scorer_ids",), called="those who are named to score it",
      finds=("waiting_scorer_ids",))
def a_named_scorer(case: Case[ReadinessFacts]) -> bool:
    return case.actor.id in case.facts.scorer_ids and not case.applies_here


@rule("You were named to score it, and it is not approved yet.", needs=("scorer_ids",))
def a_scorer_before_the_approval(case: Case[ReadinessFacts]) -> bool:
    return case.record.state in ("draft", "changes_requested", "in_review") and a_named_scorer.claim(case)


@rule("You have not scored it yet.", needs=("waiting_scorer_ids",))
def you_have_not_scored_it(case: Case[ReadinessFacts]) -> bool:
    return case.actor.id in case.facts.waiting_scorer_ids


@rule("They neither own nor write the challenge.", needs=("author_ids",))
def they_do_not_write_it(case: Case[ReadinessFacts]) -> bool:
    return case.inputs.get("person_id") not in case.facts.author_ids


@lru_cache
def you_have_scored_every_criterion(scoring: Scoring) -> Rule:
    """What is sent is whole; until it is sent, half a sheet is kept."""

    def claim(case: Case[ReadinessFacts]) -> bool:
        mine = sum(1 for person, _ in case.facts.whole_scores if person == case.actor.id)
        return "scores_sha256" not in case.inputs or mine == len(scoring.criteria)

    sentence = "You have scored every criterion, each with a reason."
    return Rule("you_have_scored_every_criterion", sentence, claim, ("whole_scores",))


@rule("You neither own nor write the challenge.", needs=("author_ids",))
def you_do_not_write_it(case: Case[ReadinessFacts]) -> bool:
    return case.actor.id not in case.facts.author_ids


@rule("They are in no team that applies to it.", needs=("applicant_ids",))
def they_do_not_apply_to_it(case: Case[ReadinessFacts]) -> bool:
    return case.inputs.get("person_id") not in case.facts.applicant_ids


@rule("They are not named to score it already.", needs=("scorer_ids",))
def they_are_not_named(case: Case[ReadinessFacts]) -> bool:
    return case.inputs.get("person_id") not in case.facts.scorer_ids


@rule("Somebody is named who has not scored it.", needs=("waiting_scorer_ids",))
def somebody_has_not_scored_it(case: Case[ReadinessFacts]) -> bool:
    named, waiting = case.inputs.get("person_id"), case.facts.waiting_scorer_ids
    return bool(waiting) if named is None else named in waiting


@rule("You did not score it yourself.", needs=("scorer_ids", "waiting_scorer_ids"))
def the_approver_did_not_score_it(case: Case[ReadinessFacts]) -> bool:
    return case.actor.id not in case.facts.scorer_ids - case.facts.waiting_scorer_ids


def score_of(scoring: Scoring, marks: Iterable[tuple[str, int]]) -> Fraction | None:
    """The total of a challenge, 0 to 100, from (criterion, score) of every scorer; None while a criterion has none.

    Each criterion counts by its weight with the mean of its scores, out of the most that the scale allows.
    """
    given: dict[str, list[int]] = {}
    for criterion, score in marks:
        given.setdefault(criterion, []).append(score)
    if any(c.id not in given for c in scoring.criteria):
        return None
    means = ((c.weight, Fraction(sum(given[c.id]), len(given[c.id]))) for c in scoring.criteria)
    return sum((weight * mean for weight, mean in means), Fraction(0)) / scoring.scale.most


@lru_cache
def it_is_scored(scoring: Scoring) -> Rule:
    """Whether scoring has come to its end, or has never begun where a programme leaves that open."""
    people = f"at least {scoring.people} people have scored it, and everybody who was named to"
    sentence = f"{people[0].upper()}{people[1:]}." if scoring.needed else f"Nobody was named to score it, or {people}."

    def claim(case: Case[ReadinessFacts]) -> bool:
        return _is_over(scoring, case) or not (case.facts.scorer_ids or scoring.needed)

    return Rule("it_is_scored", sentence, claim, ("scorer_ids", "waiting_scorer_ids"))


@lru_cache
def the_scores_are_not_shown(scoring: Scoring) -> Rule:
    """Whoever is named has read nobody's scores."""

    def claim(case: Case[ReadinessFacts]) -> bool:
        return not _is_over(scoring, case)

    sentence = "The scores are not shown yet: who may have read them scores no more."
    return Rule("the_scores_are_not_shown", sentence, claim, ("scorer_ids", "waiting_scorer_ids"))


def _is_over(scoring: Scoring, case: Case[ReadinessFacts]) -> bool:
    return is_over(scoring, len(case.facts.scorer_ids), len(case.facts.waiting_scorer_ids))


def is_over(scoring: Scoring, named: int, waiting: int) -> bool:
    """Whether everybody who is named has scored, and they are as many as the programme asks for: scores are shown."""
    return not waiting and named >= max(1, scoring.people)


@lru_cache
def a_low_score_has_a_reason(scoring: Scoring) -> Rule:
    """A score decides nothing by itself: whoever approves in spite of a low one says why."""

    def claim(case: Case[ReadinessFacts]) -> bool:
        if not _is_over(scoring, case):
            return True  # until everybody has scored, nobody learns what the others gave
        total = score_of(scoring, case.facts.scores_given)
        return total is None or total >= scoring.least or bool((case.inputs.get("low_score_reason") or "").strip())

    sentence = f"Its score is at least {scoring.least} of 100, or you say why it is approved all the same."
    return Rule("a_low_score_has_a_reason", sentence, claim, ("scores_given", "scorer_ids", "waiting_scorer_ids"))


ANNOUNCE_AT = Ask("announce_at", "Announce it to the public from", "moment", required=False,
                  hint="From then on everybody reads its title, its sponsor and when it opens. "
                       "Left empty, nobody outside reads anything before it opens.")
LOW_SCORE_REASON = Ask("low_score_reason", "Why it is approved although its score is low", required=False, most=500,
                       hint="Only where it scored less than the programme asks for.",
                       read_by="The sponsor and the programme office read it.")
SCORER = Ask("person_id", "E-mail address of who scores it", "person", hint="They need an account here.")
NAMED = Ask("person_id", "Who does not score it after all", "record", of="person", among="waiting_scorer_ids")
SHEET = Ask("scores_sha256", "Your scores, each with a reason", "line", "The record keeps their fingerprint.",
            read_by="The sponsor and the approver read scores and reasons, with your name, when everybody has scored.")
WHICH = Ask("change_id", "Which change", "record", of="asked_change", among="open_change_ids")
HOW = Ask("how", "What you did about it, or why nothing", required=False, most=500,
          hint="You can leave it empty when you have written in this part since the change was asked for.",
          read_by="The programme office and the approver read it.")
OWNERS = (the_challenge_owner, the_programme_manager)
WRITERS = (*OWNERS, the_challenge_writer)
COMMENTERS = (*WRITERS, the_approver)
ANSWERING = (the_programme_manager, the_approver)
READY = (a_budget_holder_is_named, the_route_to_adoption_is_written, the_sponsor_gives_time,
         the_access_to_data_is_written, the_exit_is_written)


def to_write(verb: str) -> WaitsFor:
    """A draft waits for those who write it."""
    edit = "/challenges/{slug}/edit"
    return {
        the_challenge_owner: Line(f"{verb} “{{title}}”", path=edit, says="why_it_is_to_be_sent"),
        the_challenge_writer: Line("Write “{title}”", path=edit, says="by_when_it_is_to_be_sent"),
    }


def to_answer(programme: Programme) -> WaitsFor:
    """What was sent for approval waits for the office, and for those who score it first."""
    answer: dict[str, Any] = {"due": "reply_promised_at", "says": "what_an_approval_is_about"}
    score = Line("Score a challenge: {title}", step="score", due="reply_promised_at",
                 detail="The sponsor is promised an answer by then.")
    return {
        the_approver: Line("Approve a challenge: {record}", **answer),
        the_programme_manager: Line("Read {record}, which waits for an approver", when=(somebody_else_approves,), **answer),
        **({a_named_scorer: score} if programme.readiness.scoring else {}),
    }


def drafting(programme: Programme) -> Iterator[Step]:
    """Write, send for approval, answer: approved, or changes requested with a reason for each part."""
    within = programme.readiness.answer_within
    written = _written(programme)
    for state in ("draft", "changes_requested"):
        yield Step("write", state, state, by=WRITERS, path="/challenges/{slug}/edit", on_its_page=True,
                   label="Write the challenge",
                   says="Only the sponsor and the programme office read it.")
        yield Step("deal_with", state, state, by=OWNERS, requires=(a_change_is_asked_for,), asks=(WHICH, HOW),
                   then=("keep_what_was_done",), path="/challenges/{slug}/edit", on_its_page=True,
                   label="Say that a requested change is dealt with",
                   says="It is shown no longer beside the text. The programme office reads what you did.",
                   undo="No. The programme office reads it, and can ask again.")
    yield Step("submit_for_review", ("draft", "changes_requested"), "in_review", by=OWNERS, onwards=True,
               requires=(*written, every_asked_change_is_dealt_with),
               then=("promise_the_answer",), tells={"the_approvers": letters.TO_APPROVE}, label="Send for approval",
               says=f"The programme office reads it and answers within {within}.")
    yield Step("request_changes", "in_review", "changes_requested", by=ANSWERING, reason=True,
               then=("keep_the_asked_changes",), tells={"the_challenge_owners": letters.CHANGES_ASKED},
               path="/challenges/{slug}/request-changes", on_its_page=True, label="Request changes",
               says="The sponsor reads at each part of the draft what to change, and why.")
    yield Step("take_back", "in_review", "draft", by=OWNERS, reason=True, label="Take it back to change it",
               says="The programme office no longer reads it.")
    yield from _approving(programme)


def _written(programme: Programme) -> tuple[Rule, ...]:
    """What the text, the dates and the money need, when it is sent and when it is approved."""
    least = programme.shortest_call
    in_words = programme.call.lasts_at_least or f"{least.days} days"
    money = (it_says_how_much_money_there_is,) if programme.pays else ()
    return (
        the_brief_is_written,
        the_call_is_open_long_enough(least, in_words, programme.zone),
        questions_can_be_asked,
        *money,
    )


def _approving(programme: Programme) -> Iterator[Step]:
    scoring = programme.readiness.scoring
    scored = (
        (it_is_scored(scoring), a_low_score_has_a_reason(scoring), the_approver_did_not_score_it) if scoring else ()
    )
    if scoring:
        yield from _scoring(scoring)
    yield Step("approve", "in_review", "approved", by=the_approver,
               decides=True, requires=(*_written(programme), *READY, the_money_is_within_the_budget,
                         the_limit_covers_the_money, you_do_not_write_it, *scored, it_is_announced_before_it_opens),
               then=("prepare_the_stages",), tells={"the_challenge_owners": letters.APPROVED}, locks=("round",),
               asks=(ANNOUNCE_AT, LOW_SCORE_REASON) if scoring else (ANNOUNCE_AT,), label="Approve the challenge",
               says="It opens by itself at its time. Your name stands in the record.")
    yield Step("unapprove", "approved", "changes_requested", by=ANSWERING, reason=True,
               then=("take_the_announcement_back",), tells={"the_challenge_owners": letters.APPROVAL_TAKEN_BACK},
               locks=("round",),
               label="Take the approval back",
               says="It does not open until it is approved again.")


def _scoring(scoring: Scoring) -> Iterator[Step]:
    """The challenge itself is scored: each on their own with reasons, and only then does anybody read the others'."""
    yield Step("name_a_scorer", "in_review", "in_review", by=ANSWERING, asks=(SCORER,),
               requires=(they_do_not_write_it, they_do_not_apply_to_it, they_are_not_named,
                         the_scores_are_not_shown(scoring)), then=("name_the_scorer",), tells=letters.TO_A_SCORER,
               label="Name somebody to score it", says="They are told, read the draft, and score it on their own.",
               undo="Yes, until they have scored: “Take a scorer off”.")
    yield Step("take_off_a_scorer", "in_review", "in_review", by=ANSWERING, reason=True, asks=(NAMED,),
               requires=(somebody_has_not_scored_it,), then=("take_the_scorer_off",), label="Take a scorer off",
               says="Its approval no longer waits for them.", undo="Yes: name them again.")
    yield Step("score", "in_review", "in_review", by=a_named_scorer, asks=(SHEET,),
               requires=(you_have_not_scored_it, you_do_not_write_it, you_have_scored_every_criterion(scoring)),
               then=("lock_the_scores",),
               path="/challenges/{slug}/scoring", on_its_page=True, label="Score the challenge",
               says="Your scores are locked. The sponsor and the approver read them when everybody has scored.",
               undo="No. What was scored stays as it is.")


def announcing() -> Iterator[Step]:
    """Before it opens, the public reads of a challenge only what was announced."""
    yield Step("announce", "approved", "approved", by=ANSWERING, due="announce_at", requires=(it_is_not_announced,),
               then=("show_the_announcement",), label="Announce it now",
               says="Everybody reads its title, its sponsor and when it opens.",
             undo="No: whoever has read it knows it. “Take the approval back” hides it from everybody else.")
    yield Step("plan_the_announcement", "approved", "approved", by=ANSWERING, asks=(ANNOUNCE_AT,),
               requires=(it_is_not_announced, it_is_announced_before_it_opens), label="Change when it is announced",
               says="Until then nobody outside reads anything of it.",
             undo="Yes: until it is announced you can choose another moment.")
