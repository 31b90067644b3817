"""Lending: a shed has tools, and a loan is one that somebody has. Sheds close on a day, and tools come back with them."""

from __future__ import annotations

from civflow.workflows.engine import (
    Case,
    Columns,
    Comments,
    Facts,
    Followed,
    Ids,
    Letter,
    Moment,
    News,
    State,
    Step,
    Workflow,
    rule,
)
from civflow.workflows.rules import by_itself, the_auditor
from tests.example_feature.models.lending import Loan, Shed


class ShedFacts(Facts):
    borrower_ids: Ids  # who has a tool of it


@rule("You keep this shed.")
def the_keeper(case: Case) -> bool:
    return case.actor.id is not None and case.record.keeper_id == case.actor.id


@rule("You have a tool of this shed.", needs=("borrower_ids",))
def a_borrower(case: Case[ShedFacts]) -> bool:
    return case.actor.id in case.facts.borrower_ids


@rule("A tool of it is out.", needs=("borrower_ids",))
def a_tool_is_out(case: Case[ShedFacts]) -> bool:
    return bool(case.facts.borrower_ids)


@rule("You have this tool.", called="whoever has the tool", finds=("borrower_id",))
def the_borrower(case: Case) -> bool:
    return case.actor.id is not None and case.record.borrower_id == case.actor.id


OUT = ("out",)  # tools that somebody has

shed = Workflow(
    "shed",
    Shed,
    facts=ShedFacts,
    title="{name}",
    path="/sheds/{id}",
    sentence="A shed with tools that people borrow.",
    begun_by=(the_keeper,),
    sees=(the_keeper, a_borrower, the_auditor),
    comments=Comments(read=(the_keeper, a_borrower), write=(the_keeper, a_borrower)),
    followed=Followed(
        by=(the_keeper, a_borrower), when="the shed opens or closes", subjects={"shed": "News of a shed"}
    ),
    calendar=(Moment("closes_at", "Closes"),),
    shows=Columns(shown=("since", "name", "keeper_id", "closes_at"), staff=("missing",)),
    states=[
        State("open", "Tools can be borrowed.", tone="active", live=True),
        State("closed", "Every tool is back.", final=True, tone="done"),
    ],
    ends={"closed": {"loan": "give_back"}},
    steps=[
        Step(
            "remind",
            "open",
            "open",
            by=the_keeper,
            requires=(a_tool_is_out,),
            reason=True,
            tells={"the_borrowers": Letter("Bring it back to {title}", "{actor} asks for what you have.")},
            label="Remind the borrowers",
            says="Whoever has a tool is asked for it.",
            undo="No. They can be reminded again.",
        ),
        Step(
            "close",
            "open",
            "closed",
            by=the_keeper,
            due="closes_at",
            then=("count_what_is_missing",),
            tells={"the_borrowers": Letter("{title} closes", "The shed closes. What you have counts as back.")},
            label="Close the shed",
            says="Every tool counts as back.",
        ),
        Step(
            "open_again",
            "closed",
            "open",
            by=the_keeper,
            reason=True,
            tells={"the_followers": News("shed", "{title} is open again.")},
            label="Open it again",
            says="Tools can be borrowed.",
        ),
    ],
)

loan = Workflow(
    "loan",
    Loan,
    title="{tool} of {shed}",
    sentence="A tool that somebody has.",
    begun_by=(the_borrower,),
    sees=(the_borrower, the_auditor),
    shows=Columns(shown=("since", "shed_id", "tool", "borrower_id")),
    states=[
        State("out", "Somebody has it.", tone="active", waits_for={the_borrower: "Give back {record}"}),
        State("back", "It is in the shed.", final=True, tone="done"),
    ],
    steps=[
        Step(
            "give_back",
            "out",
            "back",
            by=(the_borrower, by_itself),
            locks=("shed",),
            label="Give it back",
            says="The tool is in the shed.",
        ),
        Step(
            "take_again",
            "back",
            "out",
            by=the_borrower,
            reason=True,
            locks=("shed",),
            label="Take it again",
            says="You have the tool again.",
        ),
    ],
)
