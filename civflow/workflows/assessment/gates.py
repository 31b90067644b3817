"""Gate: who goes on to the next stage. Score first, talk later, decide, and only then tell."""


from civflow.models import Gate
from civflow.models.assessment import SIDES
from civflow.workflows.assessment.gate_rules import (
    GateFacts,
    another_number_has_a_reason,
    every_application_has_two_assessments,
    every_interview_is_over,
    everybody_here_is_ranked,
    it_is_a_score_of_this_gate,
    it_is_near,
    it_shares_its_rank,
    no_conflict_with_the_scored_team,
    no_scores_are_in_conflict,
    no_tie_at_the_line,
    nobody_is_matched,
    not_every_team_is_to_be_heard,
    nothing_is_sealed,
    scoring_is_complete,
    somebody_has_left_the_line,
    somebody_is_matched,
    the_approver_did_not_score,
    the_challenge_runs,
    the_challenge_stands_here,
    the_limit_covers_the_stake,
    the_line_stands,
    the_number_is_possible,
    the_panel_has_two_people,
    there_is_an_application,
    there_is_no_application,
    they_do_not_apply_here,
    they_sit_on_this_panel,
)
from civflow.workflows.engine import (
    Ask,
    Columns,
    Letter,
    Line,
    News,
    State,
    Step,
    Tells,
    Workflow,
    keeps,
)
from civflow.workflows.rules import (
    STAFF,
    a_panel_member,
    by_itself,
    its_seal_is_open,
    no_conflict_with_its_teams,
    somebody_else_approves,
    the_approver,
    the_panel_chair,
    the_programme_manager,
)

NOT_BEGUN = ("waiting",)  # the stage before it has not ended
SCORING = ("scoring",)  # each assessor alone
MODERATING = ("moderating",)  # the panel together
RELEASED = ("released",)  # everybody has been told
TO_RELEASE = ("approved",)  # a result of which nobody has been told
TO_APPROVE = ("proposed",)  # a result waits for whoever may approve it
SEAT = (
    Ask("person_id", "Who", "person", "Their e-mail address."),
    Ask("side", "Sits for", "choice", choices=tuple((side, side.capitalize()) for side in SIDES)),
    Ask("chairs", "Chairs the panel", "yes", required=False),
)
WHY_OFF = (("conflict", "They have a conflict of interest"), ("other", "Another reason"))
UNSEAT = (
    Ask("person_id", "Who", "record", of="person", among="panel_ids"),
    Ask("why_off", "Why", "choice", choices=WHY_OFF),
)
TO_WHOM_IS_UNSEATED: Tells = {
    "whom_it_unseats": Letter("You no longer sit on the panel: {title}",
                              "{actor} has taken you off the panel. What you have not submitted is withdrawn; you need do "
                              "nothing more.", about="/", to_all=True),  # the gate's own page is no longer theirs to read
}
GOING_ON = Ask("going_on", "How many go on", "number", least=0)
NUMBER_REASON = Ask("number_reason", "Why another number than declared", "line", required=False,
                    hint="Only where the number differs from the declared one.",
                    read_by="Everybody reads it, also the public.")

# What the home pages of those who run a gate say, as long as its challenge runs.
TO_SEAT = Line("Seat the panel for {record}", step="seat", due="begins_at", when=(it_is_near,), says="who_is_missed")
TO_MATCH = Line("Match assessors for {record}", step="match", path="/cases/gate/{id}/match", due="begins_at",
                when=(it_is_near, nobody_is_matched), says="who_can_be_matched")
TO_HEAR = Line("Offer {count:interview} for {record}", step="seat", path="/gates/{id}/interviews", due="begins_at",
               when=(it_is_near, not_every_team_is_to_be_heard), says="how_many_are_to_be_heard")
TO_MODERATE = Line("End the scoring: {record}", step="moderate", path="/cases/gate/{id}/moderate", due="scoring_due_at",
                   when=(the_challenge_runs,), detail="All {submitted:assessment} are in.")
