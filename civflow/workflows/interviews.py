"""Interview slot: thirty minutes in which a panel hears one team."""

from civflow.models import Slot
from civflow.workflows.engine import Ask, Case, Columns, Facts, Ids, Letter, Line, Pairs, State, Step, Workflow, rule
from civflow.workflows.rules import (
    OFFICE,
    a_panel_member,
    a_team_member,
    by_itself,
    the_panel_chair,
    the_programme_manager,
)


class SlotFacts(Facts):
    chair_id: int | None
    panel_ids: Ids
    conflicts_here: Pairs  # somebody of the panel, and an application with whose team they have a conflict
    booked_applications: Ids  # that have another slot at the gate
    invited_applications: Pairs  # an application that stands before the gate, and its team


@rule("The slot lies ahead.")
def it_lies_ahead(case: Case) -> bool:
    return bool(case.now < case.record.starts_at)


@rule("The interview has begun.")
def it_has_begun(case: Case) -> bool:
    return bool(case.now >= case.record.starts_at)


@rule("At least two members of the panel were there.")
def two_of_the_panel_were_there(case: Case) -> bool:
    return int(case.inputs.get("attended", 2)) >= 2


@rule("At least two members of the panel have no conflict of interest with this team: whoever has one steps out.",
      needs=("panel_ids", "conflicts_here"))
def two_can_hear_it(case: Case[SlotFacts]) -> bool:
    application = _named(case) or case.record.application_id
    step_out = {person for person, other in case.facts.conflicts_here if other == application}
    return application is None or len(case.facts.panel_ids - step_out) >= 2


@rule("The application stands before this gate.", needs=("invited_applications",))
def the_application_is_invited(case: Case[SlotFacts]) -> bool:
    return _named(case) in (None, *(application for application, _ in case.facts.invited_applications))


@rule("The team has no other interview booked at this gate. One that it has is given back first.",
      needs=("booked_applications",))
def it_has_no_other_interview(case: Case[SlotFacts]) -> bool:
    return _named(case) not in case.facts.booked_applications


@rule("You are invited to an interview at this gate.", needs=("invited_applications",))
def the_team_is_invited(case: Case[SlotFacts]) -> bool:
    """A member of the team of the application that the step names; of any invited team where it names none yet."""
    return any(
        case.actor.holds("team_member", {"team": team})
        for application, team in case.facts.invited_applications
        if _named(case) in (None, application)
    )


def _named(case: Case) -> int | None:
    """The application that is to be heard; None while none is named."""
    application: int | None = case.inputs.get("application_id")
    return application


FREE = ("offered",)  # times that a team can choose
BOOKED = ("booked",)  # times that a team has
HELD = ("held",)
OVER = (*HELD, "missed")  # interviews after which the team is scored
STANDING = (*FREE, *BOOKED)  # times that the panel keeps free
WHEN_AND_WHERE = Letter(template="interview", words="the_interview", to_all=True)
WHOSE = Ask("application_id", "Which application is heard", "record", of="application", among="invited_applications")


TO_RECORD = Line("Record the interview of {application.reference} for {challenge}", when=(it_has_begun,), due="ends_at",
                 detail="The gate goes on once it is recorded as held, or as missed.")

slot = Workflow(
    "slot",
    Slot,
    facts=SlotFacts,
    called="Interview slot",
    title="Interview slot of {challenge}",
    begun_by=(the_programme_manager,),
    sentence="Thirty minutes in which a panel hears one team.",
    sees=(a_team_member, *OFFICE, a_panel_member),
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "starts_at", "ends_at", "where", "attended"),
        hidden=("gate_id",),
    ),
    states=[
        State("offered", "A team can book it.", tone="waiting", live=True),
        State("booked", "A team comes.", tone="active",
              waits_for={the_panel_chair: TO_RECORD, the_programme_manager: TO_RECORD}),
        State("held", "The interview took place.", final=True, tone="done"),
        State("missed", "The team did not come.", final=True, tone="stopped"),
        State("cancelled", "It does not take place.", final=True),
    ],
    steps=[
        Step("book", "offered", "booked", by=(the_programme_manager, by_itself, the_team_is_invited),
             asks=(WHOSE,), requires=(it_lies_ahead, the_application_is_invited, it_has_no_other_interview,
                                      two_can_hear_it),
             then=("give_the_slot_to_the_team",), tells={"the_team_and_the_panel": WHEN_AND_WHERE},
             locks=("gate",), label="Book the slot",
             says="The panel is told. You can give the slot back until it begins."),
        Step("give_back", "booked", "offered", by=(a_team_member, the_programme_manager, by_itself), reason=True,
             requires=(it_lies_ahead,), then=("empty_the_slot",), tells={"the_team_and_the_panel": WHEN_AND_WHERE},
             label="Give the slot back", says="Another team can book it."),
        Step("hold", "booked", "held", by=(the_panel_chair, the_programme_manager),
             requires=(it_has_begun, two_of_the_panel_were_there, two_can_hear_it),
             asks=(Ask("attended", "How many of the panel were there", "number", least=0),),
             label="Record the interview", says="The interview counts as held."),
        Step("miss", "booked", "missed", by=(the_panel_chair, the_programme_manager), reason=True,
             requires=(it_has_begun,), label="Record that the team did not come", says="The reason is kept."),
        Step("cancel", ("offered", "booked"), "cancelled", by=(the_programme_manager, by_itself), reason=True,
             tells={"the_team_and_the_panel": WHEN_AND_WHERE}, label="Cancel the slot", says="Team and panel are told."),
        Step("offer_again", ("missed", "cancelled"), "offered", by=the_programme_manager, reason=True,
             requires=(it_lies_ahead,), then=("empty_the_slot",), label="Offer the slot again",
             says="A team can book it."),
    ],
)
