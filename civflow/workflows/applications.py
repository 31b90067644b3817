"""Application: what one team says to one challenge. Sealed until its deadline, and never lost."""

from datetime import datetime
from typing import Protocol

from civflow.models import Application
from civflow.workflows.engine import (
    Ask,
    Case,
    Columns,
    Facts,
    Ids,
    Letter,
    Line,
    State,
    Step,
    Tells,
    Workflow,
    keeps,
    rule,
)
from civflow.workflows.engine.endings import Restores
from civflow.workflows.rules import (
    STAFF,
    a_team_member,
    by_itself,
    no_conflict_with_the_team,
    the_approver,
    the_auditor,
    the_challenge_owner,
    the_place_is_approved,
    the_programme_manager,
    the_team_lead,
)


class HasApplication(Protocol):
    application_state: str


class ApplicationFacts(Facts):
    challenge_state: str
    challenge_closes_at: datetime | None
    challenge_version_now: int
    decision_promised_at: datetime | None
    resubmit_by: datetime | None  # of the gate that it stands before, while that waits
    assessor_ids: Ids  # who was asked to assess it
    reader_ids: Ids  # who of them may read it: they have declared no conflict, and have none
    places_approved: int | None  # at the gate of its stage
    places_pounds: int | None
    places_taken: int  # by other teams that have gone on from there, and are not withdrawn or ruled out
    conflicted_ids: Ids  # who has been given a role, and has a conflict of interest with its team
    runner_ids: Ids  # who of its team runs or writes the challenge, decides on it or assesses for it
    unsealed_ones: int  # applications to the challenge whose seal has been opened
    gate_is_released: bool  # the gate of its stage, where there is one


@rule("The challenge is open.", needs=("challenge_state",))
def the_challenge_is_open(case: Case[ApplicationFacts]) -> bool:
    return case.facts.challenge_state == "open"


@rule(
    "The challenge is open, or the deadline of your team was moved beyond its closing date.",
    needs=("challenge_state", "challenge_closes_at"),
)
def the_call_is_open_to_the_team(case: Case[ApplicationFacts]) -> bool:
    facts, own = case.facts, case.record.closes_at
    moved = own is not None and facts.challenge_closes_at is not None and own > facts.challenge_closes_at
    return facts.challenge_state == "open" or (facts.challenge_state == "closed" and moved)


@rule("The selection has not begun.", needs=("challenge_state",))
def the_selection_has_not_begun(case: Case[ApplicationFacts]) -> bool:
    return case.facts.challenge_state in ("open", "closed")


@rule("The deadline has not passed.")
def the_deadline_has_not_passed(case: Case) -> bool:
    return case.record.closes_at is not None and case.now < case.record.closes_at


@rule("Every question of the form is answered within its length.")
def the_answers_are_complete(case: Case) -> bool:
    return bool(case.record.complete)


@rule("You have read the latest text of the challenge.", needs=("challenge_version_now",))
def it_answers_the_latest_text(case: Case[ApplicationFacts]) -> bool:
    return bool(case.record.challenge_version == case.facts.challenge_version_now)


@rule("It is the latest version of the text.", needs=("challenge_version_now",))
def it_is_the_latest_version(case: Case[ApplicationFacts]) -> bool:
    read = case.inputs.get("challenge_version")
    return read is None or bool(read == case.facts.challenge_version_now)


@rule("The new deadline is later than the old one, and it has not passed.")
def the_new_deadline_is_later(case: Case) -> bool:
    new, old = case.inputs.get("closes_at"), case.record.closes_at
    return new is None or (new > case.now and (old is None or new > old))


@rule("The new deadline lies before the day by which the first decision is promised.", needs=("decision_promised_at",))
def time_is_left_to_decide(case: Case[ApplicationFacts]) -> bool:
    """Every application stays sealed until the last deadline: a year mistyped for one team would seal them all."""
    new, promised = case.inputs.get("closes_at"), case.facts.decision_promised_at
    return new is None or promised is None or bool(new < promised)


