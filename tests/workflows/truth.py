"""For every rule of the handbook: what makes it true, and what makes it false without making another rule false."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from civflow.workflows.engine import Actor, Ids, Marks, Names, Pairs, RoleHeld
from civflow.workflows.engine.check import NOW, SOMEBODY

SOMEBODY_ELSE = SOMEBODY + 1
WEEK = timedelta(weeks=1)
BEFORE, AFTER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1), NOW + timedelta(hours=2)
EVERY_ROLE = (
    "programme_manager",
    "challenge_owner",
    "assessor",
    "approver",
    "finance_officer",
    "auditor",
    "administrator",
    "team_lead",
    "team_member",
)


def everybody(limit: int = 10**9) -> Actor:
    """Somebody who holds every role, for the site, and whom every record names."""
    return Actor(SOMEBODY, "Everybody", frozenset(RoleHeld(role, "site", None, limit) for role in EVERY_ROLE))


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Truth(NamedTuple):
    """Values of the record and inputs of the step that make a rule true; and those that make it false."""

    true: dict[str, Any]
    false: dict[str, Any]
    inputs: Mapping[str, Any] = NOTHING
    false_inputs: Mapping[str, Any] = NOTHING
    false_actor: Actor | None = None


def ids(*numbers: int) -> Ids:
    return frozenset(numbers)


def words(joined: str) -> Names:
    return frozenset(joined.split())


def pairs(*found: tuple[int, int]) -> Pairs:
    return frozenset(found)


def scored(**scores: int) -> Marks:
    return tuple(scores.items())


def stage(name: str, fact: str, *, true: str, false: str) -> dict[str, Truth]:
    return {name: Truth({fact: words(true)}, {fact: words(false)})}


RULE_CASES: dict[str, Truth] = {
    # Round
    "it_has_an_approved_challenge": Truth({"approved_challenges": 1}, {"approved_challenges": 0}),
    "no_challenge_is_running": Truth({"running_challenges": 0}, {"running_challenges": 1}),
    "the_budget_covers_what_is_committed": Truth(
        {"money_committed": 60}, {"money_committed": 61}, inputs={"budget_pounds": 60}
    ),
    "it_ends_after_its_calls": Truth({"last_close": None}, {"last_close": LATER}, inputs={"ends_at": LATER}),
    "it_ends_after_it_begins": Truth(
        {}, {}, inputs={"starts_at": AFTER, "ends_at": LATER}, false_inputs={"starts_at": LATER, "ends_at": LATER}
    ),
    # Challenge
    "the_brief_is_written": Truth({"question": "How?", "brief_is_complete": True}, {"brief_is_complete": None}),
    "the_dates_are_set": Truth({"opens_at": NOW, "closes_at": NOW + 6 * WEEK}, {"closes_at": NOW}),
    "the_call_is_open_long_enough": Truth(
        {"opens_at": NOW, "closes_at": NOW + 6 * WEEK}, {"closes_at": NOW + 3 * WEEK - timedelta(minutes=1)}
    ),
    "questions_can_be_asked": Truth({"questions_until": NOW + WEEK}, {"questions_until": NOW}),
    "it_says_how_much_money_there_is": Truth({"money_pounds": 40}, {"money_pounds": 0}),
    "a_budget_holder_is_named": Truth({"budget_holder": "A director"}, {"budget_holder": " "}),
    "the_route_to_adoption_is_written": Truth({"route_to_adoption": "A team."}, {"route_to_adoption": ""}),
    "the_sponsor_gives_time": Truth({"sponsor_time": "A day a week."}, {"sponsor_time": ""}),
    "the_access_to_data_is_written": Truth({"data_access": "There is none."}, {"data_access": " "}),
    "the_exit_is_written": Truth({"exit_if_too_expensive": "We stop."}, {"exit_if_too_expensive": ""}),
    "every_asked_change_is_dealt_with": Truth({"open_change_ids": ids()}, {"open_change_ids": ids(3)}),
    "a_change_is_asked_for": Truth(
        {"open_change_ids": ids(13, 3)}, {"open_change_ids": ids(13)}, inputs={"change_id": 3}
    ),
    "you_have_not_scored_it": Truth(
        {"scorer_ids": ids(17, 7), "waiting_scorer_ids": ids(17, 7)}, {"waiting_scorer_ids": ids(17)}
    ),
    "you_have_scored_every_criterion": Truth(
        {"whole_scores": pairs((17, 1), *((7, number) for number in range(2, 7)))},
        {"whole_scores": pairs((17, 1), *((7, number) for number in range(3, 7)))},
        inputs={"scores_sha256": "a fingerprint"},
    ),
    "they_do_not_write_it": Truth(
        {"author_ids": ids(17)}, {"author_ids": ids(8, 17)}, inputs={"person_id": SOMEBODY_ELSE}
    ),
    "you_do_not_write_it": Truth({"author_ids": ids(17)}, {"author_ids": ids(17, 7)}),
    "they_do_not_apply_to_it": Truth(
        {"applicant_ids": ids(17)}, {"applicant_ids": ids(17, 8)}, inputs={"person_id": SOMEBODY_ELSE}
    ),
    "the_scores_are_not_shown": Truth(
        {"waiting_scorer_ids": ids(9)}, {"scorer_ids": ids(17, 19), "waiting_scorer_ids": ids()}
    ),
    "they_are_not_named": Truth(
        {"scorer_ids": ids(17)},
        {"scorer_ids": ids(17, 8), "waiting_scorer_ids": ids(8)},
        inputs={"person_id": SOMEBODY_ELSE},
    ),
    "somebody_has_not_scored_it": Truth(
        {"waiting_scorer_ids": ids(8)}, {"waiting_scorer_ids": ids(18)}, inputs={"person_id": SOMEBODY_ELSE}
    ),
    "the_approver_did_not_score_it": Truth(
        {"scorer_ids": ids(8, 9), "waiting_scorer_ids": ids()}, {"scorer_ids": ids(7, 8, 9)}
    ),
    "it_is_scored": Truth({"scorer_ids": ids(8, 9), "waiting_scorer_ids": ids()}, {"waiting_scorer_ids": ids(9)}),
    "a_low_score_has_a_reason": Truth(
        {
            "scorer_ids": ids(8, 9),
            "waiting_scorer_ids": ids(),
            "scores_given": scored(importance=2, user_need=2, needs_innovation=2, transferable=2, right_size=2),
        },
        {"scores_given": scored(importance=2, user_need=1, needs_innovation=2, transferable=2, right_size=2)},
    ),
    "the_money_is_within_the_budget": Truth(
        {"round_money_committed": 60, "money_pounds": 40, "round_budget": 100}, {"round_money_committed": 101}
    ),
    "the_limit_covers_the_money": Truth({"money_pounds": 40}, {}, false_actor=everybody(limit=-1)),
    "the_round_is_open": Truth({"round_state": "open"}, {"round_state": "planned"}),
    "the_round_takes_challenges": Truth(
        {"round_state": "closed", "source_url": "https://example.org"}, {"round_state": "closed", "source_url": ""}
    ),
    "the_new_closing_date_is_later": Truth(
        {"closes_at": AFTER}, {}, inputs={"closes_at": LATER}, false_inputs={"closes_at": AFTER}
    ),
    "the_round_outlasts_the_call": Truth(
        {"round_ends_at": LATER + WEEK}, {"round_ends_at": LATER}, inputs={"closes_at": LATER}
    ),
    "the_last_moment_for_questions_fits": Truth(
        {"closes_at": LATER}, {}, inputs={"questions_until": AFTER}, false_inputs={"questions_until": NOW}
    ),
    "no_gate_has_started": Truth({"started_gates": 0}, {"started_gates": 1}),
    "a_contract_is_signed": Truth({"signed_contracts": 1}, {"signed_contracts": 0}),
    "it_has_a_source": Truth({"source_url": "https://example.org"}, {"source_url": ""}),
    **stage("sift_is_released", "released_gates", true="sift", false="interview"),
    **stage("interview_is_released", "released_gates", true="sift interview", false="sift"),
    **stage("pitch_is_released", "released_gates", true="sift interview pitch", false="sift interview"),
    **stage("exploration_is_finished", "running_stages", true="accelerator", false="exploration"),
    **stage("accelerator_is_finished", "running_stages", true="", false="accelerator"),
    "no_change_is_being_written": Truth({"changes_in_hand": 0}, {"changes_in_hand": 1}),
    "a_change_is_being_written": Truth({"changes_in_hand": 1}, {"changes_in_hand": 0}),
    "the_change_is_not_handed_in": Truth({"times_handed_in": 0}, {"times_handed_in": 1}),
    "the_change_differs": Truth({"changed_parts": 1}, {"changed_parts": 0}),
    "the_changed_text_is_complete": Truth({"brief_is_complete": True}, {"brief_is_complete": False}),
    "a_changed_sum_is_within_the_budget": Truth(
        {"changed_money": 50, "money_pounds": 40, "round_money_committed": 50, "round_budget": 100},
        {"round_money_committed": 51},
    ),
    "your_limit_covers_a_changed_sum": Truth(
        {"changed_money": 50, "money_pounds": 40}, {}, false_actor=everybody(limit=49)
    ),
    "it_is_announced_before_it_opens": Truth(
        {"opens_at": LATER}, {}, inputs={"announce_at": AFTER}, false_inputs={"announce_at": LATER}
    ),
    "it_is_not_announced": Truth({"announced": False}, {"announced": True}),
    "its_seal_is_open": Truth({"sealed_until": NOW}, {"sealed_until": AFTER}),
    "its_seal_has_not_opened": Truth({"sealed_until": AFTER, "unsealed_ones": 0}, {"unsealed_ones": 1}),
    # Question
    "the_answer_is_written": Truth({"answer": "Yes."}, {"answer": " "}),
    "a_second_person_clears_it": Truth({"drafted_by_id": SOMEBODY_ELSE}, {"drafted_by_id": SOMEBODY}),
    "the_challenge_takes_questions": Truth({"challenge_state": "open"}, {"challenge_state": "closed"}),
    "it_was_asked_in_time": Truth({"asked_at": NOW, "questions_until": NOW}, {"questions_until": BEFORE}),
    "the_other_question_can_stand_for_it": Truth(
        {"mergeable_ids": ids(17, 8)}, {"mergeable_ids": ids(17, 18)}, inputs={"merged_into_id": SOMEBODY_ELSE}
    ),
    # Live session
    "its_time_lies_ahead": Truth({"starts_at": AFTER, "ends_at": LATER}, {"ends_at": AFTER}),
    "the_session_has_begun": Truth({"starts_at": NOW}, {"starts_at": AFTER}),
    "it_is_somewhere": Truth({"place": "", "link": "https://example.org"}, {"link": ""}),
    "its_links_are_addresses": Truth(
        {"link": "https://example.org", "recording": ""}, {"recording": "javascript:alert(1)"}
    ),
    # Team and membership
    "somebody_is_in_it": Truth({"active_members": 1}, {"active_members": 0}),
    "nobody_is_waiting": Truth({"open_memberships": 0}, {"open_memberships": 1}),
    "no_application_is_running": Truth({"running_applications": 0}, {"running_applications": 1}),
    "the_new_lead_is_a_member": Truth(
        {"active_member_ids": ids(7, 8)}, {"active_member_ids": ids(7, 18)}, inputs={"lead_id": SOMEBODY_ELSE}
    ),
    "the_lead_stays": Truth({"lead_id": SOMEBODY_ELSE}, {"lead_id": SOMEBODY}),
    "the_team_is_looking": Truth({"team_state": "forming"}, {"team_state": "formed"}),
    "the_person_does_not_run_its_challenge": Truth({"runs_its_challenges": 0}, {"runs_its_challenges": 1}),
    "each_side_speaks_for_itself": Truth({"state": "requested"}, {"person_id": SOMEBODY_ELSE, "state": "requested"}),
    # Application
    "the_challenge_is_open": Truth({"challenge_state": "open"}, {"challenge_state": "closed"}),
    "the_call_is_open_to_the_team": Truth(
        {"challenge_state": "closed", "challenge_closes_at": BEFORE, "closes_at": AFTER}, {"challenge_closes_at": AFTER}
    ),
    "the_selection_has_not_begun": Truth({"challenge_state": "closed"}, {"challenge_state": "sift"}),
    "the_seal_has_not_opened": Truth({"sealed_until": AFTER, "unsealed_ones": 0}, {"sealed_until": NOW}),
    "its_seal_ends": Truth({"sealed_until": NOW}, {"sealed_until": AFTER}),
    "it_is_the_latest_version": Truth(
        {"challenge_version_now": 2}, {}, inputs={"challenge_version": 2}, false_inputs={"challenge_version": 1}
    ),
    "the_deadline_has_not_passed": Truth({"closes_at": AFTER}, {"closes_at": NOW}),
    "the_answers_are_complete": Truth({"complete": True}, {"complete": False}),
    "it_answers_the_latest_text": Truth({"challenge_version": 2, "challenge_version_now": 2}, {"challenge_version": 1}),
    "the_new_deadline_is_later": Truth(
        {"closes_at": AFTER}, {}, inputs={"closes_at": LATER}, false_inputs={"closes_at": BEFORE}
    ),
    "time_is_left_to_decide": Truth(
        {"decision_promised_at": LATER + WEEK}, {"decision_promised_at": LATER}, inputs={"closes_at": LATER}
    ),
    "an_improved_proposal_is_asked_for": Truth({"resubmit_by": AFTER}, {"resubmit_by": NOW}),
    "no_conflict_with_the_team": Truth({"conflicted_ids": ids(8)}, {"conflicted_ids": ids(7, 8)}),
    "you_do_not_apply_here": Truth({}, {}, false_actor=replace(everybody(), applies_to=ids(SOMEBODY))),
    "a_changed_sum_is_approved_by_another": Truth(
        {"changed_money": 50, "money_pounds": 40, "author_ids": ids(8)}, {"author_ids": ids(7, 8)}
    ),
    "nobody_in_the_team_runs_it": Truth({"runner_ids": ids()}, {"runner_ids": ids(7)}),
    "the_place_is_approved": Truth(
        {"places_approved": 2, "places_pounds": 80, "places_taken": 1},
        {"places_taken": 2},
        false_actor=everybody(limit=119),
    ),
    "it_was_taken_in": Truth({"stage": "sift"}, {"stage": ""}),
    "its_gate_has_not_released": Truth({"gate_is_released": False}, {"gate_is_released": True}),
    "no_team_has_won": Truth({"winners": 0}, {"winners": 1}),
    "its_round_does_not_run": Truth({"round_state": "planned"}, {"round_state": "open"}),
    "the_new_lead_is_another": Truth({"lead_id": 7}, {}, inputs={"lead_id": 8}, false_inputs={"lead_id": 7}),
    # Gate
    "the_panel_has_two_people": Truth({"panel_size": 2}, {"panel_size": 1}),
    "they_do_not_apply_here": Truth(
        {"applicant_ids": ids(8, 9)}, {"applicant_ids": ids(7, 8)}, inputs={"person_id": 7}
    ),
    "they_sit_on_this_panel": Truth({"panel_ids": ids(7, 8)}, {"panel_ids": ids(8, 9)}, inputs={"person_id": 7}),
    "there_is_an_application": Truth({"applications_here": 1}, {"applications_here": 0}),
    "there_is_no_application": Truth({"applications_here": 0}, {"applications_here": 1}),
    "nothing_is_sealed": Truth({"challenge_state": "sift", "sealed_ones": 0}, {"sealed_ones": 1}),
    "the_challenge_stands_here": Truth({"challenge_state": "sift", "stage": "sift"}, {"stage": "interview"}),
    "scoring_is_complete": Truth({"outstanding": 0, "proceed_reason": None}, {"outstanding": 1}),
    "every_application_has_two_assessments": Truth({"thinly_scored": 0}, {"thinly_scored": 1}),
    "no_scores_are_in_conflict": Truth({"scores_in_conflict": 0}, {"scores_in_conflict": 1}),
    "every_interview_is_over": Truth({"open_interviews": 0}, {"open_interviews": 1}),
    "the_number_is_possible": Truth(
        {"ranks": (1, 2, 3, 4), "cap": 3},
        {},
        inputs={"going_on": 3},
        false_inputs={"going_on": 5, "number_reason": "They are all good."},
    ),
    "another_number_has_a_reason": Truth({"ranks": (1, 2, 3, 4), "cap": 3}, {}, false_inputs={"going_on": 2}),
    "no_tie_at_the_line": Truth({"ranks": (1, 2, 3, 4), "cap": 3}, {"ranks": (1, 2, 3, 3)}),
    "the_limit_covers_the_stake": Truth({"stake_pounds": 40}, {}, false_actor=everybody(limit=39)),
    "no_conflict_with_its_teams": Truth(
        {"conflicts_here": pairs((17, 7), (8, 7))}, {"conflicts_here": pairs((8, 7), (7, 3))}
    ),
    "it_is_a_score_of_this_gate": Truth({}, {}, inputs={"score_id": 41}, false_inputs={"score_id": 51}),
    "it_shares_its_rank": Truth({"tied_ids": ids(7, 17)}, {"tied_ids": ids(17)}, inputs={"application_id": 7}),
    "no_conflict_with_the_scored_team": Truth(
        {"conflicts_here": pairs((7, 3), (8, 4)), "scores_here": pairs((31, 3), (41, 4))},
        {},
        inputs={"score_id": 41},
        false_inputs={"score_id": 31},
    ),
    "the_approver_did_not_score": Truth({"assessor_ids": ids(17, 8)}, {"assessor_ids": ids(17, 7)}),
    # Assignment
    "no_conflict_is_declared": Truth({}, {}, inputs={"no_conflict": True}, false_inputs={"no_conflict": False}),
    "its_interview_is_over": Truth({"interviews_here": 2, "interviews_over": 1}, {"interviews_over": 0}),
    "the_assessor_has_heard_it": Truth({"hearer_ids": ids(7, 8)}, {"hearer_ids": ids(8, 9)}),
    "the_gate_is_undecided": Truth({"gate_state": "moderating"}, {"gate_state": "proposed"}),
    "no_conflict_is_on_record": Truth({"conflicts": False}, {"conflicts": True}),
    "the_gate_takes_scores": Truth({"gate_state": "scoring"}, {"gate_state": "moderating"}),
    "every_criterion_is_scored": Truth(
        {"scored": words("need plan"), "criteria": words("plan need")}, {"scored": words("need")}
    ),
    "the_scorecard_has_the_criterion": Truth(
        {"criteria": words("plan need")}, {}, inputs={"criterion": "need"}, false_inputs={"criterion": "charm"}
    ),
    "the_score_is_on_the_scale": Truth(
        {"scale_least": 0, "scale_most": 4}, {}, inputs={"value": 4}, false_inputs={"value": 5}
    ),
    # Slot
    "it_lies_ahead": Truth({"starts_at": AFTER}, {"starts_at": NOW}),
    "it_has_begun": Truth({"starts_at": NOW}, {"starts_at": AFTER}),
    "the_application_is_invited": Truth(
        {"invited_applications": pairs((7, 7))}, {"invited_applications": pairs((17, 7))}, inputs={"application_id": 7}
    ),
    "it_has_no_other_interview": Truth(
        {"booked_applications": ids(17)}, {"booked_applications": ids(17, 7)}, inputs={"application_id": 7}
    ),
    "two_can_hear_it": Truth(
        {"panel_ids": ids(7, 8, 9), "conflicts_here": pairs((9, 7), (8, 17))},
        {"conflicts_here": pairs((9, 7), (8, 7))},
        inputs={"application_id": 7},
    ),
    "two_of_the_panel_were_there": Truth({}, {}, inputs={"attended": 2}, false_inputs={"attended": 1}),
    # Place and agreement
    "there_is_time_to_answer": Truth({"respond_by": AFTER}, {"respond_by": NOW}),
    "it_was_not_declined": Truth({"decline_why": None}, {"decline_why": "too_many"}),
    "the_challenge_goes_on": Truth({"challenge_state": "contract"}, {"challenge_state": "cancelled"}),
    "the_line_stands": Truth({"gone_from_the_line": 0}, {"gone_from_the_line": 1}),
    "somebody_has_left_the_line": Truth({"gone_from_the_line": 1}, {"gone_from_the_line": 0}),
    "everybody_here_is_ranked": Truth({"unranked": 0}, {"unranked": 1}),
    "the_team_is_still_in": Truth({"application_state": "in_progress"}, {"application_state": "withdrawn"}),
    "the_team_is_in_or_left_with_it": Truth(
        {"application_state": "withdrawn", "left_with_it": 1}, {"application_state": "withdrawn", "left_with_it": 0}
    ),
    "the_challenge_stands_there": Truth(
        {"challenge_state": "exploration", "stage": "exploration"}, {"challenge_state": "contract"}
    ),
    "the_agreement_is_signed": Truth({"agreement_state": "signed"}, {"agreement_state": "issued"}),
    "every_deliverable_is_accepted": Truth({"open_deliverables": 0}, {"open_deliverables": 1}),
    "every_sprint_is_done": Truth({"open_sprints": 0}, {"open_sprints": 1}),
    "the_stage_had_begun": Truth({"begun_at": NOW}, {"begun_at": None}),
    "the_stage_had_not_begun": Truth({"begun_at": None}, {"begun_at": NOW}),
    "not_both_sides_have_signed": Truth({"sponsor_signed_at": None}, {"team_signed_at": NOW, "sponsor_signed_at": NOW}),
    "the_document_is_finished": Truth({"document_made": True}, {"document_made": False}),
    "the_standstill_is_over": Truth({"standstill_ends_at": NOW}, {"standstill_ends_at": AFTER}),
    "the_team_has_not_signed": Truth({"team_signed_at": None}, {"team_signed_at": NOW}),
    "the_team_has_signed": Truth({"team_signed_at": NOW}, {"team_signed_at": None}),
    "both_sides_have_signed": Truth({"team_signed_at": NOW, "sponsor_signed_at": NOW}, {"sponsor_signed_at": None}),
    "the_signer_may_sign": Truth({}, {}, inputs={"may_sign": True}, false_inputs={"may_sign": False}),
    # Sprint
    "the_place_is_active": Truth({"place_state": "active"}, {"place_state": "accepted"}),
    "its_deliverables_are_accepted": Truth({"open_deliverables": 0}, {"open_deliverables": 1}),
}
