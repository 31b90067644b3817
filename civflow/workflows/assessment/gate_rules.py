"""What must be true at a gate: of its panel, its scores, its line, and whoever decides."""

from datetime import datetime, timedelta

from civflow.workflows.challenges.readiness import ENDED
from civflow.workflows.engine import Case, Facts, Ids, Numbers, Pairs, rule
from civflow.workflows.rules import STAFF, a_panel_member, conflicted


class GateFacts(Facts):
    panel_size: int
    chair_id: int | None
    panel_ids: Ids
    applications_here: int
    applicant_ids: Ids  # everybody who is or was in a team whose application to the challenge is taken in
    challenge_state: str
    sealed_ones: int  # applications to the challenge that are handed in and not taken in yet
    sealed_until: datetime | None  # until when those of the challenge are sealed, drafts too
    outstanding: int  # assessments that are still to come
    thinly_scored: int  # applications with fewer than ASSESSORS_EACH assessments
    open_interviews: int
    assessor_ids: Ids  # who has submitted scores
    ranks: Numbers
    gone_from_the_line: int  # applications that are to go on, or in reserve, and have left
    unranked: int  # applications that stand at the gate and are not ranked
    tied_ids: Ids  # applications that share their rank with another
    scores_in_conflict: int  # submitted assessments by somebody with a conflict of interest
    conflicts_here: Pairs  # a person, and an application here with whose team they have a conflict
    scores_here: Pairs  # a score, and its application
    begins_at: datetime | None
    asked: int  # assessments that are to come or have come
    submitted: int  # of these
    interviews: int  # that are offered, booked or held
    letters: int  # that tell of its result


@rule("The panel has at least two people.", needs=("panel_size",))
def the_panel_has_two_people(case: Case[GateFacts]) -> bool:
    return case.facts.panel_size >= 2


@rule("At least one application has reached this gate.", needs=("applications_here",))
def there_is_an_application(case: Case[GateFacts]) -> bool:
    return case.facts.applications_here > 0


@rule("No application has reached this gate.", needs=("applications_here",))
def there_is_no_application(case: Case[GateFacts]) -> bool:
    return case.facts.applications_here == 0


@rule("Every assessor has submitted, or the panel has decided to proceed without them.", needs=("outstanding",))
def scoring_is_complete(case: Case[GateFacts]) -> bool:
    return case.facts.outstanding == 0 or bool(case.record.proceed_reason)


ASSESSORS_EACH = 2


@rule("Every application has scores from at least two assessors.", needs=("thinly_scored",))
def every_application_has_two_assessments(case: Case[GateFacts]) -> bool:
    return case.facts.thinly_scored == 0


@rule("No scores count of somebody who has a conflict of interest with the team: they are set aside first.",
      needs=("scores_in_conflict",))
def no_scores_are_in_conflict(case: Case[GateFacts]) -> bool:
    return case.facts.scores_in_conflict == 0


@rule("No interview is still to be held.", needs=("open_interviews",))
def every_interview_is_over(case: Case[GateFacts]) -> bool:
    return case.facts.open_interviews == 0


@rule("No more teams go on than there are ranked.", needs=("ranks",))
def the_number_is_possible(case: Case[GateFacts]) -> bool:
    going_on = case.inputs.get("going_on")
    return going_on is None or 0 <= going_on <= len(case.facts.ranks)


@rule("The number that goes on is the one declared, or a reason says why not.", needs=("ranks",))
def another_number_has_a_reason(case: Case[GateFacts]) -> bool:
    going_on = case.inputs.get("going_on")
    declared = min(case.record.cap, len(case.facts.ranks))
    return going_on is None or going_on == declared or bool(case.inputs.get("number_reason"))


@rule("No tie runs across the line between those who go on and the rest.", needs=("ranks",))
def no_tie_at_the_line(case: Case[GateFacts]) -> bool:
    ranks = case.facts.ranks
    going_on = case.inputs.get("going_on", min(case.record.cap, len(ranks)))
    return bool(sum(1 for rank in ranks if rank <= going_on) <= going_on)


@rule("Every application that is to go on, or in reserve, is still in the selection. Where one has left, the line is drawn anew.",
      needs=("gone_from_the_line",))
def the_line_stands(case: Case[GateFacts]) -> bool:
    return case.facts.gone_from_the_line == 0


