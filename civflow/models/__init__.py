"""Every table: columns, keys and constraints, without behaviour."""

from civflow.models.applications import Application, Submission
from civflow.models.assessment import Assignment, Conflict, Gate, Outcome, Panellist, Score, Slot, SlotPanel
from civflow.models.challenges import Challenge, ChallengeVersion, StageDates
from civflow.models.delivery import Agreement, Deliverable, Place, Sprint
from civflow.models.documents import Document
from civflow.models.drafting import Presence, Remark, SupportingSponsor
from civflow.models.following import Alert, Follow, News
from civflow.models.history import Act, History, Seal
from civflow.models.messages import Message
from civflow.models.people import Grant, Organisation, Person, Reading, SignIn, SignInLink
from civflow.models.programmes import Programme, ProgrammeState
from civflow.models.questions import Question
from civflow.models.readiness import AskedChange, ChallengeScore, Scorer
from civflow.models.records import Tracked
from civflow.models.rounds import Round
from civflow.models.sessions import LiveSession
from civflow.models.teams import Membership, Team
from civflow.models.words import ChallengeWords

__all__ = [
    "Act",
    "Agreement",
    "Alert",
    "Application",
    "AskedChange",
    "Assignment",
    "Challenge",
    "ChallengeScore",
    "ChallengeVersion",
    "ChallengeWords",
    "Conflict",
    "Deliverable",
    "Document",
    "Follow",
    "Gate",
    "Grant",
    "History",
    "LiveSession",
    "Membership",
    "Message",
    "News",
    "Organisation",
    "Outcome",
    "Panellist",
    "Person",
    "Place",
    "Presence",
    "Programme",
    "ProgrammeState",
    "Question",
    "Reading",
    "Remark",
    "Round",
    "Score",
    "Scorer",
    "Seal",
    "SignIn",
    "SignInLink",
    "Slot",
    "SlotPanel",
    "Sprint",
    "StageDates",
    "Submission",
    "SupportingSponsor",
    "Team",
    "Tracked",
]
