"""What people read of a step that somebody took: what happened, what they are to do, and by when, in their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlmodel import Session

from civflow.models import Challenge
from civflow.services.formatting import DEFAULT_ZONE, moment, money
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import title_of
from civflow.workflows.engine import Actor, Step, Workflow


class Said(NamedTuple):
    """A subject and a text; both may name {title}, {actor}, {money} and the moments in `MOMENTS`."""

    subject: str
    body: str


MOMENTS = (
    "opens_at",
    "closes_at",
    "questions_until",
    "respond_by",
    "due_at",
    "standstill_ends_at",
    "starts_at",
    "ends_at",
    "reply_promised_at",
)
BEGINNINGS = {"opens_at", "starts_at"}
SIGN = "The team signs first, then the sponsor. Read the agreement before you sign."

# (noun, step) or (noun, step, audience) -> what they read
SAID: dict[tuple[str, ...], Said] = {
    ("challenge", "submit_for_review"): Said(
        "Approve or answer: {title}",
        "{actor} has sent the challenge for approval. It asks for {money} and is to open on {opens_at}. Read it, then "
        "approve it or say what has to change: the sponsor is promised an answer by {reply_promised_at}.",
    ),
    ("challenge", "request_changes"): Said(
        "Change before approval: {title}",
        "{actor} has read the challenge and asks for changes: what and why stands at each part of the draft. Make them, say that "
        "they are dealt with, and send it for approval again; it is to open on {opens_at}.",
    ),
    ("challenge", "approve"): Said(
        "Approved: {title}",
        "{actor} has approved the challenge. It opens by itself on {opens_at}; you need do nothing.",
    ),
    ("challenge", "unapprove"): Said(
        "Approval taken back: {title}",
        "{actor} has taken the approval back. The challenge does not open until you have changed it, sent it again, and "
        "it is approved again.",
    ),
    ("challenge", "move_questions"): Said(
        "Another last moment for questions: {title}",
        "The last moment for questions has moved, for everybody: they can be asked until {questions_until}.",
    ),
    ("challenge", "hand_in_change"): Said(
        "Look at a change: {title}",
        "{actor} has changed the published text and asks you to publish it. Read the difference, then publish or drop it.",
    ),
    ("challenge", "end_without_winner"): Said(
        "Ended without a winner: {title}",
        "The challenge has ended and no team was selected. Your application goes no further; you need do nothing.",
    ),
    ("challenge", "withdraw"): Said(
        "Withdrawn before it opened: {title}", "{actor} has withdrawn the challenge. It does not open."
    ),
    ("challenge", "cancel"): Said(
        "Cancelled: {title}",
        "The challenge is cancelled. Your application goes no further; every word of it stays yours to read.",
    ),
    ("team", "hand_over"): Said(
        "A new lead: {title}", "{actor} has handed over the lead of your team. The new lead submits, signs and invites."
    ),
    ("team", "disband"): Said("Your team has ended: {title}", "{actor} has disbanded the team."),
    ("membership", "accept"): Said("Said yes: {title}", "{actor} has joined your team, and can read and write in it."),
    ("membership", "admit"): Said(
        "You are in: {title}", "{actor} has let you join. You can read and write in the team now."
    ),
    ("membership", "decline"): Said("Said no: {title}", "{actor} does not join your team. You can ask somebody else."),
    ("membership", "turn_down"): Said(
        "Not this time: {title}",
        "{actor} has turned down your request to join. You can ask another team or found your own.",
    ),
    ("membership", "leave"): Said(
        "Has left: {title}", "{actor} has left your team and reads its applications no longer."
    ),
    ("membership", "remove"): Said(
        "You no longer belong to the team: {title}",
        "{actor} has removed you from the team. You read its work no longer.",
    ),
    ("membership", "invite_again"): Said(
        "Asked again to join: {title}", "{actor} asks you again to join the team. Say yes or no on the team's page."
    ),
    ("membership", "ask_again"): Said(
        "Asks again to join: {title}", "{actor} asks again to join your team. Let them join or turn the request down."
    ),
    ("application", "rule_out"): Said(
        "Ruled out: {title}",
        "Your application was ruled out and is not assessed. If the reason is wrong, answer the programme office: it can "
        "be reinstated.",
    ),
    ("application", "reinstate"): Said(
        "Back in the selection: {title}",
        "Your application is in the selection again, at the stage that it had reached.",
    ),
    ("application", "promote"): Said(
        "A place became free: {title}",
        "Your application goes on from the reserve. Look at its page for what comes next and by when you answer.",
    ),
    ("application", "close_the_reserve"): Said(
        "No place became free: {title}",
        "Your application was in reserve, and every place is taken now. It goes no further. Your letter with the scores "
        "stands on its page, and you can ask for more about the decision.",
    ),
    ("application", "take_back"): Said(
        "Taken back, so not submitted: {title}",
        "{actor} has taken your team's application back to change it. It does not count until your team submits it again, "
        "by {closes_at} at the latest.",
    ),
    ("application", "withdraw", "tell_the_team"): Said(
        "Withdrawn, so it does not count: {title}",
        "{actor} has withdrawn your team's application. It does not count. While the call is open the lead can take it up "
        "again; it counts once it is submitted again, by {closes_at} at the latest.",
    ),
    ("application", "withdraw"): Said(
        "A team has withdrawn: {title}", "{actor} has withdrawn the application. Its assessors are told to stop."
    ),
    ("gate", "unseat"): Said(
        "You no longer sit on the panel: {title}",
        "{actor} has taken you off the panel. What you have not submitted is withdrawn; you need do nothing more.",
    ),
    ("gate", "reopen"): Said(
        "Score again: {title}",
        "{actor} has reopened the scoring. Look at what you scored: you can change and submit it again.",
    ),
    ("assignment", "decline"): Said(
        "An assessor is missing: {title}",
        "{actor} has declined to assess. Match assessors again on the gate's page, so that somebody else is asked.",
    ),
    ("assignment", "reopen"): Said(
        "Look at your scores again: {title}",
        "{actor} has opened your scores again. Change what has to change and submit them.",
    ),
    ("assignment", "invite_again"): Said(
        "Asked again to assess: {title}",
        "{actor} asks you again to assess. Say first whether you have a conflict of interest.",
    ),
    ("place", "decline"): Said(
        "Place declined: {title}", "{actor} has declined the place. You can promote a team from the reserve."
    ),
    ("place", "lapse"): Said(
        "Nobody answered: {title}",
        "The team did not answer the offer of its place in time. Offer it again, or promote a team from the reserve.",
    ),
    ("place", "end"): Said("Ended early: {title}", "{actor} has ended your team's work in this stage before its time."),
    ("place", "offer_again"): Said(
        "Offered again: {title}", "Your team is offered the place again. Its lead accepts or declines by {respond_by}."
    ),
    ("place", "take_up_again"): Said(
        "Your team's again: {title}",
        "Your team has its place again. The stage begins on {starts_at} at the earliest, once both sides have signed.",
    ),
    ("place", "resume"): Said("Goes on: {title}", "Your team's work in this stage goes on, until {ends_at}."),
    ("agreement", "issue"): Said("Read and sign: {title}", "The agreement is ready. " + SIGN),
    ("agreement", "sign_for_the_team"): Said(
        "The team has signed: {title}", "{actor} has signed for the team. The sponsor signs next."
    ),
    ("agreement", "sign_for_the_sponsor"): Said(
        "Signed by both sides: {title}",
        "{actor} has signed for the sponsor. A copy with both signatures stands on the agreement's page; you need do nothing.",
    ),
    ("agreement", "redraft"): Said(
        "Taken back to change it: {title}",
        "The agreement is being changed. Signatures that were given no longer count; you are asked again to sign.",
    ),
    ("agreement", "terminate"): Said("Ended early: {title}", "{actor} has ended the agreement before its time."),
    ("agreement", "resume"): Said("In force again: {title}", "The agreement is in force again, until {ends_at}."),
    ("deliverable", "submit"): Said(
        "Look at what was delivered: {title}",
        "{actor} has delivered it. Accept it, or say what is missing, within ten working days.",
    ),
    ("deliverable", "request_changes"): Said(
        "Changes asked for: {title}", "{actor} has looked at what you delivered and asks for changes. Deliver it again."
    ),
    ("deliverable", "accept"): Said("Accepted: {title}", "{actor} has accepted what your team delivered."),
    ("deliverable", "reopen"): Said(
        "Acceptance taken back: {title}",
        "{actor} looks again at what your team delivered. You are told what comes of it.",
    ),
}


def words(
    session: Session,
    workflow: Workflow,
    step: Step,
    record: Any,
    actor: Actor,
    reason: str,
    audience: str = "",
    *,
    given: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the message about a step says to one audience: subject, body and reason.

    `given` are words in place of moments that the step itself sets, before it is taken.
    """
    said = SAID.get((workflow.name, step.name, audience)) or SAID.get((workflow.name, step.name))
    if said is None:  # a page that is added without words of its own still says who did what
        said = Said("{title}: " + step.button, "{actor}: " + step.button + ". " + step.says)
    facts = {"title": title_of(session, record), "actor": actor.name, **_moments(session, record), **(given or {})}
    facts["money"] = money(getattr(record, "money_pounds", 0) or 0)
    said_of_it = {"subject": said.subject.format(**facts), "body": said.body.format(**facts)}
    return {**said_of_it, "title": facts["title"], "actor": actor.name, "reason": reason}


def _moments(session: Session, record: Any) -> dict[str, str]:
    challenge_id = record.id if isinstance(record, Challenge) else getattr(record, "challenge_id", None)
    zone = programme_of(session, session.get_one(Challenge, challenge_id)).timezone if challenge_id else DEFAULT_ZONE
    found = {name: getattr(record, name, None) for name in MOMENTS}
    return {
        name: moment(at, zone, begins=name in BEGINNINGS) if at else "the day that its page gives"
        for name, at in found.items()
    }
