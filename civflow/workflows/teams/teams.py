"""Team: people who apply together."""

from civflow.models import Team
from civflow.workflows.engine import Ask, Case, Columns, Facts, Ids, Letter, Pairs, State, Step, Workflow, keeps, rule
from civflow.workflows.rules import a_team_member, the_programme_manager, the_team_lead


class TeamFacts(Facts):
    active_member_ids: Ids
    active_members: int
    others_joined: int  # members, also former ones, beside whoever applies alone
    listed_ids: Ids  # everybody who is or was a member, is invited or asks to join
    taken_in: Pairs  # round and challenge of its applications whose seal is open
    open_memberships: int
    running_applications: int


@rule("The team has at least one active member.", needs=("active_members",))
def somebody_is_in_it(case: Case[TeamFacts]) -> bool:
    return case.facts.active_members > 0


@rule("No invitation or request of the team is waiting for an answer.", needs=("open_memberships",))
def nobody_is_waiting(case: Case[TeamFacts]) -> bool:
    return case.facts.open_memberships == 0


@rule("None of the team's applications is still in a challenge.", needs=("running_applications",))
def no_application_is_running(case: Case[TeamFacts]) -> bool:
    return case.facts.running_applications == 0


@rule("Somebody else leads the team from then on.")
def the_new_lead_is_another(case: Case) -> bool:
    return bool(case.inputs.get("lead_id") != case.record.lead_id)


@rule("The new lead is an active member of the team.", needs=("active_member_ids",))
def the_new_lead_is_a_member(case: Case[TeamFacts]) -> bool:
    new = case.inputs.get("lead_id")
    return new is None or new in case.facts.active_member_ids


FORMING = ("forming",)  # teams that say that they are not complete
TOGETHER = (*FORMING, "formed")  # teams that have not disbanded
NEW_LEAD = Ask("lead_id", "Who leads the team from now on", "record", of="person", among="active_member_ids")


@rule("You lead the team that you found.")
def the_founder(case: Case) -> bool:
    return case.actor.id is not None and bool(case.record.lead_id == case.actor.id)


@rule(
    "You are signed in, and the team is not what one person alone applies with: somebody else has joined it, or it looks "
    "for members.",
    needs=("others_joined",), public=True,
)
def it_is_a_team_for_others(case: Case[TeamFacts]) -> bool:
    """A team of one is founded by applying, so its page would tell who applies while the call is sealed."""
    team = case.record
    return case.actor.id is not None and (team.alone_id is None or bool(team.looking_for) or case.facts.others_joined > 0)


@rule("You are on the team's list, or were: as a member, invited, or asking to join.", needs=("listed_ids",))
def on_its_list(case: Case[TeamFacts]) -> bool:
    return case.actor.id in case.facts.listed_ids


@rule("Your role reads an application of the team whose seal is open.", needs=("taken_in",))
def a_reader_of_its_application(case: Case[TeamFacts]) -> bool:
    return any(
        case.actor.holds(role, {"round": round_id, "challenge": challenge_id})
        for role in ("programme_manager", "challenge_owner", "auditor", "approver", "finance_officer")
        for round_id, challenge_id in case.facts.taken_in
    )


team = Workflow(
    "team",
    Team,
    facts=TeamFacts,
    scope=True,
    title="{name}",
    path="/teams/{id}",
    begun_by=(the_founder,),
    sentence="People who apply together; a person alone is a team of one.",
    sees=(it_is_a_team_for_others, on_its_list, a_team_member, the_team_lead, a_reader_of_its_application),
    shows=Columns(shown=("since", "name", "lead_id", "organisation_id", "about", "looking_for"), hidden=("alone_id",)),
    states=[
        State("forming", "Members are being found.", tone="waiting", live=True),
        State("formed", "Everybody who was asked has answered.", tone="done", live=True),
        State("disbanded", "The team has come to an end.", final=True),
    ],
    ends={
        "disbanded": {
            "membership": "fall_away",
            "application": "drop",
            ("assignment", "slot", "place", "agreement", "sprint", "deliverable"):
                keeps("It belongs to an application, and none of the team's is in a challenge any more."),
        },
    },
    steps=[
        Step("form", "forming", "formed", by=the_team_lead, requires=(somebody_is_in_it, nobody_is_waiting),
             label="The team is complete", says="The team stops looking for members."),
        Step("look_again", "formed", "forming", by=the_team_lead, reason=True, label="Look for members again",
             says="The team can invite people again."),
        *(Step("hand_over", state, state, by=the_team_lead, asks=(NEW_LEAD,), requires=(the_new_lead_is_a_member, the_new_lead_is_another),
               tells={"the_members": Letter("A new lead: {title}",
                                            "{actor} has handed over the lead of your team. The new lead submits, signs and "
                                            "invites.")},
               label="Hand over the lead",
               says="The new lead submits, signs and invites from now on. You stay a member.",
             undo="Not by you: the new lead can hand it back.")
          for state in ("forming", "formed")),
        Step("disband", ("forming", "formed"), "disbanded", by=(the_team_lead, the_programme_manager), reason=True,
             requires=(no_application_is_running,), label="Disband the team",
             tells={"the_members": Letter("Your team has ended: {title}", "{actor} has disbanded the team.")},
             says="Every member is told. The team's history stays."),
    ],
)
