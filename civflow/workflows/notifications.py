"""Message: written in the transaction that makes it true, sent after it."""

from civflow.models import Message
from civflow.workflows.engine import State, Step, Workflow
from civflow.workflows.rules import by_itself, the_programme_manager

WAITING = ("waiting",)  # messages that leave as soon as they may
FAILED = ("failed",)  # messages that somebody has to look at

message = Workflow(
    "message",
    Message,
    sentence="Written in the transaction that makes it true, sent after it.",
    states=[
        State("waiting", "It leaves at its time; until then it can be cancelled.", tone="waiting"),
        State("sent", "The mail server has taken it.", final=True, tone="done"),
        State("failed", "The mail server did not take it.", tone="stopped"),
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
