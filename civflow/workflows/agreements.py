"""Agreement: a contract between the sponsor and a team for one stage. Both sides sign, after the standstill."""

from civflow.models import Agreement
from civflow.workflows.applications import the_team_is_still_in
from civflow.workflows.engine import Ask, Case, Columns, Facts, Ids, Letter, Line, State, Step, Workflow, rule
from civflow.workflows.rules import (
    BOTH_SIDES,
    by_itself,
    no_conflict_with_the_team,
    the_approver,
    the_challenge_owner,
    the_finance_officer,
    the_programme_manager,
    the_team_lead,
)


class AgreementFacts(Facts):
    conflicted_ids: Ids  # who has been given a role, and has a conflict of interest with the team
    document_made: bool
    application_state: str
    challenge_state: str


@rule("The document is finished and can be read.", needs=("document_made",))
def the_document_is_finished(case: Case[AgreementFacts]) -> bool:
    return case.facts.document_made


@rule("The standstill is over.")
def the_standstill_is_over(case: Case) -> bool:
    return case.record.standstill_ends_at is None or bool(case.now >= case.record.standstill_ends_at)


@rule("The team has not signed yet.")
def the_team_has_not_signed(case: Case) -> bool:
    return case.record.team_signed_at is None


@rule("The team has signed.")
def the_team_has_signed(case: Case) -> bool:
    return case.record.team_signed_at is not None


@rule("The challenge has not come to its end.", needs=("challenge_state",))
def the_challenge_goes_on(case: Case[AgreementFacts]) -> bool:
    return case.facts.challenge_state not in ("completed", "cancelled")


@rule("Both sides have signed.")
def both_sides_have_signed(case: Case) -> bool:
    return case.record.team_signed_at is not None and case.record.sponsor_signed_at is not None


@rule("Not both sides have signed it.")
def not_both_sides_have_signed(case: Case) -> bool:
    return case.record.team_signed_at is None or case.record.sponsor_signed_at is None


@rule("You have said that you may sign for your side.")
def the_signer_may_sign(case: Case) -> bool:
    return case.inputs.get("may_sign", True) is True


ENDED_EARLY = ("terminated",)  # agreements that bind nobody any more
WHAT_FOR = ("challenge", "application")  # an agreement is for a team that is in a challenge that goes on
MAY_SIGN = Ask("may_sign", "I have read the agreement and may sign it for my side", "yes")

SIGNED = ("signed", "active", "completed")  # by both sides, whatever came of it
TO_ISSUE = ("drafted",)  # nobody is asked to sign yet
TO_SIGN = ("issued",)  # a signature is missing
IN_FORCE = ("active",)  # both sides do what they have signed

WHO_SIGNS = "The team signs first, then the sponsor. Read the agreement before you sign."
TAKEN_BACK = Letter("Taken back to change it: {title}",
                    "The agreement is being changed. Signatures that were given no longer count; you are asked again to sign.")
FIXES = ("the_agreement",)  # the document that both sides read and sign

