"""The ranking of a gate: totals, ties in the declared order, and what a place costs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction

from sqlalchemy import delete, select
from sqlmodel import Session, col

from civflow.methods.ranking import THE_PANEL, Criterion, Ranked, Ranking, rank
from civflow.models import (
    Application,
    Challenge,
    Gate,
    Outcome,
)
from civflow.services.assessment.gates import applications_at, scorecard_of
from civflow.services.assessment.scores import sheets
from civflow.workflows.programme import Programme, Stage


def ranking_of(session: Session, gate: Gate) -> Ranking[int]:
    """The ranking that the scores and the declared order of criteria give: exact, ties left as ties."""
    card = scorecard_of(session, gate)
    decided = {o.application_id for o in outcomes_of(session, gate)} if gate.approved_at else set()
    query = select(col(Application.id), col(Application.reference)).where(col(Application.id).in_(decided))
    here = {a.id: a.reference for a in applications_at(session, gate)} | {
        row[0]: row[1] for row in session.execute(query)
    }
    scores = {application: given for application, given in sheets(session, gate).items() if application in here}
    criteria = [Criterion(c.id, c.title, c.weight, card.scale.least, card.scale.most) for c in card.criteria]
    return rank(scores, criteria, ties=card.ties, names={a: here[a] for a in scores})


def hundredths(total: Fraction) -> int:
    """A total out of 100 in hundredths of a point, cut and not rounded; ranks come from the exact fraction."""
    return int(total * 100)


def outcomes_of(session: Session, gate: Gate) -> Sequence[Outcome]:
    """The ranked list, best first."""
    query = select(Outcome).where(col(Outcome.gate_id) == gate.id)
    return session.scalars(query.order_by(col(Outcome.rank), col(Outcome.id))).all()


def rank_without(session: Session, gate: Gate, gone: Collection[int]) -> None:
    """Take applications out of the ranked list; those behind them move up, and what the panel settled stands."""
    outcomes = outcomes_of(session, gate)
    struck = [outcome.rank for outcome in outcomes if outcome.application_id in gone]
    left = [outcome for outcome in outcomes if outcome.application_id not in gone]
    fresh = {ranked.application: ranked for ranked in ranking_of(session, gate).ranked}
    anew = fresh.keys() == {o.application_id for o in left} and not any(THE_PANEL in o.tie_break for o in left)
    for outcome in left:
        if anew:
            ranked = fresh[outcome.application_id]
            outcome.rank, outcome.tie_break = ranked.rank, tie_words(ranked)
        else:
            outcome.rank -= sum(rank < outcome.rank for rank in struck)
    session.execute(delete(Outcome).where(col(Outcome.gate_id) == gate.id, col(Outcome.application_id).in_(gone)))
    session.flush()


def cost_of_a_place(programme: Programme, gate: Stage, challenge: Challenge) -> int:
    """What one team costs until the next gate, in whole pounds: its work stages, and the contract at its ceiling."""
    cost, stage = 0, programme.after(gate)
    while stage and stage.kind != "gate":
        cost += (challenge.money_pounds or stage.money) if stage.kind == "award" else stage.money
        stage = programme.after(stage)
    return cost


LONGEST = 300  # letters that the words of one application may have


def tie_words(ranked: Ranked[int]) -> str:
    """'Behind rank 1 by “Solves the challenge”, ahead of rank 3 by “Innovation”'; '' where the total alone decided."""
    parts = []
    if ranked.behind:
        parts.append(f"behind rank {ranked.behind.rank} by {_cause(ranked.behind.by)}")
    if ranked.ahead_of:
        parts.append(f"ahead of rank {ranked.ahead_of.rank} by {_cause(ranked.ahead_of.by)}")
    return _sentence(*parts)


WITHOUT_THE_PANEL = "the programme manager's decision, without the panel"


def settled(known: str, *, rank: int, ahead: bool, by: str, reason: str) -> str:
    """`known` words of an application, and by whose decision it is put ahead of `rank` or behind it."""
    words = f"{'ahead of' if ahead else 'behind'} rank {rank} by {by}: {reason.strip().rstrip('.')}"
    return _sentence(known[:1].lower() + known[1:], words)


def _cause(by: str) -> str:
    return by if by == THE_PANEL else f"“{by}”"


def _sentence(*parts: str) -> str:
    words = ", ".join(filter(None, parts))
    words = words[:1].upper() + words[1:]
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
