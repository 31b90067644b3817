"""Round: a set of challenges that run under one version of one programme."""

from civflow.models import Round
from civflow.workflows.engine import Case, State, Step, Workflow, rule
from civflow.workflows.rules import the_programme_manager


@rule("The round has at least one challenge that is approved.", needs=("approved_challenges",))
def it_has_an_approved_challenge(case: Case) -> bool:
    return bool(case.record.approved_challenges > 0)


@rule("Every challenge of the round is completed, withdrawn or cancelled.", needs=("running_challenges",))
def no_challenge_is_running(case: Case) -> bool:
    return bool(case.record.running_challenges == 0)


round_ = Workflow(
    "round",
    Round,
    begun_by=(the_programme_manager,),
    sentence="A set of challenges that run under one version of one programme.",
    states=[
        State("planned", "Dates, money and challenges are being prepared.", public="Coming soon"),
        State("open", "Its challenges run, each at its own pace.", public="Running", tone="done"),
        State("closed", "Every challenge has come to an end.", public="Closed", final=True),
    ],
    steps=[
        Step("open", "planned", "open", by=the_programme_manager, requires=(it_has_an_approved_challenge,),
             label="Open the round", says="The round is shown to the public, and its challenges can open."),
        Step("file_as_past", "planned", "closed", by=the_programme_manager, requires=(no_challenge_is_running,),
             label="File as an earlier round", says="The round becomes part of the archive."),
        Step("close", "open", "closed", by=the_programme_manager, requires=(no_challenge_is_running,),
             label="Close the round", says="The round becomes part of the archive."),
        Step("reopen", "closed", "open", by=the_programme_manager, reason=True,
             label="Reopen the round", says="The round can take challenges again."),
    ],
)  # fmt: skip
