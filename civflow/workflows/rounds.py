"""Round: a set of challenges that run under one version of one programme."""

from datetime import datetime

from civflow.models import Round
from civflow.workflows.engine import Ask, Case, Columns, Facts, State, Step, Workflow, keeps, rule
from civflow.workflows.rules import the_auditor, the_programme_manager


class RoundFacts(Facts):
    approved_challenges: int
    running_challenges: int
    last_close: datetime | None  # of the calls of challenges that run
    money_committed: int  # whole pounds


@rule("The round has at least one challenge that is approved.", needs=("approved_challenges",))
def it_has_an_approved_challenge(case: Case[RoundFacts]) -> bool:
    return case.facts.approved_challenges > 0


@rule("Every challenge of the round is completed, withdrawn or cancelled.", needs=("running_challenges",))
def no_challenge_is_running(case: Case[RoundFacts]) -> bool:
    return case.facts.running_challenges == 0


@rule("The budget covers what its challenges have committed.", needs=("money_committed",))
def the_budget_covers_what_is_committed(case: Case[RoundFacts]) -> bool:
    budget = case.inputs.get("budget_pounds")
    return budget is None or bool(budget >= case.facts.money_committed)


@rule("The round ends after the call of each of its challenges has closed.", needs=("last_close",))
def it_ends_after_its_calls(case: Case[RoundFacts]) -> bool:
    ends, last = case.inputs.get("ends_at"), case.facts.last_close
    return ends is None or last is None or bool(ends > last)


@rule("The round ends after it begins.")
def it_ends_after_it_begins(case: Case) -> bool:
    ends, starts = case.inputs.get("ends_at"), case.inputs.get("starts_at")
    return ends is None or starts is None or bool(ends > starts)


@rule("The round is not a rehearsal.", public=True)
def it_is_no_rehearsal(case: Case) -> bool:
    return not case.record.rehearsal


PLANNED, OPEN, CLOSED = ("planned",), ("open",), ("closed",)
LARGEST_BUDGET = 1_000_000_000  # whole pounds
BASICS = (
    Ask("title", "Title", "line", read_by="Everybody reads it, also the public."),
    Ask("starts_at", "Begins", "moment"), Ask("ends_at", "Ends", "moment"),
    Ask("budget_pounds", "Budget in pounds", "number", least=1, most=LARGEST_BUDGET),
)


def _changing(state: str) -> Step:
    return Step("change", state, state, by=the_programme_manager, asks=BASICS, path="/rounds/{id}/edit",
                on_its_page=True, aside=True,
                requires=(it_ends_after_it_begins, it_ends_after_its_calls, the_budget_covers_what_is_committed),
                label="Change the round", says="Its title, its dates and its budget. Nobody is told.",
                undo="Yes: change it back. The record keeps what was before.")


round_ = Workflow(
    "round",
    Round,
    facts=RoundFacts,
    scope=True,
    title="{title}",
    path="/rounds/{id}",
    begun_by=(the_programme_manager,),
    sentence="A set of challenges that run under one version of one programme.",
    sees=(it_is_no_rehearsal, the_programme_manager, the_auditor),
    shows=Columns(
        shown=("since", "title", "starts_at", "ends_at"),
        staff=("rehearsal", "budget_pounds"),
        hidden=("programme_id", "slug"),
    ),
    states=[
        State("planned", "Dates, money and challenges are being prepared.", public="Coming soon", live=True),
        State("open", "Its challenges run, each at its own pace.", public="Running", tone="done", live=True),
        State("closed", "Every challenge has come to an end.", public="Closed", final=True),
    ],
    ends={
        "closed": {
            "challenge": keeps("Each has come to its own end before the round closes."),
            ("question", "live_session", "application", "gate", "assignment", "slot", "agreement", "place", "sprint",
             "deliverable"): keeps("It belongs to a challenge, and what becomes of it is decided when that ends."),
        },
    },
    steps=[
        Step("open", "planned", "open", by=the_programme_manager, requires=(it_has_an_approved_challenge,),
             label="Open the round", says="The round is shown to the public, and its challenges can open."),
        Step("file_as_past", "planned", "closed", by=the_programme_manager, requires=(no_challenge_is_running,),
             aside=True, label="File as an earlier round", says="The round becomes part of the archive."),
        _changing("planned"),
        Step("close", "open", "closed", by=the_programme_manager, requires=(no_challenge_is_running,),
             label="Close the round", says="The round becomes part of the archive."),
        _changing("open"),
        Step("reopen", "closed", "open", by=the_programme_manager, reason=True,
             label="Reopen the round", says="The round can take challenges again."),
    ],
)
