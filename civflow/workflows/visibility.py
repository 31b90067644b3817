"""Visibility: who may see a record, and who may read the words of an application. Whoever is not named sees nothing."""

from __future__ import annotations

from civflow.workflows.challenges.readiness import a_scorer_before_the_approval
from civflow.workflows.engine import Case, Rule, Workflow, rule
from civflow.workflows.rules import (
    a_team_member,
    conflicted,
    no_conflict_with_its_teams,
    the_approver,
    the_assessor,
    the_challenge_owner,
    the_challenge_writer,
    the_panel_chair,
    the_programme_manager,
    the_team_lead,
)
from civflow.workflows.teams.memberships import the_person


@rule("You are an auditor: you read everything and change nothing.")
def the_auditor(case: Case) -> bool:
    return case.holds("auditor")


@rule("You are a finance officer of this round.")
def the_finance_officer(case: Case) -> bool:
    return case.holds("finance_officer")


@rule("The round is not a rehearsal.")
def it_is_no_rehearsal(case: Case) -> bool:
    return not case.record.rehearsal


@rule("The challenge has been published.")
def it_is_published(case: Case) -> bool:
    """An archive challenge was never published here: its facts are public elsewhere."""
    return case.record.version > 0 or (bool(case.record.source_url) and case.record.state == "completed")


@rule("The challenge has been published, and its round is not a rehearsal.", needs=("rehearsal",))
def it_is_public(case: Case) -> bool:
    return it_is_published.claim(case) and not case.record.rehearsal


@rule("The answer is published.")
def its_answer_is_published(case: Case) -> bool:
    return bool(case.record.state == "published")


@rule("The answer is published, and the round is not a rehearsal.", needs=("rehearsal",))
def its_answer_is_public(case: Case) -> bool:
    return its_answer_is_published.claim(case) and not case.record.rehearsal


@rule("You asked the question.")
def the_asker(case: Case) -> bool:
    return case.actor.id is not None and case.record.asked_by_id == case.actor.id


@rule("Its challenge has been published, and its round is not a rehearsal.", needs=("rehearsal", "challenge_version"))
def its_challenge_is_public(case: Case) -> bool:
    return bool(case.record.challenge_version) and not case.record.rehearsal


@rule("You sit on this panel.", needs=("panel_ids",))
def a_panel_member(case: Case) -> bool:
    return str(case.actor.id) in (case.record.panel_ids or "").split(",")


@rule("You are asked to assess this application.", needs=("assessor_ids",))
def one_of_its_assessors(case: Case) -> bool:
    return str(case.actor.id) in (case.record.assessor_ids or "").split(",")


@rule("The message is addressed to you.")
def the_addressee(case: Case) -> bool:
    return case.actor.id is not None and case.record.person_id == case.actor.id


@rule("The last deadline of the call has passed, so the seal is open.")
def the_seal_is_open(case: Case) -> bool:
    """What was taken back, or withdrawn before the deadline, was never taken in: it stays the team's own."""
    record = case.record
    taken_in = bool(record.stage) and record.state not in ("draft", "submitted")
    return taken_in and record.sealed_until is not None and bool(case.now >= record.sealed_until)


@rule("You are a challenge owner of this challenge, and the seal is open.")
def the_challenge_owner_after_the_seal(case: Case) -> bool:
    return the_seal_is_open.claim(case) and the_challenge_owner.claim(case)


@rule("You are an approver of this round, and the seal is open.")
def the_approver_after_the_seal(case: Case) -> bool:
    return the_seal_is_open.claim(case) and the_approver.claim(case)


@rule(
    "You are signed in, and the team is not what one person alone applies with: somebody else has joined it, or it looks "
    "for members.",
    needs=("others_joined",),
)
def it_is_a_team_for_others(case: Case) -> bool:
    """A team of one is founded by applying, so its page would tell who applies while the call is sealed."""
    team = case.record
    return case.actor.id is not None and (team.alone_id is None or bool(team.looking_for) or team.others_joined > 0)


@rule("You are on the team's list, or were: as a member, invited, or asking to join.", needs=("listed_ids",))
def on_its_list(case: Case) -> bool:
    return str(case.actor.id) in (case.record.listed_ids or "").split(",")


@rule("Your role reads an application of the team whose seal is open.", needs=("taken_in",))
def a_reader_of_its_application(case: Case) -> bool:
    calls = [pair.split(":") for pair in (case.record.taken_in or "").split(",") if pair]
    return any(
        case.actor.holds(role, {"round": int(round_id), "challenge": int(challenge_id)})
        for role in ("programme_manager", "challenge_owner", "auditor", "approver", "finance_officer")
        for round_id, challenge_id in calls
    )


