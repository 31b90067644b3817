"""What letters and news of a challenge say that its page cannot say by itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from civflow.services.challenges.calendar import first_decision
from civflow.services.formatting import moment
from civflow.services.notifications.letters import filled, words
from civflow.services.notifications.taken import Taken
from civflow.services.programmes.store import programme_of
from civflow.services.records.titles import path_of


@words
def that_the_call_is_closed(session: Session, step: Taken) -> Mapping[str, str]:
    """With the day by which the first decisions are promised, where there is one."""
    promised, zone = first_decision(session, step.record), programme_of(session, step.record).timezone
    then = f" The first decisions are promised by {moment(promised, zone)}." if promised else ""
    return {"sentence": f"The call is closed for applications.{then}"}


@words
def the_new_closing_date(session: Session, step: Taken) -> Mapping[str, str]:
    """For everybody: no team is named."""
    return {"challenge": step.record.title, "when": filled(session, step, "{closes_at}"), "team": ""}


@words
def where_and_by_when_to_score(session: Session, step: Taken) -> Mapping[str, str]:
    """The page of the scoring, and by when the sponsor is promised an answer, where that is promised."""
    by = filled(session, step, "{reply_promised_at}") if step.record.reply_promised_at else ""
    return {"by": by, "about": f"{path_of(step.record)}/scoring"}
