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


ANSWER = Ask("answer", "The answer", hint="Everybody reads it, and nobody learns who asked.", most=4000)

question = Workflow(
    "question",
    Question,
    begun_by=(anyone_signed_in,),
    begin_requires=(the_challenge_takes_questions,),
    sentence="Anybody asks about a challenge, and everybody reads the answer at the same moment.",
    states=[
        State("asked", "It waits for an answer.", public="Waiting for an answer", tone="waiting"),
        State("drafted", "An answer is written; a second person clears it.", public="Waiting for an answer",
              tone="waiting"),
        State("published", "Question and answer are public.", public="Answered", final=True, tone="done"),
        State("declined", "It is not answered, for the reason given.", public="Not answered", final=True),
    ],
    steps=[
        Step("draft", ("asked", "drafted"), "drafted", by=(the_challenge_owner, the_programme_manager), asks=(ANSWER,),
             signs=("drafted_by_id",), label="Write the answer",
             says="Only staff see the answer until a second person publishes it."),
        Step("publish", "drafted", "published", by=(the_challenge_owner, the_programme_manager),
             requires=(the_answer_is_written, a_second_person_clears_it), stamps=("published_at",),
             then=("number_the_question", "tell_the_person_who_asked", "tell_the_followers"),
             label="Publish the answer",
             says="Question and answer become public at once, with a number and without a name."),
        Step("decline", ("asked", "drafted"), "declined", by=(the_challenge_owner, the_programme_manager), reason=True,
             then=("tell_the_person_who_asked",), label="Decline to answer",
             says="The person who asked reads the reason."),
        Step("redraft", ("published", "declined"), "drafted", by=the_programme_manager, reason=True,
             label="Take the answer back",
             says="Question and answer are hidden from the public until published again."),
    ],
)  # fmt: skip
