"""Duties: which of them one person may hold at the same time, and what keeps them apart; a page of the handbook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SLEEPS = "The role sleeps"  # it may be given, and counts for nothing there as long as the other duty lasts
NEVER = "Not both"  # whoever has one is refused the other, in words
NOT_HERE = "Both, but not here"  # whoever has both leaves some steps to somebody else

DUTIES: Mapping[str, str] = {
    "applies": "Belongs to a team that applies to the challenge",
    "is_tied": "Has a conflict of interest with a team",
    "owns": "Owns the challenge, and signs for the sponsor",
    "writes": "Writes the challenge",
    "scores": "Is named to score the challenge",
    "manages": "Manages the round or the challenge",
    "approves": "Approves challenges and results",
    "assesses": "Sits on a panel and assesses",
    "pays": "Is its finance officer",
    "audits": "Audits",
    "administers": "Administers roles",
}

# A role -> the duty that comes with it.
DUTY_OF: Mapping[str, str] = {
    "challenge_owner": "owns",
    "challenge_writer": "writes",
    "programme_manager": "manages",
    "approver": "approves",
    "assessor": "assesses",
    "panel_member": "assesses",
    "finance_officer": "pays",
    "auditor": "audits",
    "administrator": "administers",
}


class Apart(NamedTuple):
    """Two duties that one person does not hold side by side, towards what, and the rules that see to it.

    `kept_by`: names of rules of the handbook; where there is none, the roles themselves sleep (`Actor.holds`), or are
    not given (services/people/roles.py).
    """

    one: str
    other: str
    towards: str
    answer: str
    why: str
    kept_by: tuple[str, ...] = ()


ASLEEP = (
    "It sleeps towards this challenge until the application is withdrawn or the challenge has ended. Only the person is "
    "told, so that giving a role tells nobody who applies."
)
OWN_TEAM = "Somebody without a conflict of interest decides about the team."
OWN_CHALLENGE = "Nobody judges what they have written or own."

TABLE: tuple[Apart, ...] = (
    *(Apart("applies", role, "challenge", SLEEPS, ASLEEP) for role in ("owns", "writes", "manages", "approves", "pays")),
    Apart("applies", "administers", "challenge", SLEEPS, f"They give no role for it. {ASLEEP}"),
    Apart("applies", "audits", "site", SLEEPS,
          "An auditor reads everybody's applications, so it sleeps everywhere as long as a team of theirs applies."),
    Apart("applies", "assesses", "gate", SLEEPS,
          "Nobody judges beside an application of their own: the seat sleeps, nothing is given to them to assess, and "
          "once the seal is open nobody seats them.", ("you_do_not_apply_here", "they_do_not_apply_here")),
    Apart("applies", "scores", "challenge", NEVER, "Nobody scores what they apply to.", ("they_do_not_apply_to_it",)),
    *(Apart("is_tied", duty, "application", NOT_HERE, OWN_TEAM, ("no_conflict_with_the_team",))
      for duty in ("owns", "pays")),
    *(Apart("is_tied", duty, "application", NOT_HERE, OWN_TEAM,
            ("no_conflict_with_the_team", "no_conflict_with_its_teams", "no_conflict_with_the_scored_team"))
      for duty in ("manages", "approves")),
    Apart("is_tied", "assesses", "application", NOT_HERE, "They read and score the other teams' applications.",
          ("no_conflict_is_on_record", "no_conflict_with_its_teams", "no_conflict_with_the_scored_team")),
    *(Apart(duty, "scores", "challenge", NEVER, OWN_CHALLENGE, ("they_do_not_write_it", "you_do_not_write_it"))
      for duty in ("owns", "writes")),
    *(Apart(duty, "approves", "challenge", NOT_HERE, OWN_CHALLENGE,
            ("you_do_not_write_it", "a_changed_sum_is_approved_by_another"))
      for duty in ("owns", "writes")),
    Apart("scores", "approves", "challenge", NOT_HERE, "Whoever scored the challenge leaves its approval to somebody else.",
          ("the_approver_did_not_score_it",)),
    Apart("assesses", "approves", "gate", NOT_HERE, "Whoever scored at a gate leaves its result to another approver.",
          ("the_approver_did_not_score",)),
    *(Apart(duty, "audits", "challenge", NEVER, "An auditor changes nothing.") for duty in ("owns", "writes")),
)


def never_with(duty: str) -> tuple[str, ...]:
    """The roles that nobody gets who has this duty."""
    others = {a.one if a.other == duty else a.other for a in TABLE if a.answer == NEVER and duty in (a.one, a.other)}
    return tuple(role for role, comes_with in DUTY_OF.items() if comes_with in others)
