"""Deliverable: something a team owes the sponsor, with what counts as done written beforehand."""

from civflow.models import Deliverable
from civflow.workflows.engine import Ask, Columns, Facts, Ids, Letter, Line, State, Step, Workflow
from civflow.workflows.rules import (
    BOTH_SIDES,
    a_team_member,
    no_conflict_with_the_team,
    the_challenge_owner,
    the_programme_manager,
)


class DeliverableFacts(Facts):
    conflicted_ids: Ids  # who has been given a role, and has a conflict of interest with the team


TO_SUBMIT = ("due", "changes_requested")  # the team owes it
TO_ACCEPT = ("submitted",)  # the sponsor looks at it

deliverable = Workflow(
    "deliverable",
    Deliverable,
    facts=DeliverableFacts,
    title="{title} ({team})",
    path="/delivery/{place_id}",
    sentence="Something a team owes the sponsor, with what counts as done written beforehand.",
    sees=BOTH_SIDES,
    shared=True,
    shows=Columns(
        shown=("since", "round_id", "challenge_id", "team_id", "title", "done_when", "due_at", "note", "submitted_at",
               "accepted_at"),
        hidden=("place_id", "sprint_id"),
    ),
    states=[
        State("due", "The team works on it.",
              waits_for={a_team_member: Line("Deliver “{title}”", due="due_at", by_hand=True)}),
        State("submitted", "The sponsor looks at it.", tone="waiting",
              waits_for={the_challenge_owner: Line("Look at “{title}” of {team}", path="/cases/deliverable/{id}",
                                                   detail="For “{challenge.title}”.")}),
        State("changes_requested", "The team changes it.", tone="stopped",
              waits_for={a_team_member: Line("Deliver “{title}” with the changes", due="due_at", by_hand=True)}),
        State("accepted", "The sponsor has accepted it.", final=True, tone="done"),
    ],
    steps=[
        Step("submit", ("due", "changes_requested"), "submitted", by=a_team_member, onwards=True,
             stamps=("submitted_at",), asks=(Ask("note", "What you deliver, and where it can be seen", most=2000,
                       read_by="The sponsor, your team and the programme office read it."),),
             tells={"the_challenge_owners": Letter("Look at what was delivered: {title}",
                                                   "{actor} has delivered it. Accept it, or say what is missing, within ten "
                                                   "working days.")},
             label="Submit the deliverable",
             says="The sponsor is asked to look at it."),
        Step("take_back", "submitted", "due", by=a_team_member, reason=True, label="Take it back",
             says="You can change it and submit it again."),
        Step("request_changes", "submitted", "changes_requested", by=(the_challenge_owner, the_programme_manager),
             requires=(no_conflict_with_the_team,), reason=True, label="Request changes", says="The team reads what is missing.",
             tells={"the_members": Letter("Changes asked for: {title}",
                                          "{actor} has looked at what you delivered and asks for changes. Deliver it "
                                          "again.")}),
        Step("accept", "submitted", "accepted", by=the_challenge_owner, decides=True, requires=(no_conflict_with_the_team,),
             stamps=("accepted_at",),
             tells={"the_members": Letter("Accepted: {title}", "{actor} has accepted what your team delivered.")},
             label="Accept the deliverable", says="It counts as done."),
        Step("reopen", "accepted", "submitted", by=the_challenge_owner, reason=True,
             requires=(no_conflict_with_the_team,),
             tells={"the_members": Letter("Acceptance taken back: {title}",
                                          "{actor} looks again at what your team delivered. You are told what comes of "
                                          "it.")},
             locks=("place",), label="Take the acceptance back", says="The team reads your reason."),
    ],
)
