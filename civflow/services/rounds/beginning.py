"""Beginning: a round, and where a challenge can be begun and what stands against the other rounds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Programme, Round
from civflow.services.engine.advance import advance, begin
from civflow.services.formatting import money
from civflow.services.records.titles import free_address
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Refused
from civflow.workflows.rounds import CLOSED, LARGEST_BUDGET, OPEN, PLANNED


def begin_round(
    session: Session,
    programme: Programme,
    *,
    title: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    budget_pounds: int | None,
    actor: Actor,
    now: datetime,
    rehearsal: bool = False,
) -> Round:
    """A planned round under one version of a programme, which stays pinned.

    `budget_pounds` is what its challenges may cost together. Raises Refused with a sentence per field, and Forbidden
    for whoever does not run rounds for the whole site.
    """
    starts_at, ends_at, budget_pounds = _checked(title, starts_at, ends_at, budget_pounds)
    round_ = Round(
        programme_id=programme.id or 0,
        slug=free_address(session, col(Round.slug), title, longest=50),
        title=title,
        rehearsal=rehearsal,
        budget_pounds=budget_pounds,
        starts_at=starts_at,
        ends_at=ends_at,
        state="",
        since=now,
    )
    begin(
        session,
        round_,
        actor=actor,
        now=now,
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        budget_pounds=budget_pounds,
    )
    return round_


def change_round(
    session: Session,
    round_: Round,
    *,
    title: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    budget_pounds: int | None,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Correct what a round was begun with; `seen` is the revision that the actor had before their eyes.

    Its programme stays pinned and its address as it is. Raises Refused with a sentence per field, Forbidden, Conflicted.
    """
    starts_at, ends_at, budget_pounds = _checked(title, starts_at, ends_at, budget_pounds)
    advance(
        session,
        round_,
        "change",
        actor=actor,
        now=now,
        seen=seen,
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        budget_pounds=budget_pounds,
    )


def _checked(
    title: str, starts_at: datetime | None, ends_at: datetime | None, budget_pounds: int | None
) -> tuple[datetime, datetime, int]:
    """The dates and the budget, where a round can have them. Raises Refused with a sentence per field."""
    fields = {}
    if not title or len(title) > 120:
        fields["title"] = "Give the round a title of up to 120 characters."
    if starts_at is None:
        fields["starts_at"] = "Say when the round begins."
    if ends_at is None or (starts_at and ends_at <= starts_at):
        fields["ends_at"] = "Say when the round ends: a moment after it begins."
    if not 0 < (budget_pounds or 0) <= LARGEST_BUDGET:
        fields["budget_pounds"] = f"Say what its challenges may cost together, up to {money(LARGEST_BUDGET)}."
    if fields or starts_at is None or ends_at is None or budget_pounds is None:
        raise Refused(*fields.values(), fields=fields)
    return starts_at, ends_at, budget_pounds


# The roles that begin a challenge, as the handbook says.
BEGINNERS = tuple(rule.role for rule in HANDBOOK["challenge"].begun_by)


def may_begin_somewhere(actor: Actor) -> bool:
    """Whether the actor may begin a challenge in some round, were one prepared or open."""
    return any(held.role in BEGINNERS and held.scope in ("site", "round") for held in actor.roles)


def rounds_for(session: Session, actor: Actor) -> list[Round]:
    """The rounds in which the actor may begin a challenge, the newest first."""
    roles = [h for h in actor.roles if h.role in BEGINNERS]
    query = select(Round).where(col(Round.state).in_(PLANNED) | col(Round.state).in_(OPEN))
    if not any(h.scope == "site" for h in roles):
        query = query.where(col(Round.id).in_([h.scope_id or 0 for h in roles if h.scope == "round"]))
    # An archive round holds what was imported: it has no budget to spend.
    query = query.where(col(Round.budget_pounds) > 0)
    return list(session.scalars(query.order_by(col(Round.starts_at).desc(), col(Round.id).desc())))


def why_no_round(session: Session, actor: Actor) -> list[str]:
    """For somebody for whom `rounds_for` finds nothing: which condition fails, round by round, the newest first."""
    roles = [h for h in actor.roles if h.role in BEGINNERS]
    everywhere = any(h.scope == "site" for h in roles)
    of = {scope: [h.scope_id or 0 for h in roles if h.scope == scope] for scope in ("round", "challenge")}
    owned = select(col(Challenge.round_id), func.min(col(Challenge.title)), func.count())
    theirs = {
        row[0]: (row[1], row[2])
        for row in session.execute(
            owned.where(col(Challenge.id).in_(of["challenge"])).group_by(col(Challenge.round_id))
        )
    }
    query = select(Round, col(Round.state).in_(CLOSED))
    if not everywhere:
        query = query.where(col(Round.id).in_([*of["round"], *theirs]))
    rows = session.execute(query.order_by(col(Round.starts_at).desc(), col(Round.id).desc()).limit(MOST_ROUNDS)).all()
    return [
        _why_not(found, is_over, everywhere or found.id in of["round"], theirs.get(found.id)) for found, is_over in rows
    ]


MOST_ROUNDS = 5  # that are spoken of where none will do


def _why_not(round_: Round, is_over: bool, is_theirs: bool, owned: tuple[str, int] | None) -> str:
    if is_over:
        return f"{round_.title} is closed: it takes no challenge any more."
    if not is_theirs:
        title, number = owned or ("", 0)
        what = f"“{title}”" if number == 1 else f"{number} challenges"
        alone = "that challenge alone" if number == 1 else "those alone"
        return (
            f"In {round_.title} you own {what}, and your role is for {alone}. To begin another challenge there, "
            "you have to be a challenge owner of the round: ask the programme office for that."
        )
    return f"{round_.title} holds challenges of earlier rounds: it has no budget for new ones."
