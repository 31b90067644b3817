"""Question: anybody asks about a challenge, and everybody reads the answer at the same moment."""

from datetime import datetime
from typing import Any

from civflow.models import Question
from civflow.workflows.engine import Ask, Case, Columns, Facts, Ids, Line, News, State, Step, Workflow, keeps, rule
from civflow.workflows.engine.sight import reads_as
from civflow.workflows.rules import (
    OFFICE,
    anyone_signed_in,
    by_itself,
    the_auditor,
    the_challenge_owner,
    the_programme_manager,
)


class QuestionFacts(Facts):
    rehearsal: bool
    challenge_state: str
    questions_until: datetime | None
    mergeable_ids: Ids  # the other questions about the challenge that are waiting or answered


@rule("The answer is written.")
def the_answer_is_written(case: Case) -> bool:
    return bool(case.record.answer.strip())


@rule("Somebody other than the person who wrote the answer clears it.")
def a_second_person_clears_it(case: Case) -> bool:
    return bool(case.record.drafted_by_id != case.actor.id)


@rule("The challenge is open.", needs=("challenge_state",))
def the_challenge_takes_questions(case: Case[QuestionFacts]) -> bool:
    return case.facts.challenge_state == "open"


@rule("It was asked before the last moment for questions about the challenge.", needs=("questions_until",))
def it_was_asked_in_time(case: Case[QuestionFacts]) -> bool:
    """The same moment counts for everybody, here and at the procurement portal."""
    until = case.facts.questions_until
    return until is None or bool(case.record.asked_at <= until)


@rule("The other question is about the same challenge, and is waiting or answered.", needs=("mergeable_ids",))
def the_other_question_can_stand_for_it(case: Case[QuestionFacts]) -> bool:
    other = case.inputs.get("merged_into_id")
    return other is None or other in case.facts.mergeable_ids


@rule("The answer is published.")
def its_answer_is_published(case: Case) -> bool:
    return bool(case.record.state == "published")


@rule("The answer is published, and the round is not a rehearsal.", needs=("rehearsal",), public=True)
def its_answer_is_public(case: Case[QuestionFacts]) -> bool:
    return its_answer_is_published.claim(case) and not case.facts.rehearsal


@rule("You asked the question.")
def the_asker(case: Case) -> bool:
    return case.actor.id is not None and case.record.asked_by_id == case.actor.id


@rule("You asked the question, you are an auditor, or it was not asked here.")
def you_may_learn_who_asked(case: Case) -> bool:
    """Everybody gets the same answer at the same moment (Public Contracts (Scotland) Regulations 2015, regulations 41
    and 42), and who asks must not colour it: neither the sponsor nor the programme office learns that."""
    return case.record.asked_by_id is None or the_asker.claim(case) or the_auditor.claim(case)


@rule("The answer is published, or you work for the programme.")
def you_may_read_the_answer(case: Case) -> bool:
    return reads_as(case) == "staff" or its_answer_is_published.claim(case)


@rule("The question is published in its own words, you asked it, or you work for the programme.")
def you_may_read_its_own_words(case: Case) -> bool:
    return reads_as(case) != "public" or not case.record.wording


WAITING, PUBLIC = ("asked", "drafted"), ("published",)
TO_CLEAR = ("drafted",)  # an answer is written, and a second person looks at it
ANSWERING = (the_challenge_owner, the_programme_manager)  # who answers, merges and declines
WORDING = Ask("wording", "The question as everybody reads it", required=False, most=2000,
              hint="Only where its own words would tell who asks. Whoever asked keeps their own words.",
              read_by="Everybody reads it, also the public.")
ANSWER = Ask("answer", "The answer", most=4000,
             read_by="Everybody reads it word for word, also the public, and nobody learns who asked.")
OTHER = Ask("merged_into_id", "The question that asks the same", "record", of="question", among="mergeable_ids")

# On home pages the questions about a challenge are one line.
ABOUT_ONE_CHALLENGE: dict[str, Any] = {
    "gathers": ("challenge_id",),
    "due": "answer_promised_at",
    "path": "/challenges/{challenge.slug}/questions/{id}",
    "path_of_many": "/challenges/{challenge.slug}/questions",
}

