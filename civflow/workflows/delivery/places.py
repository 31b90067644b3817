"""Place: a team's place in a work stage."""

from civflow.models import Place
from civflow.workflows.agreements import SIGNED
from civflow.workflows.applications import STILL_IN, the_team_is_still_in
from civflow.workflows.engine import Case, Columns, Facts, Ids, Letter, Line, State, Step, Workflow, keeps, rule
from civflow.workflows.rules import (
    BOTH_SIDES,
    by_itself,
    no_conflict_with_the_team,
    the_approver,
    the_challenge_owner,
    the_finance_officer,
    the_place_is_approved,
    the_programme_manager,
    the_team_lead,
)


class PlaceFacts(Facts):
    conflicted_ids: Ids  # who has been given a role, and has a conflict of interest with the team
    agreement_state: str | None
    application_state: str
    challenge_state: str
    left_with_it: int  # 1 where the application's last step was to leave together with this place
    places_approved: int | None  # at the last gate that was released
    places_pounds: int | None
    places_taken: int  # by other teams that have gone on from there, and are not withdrawn or ruled out
    open_deliverables: int
    open_sprints: int


@rule("The time to answer has not passed.")
def there_is_time_to_answer(case: Case) -> bool:
    return case.record.respond_by is None or bool(case.now < case.record.respond_by)


@rule(
    "The team's application is still in the challenge, or it left with this place.",
    needs=("application_state", "left_with_it"),
)
def the_team_is_in_or_left_with_it(case: Case[PlaceFacts]) -> bool:
    return case.facts.application_state in STILL_IN or case.facts.left_with_it > 0


@rule("The challenge stands at the stage of this place.", needs=("challenge_state",))
def the_challenge_stands_there(case: Case[PlaceFacts]) -> bool:
    return bool(case.facts.challenge_state == case.record.stage)


@rule("The agreement for this stage is signed by both sides.", needs=("agreement_state",))
def the_agreement_is_signed(case: Case[PlaceFacts]) -> bool:
    return case.facts.agreement_state in SIGNED


@rule("Every deliverable is accepted.", needs=("open_deliverables",))
def every_deliverable_is_accepted(case: Case[PlaceFacts]) -> bool:
    return case.facts.open_deliverables == 0


@rule("Every sprint is done.", needs=("open_sprints",))
def every_sprint_is_done(case: Case[PlaceFacts]) -> bool:
    return case.facts.open_sprints == 0


@rule("The stage had begun for this team.")
def the_stage_had_begun(case: Case) -> bool:
    return case.record.begun_at is not None


@rule("The stage had not begun for this team.")
def the_stage_had_not_begun(case: Case) -> bool:
    return case.record.begun_at is None


OFFERED = ("offered",)  # the team has the next word
ACCEPTED = ("accepted",)  # its agreement is to be signed
AT_WORK = ("active",)
GIVING_UP = ("challenge", "application")  # what a place takes with it when it is given up, and brings back
FINISHED = ("completed",)  # places whose team has done what was agreed

