"""What news of a challenge says that its page cannot say by itself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from civflow.services.challenges.calendar import first_decision
from civflow.services.formatting import moment
from civflow.services.notifications.letters import words
from civflow.services.notifications.taken import Taken
from civflow.services.programmes.store import programme_of


@words
def that_the_call_is_closed(session: Session, step: Taken) -> Mapping[str, str]:
    """With the day by which the first decisions are promised, where there is one."""
    promised, zone = first_decision(session, step.record), programme_of(session, step.record).timezone
    then = f" The first decisions are promised by {moment(promised, zone)}." if promised else ""
    return {"sentence": f"The call is closed for applications.{then}"}
