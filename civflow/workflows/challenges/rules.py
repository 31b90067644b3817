"""What must be true of a challenge once it is drafted: its round, its dates, its changes, and what the public knows."""

from __future__ import annotations

from datetime import datetime

from civflow.workflows.challenges.readiness import APPROVED, ReadinessFacts
from civflow.workflows.engine import Case, Names, rule


class ChallengeFacts(ReadinessFacts):
    rehearsal: bool
    round_state: str
    round_ends_at: datetime
    changes_in_hand: int  # changes of the published text that are being written
    times_handed_in: int  # how often somebody has asked for the latest of them to be published
    changed_parts: int | None  # how many parts of the text in hand differ from the version before
    changed_money: int | None  # whole pounds, as the text in hand names them
    sealed_until: datetime | None  # until when its applications are sealed; None where there is none
    unsealed_ones: int  # applications whose seal has been opened
    started_gates: int
    released_gates: Names
    running_stages: Names  # where a team has a place, or is offered one
    signed_contracts: int
    winners: int  # applications whose team has won


@rule("The round is open.", needs=("round_state",))
def the_round_is_open(case: Case[ChallengeFacts]) -> bool:
    return case.facts.round_state == "open"


@rule("The round is not closed, or the challenge is filed from a public source.", needs=("round_state",))
def the_round_takes_challenges(case: Case[ChallengeFacts]) -> bool:
    return case.facts.round_state != "closed" or bool(case.record.source_url)


@rule("The new closing date is later than the old one, and it has not passed.")
def the_new_closing_date_is_later(case: Case) -> bool:
    new = case.inputs.get("closes_at")
    return new is None or (new > case.now and (case.record.closes_at is None or new > case.record.closes_at))


@rule("The new closing date lies before the end of the round.", needs=("round_ends_at",))
def the_round_outlasts_the_call(case: Case[ChallengeFacts]) -> bool:
    new = case.inputs.get("closes_at")
    return new is None or bool(new < case.facts.round_ends_at)


@rule("The last moment for questions lies ahead, and not after the closing date.")
def the_last_moment_for_questions_fits(case: Case) -> bool:
    new, closes = case.inputs.get("questions_until"), case.record.closes_at
    return new is None or (new > case.now and (closes is None or new <= closes))


@rule("No assessor has begun: the first gate has not started.", needs=("started_gates",))
def no_gate_has_started(case: Case[ChallengeFacts]) -> bool:
    return case.facts.started_gates == 0


@rule("No team has won it.", needs=("winners",))
def no_team_has_won(case: Case[ChallengeFacts]) -> bool:
    return case.facts.winners == 0


@rule("Its round does not run: an earlier challenge stands in a round of its own.", needs=("round_state",))
def its_round_does_not_run(case: Case[ChallengeFacts]) -> bool:
    """A draft of a running round is published by nobody without its approval."""
    return case.facts.round_state != "open"


@rule("It says where its facts come from.")
def it_has_a_source(case: Case) -> bool:
    return bool(case.record.source_url.strip())


@rule("An agreement for the contract is signed by both sides.", needs=("signed_contracts",))
def a_contract_is_signed(case: Case[ChallengeFacts]) -> bool:
    return case.facts.signed_contracts > 0


@rule("No change of the text is being written already.", needs=("changes_in_hand",))
def no_change_is_being_written(case: Case[ChallengeFacts]) -> bool:
    return case.facts.changes_in_hand == 0


@rule("A change of the text is being written.", needs=("changes_in_hand",))
def a_change_is_being_written(case: Case[ChallengeFacts]) -> bool:
    return case.facts.changes_in_hand > 0


@rule("A change of the text is handed in: the sponsor asks for it to be published.",
      needs=("changes_in_hand", "times_handed_in"))
def a_change_is_handed_in(case: Case[ChallengeFacts]) -> bool:
    return case.facts.changes_in_hand > 0 and case.facts.times_handed_in > 0


@rule("The programme office has not been asked yet to publish it.", needs=("times_handed_in",))
def the_change_is_not_handed_in(case: Case[ChallengeFacts]) -> bool:
    return case.facts.times_handed_in == 0


@rule("The change differs from what is published.", needs=("changed_parts",))
def the_change_differs(case: Case[ChallengeFacts]) -> bool:
    return bool(case.facts.changed_parts)


@rule("The changed text has a title, a question and every required section.", needs=("brief_is_complete",))
def the_changed_text_is_complete(case: Case[ChallengeFacts]) -> bool:
    return case.facts.brief_is_complete is True


def _new_sum(case: Case[ChallengeFacts]) -> int | None:
    """The money that the change names, where it differs from what was approved."""
    changed = case.facts.changed_money
    return None if changed == case.record.money_pounds else changed


@rule("A changed sum is within the round's budget.", needs=("changed_money", "round_budget", "round_money_committed"))
def a_changed_sum_is_within_the_budget(case: Case[ChallengeFacts]) -> bool:
    new = _new_sum(case)
    return new is None or case.facts.round_money_committed + new <= case.facts.round_budget


@rule("If the money changes, your limit in pounds covers the new sum.", needs=("changed_money",))
def your_limit_covers_a_changed_sum(case: Case[ChallengeFacts]) -> bool:
    new = _new_sum(case)
    return new is None or case.limit("approver") >= new


@rule(
    "The seal of the call has not opened: nobody has read an application yet.", needs=("sealed_until", "unsealed_ones")
)
def its_seal_has_not_opened(case: Case[ChallengeFacts]) -> bool:
    """A call to which nobody has applied has nothing that somebody could have read."""
    until = case.facts.sealed_until
    return case.facts.unsealed_ones == 0 and (until is None or case.now < until)


@rule("If the money changes, you neither own nor write the challenge.", needs=("changed_money", "author_ids"))
def a_changed_sum_is_approved_by_another(case: Case[ChallengeFacts]) -> bool:
    return _new_sum(case) is None or case.actor.id not in case.facts.author_ids


@rule("The challenge has been published.")
def it_is_published(case: Case) -> bool:
    """An archive challenge was never published here: its facts are public elsewhere."""
    return case.record.version > 0 or (bool(case.record.source_url) and case.record.state == "completed")


@rule("The challenge has been published, and its round is not a rehearsal.", needs=("rehearsal",), public=True)
def it_is_public(case: Case[ChallengeFacts]) -> bool:
    return it_is_published.claim(case) and not case.facts.rehearsal


@rule(
    "The challenge has been published or is announced, and its round is not a rehearsal.", needs=("rehearsal",), public=True
)
def it_is_known(case: Case[ChallengeFacts]) -> bool:
    announced = case.state in APPROVED and case.record.announced
    return (it_is_published.claim(case) or announced) and not case.facts.rehearsal