@rule("The message goes to nobody in a team whose application is sealed.", needs=("applicant_sealed_until",))
def it_tells_of_nothing_sealed(case: Case) -> bool:
    """Otherwise to whom a message about an open call goes would tell who applies."""
    return case.record.applicant_sealed_until is None or bool(case.now >= case.record.applicant_sealed_until)


@rule(
    "You are a programme manager, and no application of whom it goes to is sealed.", needs=("applicant_sealed_until",)
)
def the_programme_manager_after_the_seal(case: Case) -> bool:
    return the_programme_manager.claim(case) and it_tells_of_nothing_sealed.claim(case)


STAFF = (the_programme_manager, the_challenge_owner, the_auditor)
RUNNING = (*STAFF, the_approver)
BOTH_SIDES = (a_team_member, the_team_lead, *STAFF)

SEES: dict[str, tuple[Rule, ...]] = {
    "round": (it_is_no_rehearsal, the_programme_manager, the_auditor),
    "challenge": (it_is_public, *RUNNING, the_challenge_writer, a_scorer_before_the_approval),
    "question": (its_answer_is_public, the_asker, *STAFF),
    "live_session": (its_challenge_is_public, *STAFF),
    "team": (it_is_a_team_for_others, on_its_list, a_team_member, the_team_lead, a_reader_of_its_application),
    "membership": (the_person, a_team_member, the_team_lead, the_programme_manager, the_auditor),
    "application": (
        a_team_member,
        the_team_lead,
        the_programme_manager,
        the_challenge_owner_after_the_seal,
        the_auditor,
        the_approver_after_the_seal,
        one_of_its_assessors,
    ),
    "gate": (*STAFF, the_approver, a_panel_member),
    "assignment": (the_assessor, the_panel_chair, the_programme_manager, the_auditor),
    "slot": (a_team_member, *STAFF, a_panel_member),
    "place": (*BOTH_SIDES, the_finance_officer, the_approver),
    "agreement": (*BOTH_SIDES, the_finance_officer, the_approver),
    "sprint": BOTH_SIDES,
    "deliverable": BOTH_SIDES,
    "message": (the_addressee, the_programme_manager_after_the_seal, the_auditor),
}

# What somebody is granted for the site, a round or a challenge; the other rules ask how they stand to the one record.
GRANTED = {
    the_programme_manager.name: "programme_manager", the_challenge_owner.name: "challenge_owner",
    the_challenge_writer.name: "challenge_writer", the_auditor.name: "auditor", the_approver.name: "approver",
    the_finance_officer.name: "finance_officer", the_challenge_owner_after_the_seal.name: "challenge_owner",
    the_approver_after_the_seal.name: "approver", the_programme_manager_after_the_seal.name: "programme_manager",
}

FOR_EVERYBODY = (
    it_is_no_rehearsal, it_is_public, its_answer_is_public, its_challenge_is_public, it_is_a_team_for_others,
)


@rule("You have declared no conflict of interest with the team.", needs=("reader_ids",))
def an_assessor_who_may_read(case: Case) -> bool:
    return str(case.actor.id) in (case.record.reader_ids or "").split(",")


# Everybody gets the same answer at the same moment (Public Contracts (Scotland) Regulations 2015, regulations 41 and 42),
# and who asks must not colour it: neither the sponsor nor the programme office learns that. Auditors read everything.
KNOWS_WHO_ASKED = (the_asker, the_auditor)
WORDS_OF_ITS_OWN = (a_team_member, the_team_lead)
WORDS_AFTER_THE_SEAL = (*STAFF, the_approver, an_assessor_who_may_read)
SCORES = (*STAFF, the_approver)


def may_see(case: Case) -> bool:
    """Whether the actor may know of the record at all."""
    return any(r.claim(case) for r in SEES[case.workflow.name])


def roles_that_see(noun: str) -> tuple[str, ...]:
    """The granted roles that see every record of a noun in their scope."""
    return tuple(GRANTED[r.name] for r in SEES[noun] if r.name in GRANTED)


def may_read_words(case: Case) -> bool:
    """Whether the actor may read an application's words: its team always, others only when the seal is open."""
    if any(r.claim(case) for r in WORDS_OF_ITS_OWN):
        return True
    return the_seal_is_open.claim(case) and any(r.claim(case) for r in WORDS_AFTER_THE_SEAL)


def may_see_scores(case: Case) -> bool:
    """Whether the actor may see every assessor's scores at a gate: whoever may score only once the scoring has ended."""
    if a_panel_member.claim(case):
        return case.record.state not in ("waiting", "scoring")
    return any(r.claim(case) for r in SCORES)


KEPT_BACK = "You have a conflict with this team, so its scores are not shown to you."


def scores_kept_back(case: Case) -> set[int]:
    """The ids of the applications at a gate whose scores nobody shows to this actor: they have a conflict."""
    return {int(application) for application in conflicted(case)}


