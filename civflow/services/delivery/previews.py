"""What a step that gives a place, ends it, or accepts what was delivered decides: for which team, and at what price."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Place, Team
from civflow.services.formatting import money
from civflow.services.records.preview import Decision, Previewer
from civflow.services.records.titles import stage_title
from civflow.workflows.engine import Actor, Step

WHAT = {
    "offer_again": "is offered its place again",
    "take_up_again": "has its place again",
    "resume": "works on in its place",
    "end": "gives its place up before its time",
}
FOLLOWS = {
    "offer_again": "The team has a week to answer, and its application is in the challenge again.",
    "take_up_again": "The agreement is drafted anew, and the stage begins once both sides have signed.",
    "resume": "Sprints and deliverables go on where they stood.",
    "end": "The team reads your reason. Unless it has won already, its application leaves the challenge, and its place is free.",
}


def giving(session: Session, step: Step, place: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    return Decision(
        what=f"{_whose(session, place)} {WHAT[step.name]}.",
        costs=f"The place {'was given' if step.name == 'end' else 'costs'} {'for ' if step.name == 'end' else ''}"
        f"{money(place.money_pounds)}.",
        follows=FOLLOWS[step.name],
    )


def accepting(session: Session, step: Step, deliverable: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    team = session.get_one(Team, deliverable.team_id).name
    return Decision(
        what=f"“{deliverable.title}” of {team} is accepted. It was to be done when: {deliverable.done_when}",
        costs="It counts for the price of the stage, which is paid outside civflow.",
        follows="The team is told. The stage can finish once every deliverable is accepted.",
    )


def _whose(session: Session, place: Place) -> str:
    stage = stage_title(session, place.challenge_id, place.stage)
    return f"{session.get_one(Team, place.team_id).name} in “{stage}”"


PREVIEWS: dict[tuple[str, str], Previewer] = {
    **{("place", name): giving for name in WHAT},
    ("deliverable", "accept"): accepting,
}