@rule("An application that was to go on, or in reserve, has left.", needs=("gone_from_the_line",))
def somebody_has_left_the_line(case: Case[GateFacts]) -> bool:
    return case.facts.gone_from_the_line > 0


@rule("Every application that stands at the gate is ranked. For one that came back, the scoring is taken up again.",
      needs=("unranked",))
def everybody_here_is_ranked(case: Case[GateFacts]) -> bool:
    return case.facts.unranked == 0


@rule("Your limit in pounds covers what the places of this gate cost.")
def the_limit_covers_the_stake(case: Case) -> bool:
    return bool(case.limit("approver") >= case.record.stake_pounds)


@rule("The call has closed, and no application is sealed any more.", needs=("challenge_state", "sealed_ones"))
def nothing_is_sealed(case: Case[GateFacts]) -> bool:
    return case.facts.challenge_state != "open" and case.facts.sealed_ones == 0


@rule("You did not score an application at this gate.", needs=("assessor_ids",))
def the_approver_did_not_score(case: Case[GateFacts]) -> bool:
    return case.actor.id not in case.facts.assessor_ids


@rule("You have no conflict of interest with the team whose score it is.", needs=("conflicts_here", "scores_here"))
def no_conflict_with_the_scored_team(case: Case[GateFacts]) -> bool:
    score, against = case.inputs.get("score_id"), conflicted(case)
    return not any(one == score and application in against for one, application in case.facts.scores_here)


@rule("It is a score of this gate.", needs=("scores_here",))
def it_is_a_score_of_this_gate(case: Case[GateFacts]) -> bool:
    score = case.inputs.get("score_id")
    return score is None or any(one == score for one, _ in case.facts.scores_here)


@rule("Another application has the same rank as this one.", needs=("tied_ids",))
def it_shares_its_rank(case: Case[GateFacts]) -> bool:
    application = case.inputs.get("application_id")
    return bool(case.facts.tied_ids) if application is None else application in case.facts.tied_ids


@rule("The person does not apply to this challenge: nobody judges beside an application of their own.",
      needs=("applicant_ids",))
def they_do_not_apply_here(case: Case[GateFacts]) -> bool:
    return case.inputs.get("person_id") not in case.facts.applicant_ids


@rule("The person sits on this panel.", needs=("panel_ids",))
def they_sit_on_this_panel(case: Case[GateFacts]) -> bool:
    person = case.inputs.get("person_id")
    return person is None or person in case.facts.panel_ids


@rule("The challenge has not come to its end.", needs=("challenge_state",))
def the_challenge_runs(case: Case[GateFacts]) -> bool:
    return case.facts.challenge_state not in ENDED


@rule("The challenge stands at this gate.", needs=("challenge_state",))
def the_challenge_stands_here(case: Case[GateFacts]) -> bool:
    return bool(case.facts.challenge_state == case.record.stage)


NEAR = timedelta(days=7)


@rule("The challenge stands at this gate, or comes to it within a week.", needs=("challenge_state", "begins_at"))
def it_is_near(case: Case[GateFacts]) -> bool:
    begins, now = case.facts.begins_at, case.now
    if not the_challenge_runs.claim(case) or begins is None:
        return the_challenge_stands_here.claim(case)
    return the_challenge_stands_here.claim(case) or now - NEAR < begins <= now + NEAR


@rule("No assessor has been matched.", needs=("asked",))
def nobody_is_matched(case: Case[GateFacts]) -> bool:
    return case.facts.asked == 0


@rule("Assessors have been matched.", needs=("asked",))
def somebody_is_matched(case: Case[GateFacts]) -> bool:
    return case.facts.asked > 0


@rule("Fewer interviews are offered than teams stand before the gate.", needs=("applications_here", "interviews"))
def not_every_team_is_to_be_heard(case: Case[GateFacts]) -> bool:
    return case.facts.interviews < case.facts.applications_here


KEPT_BACK = "You have a conflict with this team, so its scores are not shown to you."


def may_see_scores(case: Case[GateFacts]) -> bool:
    """Whether the actor may see every assessor's scores at a gate: whoever may score only once the scoring has ended."""
    if a_panel_member.claim(case):
        return case.record.state not in ("waiting", "scoring")
    return any(r.claim(case) for r in STAFF)


def scores_kept_back(case: Case[GateFacts]) -> set[int]:
    """The ids of the applications at a gate whose scores nobody shows to this actor: they have a conflict."""
    return conflicted(case)