@rule("An improved proposal is asked for at this stage, and its deadline has not passed.", needs=("resubmit_by",))
def an_improved_proposal_is_asked_for(case: Case[ApplicationFacts]) -> bool:
    return case.facts.resubmit_by is not None and case.now < case.facts.resubmit_by


@rule("It was taken into the selection when the seal opened.")
def it_was_taken_in(case: Case) -> bool:
    """What was withdrawn before stands at no gate: its team can take it up again before its deadline."""
    return bool(case.record.stage)


@rule(
    "Nobody in the team runs or writes this challenge, decides on it or assesses for it: whoever does leaves the team "
    "first.",
    needs=("runner_ids",),
)
def nobody_in_the_team_runs_it(case: Case[ApplicationFacts]) -> bool:
    return not case.facts.runner_ids


@rule("The seal of the call has not opened: nobody has read an application yet.", needs=("unsealed_ones",))
def the_seal_has_not_opened(case: Case[ApplicationFacts]) -> bool:
    """Who gets time after that writes while others read: the seal opens once, and for all."""
    until = case.record.sealed_until
    return case.facts.unsealed_ones == 0 and (until is None or bool(case.now < until))


@rule("The seal of the call ends: its last deadline has passed, and the time for late access.")
def its_seal_ends(case: Case) -> bool:
    return case.record.sealed_until is not None and bool(case.now >= case.record.sealed_until)


@rule("The last deadline of the call has passed, so the seal is open.")
def the_seal_is_open(case: Case) -> bool:
    """What was taken back, or withdrawn before the deadline, was never taken in: it stays the team's own."""
    record = case.record
    taken_in = bool(record.stage) and record.state not in ("draft", "submitted")
    return taken_in and its_seal_ends.claim(case)


@rule("You are a challenge owner of this challenge, and the seal is open.", role="challenge_owner")
def the_challenge_owner_after_the_seal(case: Case) -> bool:
    return the_seal_is_open.claim(case) and the_challenge_owner.claim(case)


@rule("You are an approver of this round, and the seal is open.", role="approver")
def the_approver_after_the_seal(case: Case) -> bool:
    return the_seal_is_open.claim(case) and the_approver.claim(case)


@rule("You are asked to assess this application.", needs=("assessor_ids",))
def one_of_its_assessors(case: Case[ApplicationFacts]) -> bool:
    return case.actor.id in case.facts.assessor_ids


@rule("You have declared no conflict of interest with the team.", needs=("reader_ids",))
def an_assessor_who_may_read(case: Case[ApplicationFacts]) -> bool:
    return case.actor.id in case.facts.reader_ids


@rule("It is your team's, or its seal is open and you run the programme or assess it without a conflict of interest.",
      needs=("reader_ids",))
def you_may_read_its_words(case: Case[ApplicationFacts]) -> bool:
    if a_team_member.claim(case) or the_team_lead.claim(case):
        return True
    return the_seal_is_open.claim(case) and any(r.claim(case) for r in (*STAFF, an_assessor_who_may_read))


@rule("The gate that it had reached has not released its result.", needs=("gate_is_released",))
def its_gate_has_not_released(case: Case[ApplicationFacts]) -> bool:
    """Nobody decides there any more."""
    return not case.facts.gate_is_released


BEING_WRITTEN = ("draft",)  # applications that only their teams know of
HANDED_IN = ("submitted",)  # applications that are sealed, and can be taken back
TAKEN_IN = ("in_progress",)  # applications whose seal is open, and that are assessed
ON_RESERVE = ("reserve",)  # applications that follow if another leaves
IN_SELECTION = (*TAKEN_IN, *ON_RESERVE)  # applications that a gate can take on
UNDECIDED = (*HANDED_IN, *IN_SELECTION)  # applications that wait for an answer
WITHDRAWN = ("withdrawn",)  # applications that their teams have taken out
RUNNING = (*BEING_WRITTEN, *UNDECIDED)  # applications that their teams can withdraw
WON = ("selected",)  # applications whose team has won
STILL_IN = ("in_progress", "selected")  # applications whose team may take a place
OVER = ("not_selected", "ineligible", "withdrawn")  # applications that go no further
FREES_ITS_PLACE = ("ineligible", "withdrawn")  # applications whose place another team may take

