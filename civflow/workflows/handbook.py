"""THE HANDBOOK: the table of contents, one line per workflow."""

from civflow.workflows.agreements import agreement
from civflow.workflows.applications import application
from civflow.workflows.assignments import assignment
from civflow.workflows.challenges import challenge
from civflow.workflows.deliverables import deliverable
from civflow.workflows.engine import Workflow
from civflow.workflows.gates import gate
from civflow.workflows.memberships import membership
from civflow.workflows.messages import message
from civflow.workflows.places import place
from civflow.workflows.questions import question
from civflow.workflows.rounds import round_
from civflow.workflows.sessions import live_session
from civflow.workflows.slots import slot
from civflow.workflows.sprints import sprint
from civflow.workflows.teams import team

HANDBOOK: dict[str, Workflow] = {
    page.name: page
    for page in (
        round_, challenge, question, live_session, team, membership, application, gate,
        assignment, slot, place, agreement, sprint, deliverable, message,
    )
}
