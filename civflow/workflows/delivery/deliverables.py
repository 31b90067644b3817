"""Deliverable: something a team owes the sponsor, with what counts as done written beforehand."""

from civflow.models import Deliverable
from civflow.workflows.engine import Ask, Columns, State, Step, Workflow
from civflow.workflows.rules import BOTH_SIDES, a_team_member, the_challenge_owner, the_programme_manager

TO_SUBMIT = ("due", "changes_requested")  # the team owes it
TO_ACCEPT = ("submitted",)  # the sponsor looks at it

deliverable = Workflow(
    "deliverable",
    Deliverable,
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
        State("due", "The team works on it."),
        State("submitted", "The sponsor looks at it.", tone="waiting"),
        State("changes_requested", "The team changes it.", tone="stopped"),
        State("accepted", "The sponsor has accepted it.", final=True, tone="done"),
    ],
    steps=[
        Step("submit", ("due", "changes_requested"), "submitted", by=a_team_member, onwards=True,
             stamps=("submitted_at",), asks=(Ask("note", "What you deliver, and where it can be seen", most=2000),),
             then=("tell_the_challenge_owners",), label="Submit the deliverable",
             says="The sponsor is asked to look at it."),
        Step("take_back", "submitted", "due", by=a_team_member, reason=True, label="Take it back",
             says="You can change it and submit it again."),
        Step("request_changes", "submitted", "changes_requested", by=(the_challenge_owner, the_programme_manager),
             reason=True, then=("tell_the_members",), label="Request changes", says="The team reads what is missing."),
        Step("accept", "submitted", "accepted", by=the_challenge_owner, stamps=("accepted_at",),
             then=("tell_the_members",), label="Accept the deliverable", says="It counts as done."),
        Step("reopen", "accepted", "submitted", by=the_challenge_owner, reason=True, then=("tell_the_members",),
             locks=("place",), label="Take the acceptance back", says="The team reads your reason."),
    ],
)
