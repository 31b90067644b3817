"""Which steps of a challenge are news, and in which words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, Membership
from civflow.services.challenges.calendar import first_decision
from civflow.services.engine.effects import Move
from civflow.services.following.registry import StepNews
from civflow.services.formatting import moment
from civflow.services.programmes.store import programme_of
from civflow.workflows.teams.memberships import MEMBERS


def applicant_ids(session: Session, challenge: Challenge, _: Move) -> set[int]:
    """The active members of every team that has begun an application: they get a message or a letter of their own."""
    teams = select(col(Application.team_id)).where(col(Application.challenge_id) == challenge.id)
    query = select(col(Membership.person_id)).where(col(Membership.team_id).in_(teams))
    return set(session.scalars(query.where(col(Membership.state).in_(MEMBERS))))


def _when(session: Session, challenge: Challenge, value: datetime | None) -> str:
    return moment(value, programme_of(session, challenge).timezone) if value else "a date that is not set yet"


def _opens(session: Session, challenge: Challenge, _: Move) -> str:
    return f"The call is open. It closes on {_when(session, challenge, challenge.closes_at)}."


def _moves(session: Session, challenge: Challenge, move: Move) -> str:
    when = _when(session, challenge, challenge.closes_at)
    return f"The closing date has moved for everybody, to {when}. The reason given: {move.reason}"


def _moves_questions(session: Session, challenge: Challenge, move: Move) -> str:
    when = _when(session, challenge, challenge.questions_until)
    return f"Questions can now be asked until {when}. The reason given: {move.reason}"


def _closes(session: Session, challenge: Challenge, _: Move) -> str:
    promised = first_decision(session, challenge)
    then = f" The first decisions are promised by {_when(session, challenge, promised)}." if promised else ""
    return f"The call is closed for applications.{then}"


NEWS = {
    ("challenge", "open"): StepNews("opens", _opens),
    ("challenge", "extend"): StepNews("dates", _moves, applicant_ids),
    ("challenge", "move_questions"): StepNews("dates", _moves_questions),
    ("challenge", "reopen"): StepNews("dates", _moves, applicant_ids),
    ("challenge", "close"): StepNews("closes", _closes),
    ("challenge", "withdraw"): StepNews("ends", lambda *_: "It is withdrawn, and does not open."),
    ("challenge", "cancel"): StepNews("ends", lambda s, c, move: f"It is cancelled. The reason given: {move.reason}"),
    ("challenge", "end_without_winner"): StepNews("result", lambda *_: "It has ended without a winner."),
    ("challenge", "complete"): StepNews("ends", lambda *_: "It has come to its end."),
}