@rule("The team's application is still in the challenge.", needs=("application_state",))
def the_team_is_still_in(case: Case[HasApplication]) -> bool:
    """Of a place or an agreement: nothing is offered or signed for a team that has left."""
    return case.facts.application_state in STILL_IN


# What a team reads of its own application, beside the label of its state.
IN_OUR_WORDS = {
    "draft": "Only your team reads it. It counts once you submit it.",
    "submitted": "It is sealed: nobody can open it before the deadline. Until then you can take it back and change it.",
    "ineligible": "It does not meet a condition of the challenge. The reason stands below; it can be reinstated.",
    "in_progress": "It is in the selection.",
    "not_selected": "It does not go on. Your letter has your scores and the assessors' reasons.",
    "reserve": "It goes on if a place becomes free. You are told either way.",
    "selected": "It has won.",
    "withdrawn": "Your team has withdrawn it, or its place has come to an end. Every word is kept.",
}

READ = Ask("challenge_version", "The version that you have read", "number", least=1)
NEW_DEADLINE = Ask("closes_at", "New deadline", "moment", "For this team alone. The reason is published.")
WITH_ITS_PLACE: Restores = {"agreement": ("come_back", "redraft"), "assignment": "ask_anew"}
BACK_IN: Restores = {**WITH_ITS_PLACE, "place": ("resume", "take_up_again", "offer_again")}
MORE_TIME: Tells = {"the_team": Letter(template="deadline", words="the_new_deadline_of_the_team")}
FOR_ONE = "The team is told. The reason is published without its name. Every application stays sealed until then."

