"""Assignment: one assessor, one application. Conflicts first, then reading, then scores with reasons."""

from civflow.models import Assignment
from civflow.workflows.engine import Ask, Case, Columns, Facts, Ids, Letter, Line, Names, State, Step, Workflow, rule
from civflow.workflows.rules import (
    by_itself,
    no_conflict_with_the_team,
    the_assessor,
    the_auditor,
    the_panel_chair,
    the_programme_manager,
    you_do_not_apply_here,
)


class AssignmentFacts(Facts):
    conflicted_ids: Ids  # who has been given a role, or a seat on the panel, and has a conflict of interest with the team
    chair_id: int | None
    gate_state: str
    criteria: Names  # of the gate's scorecard
    scale_least: int
    scale_most: int
    scored: Names  # the criteria that have a score and a reason
    conflicts: bool
    interviews_here: int  # that the gate offers or has held
    interviews_over: int  # of this application: held, or missed
    hearer_ids: Ids  # who heard it


@rule("The gate takes scores now.", needs=("gate_state",))
def the_gate_takes_scores(case: Case[AssignmentFacts]) -> bool:
    return case.facts.gate_state == "scoring"


@rule("The result is not proposed yet: one that is proposed or approved is sent back to the panel first.",
      needs=("gate_state",))
def the_gate_is_undecided(case: Case[AssignmentFacts]) -> bool:
    return case.facts.gate_state in ("scoring", "moderating")


@rule("At a gate that hears the teams, the team's interview is over: it was held, or the team did not come.",
      needs=("interviews_here", "interviews_over"))
def its_interview_is_over(case: Case[AssignmentFacts]) -> bool:
    return case.facts.interviews_here == 0 or case.facts.interviews_over > 0


@rule("Whoever scores a team that was heard has heard it.", needs=("hearer_ids",))
def the_assessor_has_heard_it(case: Case[AssignmentFacts]) -> bool:
    return not case.facts.hearer_ids or case.record.assessor_id in case.facts.hearer_ids


@rule("No conflict of interest with this team is on record for the assessor.", needs=("conflicts",))
def no_conflict_is_on_record(case: Case[AssignmentFacts]) -> bool:
    return not case.facts.conflicts


@rule("You have said that you have no conflict of interest.")
def no_conflict_is_declared(case: Case) -> bool:
    return case.inputs.get("no_conflict", True) is True


@rule("Every criterion has a score and a reason.", needs=("scored", "criteria"))
def every_criterion_is_scored(case: Case[AssignmentFacts]) -> bool:
    return case.facts.criteria <= case.facts.scored


@rule("The gate's scorecard has this criterion.", needs=("criteria",))
def the_scorecard_has_the_criterion(case: Case[AssignmentFacts]) -> bool:
    criterion = case.inputs.get("criterion")
    return criterion is None or criterion in case.facts.criteria


@rule("The score lies on the scale of the gate's scorecard.", needs=("scale_least", "scale_most"))
def the_score_is_on_the_scale(case: Case[AssignmentFacts]) -> bool:
    value = case.inputs.get("value")
    return value is None or bool(case.facts.scale_least <= value <= case.facts.scale_most)


@rule("The assessor has submitted and you run the programme, or the scoring has ended; or it is you.", needs=("gate_state",))
def the_comment_is_given(case: Case[AssignmentFacts]) -> bool:
    """A member of the panel reads what another one gave when scores are shown, and not before."""
    if the_assessor.claim(case):
        return True
    runs = the_programme_manager.claim(case) or the_auditor.claim(case)
    return case.record.state == "submitted" and (runs or case.facts.gate_state != "scoring")


@rule("The assessor did not decline it.")
def it_was_not_declined(case: Case) -> bool:
    return case.record.decline_why is None


WHY = (
    ("conflict", "I have a conflict of interest"),
    ("not_my_area", "It is not my area"),
    ("too_many", "I have too many assessments"),
)

PROPOSED = ("proposed",)  # nobody has been asked yet
ASKED = ("invited", "accepted", "scoring")  # the assessor has not said no, and has not submitted
INVITED = ("invited",)  # the assessor is to say whether there is a conflict
MAY_READ = ("accepted", "scoring", "submitted")  # the assessor has declared no conflict
LOCKED = ("submitted",)  # scores that count
TO_COME = ("proposed", "invited", "accepted", "scoring")  # scores that are still to come
ASKED_FOR = (*TO_COME, *LOCKED)  # what “asked” counts everywhere: the assessments that the gate is to have
OVER = ("declined", "withdrawn")  # somebody else is needed

TO_ASSESS = Line("Assess {count:application}: {gate}", gathers=("gate_id",), says="how_long_it_takes")

