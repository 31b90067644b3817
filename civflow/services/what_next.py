"""What happens next with a published challenge: the dates that lie ahead, in words, and a decision that is late."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from civflow.models import Challenge
from civflow.services.funnels import StageOf

MOST = 5


class Ahead(NamedTuple):
    """Something that lies ahead: its moment and what happens then."""

    at: datetime
    what: str


class Next(NamedTuple):
    """What lies ahead, the nearest first; `late` is the promised moment of a first decision that is not out yet."""

    ahead: list[Ahead]
    late: datetime | None


def what_next(
    challenge: Challenge,
    stages: list[StageOf],
    *,
    questions_until: datetime | None,
    promised: datetime | None,
    now: datetime,
) -> Next:
    """The dates of a challenge that runs; the promise of its first decision stands among them."""
    first = next((stage for stage in stages if stage.kind == "gate"), None)
    after = stages[stages.index(first) + 1] if first and first is not stages[-1] else None
    released = first is not None and first.released_at is not None
    goal = f": which teams go on to “{after.title}”" if after else ""
    found = [
        (challenge.opens_at, "The call opens: teams can apply and ask questions."),
        (questions_until, "The last moment for questions."),
        (challenge.closes_at, "The call closes. What is not submitted then does not count."),
        *((promised, f"The first decision is promised{goal}.") for _ in [0] if not released),
        *(
            (stage.starts_at, f"{stage.title} begins. {stage.sentence}".strip())
            for stage in stages
            if stage.kind != "call" and stage is not first
        ),
    ]
    # What falls on the same moment stays in this order: a decision comes before the stage that it leads to.
    ahead = sorted((Ahead(at, what) for at, what in found if at and at > now), key=lambda one: one.at)[:MOST]
    return Next(ahead, promised if promised and promised < now and not released else None)
