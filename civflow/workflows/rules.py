"""Sentences that several pages share: who may take a step, who sees a record, and what is true of time."""

from datetime import datetime
from typing import Protocol

from civflow.workflows.engine import Case, Ids, Pairs, rule

BY_ITSELF = "It happens by itself, as a consequence of another step or at a set time."
NOBODY_PRESSES = "This happens by itself, as a consequence of another step or at a set time: nobody presses it."


class HasChair(Protocol):
    chair_id: int | None


class HasPanel(Protocol):
    panel_ids: Ids


class HasConflicts(Protocol):
    conflicts_here: Pairs  # a person, and an application at the gate with whose team they have a conflict


class HasTeam(Protocol):
    conflicted_ids: Ids  # who has been given a role, and has a conflict of interest with the team


class HasSeal(Protocol):
    sealed_until: datetime | None  # until when the applications to a challenge are sealed; None where there is none


class HasPlaces(Protocol):
    places_approved: int | None  # at the gate that gives the place that is asked for
    places_pounds: int | None  # what was approved for them together
    places_taken: int  # by other teams


@rule(BY_ITSELF, called="civflow", finds=("civflow",))
def by_itself(case: Case) -> bool:
    return case.actor.automatic


@rule("You are signed in.")
def anyone_signed_in(case: Case) -> bool:
    return case.actor.id is not None


@rule("You are a programme manager of this round.", role="programme_manager")
def the_programme_manager(case: Case) -> bool:
    return case.holds("programme_manager")


@rule("You are a challenge owner of this challenge.", role="challenge_owner")
def the_challenge_owner(case: Case) -> bool:
    return case.holds("challenge_owner")


@rule("You are a writer of this challenge.", role="challenge_writer")
def the_challenge_writer(case: Case) -> bool:
    return case.holds("challenge_writer")


@rule("You are an approver with a limit in pounds.", role="approver")
def the_approver(case: Case) -> bool:
    return case.holds("approver")


@rule("You are an auditor: you read everything and change nothing.", role="auditor")
def the_auditor(case: Case) -> bool:
    return case.holds("auditor")


@rule("You are a finance officer of this round.", role="finance_officer")
def the_finance_officer(case: Case) -> bool:
    return case.holds("finance_officer")


@rule("You lead this team.", called="the lead of the team", finds=("team_lead",))
def the_team_lead(case: Case) -> bool:
    return case.holds("team_lead")


@rule("You are a member of this team.", called="the team", finds=("team_member",))
def a_team_member(case: Case) -> bool:
    return case.holds("team_member")


@rule("You chair this panel.", needs=("chair_id",), called="the chair of the panel", finds=("panel_member", "chair_id"))
def the_panel_chair(case: Case[HasChair]) -> bool:
    return case.actor.id is not None and case.facts.chair_id == case.actor.id and not case.applies_here


@rule("You sit on this panel.", needs=("panel_ids",))
def a_panel_member(case: Case[HasPanel]) -> bool:
    return case.actor.id in case.facts.panel_ids and not case.applies_here


@rule("You are the assessor of this assignment.", called="the assessor", finds=("panel_member", "assessor_id"))
def the_assessor(case: Case) -> bool:
    return case.actor.id is not None and case.record.assessor_id == case.actor.id


def conflicted(case: Case[HasConflicts]) -> set[int]:
    """The ids of the applications at a gate with whose teams the actor has a conflict of interest."""
    return {application for person, application in case.facts.conflicts_here if person == case.actor.id}


@rule("You have no conflict of interest with a team that this gate decides on.", needs=("conflicts_here",))
def no_conflict_with_its_teams(case: Case[HasConflicts]) -> bool:
    return not conflicted(case)


@rule("You have no conflict of interest with the team.", needs=("conflicted_ids",))
def no_conflict_with_the_team(case: Case[HasTeam]) -> bool:
    return case.actor.id not in case.facts.conflicted_ids


@rule("You do not apply to this challenge.")
def you_do_not_apply_here(case: Case) -> bool:
    return not case.applies_here


@rule("You are no approver here: somebody else approves it.")
def somebody_else_approves(case: Case) -> bool:
    return not case.holds("approver")


@rule(
    "A place that was approved at the gate is free; for one more, whoever takes the step is an approver, and their limit "
    "in pounds covers what all the places cost with it.",
    needs=("places_approved", "places_pounds", "places_taken"),
)
def the_place_is_approved(case: Case[HasPlaces]) -> bool:
    """Where no gate stands before the place, nobody has said how many there are."""
    approved, pounds, taken = case.facts.places_approved, case.facts.places_pounds or 0, case.facts.places_taken
    if approved is None:
        return True
    covers = case.limit("approver") * approved >= pounds * (taken + 1)
    return taken < approved or bool(approved and the_approver.claim(case) and covers)


@rule("The last deadline of the call has passed, so its seal is open.", needs=("sealed_until",))
def its_seal_is_open(case: Case[HasSeal]) -> bool:
    """A draft whose team has more time is sealed too: while it is written, nobody begins to read the others."""
    return case.facts.sealed_until is None or case.now >= case.facts.sealed_until


# Who sees records of several nouns.
OFFICE = (the_programme_manager, the_challenge_owner, the_auditor)
STAFF = (*OFFICE, the_approver)
BOTH_SIDES = (a_team_member, the_team_lead, *OFFICE)
