"""Where a challenge can be begun: the rounds that take one from this person, and what stands against the others."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlmodel import Session, col

from civflow.models import Challenge, Round
from civflow.services.facts import stands_before
from civflow.workflows.engine import Actor


def rounds_for(session: Session, actor: Actor) -> list[Round]:
    """The rounds in which the actor may begin a challenge, the newest first."""
    roles = [h for h in actor.roles if h.role in ("programme_manager", "challenge_owner")]
    query = select(Round).where(stands_before(Round, "open") | stands_before(Round, "close"))
    if not any(h.scope == "site" for h in roles):
        query = query.where(col(Round.id).in_([h.scope_id or 0 for h in roles if h.scope == "round"]))
    # An archive round holds what was imported: it has no budget to spend.
    query = query.where(col(Round.budget_pounds) > 0)
    return list(session.scalars(query.order_by(col(Round.starts_at).desc(), col(Round.id).desc())))


def why_no_round(session: Session, actor: Actor) -> list[str]:
    """For somebody for whom `rounds_for` finds nothing: which condition fails, round by round, the newest first."""
    roles = [h for h in actor.roles if h.role in ("programme_manager", "challenge_owner")]
    everywhere = any(h.scope == "site" for h in roles)
    of = {scope: [h.scope_id or 0 for h in roles if h.scope == scope] for scope in ("round", "challenge")}
    owned = select(col(Challenge.round_id), func.min(col(Challenge.title)), func.count())
    theirs = {
        row[0]: (row[1], row[2])
        for row in session.execute(
            owned.where(col(Challenge.id).in_(of["challenge"])).group_by(col(Challenge.round_id))
        )
    }
    query = select(Round, stands_before(Round, "reopen"))
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
        return (f"In {round_.title} you own {what}, and your role is for {alone}. To begin another challenge there, "
                "you have to be a challenge owner of the round: ask the programme office for that.")  # fmt: skip
    return f"{round_.title} has no budget yet: a programme manager has to give it one first."