question = Workflow(
    "question",
    Question,
    facts=QuestionFacts,
    title="Question {number} about {challenge}",
    short="{text}",
    path="/questions/{id}",
    begun_by=(anyone_signed_in,),
    begin_requires=(the_challenge_takes_questions, it_was_asked_in_time),
    sentence="Anybody asks about a challenge, and everybody reads the answer at the same moment.",
    sees=(its_answer_is_public, the_asker, *OFFICE),
    names_who_began=you_may_learn_who_asked,
    not_public=(*WAITING, "merged", "declined"),
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "asked_at", "answer_promised_at", "number", "text", "wording", "answer",
               "published_at"),
        staff=("asked_by_id", "drafted_by_id", "cleared_by_id", "merged_into_id", "portal_reference"),
        hidden=("version_id",),
        guarded={"asked_by_id": you_may_learn_who_asked, "answer": you_may_read_the_answer,
                 "wording": you_may_read_the_answer, "text": you_may_read_its_own_words},
    ),
    states=[
        State("asked", "It waits for an answer.", label="To be answered", public="Waiting for an answer",
              tone="waiting", waits_for={the_challenge_owner: Line("Answer {count:question} about “{challenge.title}”", one="a question",
                                                   says="when_it_was_asked", **ABOUT_ONE_CHALLENGE)}),
        State("drafted", "An answer is written; a second person clears it.", label="To be cleared",
              public="Waiting for an answer", tone="active", waits_for={
                  the_challenge_owner: Line("Check and publish {count:answer} about “{challenge.title}”", step="publish",
                                            one="an answer", says="when_it_was_asked", **ABOUT_ONE_CHALLENGE),
                  the_programme_manager: Line(
                      "Publish {count:answer} about {challenge}", step="publish", one="an answer",
                      says="when_the_oldest_was_asked",
                      **{**ABOUT_ONE_CHALLENGE, "path": "/challenges/{challenge.slug}/questions/{id}/publish"}),
              }),
        State("published", "Question and answer are public.", public="Answered", final=True, tone="done"),
        State("merged", "Another question asks the same; its answer is the answer to this one too.",
              public="Merged with another question", final=True),
        State("declined", "It is not answered, for the reason given.", public="Not answered", final=True),
    ],
    ends={
        ("published", "merged", "declined"): {
            "question": keeps("One that was merged with it can be separated again and waits for an answer of its own."),
        },
    },
    steps=[
        Step("draft", ("asked", "drafted"), "drafted", by=ANSWERING, asks=(ANSWER, WORDING),
             signs=("drafted_by_id",), label="Write the answer",
             says="Only staff see the answer until a second person publishes it.",
             undo="Yes: until a second person publishes the answer you can write it again."),
        Step("publish", "drafted", "published", by=ANSWERING,
             requires=(the_answer_is_written, a_second_person_clears_it), stamps=("published_at",),
             signs=("cleared_by_id",), then=("number_the_question", "tell_of_the_answer"), fixes=("the_answer",),
             tells={"the_followers": News("answer", words="the_question_and_its_answer", besides=("whom_the_answer_concerns",))},
             locks=("challenge",),
             label="Publish the answer",
             says="Question and answer become public at once, with a number and without a name."),
        Step("merge", ("asked", "drafted"), "merged", by=ANSWERING, asks=(OTHER,),
             requires=(the_other_question_can_stand_for_it,), then=("tell_of_the_answer_that_there_is",),
             locks=("challenge",), label="Merge with another question",
             says="It gets no number of its own. Whoever asked it is told of the other question's answer."),
        Step("unmerge", "merged", "asked", by=ANSWERING, reason=True,
             then=("leave_the_other_question", "tell_the_person_who_asked"), locks=("challenge",),
             label="Separate it again", says="It waits for an answer of its own, and whoever asked is told why."),
        Step("decline", ("asked", "drafted"), "declined", by=(*ANSWERING, by_itself), reason=True,
             then=("tell_the_person_who_asked",), label="Decline to answer",
             says="The person who asked reads the reason."),
        Step("reconsider", "declined", "asked", by=ANSWERING, reason=True, then=("tell_the_person_who_asked",),
             label="Answer it after all", says="It waits for an answer again, and whoever asked is told why."),
        Step("redraft", "published", "drafted", by=the_programme_manager, reason=True,
             label="Take the answer back",
             says="Question and answer are hidden from the public until published again. Its number stays its own."),
    ],
)