place = Workflow(
    "place",
    Place,
    facts=PlaceFacts,
    title="{team} in {stage} of {challenge}",
    path="/delivery/{id}",
    sentence="A team's place in a work stage.",
    sees=(*BOTH_SIDES, the_finance_officer, the_approver),
    shared=True,
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "stage", "money_pounds", "respond_by",
               "starts_at", "begun_at", "ends_at"),
    ),
    states=[
        State("offered", "The team has been asked.", public="A place is offered to you", tone="waiting",
              waits_for={the_team_lead: Line("Accept or decline your place in {stage}: {challenge.title}",
                                             due="respond_by", by_hand=True)}),
        State("accepted", "The team comes; the agreement is being signed.", tone="active"),
        State("active", "The team works with the sponsor.", label="Running", tone="done", live=True,
              waits_for={the_challenge_owner: Line("Finish the stage for {record}", step="complete", due="ends_at",
                                                   detail="Every deliverable is accepted.")}),
        State("completed", "The stage is finished.", label="Finished", final=True, tone="done"),
        State("declined", "The team does not come.", final=True),
        State("lapsed", "The team did not answer in time.", final=True),
        State("ended", "It came to an end before its time.", label="Ended early", final=True, tone="stopped"),
    ],
    ends={
        "completed": {
            "agreement": "complete",
            ("sprint", "deliverable"): keeps("Every sprint is done and every deliverable accepted before."),
        },
        ("declined", "lapsed"): {
            ("agreement", "sprint", "deliverable"): keeps("Nothing was agreed or planned before the team said yes."),
        },
        "ended": {
            "agreement": ("fall_away", "dissolve"),
            ("sprint", "deliverable"): keeps("What was planned and done stays to be read, and goes on if the place does."),
        },
    },
    steps=[
        Step("accept", "offered", "accepted", by=the_team_lead,
             requires=(there_is_time_to_answer, the_team_is_still_in),
             then=("draft_the_agreement",), locks=("application",),
             label="Accept the place", says="The agreement is drafted for both sides."),
        Step("decline", "offered", "declined", by=the_team_lead, reason=True,
             then=("give_the_place_up",), locks=GIVING_UP,
             tells={"the_programme_managers": Letter("Place declined: {title}",
                                                     "{actor} has declined the place. You can promote a team from the "
                                                     "reserve.")},
             label="Decline the place",
             says="Your application leaves the challenge. The place can go to a team in reserve."),
        Step("lapse", "offered", "lapsed", by=by_itself, due="respond_by",
             then=("give_the_place_up",), locks=GIVING_UP, label="Let it lapse",
             tells={"the_programme_managers": Letter("Nobody answered: {title}",
                                                     "The team did not answer the offer of its place in time. Offer it "
                                                     "again, or promote a team from the reserve.")},
             says="Nobody answered in time. The application leaves the challenge."),
        Step("begin", "accepted", "active", by=(the_programme_manager, by_itself), due="starts_at",
             requires=(the_agreement_is_signed, no_conflict_with_the_team), stamps=("begun_at",),
             then=("plan_the_work",), label="Begin the stage",
             says="Sprints and deliverables are planned."),
        Step("complete", "active", "completed", by=(the_challenge_owner, the_programme_manager),
             requires=(the_agreement_is_signed, every_deliverable_is_accepted, every_sprint_is_done,
                       no_conflict_with_the_team),
             label="Finish the stage", says="The team has done what was agreed."),
        Step("take_offer_back", "offered", "declined", by=by_itself, reason=True, label="Take the offer back",
             tells={"the_members": Letter("No longer offered: {title}",
                                          "Your team is not in the challenge any more, so the place is no longer offered to "
                                          "it.")},
             says="The team has left the challenge, so it does not come."),
        Step("end", ("accepted", "active"), "ended", by=(the_programme_manager, by_itself), reason=True,
             decides=True, requires=(no_conflict_with_the_team,), then=("leave_the_selection",), locks=GIVING_UP, label="End it early",
             tells={"the_members": Letter("Ended early: {title}",
                                          "{actor} has ended your team's work in this stage before its time.")},
             says="The team reads your reason. Unless it has won already, its application leaves the challenge."),
        Step("offer_again", ("declined", "lapsed"), "offered", by=(the_programme_manager, the_approver, by_itself),
             reason=True, decides=True,
             requires=(the_challenge_stands_there, the_team_is_in_or_left_with_it, the_place_is_approved, no_conflict_with_the_team),
             then=("give_time_to_answer", "take_the_team_in_again"), locks=GIVING_UP,
             tells={"the_members": Letter("Offered again: {title}",
                                          "Your team is offered the place again. Its lead accepts or declines by "
                                          "{respond_by}.")},
             label="Offer it again", says="The team has a week to answer, and its application is in the challenge again."),
        Step("take_up_again", "ended", "accepted", by=(the_programme_manager, the_approver, by_itself), reason=True,
             restores={"agreement": ("come_back", "redraft")}, decides=True,
             requires=(the_stage_had_not_begun, the_challenge_stands_there, the_team_is_in_or_left_with_it,
                       the_place_is_approved, no_conflict_with_the_team),
             then=("draft_the_agreement", "take_the_team_in_again"), locks=GIVING_UP,
             tells={"the_members": Letter("Your team's again: {title}",
                                          "Your team has its place again. The stage begins on {starts_at} at the earliest, "
                                          "once both sides have signed.")},
             label="Take the place up again",
             says="The team has its place again. The stage begins once both sides have signed the agreement."),
        Step("resume", ("completed", "ended"), "active", by=(the_programme_manager, the_approver, by_itself), reason=True,
             decides=True, requires=(the_stage_had_begun, the_agreement_is_signed, the_challenge_stands_there,
                       the_team_is_in_or_left_with_it, the_place_is_approved, no_conflict_with_the_team),
             then=("take_the_team_in_again",), locks=GIVING_UP, label="Resume the stage",
             tells={"the_members": Letter("Goes on: {title}", "Your team's work in this stage goes on, until {ends_at}.")},
             says="The team works on."),
    ],
)