application = Workflow(
    "application",
    Application,
    facts=ApplicationFacts,
    title="{reference} of {team} to {challenge}",
    short="{reference}",
    path="/applications/{id}",
    begun_by=(a_team_member,),
    begin_requires=(the_challenge_is_open, the_deadline_has_not_passed, nobody_in_the_team_runs_it),
    begin_locks=("challenge", "team"),
    sentence="What one team says to one challenge. Sealed until its deadline, and never lost.",
    sees=(a_team_member, the_team_lead, the_programme_manager, the_challenge_owner_after_the_seal, the_auditor,
          the_approver_after_the_seal, one_of_its_assessors),
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "team_id", "reference", "title", "stage", "closes_at", "sealed_until",
               "extension_reason", "submitted_at"),
        hidden=("challenge_version", "answers", "complete"),
        guarded={"title": you_may_read_its_words},
    ),
    states=[
        State("draft", "The team is writing.", public="Not submitted yet", tone="waiting", live=True,
              waits_for={a_team_member: Line("Finish and submit your application to {challenge.title}", due="closes_at",
                                             when=(the_call_is_open_to_the_team, the_deadline_has_not_passed),
                                             by_hand=True)}),
        State("submitted", "It is sealed until the deadline.", public="Submitted", tone="active"),
        State("ineligible", "It does not meet a condition of the challenge.", public="Not eligible", tone="stopped",
              live=True),
        State("in_progress", "It is in the selection.", label="In the selection", public="In the selection",
              tone="active", waits_for={
                  by_itself: "The result of the gate is released, or the stage ends",
                  a_team_member: Line("Send your improved proposal for {challenge.title}", step="write", due="resubmit_by",
                                      by_hand=True),
              }),
        State("not_selected", "It does not go on.", public="Not selected", final=True),
        State("reserve", "It goes on if a place becomes free.", label="In reserve", public="In reserve",
              tone="waiting", live=True),
        State("selected", "It has won.", public="Selected", final=True, tone="done"),
        State("withdrawn", "The team has withdrawn it, or its place has come to an end.", public="Withdrawn", final=True),
    ],
    ends={
        ("withdrawn", "ineligible", "not_selected"): {
            "assignment": "withdraw",
            "slot": "give_back",
            "agreement": ("fall_away", "dissolve"),
            "place": ("end", "take_offer_back"),
        },
        "selected": {
            "assignment": keeps("What was scored is what the decision was made from; the rest ends with its gate."),
            "slot": keeps("Every interview at a gate is over before its result is proposed."),
            ("place", "agreement"): keeps("A team that has won works on."),
        },
    },
    steps=[
        Step("write", "draft", "draft", by=a_team_member, path="/applications/{id}", on_its_page=True,
             label="Write the application", says="Only your team reads it."),
        Step("write", "in_progress", "in_progress", by=a_team_member, requires=(an_improved_proposal_is_asked_for,),
             path="/applications/{id}", on_its_page=True, label="Write the improved proposal",
             says="Only your team reads it until you submit it."),
        Step("acknowledge", "draft", "draft", by=a_team_member, asks=(READ,), requires=(it_is_the_latest_version,),
             locks=("challenge",), path="/applications/{id}", label="Acknowledge the new text",
             says="Your application then answers this version of the challenge.",
             undo="No. You can go on reading the earlier versions."),
        Step("submit", "draft", "submitted", by=a_team_member, locks=("challenge", "team"), stamps=("submitted_at",),
             requires=(the_call_is_open_to_the_team, the_deadline_has_not_passed, the_answers_are_complete,
                       it_answers_the_latest_text),
             then=("keep_the_submission", "send_the_receipt"), fixes=("the_words",), label="Submit the application",
             says="Nobody can open it before the deadline. Until then you can take it back and change it. "
                  "You get a receipt."),
        Step("take_back", "submitted", "draft", by=a_team_member, reason=True,
             requires=(the_call_is_open_to_the_team, the_deadline_has_not_passed), locks=("challenge",),
             tells={"the_team": Letter("Taken back, so not submitted: {title}",
                                       "{actor} has taken your team's application back to change it. It does not count "
                                       "until your team submits it again, by {closes_at} at the latest.")},
             label="Take it back to change it",
             says="It counts only when you submit it again before the deadline. What you submitted is kept."),
        Step("take_in", "submitted", "in_progress", by=by_itself, due="sealed_until", requires=(its_seal_ends,),
             then=("enter_the_first_gate",), locks=("challenge",), label="Take into the selection",
             says="The last deadline of the call has passed: the seal is opened, and the selection begins."),
        Step("extend", "draft", "draft", by=the_programme_manager, reason=True, asks=(NEW_DEADLINE,),
             requires=(the_selection_has_not_begun, the_seal_has_not_opened, the_new_deadline_is_later,
                       time_is_left_to_decide, no_conflict_with_the_team),
             locks=("challenge",), path="/applications/{id}/deadline", publishes_reason=True,
             then=("move_one_deadline",), tells=MORE_TIME, label="Move this team's deadline", says=FOR_ONE,
             undo="No. It can be moved again to a later moment."),
        Step("extend", "submitted", "submitted", by=the_programme_manager, reason=True, asks=(NEW_DEADLINE,),
             requires=(the_selection_has_not_begun, the_seal_has_not_opened, the_new_deadline_is_later,
                       time_is_left_to_decide, no_conflict_with_the_team),
             locks=("challenge",), path="/applications/{id}/deadline", publishes_reason=True,
             then=("move_one_deadline",), tells=MORE_TIME, label="Move this team's deadline", says=FOR_ONE,
             undo="No. It can be moved again to a later moment."),
        Step("rule_out", "in_progress", "ineligible", by=the_programme_manager, reason=True,
             decides=True, requires=(no_conflict_with_the_team,),
             tells={"the_team": Letter("Ruled out: {title}",
                                       "Your application was ruled out and is not assessed. If the reason is wrong, answer "
                                       "the programme office: it can be reinstated.")},
             then=("strike_from_the_ranking",), locks=("challenge",), label="Rule it out",
             says="The team reads your reason. It can be reinstated."),
        Step("reinstate", ("ineligible", "not_selected", "withdrawn", "selected"), "in_progress",
             by=the_programme_manager, reason=True, decides=True,
             requires=(it_was_taken_in, its_gate_has_not_released, no_conflict_with_the_team),
             tells={"the_team": Letter("Back in the selection: {title}",
                                       "Your application is in the selection again, at the stage that it had reached.")},
             locks=("challenge", "team"), label="Reinstate the application", restores=BACK_IN,
             says="It is in the selection again, at the stage that it had reached.",
             undo="Not as it was: it can be ruled out, withdraw, or go through the gate again."),
        Step("improve", "in_progress", "in_progress", by=a_team_member,
             requires=(an_improved_proposal_is_asked_for, the_answers_are_complete),
             then=("keep_the_submission", "send_the_receipt"), fixes=("the_words",), locks=("challenge",),
             label="Submit the improved proposal",
             says="The panel reads this proposal beside the first one. You get a receipt.",
             undo="Yes: until the deadline for improved proposals you can change it and submit it again."),
        Step("go_on", ("in_progress", "reserve"), "in_progress", by=by_itself, onwards=True,
             then=("enter_the_next_stage",), label="Go on to the next stage", says="The team goes on."),
        Step("keep_in_reserve", "in_progress", "reserve", by=by_itself, label="Keep in reserve",
             says="The team goes on if a place becomes free."),
        Step("promote", "reserve", "in_progress", by=(the_programme_manager, the_approver), reason=True,
             decides=True, requires=(the_place_is_approved, no_conflict_with_the_team), locks=("challenge",),
             then=("enter_the_next_stage",), label="Promote from the reserve",
             tells={"the_team": Letter("A place became free: {title}",
                                       "Your application goes on from the reserve. Look at its page for what comes next "
                                       "and by when you answer.")},
             says="The team is offered a place at the stage that it would have gone on to.",
             undo="No. The team has its place from then on. It can still be ruled out, or withdraw."),
        Step("not_select", ("submitted", "in_progress", "reserve"), "not_selected", by=by_itself, onwards=True,
             label="Do not select", says="The team gets a letter with its scores."),
        Step("close_the_reserve", "reserve", "not_selected", by=the_programme_manager, reason=True,
             decides=True, requires=(no_conflict_with_the_team,),
             tells={"the_team": Letter("No place became free: {title}",
                                       "Your application was in reserve, and every place is taken now. It goes no further. "
                                       "Your letter with the scores stands on its page, and you can ask for more about the "
                                       "decision.")},
             label="Release from the reserve", says="The team is told that no place is left."),
        Step("select", ("in_progress", "reserve"), "selected", by=by_itself, then=("enter_the_next_stage",),
             label="Select", says="The team has won."),
        Step("withdraw", ("draft", "submitted", "in_progress", "reserve"), "withdrawn", by=the_team_lead, reason=True,
             then=("strike_from_the_ranking",), locks=("challenge",),
             tells={"the_team": Letter("Withdrawn, so it does not count: {title}",
                                       "{actor} has withdrawn your team's application. It does not count. While the call is "
                                       "open the lead can take it up again; it counts once it is submitted again, by "
                                       "{closes_at} at the latest."),
                    "the_programme_managers": Letter("A team has withdrawn: {title}",
                                                     "{actor} has withdrawn the application. Its assessors are told to "
                                                     "stop.")},
             label="Withdraw the application",
             says="It leaves the challenge. The programme manager reads your reason."),
        Step("leave", ("in_progress", "selected"), "withdrawn", by=by_itself, reason=True,
             then=("strike_from_the_ranking",), locks=("challenge",), label="Leave the challenge",
             says="The team does not take its place, or stops before the stage is finished."),
        Step("drop", "draft", "withdrawn", by=by_itself, reason=True, label="Drop the draft",
             says="Its team has come to an end. Every word is kept."),
        Step("come_back", "withdrawn", "in_progress", by=by_itself, reason=True, locks=("challenge",),
             restores=WITH_ITS_PLACE, label="Come back into the selection", says="The team has its place again."),
        Step("come_back_as_winner", "withdrawn", "selected", by=by_itself, reason=True, locks=("challenge",),
             restores=WITH_ITS_PLACE, label="Come back as the winner", says="The team has its place again."),
        Step("write_again", "withdrawn", "draft", by=the_team_lead, reason=True,
             requires=(the_call_is_open_to_the_team, the_deadline_has_not_passed, nobody_in_the_team_runs_it),
             locks=("challenge", "team"), label="Take the application up again",
             says="It is a draft again, with every word. It counts when you submit it before the deadline."),
    ],
)
