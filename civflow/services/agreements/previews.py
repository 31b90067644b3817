"""What a step that binds both sides of an agreement, or ends it, decides: with whom, for what price, and until when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from civflow.models import Agreement, Challenge, Team
from civflow.services.formatting import moment, money
from civflow.services.programmes.store import programme_of
from civflow.services.records.preview import Decision, Previewer
from civflow.services.records.titles import stage_title
from civflow.workflows.engine import Actor, Step

FOLLOWS = {
    "issue": "Both sides read and sign it, the team first.",
    "sign_for_the_team": "The sponsor signs next. Your name, the time and the document's hash are recorded.",
    "sign_for_the_sponsor": "Both sides have then signed, and the work can begin. Your name is recorded.",
    "terminate": "Both sides read your reason. What was done until then stays in the record.",
}


def binding(session: Session, step: Step, agreement: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    ends = step.name == "terminate"
    price = money(agreement.price_pounds)
    return Decision(
        what=f"The agreement with {_with_whom(session, agreement)} {'ends before its time' if ends else 'is meant'}.",
        costs=f"Its price was {price}: what is due of it by then is settled outside civflow."
        if ends
        else f"Its price is {price}.",
        follows=FOLLOWS[step.name],
    )


def _with_whom(session: Session, agreement: Agreement) -> str:
    """'Otter Works for “Exploration”, from Monday 5 January 2026 to ...'."""
    zone = programme_of(session, session.get_one(Challenge, agreement.challenge_id)).timezone
    team = session.get_one(Team, agreement.team_id).name
    stage = stage_title(session, agreement.challenge_id, agreement.stage)
    return f"{team} for “{stage}”, from {moment(agreement.starts_at, zone)} until {moment(agreement.ends_at, zone)},"


PREVIEWS: dict[tuple[str, str], Previewer] = {("agreement", name): binding for name in FOLLOWS}
