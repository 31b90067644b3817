"""Sprint: two weeks of work with a goal and a review."""

from civflow.models import Sprint
from civflow.workflows.engine import Ask, Case, Columns, Facts, Line, State, Step, Workflow, keeps, rule
from civflow.workflows.rules import BOTH_SIDES, a_team_member, by_itself, the_challenge_owner, the_programme_manager


class SprintFacts(Facts):
    place_state: str
    open_deliverables: int


@rule("The team's place is active.", needs=("place_state",))
def the_place_is_active(case: Case[SprintFacts]) -> bool:
    return case.facts.place_state == "active"


@rule("Every deliverable of the sprint is accepted.", needs=("open_deliverables",))
def its_deliverables_are_accepted(case: Case[SprintFacts]) -> bool:
    return case.facts.open_deliverables == 0


IN_REVIEW = ("in_review",)  # the sponsor looks at what came of it
GOAL = Ask("goal", "What the team wants to have reached when the sprint ends", most=1000,
           read_by="The sponsor, the team and the programme office read it.")

sprint = Workflow(
    "sprint",
    Sprint,
    facts=SprintFacts,
    title="Sprint {number} of {team}",
    path="/delivery/{place_id}",
    sentence="Two weeks of work with a goal and a review.",
    sees=BOTH_SIDES,
    shared=True,
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "team_id", "number", "goal", "starts_at", "ends_at"),
        hidden=("place_id",),
    ),
    states=[
        State("planned", "It has not begun."),
        State("active", "The team works.", tone="active"),
        State("in_review", "Team and sponsor look at what came of it.", tone="waiting",
              waits_for={the_challenge_owner: Line("Finish {record}, or let the team work on", due="ends_at",
                                                   detail="For “{challenge.title}”. The sprint is in review.")}),
        State("done", "It is finished.", final=True, tone="done"),
    ],
    ends={"done": {"deliverable": keeps("Each is accepted before.")}},
    steps=[
        *(Step("set_goal", state, state, by=a_team_member, asks=(GOAL,), label="Set the goal",
               says="Team and sponsor read it beside the sprint.",
             undo="Yes: write another goal.") for state in ("planned", "active")),
        Step("begin", "planned", "active", by=(a_team_member, the_programme_manager, by_itself), due="starts_at",
             requires=(the_place_is_active,), locks=("place",),
             label="Begin the sprint", says="The team starts to work on its goal."),
        Step("review", "active", "in_review", by=(a_team_member, the_programme_manager, by_itself), due="ends_at",
             label="Go into review", says="The sponsor is asked to look at what came of it."),
        Step("finish", "in_review", "done", by=(the_challenge_owner, the_programme_manager),
             requires=(its_deliverables_are_accepted,), locks=("place",),
             label="Finish the sprint", says="The sprint is closed."),
        Step("work_on", "in_review", "active", by=(the_challenge_owner, a_team_member), reason=True,
             label="Work on", says="The sprint goes on, for the reason given."),
        Step("reopen", "done", "in_review", by=the_programme_manager, reason=True, locks=("place",),
             label="Reopen the review",
             says="Team and sponsor look at it again."),
    ],
)