TO_PROPOSE = Line("Propose the result: {record}", step="propose", when=(the_challenge_runs,), due="scoring_due_at")
TO_REDRAW = Line("Draw the line anew: {record}", step="redraw", detail="A team that was to go on has left.")

gate = Workflow(
    "gate",
    Gate,
    facts=GateFacts,
    title="{stage} of {challenge}",
    path="/gates/{id}",
    sentence="Who goes on to the next stage. Score first, talk later, decide, and only then tell.",
    sees=(*STAFF, a_panel_member),
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "stage", "cap", "going_on", "number_reason", "resubmit_by",
               "scoring_due_at", "proceed_reason", "approved_at", "released_at"),
        staff=("stake_pounds", "approved_by_id"),
        hidden=("criteria", "scale_least", "scale_most"),
        beyond=(no_conflict_with_its_teams,),
    ),
    states=[
        State("waiting", "Opens when the stage before it ends.", public="Not begun yet",
              waits_for={the_programme_manager: (
                  TO_SEAT,
                  TO_MATCH,
                  Line("Start the scoring of {record}", step="start", path="/cases/gate/{id}/start", due="begins_at",
                       when=(it_is_near, somebody_is_matched), says="how_many_are_matched"),
                  TO_HEAR,
                  Line("Close {record}: no application has reached it", step="skip", path="/cases/gate/{id}/skip",
                       due="begins_at", when=(the_challenge_stands_here,)),
              )}),
        State("scoring", "Assessors score on their own.", public="Being assessed", tone="active",
              waits_for={the_panel_chair: TO_MODERATE, the_programme_manager: (TO_SEAT, TO_MATCH, TO_HEAR, TO_MODERATE)}),
        State("moderating", "The panel looks at differences.", public="Being assessed", tone="active",
              waits_for={the_panel_chair: TO_PROPOSE, the_programme_manager: TO_PROPOSE}),
        State("proposed", "A ranked list waits for approval.", public="Being assessed", tone="waiting", waits_for={
            the_approver: Line("Approve a result: {record}", when=(the_challenge_runs,), due="scoring_due_at",
                               detail="{stake_pounds:£} at stake"),
            the_programme_manager: Line("Read {record}, which waits for an approver", due="scoring_due_at",
                                        when=(the_challenge_runs, somebody_else_approves)),
        }),
        State("approved", "Decided; nobody has been told.", public="Being assessed", tone="waiting",
              waits_for={the_programme_manager: (
                  Line("Release {letters:letter}: {record}", step="release", when=(the_challenge_runs,), due="scoring_due_at"),
                  TO_REDRAW,
              )}),
        State("released", "Everybody has been told.", public="Decided", final=True, tone="done"),
    ],
    ends={
        "released": {
            "assignment": "withdraw",
            "slot": keeps("Every interview is over before the scoring ends; times that nobody took stay in the record."),
        },
    },
    steps=[
        Step("seat", "waiting", "waiting", by=the_programme_manager, asks=SEAT, then=("seat_the_panellist",),
             requires=(they_do_not_apply_here,), label="Seat somebody on the panel",
             path="/gates/{id}/panel", says="They can be given applications to assess at this gate.",
             undo="Yes: “Take somebody off the panel”, with a reason."),
        Step("seat", "scoring", "scoring", by=the_programme_manager, asks=SEAT, then=("seat_the_panellist",),
             requires=(they_do_not_apply_here,), label="Seat somebody on the panel",
             path="/gates/{id}/panel", says="They can be given applications to assess at this gate.",
             undo="Yes: “Take somebody off the panel”, with a reason."),
        Step("unseat", "waiting", "waiting", by=(the_programme_manager, by_itself), reason=True, asks=UNSEAT,
             requires=(they_sit_on_this_panel,), then=("unseat_the_panellist",), tells=TO_WHOM_IS_UNSEATED,
             label="Take somebody off the panel",
             path="/gates/{id}/panel", says="They are told why. Their open assignments are withdrawn.",
             undo="Yes: seat them again. What was withdrawn is matched anew."),
        Step("unseat", "scoring", "scoring", by=(the_programme_manager, by_itself), reason=True, asks=UNSEAT,
             requires=(they_sit_on_this_panel,), then=("unseat_the_panellist",), tells=TO_WHOM_IS_UNSEATED,
             label="Take somebody off the panel",
             path="/gates/{id}/panel",
             says="They are told why. Their open assignments are withdrawn. What they submitted stays and counts, but for a "
                  "conflict of interest: then it is set aside.",
             undo="Yes: seat them again. What was withdrawn is matched anew."),
        Step("match", "waiting", "waiting", by=the_programme_manager, then=("propose_assignments",),
             requires=(the_panel_has_two_people, there_is_an_application, no_conflict_with_its_teams),
             label="Match assessors to applications",
             says="Each application gets its assessors. Conflicts are never broken, and loads are kept.",
             undo="No. What it gives to an assessor can be withdrawn, one by one, on its own page."),
        Step("match", "scoring", "scoring", by=the_programme_manager,
             then=("propose_assignments", "invite_the_assessors", "wait_for_every_assessor"), label="Match assessors again",
             requires=(the_panel_has_two_people, there_is_an_application, no_conflict_with_its_teams),
             says="Applications that lack an assessor get one, who is invited at once.",
             undo="No. What it gives to an assessor can be withdrawn, one by one, on its own page."),
        Step("start", "waiting", "scoring", by=(the_programme_manager, by_itself), locks=("challenge",),
             requires=(the_panel_has_two_people, there_is_an_application, nothing_is_sealed, its_seal_is_open),
             then=("invite_the_assessors",),
             label="Start the scoring", says="The assessors are invited. Each declares conflicts, then scores alone."),
        Step("skip", "waiting", "released", by=the_programme_manager, reason=True,
             decides=True, requires=(the_challenge_stands_here, there_is_no_application, nothing_is_sealed, its_seal_is_open),
             signs=("approved_by_id",),
             stamps=("released_at",), locks=("challenge",),
             label="Close the gate without applications",
             says="Nobody is left to decide on."),
        Step("proceed", "scoring", "scoring", by=(the_panel_chair, the_programme_manager),
             asks=(Ask("proceed_reason", "Why go on without them", "line",
                      read_by="Whoever sees this gate reads it: the panel, the sponsor, approvers and the programme office."),),
             label="Proceed without late assessors",
             says="Moderation can begin although assessors are outstanding. The reason is kept.",
             undo="No. The reason stays in the record; late assessors can still submit until the scoring ends."),
        Step("moderate", "scoring", "moderating", by=(the_panel_chair, the_programme_manager), locks=("challenge",),
             requires=(scoring_is_complete, every_application_has_two_assessments, every_interview_is_over),
             then=("rank_the_applications",), label="End the scoring",
             says="Scores are locked. The panel sees them side by side and looks at differences."),
        Step("adjust", "moderating", "moderating", by=(the_panel_chair, the_programme_manager),
             decides=True, requires=(it_is_a_score_of_this_gate, no_conflict_with_the_scored_team),
             asks=(Ask("score_id", "Which score", "record", of="score", among="scores_here"),
                   Ask("value", "New score", "number", least="scale_least", most="scale_most"),
                   Ask("why", "Why the panel changes it", most=2000,
                       read_by="The team reads it word for word in its letter, without your name; so do the panel and staff.")),
             then=("adjust_the_score", "rank_the_applications"), locks=("challenge",), path="/gates/{id}/adjust",
             confides=True,
             label="Adjust a score",
             says="The first score stays in the record beside the new one and the reason.",
             undo="Yes: adjust it again. Every value stays in the record."),
        Step("settle", "moderating", "moderating", by=(the_panel_chair, the_programme_manager), reason=True,
             decides=True, requires=(it_shares_its_rank, no_conflict_with_its_teams),
             asks=(Ask("application_id", "Which application comes first among its equals", "record",
                      of="application", among="tied_ids"),),
             then=("settle_the_tie",), locks=("challenge",), path="/gates/{id}/ties", label="Settle a tie",
             says="The panel's decision and its reason stand in the record.",
             undo="Only by going back to scoring: then the ranking is made anew."),
        Step("score_again", "moderating", "scoring", by=(the_panel_chair, the_programme_manager), reason=True,
             requires=(no_conflict_with_its_teams,), then=("wait_for_every_assessor",), label="Go back to scoring",
             says="Assessors can submit and change scores again. Once more every assessor is waited for."),
        Step("propose", "moderating", "proposed", by=(the_panel_chair, the_programme_manager),
             decides=True, requires=(no_conflict_with_its_teams, no_scores_are_in_conflict, every_application_has_two_assessments,
                       the_number_is_possible, another_number_has_a_reason, no_tie_at_the_line, everybody_here_is_ranked),
             locks=("challenge",),
             asks=(GOING_ON, NUMBER_REASON), then=("draw_the_line",), path="/gates/{id}/propose",
             label="Propose the result", says="The ranked list goes to an approver. No applicant is told."),
        Step("approve", "proposed", "approved", by=the_approver,
             decides=True, requires=(the_limit_covers_the_stake, the_approver_did_not_score, no_conflict_with_its_teams,
                       no_scores_are_in_conflict, the_line_stands, everybody_here_is_ranked),
             signs=("approved_by_id",), locks=("challenge",),
             stamps=("approved_at",), label="Approve the result",
             says="The decision is yours by name. Nobody is told until it is released."),
        Step("send_back", "proposed", "moderating", by=the_approver, reason=True,
             requires=(no_conflict_with_its_teams,), locks=("challenge",),
             then=("take_the_decision_back", "rank_without_who_has_left"), label="Send it back to the panel",
             says="The panel reads your reason."),
        Step("reopen", ("proposed", "approved"), "scoring", by=the_programme_manager, reason=True,
             requires=(no_conflict_with_its_teams,), then=("take_the_decision_back", "wait_for_every_assessor"),
             label="Reopen the scoring",
             tells={"the_panel": Letter("Score again: {title}",
                                        "{actor} has reopened the scoring. Look at what you scored: you can change and "
                                        "submit it again.")},
             says="The panel is told why, and can score again. Once more every assessor is waited for."),
        Step("redraw", ("proposed", "approved"), "moderating", by=(the_panel_chair, the_programme_manager), reason=True,
             requires=(somebody_has_left_the_line, no_conflict_with_its_teams), locks=("challenge",),
             then=("take_the_decision_back", "rank_without_who_has_left"), label="Draw the line anew",
             tells={"the_panel": Letter("The line is drawn anew: {title}",
                                        "A team that was to go on, or in reserve, has left. Look at the ranking without it, "
                                        "and propose the result again.")},
             says="Whoever has left is taken out of the ranking, and the panel proposes the result again.",
             undo="No. The result is proposed and approved again."),
        Step("release", "approved", "released", by=the_programme_manager, decides=True, stamps=("released_at",),
             requires=(the_line_stands, everybody_here_is_ranked, no_conflict_with_its_teams),
             then=("move_the_applications", "issue_the_letters", "move_the_challenge_on"), fixes=("the_results",),
             tells={"the_followers": News("result", "The result of “{stage}” is published.",
                                          besides=("everybody_who_applied",))},
             locks=("challenge",), path="/gates/{id}/release", label="Release the result",
             says="Every team gets its letter. This cannot be undone.",
             undo="No. A letter that was sent cannot be taken back. An application can still be reinstated, with a reason."),
    ],
)
