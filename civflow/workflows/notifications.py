"""Message: written in the transaction that makes it true, sent after it."""

from datetime import datetime

from civflow.models import Message
from civflow.workflows.engine import Case, Columns, Facts, Line, State, Step, Workflow, rule
from civflow.workflows.rules import by_itself, the_auditor, the_programme_manager


class MessageFacts(Facts):
    applicant_sealed_until: datetime | None  # the seal of an application that would be told of by whom it goes to


SIGN_IN = "sign-in-"  # how the keys of messages with a link to sign in begin
TO_AN_ASKER = "asked-"  # and of those to people who asked a question


@rule("The message is addressed to you.")
def the_addressee(case: Case) -> bool:
    return case.actor.id is not None and case.record.person_id == case.actor.id


@rule("The message goes to nobody in a team whose application is sealed.", needs=("applicant_sealed_until",))
def it_tells_of_nothing_sealed(case: Case[MessageFacts]) -> bool:
    """Otherwise to whom a message about an open call goes would tell who applies."""
    return case.facts.applicant_sealed_until is None or case.now >= case.facts.applicant_sealed_until


@rule("You are a programme manager, and no application of whom it goes to is sealed.",
      needs=("applicant_sealed_until",), role="programme_manager")
def the_programme_manager_after_the_seal(case: Case[MessageFacts]) -> bool:
    return the_programme_manager.claim(case) and it_tells_of_nothing_sealed.claim(case)


@rule("The message carries no link that signs somebody in.")
def it_signs_nobody_in(case: Case) -> bool:
    return not case.record.key.startswith(SIGN_IN)


@rule("The message does not tell whoever asked a question what became of it, or you are that person or an auditor.")
def you_may_learn_to_whom_it_goes(case: Case) -> bool:
    for_an_asker = case.record.key.startswith(TO_AN_ASKER)
    return not for_an_asker or the_addressee.claim(case) or the_auditor.claim(case)


WAITING = ("waiting",)  # messages that leave as soon as they may
FAILED = ("failed",)  # messages that somebody has to look at

message = Workflow(
    "message",
    Message,
    facts=MessageFacts,
    appendix=True,
    title="{subject}",
    sentence="Written in the transaction that makes it true, sent after it.",
    sees=(the_addressee, the_programme_manager_after_the_seal, the_auditor),
    shows=Columns(
        shown=("since", "person_id", "subject", "body", "about", "not_before", "attempts", "sent_at"),
        staff=("address",),
        hidden=("key", "document_id", "unsubscribe"),  # the last ends messages for whoever has it
        guarded={"body": it_signs_nobody_in, "about": it_signs_nobody_in,
                 "person_id": you_may_learn_to_whom_it_goes, "address": you_may_learn_to_whom_it_goes},
    ),
    states=[
        State("waiting", "It leaves at its time; until then it can be cancelled.", tone="waiting",
              waits_for={by_itself: "The mail server takes it"}),
        State("sent", "The mail server has taken it.", final=True, tone="done"),
        State("failed", "The mail server did not take it.", tone="stopped",
              waits_for={the_programme_manager: Line("Look at {count:message} that could not be sent", gathers=(),
                                                     path_of_many="/outbox?state=failed", one="1 message")}),
        State("cancelled", "It was stopped before it left.", final=True),
    ],
    steps=[
        Step("send", "waiting", "sent", by=by_itself, stamps=("sent_at",), label="Send",
             says="The message goes to the mail server."),
        Step("fail", "waiting", "failed", by=by_itself, reason=True, label="Give up",
             says="A programme manager reads why."),
        Step("retry", "failed", "waiting", by=the_programme_manager, reason=True, label="Try again",
             says="The message is sent again."),
        Step("cancel", ("waiting", "failed"), "cancelled", by=the_programme_manager, reason=True,
             label="Cancel the message", says="It does not leave."),
    ],
)
