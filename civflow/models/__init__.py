"""Every table: columns, keys and constraints, without behaviour."""

from civflow.models.agreements import Agreement
from civflow.models.applications import Application, Submission
from civflow.models.assessment import Assignment, Conflict, Gate, Outcome, Panellist, Score
from civflow.models.audit import Verification
from civflow.models.challenge_reviews import AskedChange, ChallengeScore, Scorer
from civflow.models.challenges import Challenge, ChallengeVersion, StageDates, SupportingSponsor
from civflow.models.collaboration import Comment, Presence
from civflow.models.delivery import Deliverable, Place, Sprint
from civflow.models.documents import Document
from civflow.models.following import Alert, Follow, News
from civflow.models.history import Act, History, Seal
from civflow.models.interviews import Slot, SlotPanel
from civflow.models.live_sessions import LiveSession
from civflow.models.notifications import Message
from civflow.models.people import Grant, Organisation, Person, Reading, SignIn, SignInLink
from civflow.models.programmes import Programme, ProgrammeState
from civflow.models.questions import Question
from civflow.models.records import Tracked
from civflow.models.rounds import Round
from civflow.models.search import ChallengeWords
from civflow.models.teams import Membership, Team

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
    "Comment",
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
    "Verification",
]