agreement = Workflow(
    "agreement",
    Agreement,
    facts=AgreementFacts,
    title="Agreement with {team} for {stage} of {challenge}",
    path="/agreements/{id}",
    sentence="A contract between the sponsor and a team for one stage. Both sides sign, after the standstill.",
    sees=(*BOTH_SIDES, the_finance_officer, the_approver),
    shared=True,
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "stage", "price_pounds", "starts_at",
               "ends_at", "standstill_ends_at", "team_signed_at", "team_signed_by_id", "sponsor_signed_at",
               "sponsor_signed_by_id"),
        hidden=("place_id", "document_id"),
    ),
    states=[
        State("drafted", "The document is being prepared.", label="Being prepared",
              waits_for={the_programme_manager: Line(
                  "Issue {count:agreement} for {stage} of {challenge}", gathers=("challenge_id", "stage"),
                  one="the agreement", due="starts_at", path_of_many="/challenges/{challenge.slug}#agreements")}),
        State("issued", "Both sides can read and sign it.", label="Ready to sign", tone="waiting",
              waits_for={
                  the_team_lead: Line("Read and sign the agreement for {stage}: {challenge.title}", due="starts_at",
                                      step="sign_for_the_team", by_hand=True),
                  the_challenge_owner: Line(
                      "Sign the agreement with {team}", step="sign_for_the_sponsor", due="starts_at",
                      detail="For the stage “{stage}” of “{challenge.title}”. The team has signed."),
              }),
        State("signed", "Both sides have signed.", tone="done"),
        State("active", "It is in force.", label="In force", tone="done", live=True),
        State("completed", "It has been fulfilled.", label="Fulfilled", final=True, tone="done"),
        State("terminated", "It ended before its time.", label="Ended early", final=True, tone="stopped"),
    ],
    steps=[
        Step("issue", "drafted", "issued", by=the_programme_manager, decides=True,
             requires=(the_document_is_finished, the_team_is_still_in, the_challenge_goes_on, no_conflict_with_the_team), locks=WHAT_FOR,
             tells={"both_sides": Letter("Read and sign: {title}", f"The agreement is ready. {WHO_SIGNS}")},
             fixes=FIXES, label="Issue the agreement", says="Both sides are asked to read and sign it."),
        Step("sign_for_the_team", "issued", "issued", by=the_team_lead, asks=(MAY_SIGN,), decides=True, stamps=("team_signed_at",),
             requires=(the_standstill_is_over, the_team_has_not_signed, the_signer_may_sign, the_team_is_still_in,
                       the_challenge_goes_on), locks=WHAT_FOR,
             signs=("team_signed_by_id",), label="Sign for the team",
             tells={"both_sides": Letter("The team has signed: {title}",
                                         "{actor} has signed for the team. The sponsor signs next.")},
             fixes=FIXES,
             says="Your name, the time and the document's hash are recorded.",
             undo="Not by you. Until both have signed, the programme office can take the agreement back to change it; "
                  "both sides then sign the new text."),
        Step("sign_for_the_sponsor", "issued", "signed", by=the_challenge_owner, asks=(MAY_SIGN,),
             decides=True, requires=(the_standstill_is_over, the_team_has_signed, the_signer_may_sign, the_team_is_still_in,
                                     the_challenge_goes_on, no_conflict_with_the_team), locks=WHAT_FOR,
             stamps=("sponsor_signed_at",), signs=("sponsor_signed_by_id",),
             then=("make_the_signed_copy",),
             tells={"both_sides": Letter("Signed by both sides: {title}",
                                         "{actor} has signed for the sponsor. A copy with both signatures stands on the "
                                         "agreement's page; you need do nothing.")},
             fixes=FIXES,
             label="Sign for the sponsor", says="The agreement is signed by both sides.",
             undo="No. It can be ended early, with a reason that both sides read."),
        Step("begin", "signed", "active", by=(the_programme_manager, by_itself), due="starts_at",
             requires=(no_conflict_with_the_team,), label="Bring into force", says="The agreement is in force."),
        Step("complete", "active", "completed", by=(the_programme_manager, by_itself),
             requires=(no_conflict_with_the_team,), label="Record as fulfilled",
             says="Both sides have done what was agreed."),
        Step("redraft", ("issued",), "drafted", by=the_programme_manager, reason=True,
             requires=(no_conflict_with_the_team,),
             then=("clear_the_signatures",), tells={"both_sides": TAKEN_BACK}, fixes=FIXES,
             label="Take it back to change it",
             says="Signatures given so far no longer count.",
             undo="No. Signatures that were given are gone; both sides sign the new text."),
        Step("redraft", "terminated", "drafted", by=(the_programme_manager, by_itself), reason=True,
             requires=(not_both_sides_have_signed, no_conflict_with_the_team),
             then=("clear_the_signatures",), tells={"both_sides": TAKEN_BACK}, fixes=FIXES,
             locks=("challenge", "place"), label="Draft it again",
             says="A new text is prepared. Both sides are asked to sign it once it is issued."),
        Step("terminate", ("drafted", "issued", "signed", "active"), "terminated", by=the_programme_manager,
             reason=True, locks=("challenge", "place"), decides=True, requires=(no_conflict_with_the_team,),
             label="Terminate the agreement",
             tells={"both_sides": Letter("Ended early: {title}", "{actor} has ended the agreement before its time.")},
             fixes=FIXES,
             says="Both sides read your reason.",
             undo="Yes, with a reason: “Draft it again”, or “Bring back into force” where both sides had signed."),
        Step("fall_away", ("drafted", "issued"), "terminated", by=by_itself, reason=True,
             tells={"both_sides": Letter("No longer needed: {title}",
                                         "What the agreement was for does not take place, so nobody is asked to sign it any "
                                         "more. You need do nothing.")},
             fixes=FIXES, locks=("challenge", "place"), label="Let it fall away",
             says="What it was for does not take place, so nobody is asked to sign it."),
        Step("dissolve", "signed", "terminated", by=by_itself, reason=True,
             tells={"both_sides": Letter("Does not come into force: {title}",
                                         "What the agreement was for does not take place, so it binds nobody although both "
                                         "sides have signed it.")},
             fixes=FIXES, locks=("challenge", "place"), label="Dissolve it before it is in force",
             says="What it was for does not take place, so it binds nobody although both sides have signed."),
        Step("come_back", "terminated", "signed", by=by_itself, reason=True,
             requires=(both_sides_have_signed, the_team_is_still_in), locks=WHAT_FOR,
             tells={"both_sides": Letter("Stands again: {title}",
                                         "The agreement stands as both sides have signed it, and begins on {starts_at}.")},
             fixes=FIXES,
             label="Let it stand again", says="It is as it was when both sides had signed, and begins at its time."),
        Step("resume", ("completed", "terminated"), "active", by=the_programme_manager, reason=True,
             requires=(both_sides_have_signed, the_challenge_goes_on, no_conflict_with_the_team), locks=WHAT_FOR,
             label="Bring back into force",
             tells={"both_sides": Letter("In force again: {title}", "The agreement is in force again, until {ends_at}.")},
             fixes=FIXES,
             says="Both sides read your reason."),
    ],
)