assignment = Workflow(
    "assignment",
    Assignment,
    facts=AssignmentFacts,
    title="{application.reference} by {assessor}",
    path="/assignments/{id}",
    sentence="One assessor, one application. Conflicts first, then reading, then scores with reasons.",
    sees=(the_assessor, the_panel_chair, the_programme_manager, the_auditor),
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "application_id", "team_id", "assessor_id", "side", "respond_by",
               "due_at", "declared_at", "decline_why", "comment", "submitted_at"),
        hidden=("gate_id",),
        guarded={"comment": the_comment_is_given},
    ),
    states=[
        State("proposed", "Matched; the assessor has not been asked.",
              waits_for={by_itself: "The scoring starts, and the assessors are invited"}),
        State("invited", "The assessor has been asked.", tone="waiting", waits_for={the_assessor: TO_ASSESS}),
        State("accepted", "The assessor has declared no conflict and may read.", tone="active",
              waits_for={the_assessor: TO_ASSESS}),
        State("declined", "The assessor cannot do it.", tone="stopped", live=True),
        State("scoring", "Scores are being given.", tone="active", waits_for={the_assessor: TO_ASSESS}),
        State("submitted", "The scores are locked.", final=True, tone="done"),
        State("withdrawn", "It is no longer needed.", final=True),
    ],
    steps=[
        Step("invite", "proposed", "invited", by=(the_programme_manager, by_itself), label="Invite the assessor",
             says="The assessor is asked by e-mail."),
        Step("accept", "invited", "accepted", by=the_assessor,
             requires=(no_conflict_is_declared, you_do_not_apply_here, no_conflict_is_on_record), stamps=("declared_at",),
             asks=(Ask("no_conflict", "I have no conflict of interest with this team", "yes"),),
             label="Accept", says="You declare that you have no conflict of interest, and may then read."),
        Step("decline", ("invited", "accepted", "scoring"), "declined", by=the_assessor, onwards=True,
             asks=(Ask("decline_why", "Why you cannot assess it", "choice", choices=WHY),),
             then=("record_the_conflict",), label="Decline",
             tells={"the_programme_managers": Letter("An assessor is missing: {title}",
                                                     "{actor} has declined to assess. Match assessors again on the gate's "
                                                     "page, so that somebody else is asked.")},
             says="The programme manager finds somebody else."),
        Step("score", ("accepted", "scoring"), "scoring", by=the_assessor,
             requires=(the_gate_takes_scores, you_do_not_apply_here, no_conflict_is_on_record, the_scorecard_has_the_criterion,
                       the_score_is_on_the_scale),
             asks=(Ask("criterion", "Criterion", "line", read_by="It is the scorecard's own word."),
                   Ask("value", "Score", "number", least=0),
                   Ask("why", "Why this score", most=2000,
                       read_by="The team reads it word for word in its letter, without your name; so do the panel and staff.")),
             then=("keep_the_score",), locks=("team", "gate"), path="/assignments/{id}", on_its_page=True, confides=True,
             label="Give a score", says="You can change it until you submit."),
        Step("submit", "scoring", "submitted", by=the_assessor, locks=("team", "gate"), stamps=("submitted_at",),
             requires=(the_gate_takes_scores, you_do_not_apply_here, no_conflict_is_on_record, every_criterion_is_scored,
                       its_interview_is_over, the_assessor_has_heard_it),
             label="Submit the scores", says="Your scores are locked, and you see those of the others."),
        Step("reopen", "submitted", "scoring", by=(the_panel_chair, the_programme_manager), reason=True,
             requires=(the_gate_takes_scores, no_conflict_with_the_team), locks=("gate",),
             tells={"the_assessor": Letter("Look at your scores again: {title}",
                                           "{actor} has opened your scores again. Change what has to change and submit "
                                           "them.")},
             label="Open the scores again",
             says="The assessor can change the scores, and reads your reason."),
        Step("declare_conflict", "submitted", "withdrawn", by=the_assessor, reason=True,
             requires=(the_gate_is_undecided,), then=("record_the_conflict", "rank_again"), locks=("gate",),
             tells={"the_programme_managers": Letter("Scores that no longer count: {title}",
                                                     "{actor} has declared a conflict of interest after submitting. Match "
                                                     "assessors again on the gate's page where scores are missing now.")},
             label="Declare a conflict of interest",
             says="Your scores no longer count, and you no longer read the application. Say what the conflict is.",
             undo="No. A conflict stays on record, and another assessor is found."),
        Step("set_aside", "submitted", "withdrawn", by=(the_panel_chair, the_programme_manager, by_itself), reason=True,
             requires=(the_gate_is_undecided, no_conflict_with_the_team), then=("rank_again",), locks=("gate",),
             tells={"the_assessor": Letter("Your scores no longer count: {title}",
                                           "Your scores of this application were set aside because of a conflict of "
                                           "interest. You need do nothing.")},
             label="Set the scores aside for a conflict",
             says="The scores no longer count, and the assessor no longer reads the application.",
             undo="No. Match assessors again, and the application gets another one."),
        Step("invite_again", "declined", "invited", by=the_programme_manager, reason=True,
             tells={"the_assessor": Letter("Asked again to assess: {title}",
                                           "{actor} asks you again to assess. Say first whether you have a conflict of "
                                           "interest.")},
             locks=("gate",), label="Ask the assessor again", says="The assessor reads your reason."),
        Step("withdraw", ("proposed", "invited", "accepted", "declined", "scoring"), "withdrawn",
             by=(the_programme_manager, by_itself), reason=True, then=("tell_the_assessors_to_stop",),
             label="Withdraw the assignment", says="The assessor no longer sees the application.",
             undo="No. Match assessors again, and the application gets another one."),
        Step("ask_anew", "withdrawn", "invited", by=by_itself, reason=True,
             requires=(the_gate_takes_scores, it_was_not_declined),
             tells={"the_assessor": Letter("Asked anew to assess: {title}",
                                           "The application is in the selection again. Say first whether you have a conflict "
                                           "of interest; scores that you gave stand.")},
             locks=("gate",), label="Ask the assessor anew",
             says="The application is in the selection again. The assessor declares conflicts anew; scores that were given stand."),
    ],
)