def may_learn_who_asked(case: Case) -> bool:
    """Whether the actor reads who asked a question."""
    return any(r.claim(case) for r in KNOWS_WHO_ASKED)


def may_read_name(case: Case, step: str, person_id: int | None) -> bool:
    """Whether the actor, as somebody who reads the names of a record's history, reads this one."""
    asked = case.workflow.name == "question" and step == "begin" and person_id == case.record.asked_by_id
    return person_id is None or not asked or may_learn_who_asked(case)


# What is told about a record


@rule("The message tells whoever asked a question what became of it.")
def it_is_for_an_asker(case: Case) -> bool:
    return bool(case.record.key.startswith(TO_AN_ASKER))


@rule("The message carries a link that signs somebody in.")
def it_signs_somebody_in(case: Case) -> bool:
    return bool(case.record.key.startswith(SIGN_IN))


@rule("The assessor has submitted, or it is you.")
def the_comment_is_given(case: Case) -> bool:
    return case.record.state == "submitted" or the_assessor.claim(case)


SIGN_IN = "sign-in-"  # how the keys of messages with a link to sign in begin
TO_AN_ASKER = "asked-"  # and of those to people who asked a question
NOT_PUBLIC = {
    "challenge": {"", "draft", "in_review", "changes_requested", "approved", "withdrawn"},
    "question": {"", "asked", "drafted", "merged", "declined"},
}
# Steps of a public record that only its own people know of: the public reads a change once it is published.
NOT_TOLD = {"challenge": {"change", "write_change", "hand_in_change", "drop_change"}}
# Steps whose reason everybody reads, as the step itself says.
PUBLISHED_REASONS = {
    "challenge": {"extend", "reopen", "cancel", "move_questions", "publish_change"},
    "application": {"extend"},
    "live_session": {"cancel", "schedule_again"},
}


def reads_as(case: Case) -> str:
    """How somebody who may see the record reads it: as staff, as one whom it concerns, or as the public."""
    if any(r.claim(case) for r in RUNNING):
        return "staff"
    own = (r for r in SEES[case.workflow.name] if r not in FOR_EVERYBODY)
    return "concerned" if any(r.claim(case) for r in own) else "public"


def may_read_step(case: Case, step: str, from_state: str, to_state: str) -> bool:
    """Whether the actor reads in the history that this step was taken: the public not while it was not public."""
    noun = case.workflow.name
    hidden = {from_state, to_state} <= NOT_PUBLIC.get(noun, set()) or step in NOT_TOLD.get(noun, set())
    return reads_as(case) != "public" or not hidden


def may_read_reason(case: Case, step: str) -> bool:
    """Whether the actor reads the reason of a step; the public only where the step promises it."""
    return reads_as(case) != "public" or publishes_its_reason(case.workflow, step)


def publishes_its_reason(workflow: Workflow, step: str) -> bool:
    """Whether everybody reads the reason that is given for a step."""
    return step in PUBLISHED_REASONS.get(workflow.name, ())


# Papers and work that two sides share: whoever may see them reads who did what.
SHARED = ("place", "agreement", "sprint", "deliverable")


def may_read_names(case: Case) -> bool:
    """Whether the actor reads in the history who took each step, by name."""
    return reads_as(case) == "staff" or (case.workflow.name in SHARED and may_see(case))


def kept_back(case: Case) -> set[str]:
    """The columns of the record that this actor does not read although they may see the record."""
    noun, unread = case.workflow.name, set()
    if noun == "application" and not may_read_words(case):
        unread = {"title"}
    elif noun == "question":
        unread = _kept_back_of_a_question(case)
    elif noun == "message" and it_signs_somebody_in.claim(case):
        unread = {"body", "about"}
    elif (
        noun == "message"
        and it_is_for_an_asker.claim(case)
        and not (the_addressee.claim(case) or the_auditor.claim(case))
    ):
        unread = {"person_id", "address"}
    elif noun == "assignment" and not the_comment_is_given.claim(case):
        unread = {"comment"}
    return unread


def _kept_back_of_a_question(case: Case) -> set[str]:
    """Who asked, for nearly everybody; what staff prepare, for those who asked; the asker's own words, for the public."""
    unread = set() if may_learn_who_asked(case) else {"asked_by_id"}
    reader = reads_as(case)
    if reader != "staff":
        unread |= {"merged_into_id", "portal_reference"}
        unread |= set() if its_answer_is_published.claim(case) else {"answer", "wording"}
    return unread | ({"text"} if reader == "public" and case.record.wording else set())


def needs_of(workflow: str) -> tuple[str, ...]:
    """The facts that the visibility of a noun looks at."""
    rules = {"application": (an_assessor_who_may_read,), "gate": (*SCORES, no_conflict_with_its_teams)}.get(
        workflow, ()
    )
    return tuple(dict.fromkeys(name for r in (*SEES[workflow], *rules) for name in r.needs))
