"""Question: anybody asks about a challenge, and everybody reads the answer at the same moment."""

from civflow.models import Question
from civflow.workflows.engine import Ask, Case, State, Step, Workflow, rule
from civflow.workflows.rules import anyone_signed_in, the_challenge_owner, the_programme_manager


@rule("The answer is written.")
def the_answer_is_written(case: Case) -> bool:
    return bool(case.record.answer.strip())


@rule("Somebody other than the person who wrote the answer clears it.")
def a_second_person_clears_it(case: Case) -> bool:
    return bool(case.record.drafted_by_id != case.actor.id)


@rule("The challenge is open.", needs=("challenge_state",))
def the_challenge_takes_questions(case: Case) -> bool:
    return bool(case.record.challenge_state == "open")


@rule("It was asked before the last moment for questions about the challenge.", needs=("questions_until",))
def it_was_asked_in_time(case: Case) -> bool:
    """The same moment counts for everybody, here and at the procurement portal."""
    until = case.record.questions_until
    return until is None or bool(case.record.asked_at <= until)


@rule("The other question is about the same challenge, and is waiting or answered.", needs=("mergeable_ids",))
def the_other_question_can_stand_for_it(case: Case) -> bool:
    other = case.inputs.get("merged_into_id")
    return other is None or str(other) in (case.record.mergeable_ids or "").split(",")


WAITING, PUBLIC = ("asked", "drafted"), ("published",)
TO_CLEAR = ("drafted",)  # an answer is written, and a second person looks at it
ANSWERING = (the_challenge_owner, the_programme_manager)  # who answers, merges and declines
WORDING = Ask("wording", "The question as everybody reads it", required=False, most=2000,
              hint="Only where its own words would tell who asks. Whoever asked keeps their own words.")
ANSWER = Ask("answer", "The answer", hint="Everybody reads it, and nobody learns who asked.", most=4000)
OTHER = Ask("merged_into_id", "The question that asks the same", "question")

question = Workflow(
    "question",
    Question,
    begun_by=(anyone_signed_in,),
    begin_requires=(the_challenge_takes_questions, it_was_asked_in_time),
    sentence="Anybody asks about a challenge, and everybody reads the answer at the same moment.",
    states=[
        State("asked", "It waits for an answer.", label="To be answered", public="Waiting for an answer",
              tone="waiting"),
        State("drafted", "An answer is written; a second person clears it.", label="To be cleared",
              public="Waiting for an answer", tone="active"),
        State("published", "Question and answer are public.", public="Answered", final=True, tone="done"),
        State("merged", "Another question asks the same; its answer is the answer to this one too.",
              public="Merged with another question", final=True),
        State("declined", "It is not answered, for the reason given.", public="Not answered", final=True),
    ],
    steps=[
        Step("draft", ("asked", "drafted"), "drafted", by=ANSWERING, asks=(ANSWER, WORDING),
             signs=("drafted_by_id",), label="Write the answer",
             says="Only staff see the answer until a second person publishes it.",
             undo="Yes: until a second person publishes the answer you can write it again."),
        Step("publish", "drafted", "published", by=ANSWERING,
             requires=(the_answer_is_written, a_second_person_clears_it), stamps=("published_at",),
             signs=("cleared_by_id",), then=("number_the_question", "tell_of_the_answer", "tell_the_followers"), locks=("challenge",),
             label="Publish the answer",
             says="Question and answer become public at once, with a number and without a name."),
        Step("merge", ("asked", "drafted"), "merged", by=ANSWERING, asks=(OTHER,),
             requires=(the_other_question_can_stand_for_it,), then=("tell_of_the_answer_that_there_is",),
             locks=("challenge",), label="Merge with another question",
             says="It gets no number of its own. Whoever asked it is told of the other question's answer."),
        Step("unmerge", "merged", "asked", by=ANSWERING, reason=True,
             then=("leave_the_other_question", "tell_the_person_who_asked"), locks=("challenge",),
             label="Separate it again", says="It waits for an answer of its own, and whoever asked is told why."),
        Step("decline", ("asked", "drafted"), "declined", by=ANSWERING, reason=True,
             then=("tell_the_person_who_asked",), label="Decline to answer",
             says="The person who asked reads the reason."),
        Step("reconsider", "declined", "asked", by=ANSWERING, reason=True, then=("tell_the_person_who_asked",),
             label="Answer it after all", says="It waits for an answer again, and whoever asked is told why."),
        Step("redraft", "published", "drafted", by=the_programme_manager, reason=True,
             label="Take the answer back",
             says="Question and answer are hidden from the public until published again. Its number stays its own."),
    ],
)
