"""What a step that decides at a gate, or about an application, decides: before it is taken, by name and in pounds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from civflow.models import Application, Challenge, Gate, Team
from civflow.services.assessment.changes import changes, in_whose_name
from civflow.services.assessment.gates import stage_of
from civflow.services.assessment.ranking import cost_of_a_place, outcomes_of
from civflow.services.engine.facts import facts
from civflow.services.formatting import count, money, tenths
from civflow.services.records.preview import Decision, Previewer
from civflow.services.records.titles import stage_title
from civflow.workflows.engine import Actor, Step

RESULTS = {"goes_on": "goes on", "reserve": "in reserve", "not_selected": "ends here"}
FREE = "It costs nothing by itself."


def the_line(session: Session, gate: Gate, *, drawn: bool = True) -> list[str]:
    """'1. Otter Works (1-0001), 75.0 of 100: goes on' for each ranked application."""
    found = []
    for outcome in outcomes_of(session, gate):
        application = session.get_one(Application, outcome.application_id)
        team = session.get_one(Team, application.team_id)
        words = f"{outcome.rank}. {team.name} ({application.reference}), {tenths(outcome.total / 100)} of 100"
        found.append(f"{words}: {RESULTS[outcome.decision]}" if drawn else words)
    return found


def _in_numbers(session: Session, gate: Gate) -> str:
    decisions = [outcome.decision for outcome in outcomes_of(session, gate)]
    on, reserve, ends = (decisions.count(one) for one in RESULTS)
    parts = [f"{count(on, 'team')} {'goes' if on == 1 else 'go'} on"]
    parts += [f"{reserve} {'is' if reserve == 1 else 'are'} kept in reserve"] if reserve else []
    parts += [f"{ends} {'ends' if ends == 1 else 'end'} here"] if ends else []
    return f"{', '.join(parts)}."


def _next(session: Session, gate: Gate) -> str:
    programme, stage = stage_of(session, gate)
    following = programme.after(stage)
    return f"Who goes on comes to “{following.title}”." if following else "Who goes on has won."


def _costs(gate: Gate) -> str:
    if not gate.stake_pounds:
        return "The places cost nothing by themselves."
    each = gate.stake_pounds // max(gate.going_on, 1)
    return f"The places cost {money(gate.stake_pounds)} together, {money(each)} for each team."


def approving(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    scopes = {"round": gate.round_id, "challenge": gate.challenge_id}
    limit = f"Your limit is {money(actor.limit('approver', scopes))}."
    return Decision(
        what=_in_numbers(session, gate),
        costs=f"{_costs(gate)} {limit}",
        follows=f"{_next(session, gate)} The programme office releases the result, and then every team gets its letter.",
        changed=changes(session, gate),
        lines=the_line(session, gate),
        of_what="application",
    )


def releasing(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    return Decision(
        what=_in_numbers(session, gate),
        costs=_costs(gate),
        follows=f"{_next(session, gate)} Every team gets its letter, and the result becomes public.",
        changed=changes(session, gate),
        lines=the_line(session, gate),
        of_what="application",
    )


def proposing(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    """The line is drawn where the form says: each place has its price, and the reserve its size."""
    programme, stage = stage_of(session, gate)
    each = cost_of_a_place(programme, stage, session.get_one(Challenge, gate.challenge_id))
    reserve = (
        f" The next {stage.reserve} {'is' if stage.reserve == 1 else 'are'} kept in reserve." if stage.reserve else ""
    )
    return Decision(
        what=f"As many teams as you write go on, from the first rank down; {gate.cap} were declared.{reserve}",
        costs=f"Each place costs {money(each)}." if each else "The places cost nothing by themselves.",
        follows=f"An approver decides by name. {_next(session, gate)}",
        changed=changes(session, gate),
        lines=the_line(session, gate, drawn=False),
        of_what="application",
    )


def _moderating(session: Session, gate: Gate, actor: Actor, what: str, follows: str) -> Decision:
    name = in_whose_name(session, gate, actor.id)
    return Decision(
        what=what,
        costs=FREE,
        follows=f"{follows} It stands there in your name: {name}. The approver reads it with your reason.",
        changed=changes(session, gate),
        lines=the_line(session, gate, drawn=False),
        of_what="application",
    )


def adjusting(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    what = "Your score counts instead of the assessor's, which stays beside it."
    return _moderating(
        session, gate, actor, what, "The ranking is made anew, and a tie that was settled is open again."
    )


def settling(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    what = "The application that you name comes before its equals; they move one rank down."
    return _moderating(session, gate, actor, what, "Both letters say so.")


def skipping(session: Session, step: Step, gate: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    return Decision(
        what="The gate is closed without a result: no application has reached it.",
        costs=FREE,
        follows="The challenge can go on or end without a winner. Nobody is told.",
    )


# About one application


def ruling_out(session: Session, step: Step, application: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    return Decision(
        what=f"{_whose(session, application)} leaves the selection at {_where(session, application)}.",
        costs="A place that it has taken is free for the reserve.",
        follows="The team reads your reason. It can be reinstated.",
    )


def reinstating(session: Session, step: Step, application: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    return Decision(
        what=f"{_whose(session, application)} is in the selection again, at {_where(session, application)}.",
        costs=f"{FREE} A place that has ended is offered again on its own page.",
        follows="The team reads your reason.",
    )


def promoting(session: Session, step: Step, application: Any, actor: Actor, now: datetime, reason: str) -> Decision:
    known, table = facts()["application"], Application.__table__  # type: ignore[attr-defined]
    names = ("places_approved", "places_pounds", "places_taken")
    query = select(*(known[name] for name in names)).select_from(table).where(table.c.id == application.id)
    approved, pounds, taken = session.execute(query).one()
    approved = approved or 0
    with_it = (pounds or 0) * (taken + 1) // max(approved, 1)
    beyond = f"That is beyond the {money(pounds or 0)} that were approved." if taken >= approved else ""
    return Decision(
        what=f"{_whose(session, application)} goes on from the reserve: {taken} of {count(approved, 'approved place')} "
        f"{'is' if taken == 1 else 'are'} taken.",
        costs=f"With it the places cost {money(with_it)}. {beyond}".strip(),
        follows="The team is offered a place at the stage that it would have gone on to.",
    )


def closing_the_reserve(
    session: Session,
    step: Step,
    application: Any,
    actor: Actor,
    now: datetime,
    reason: str,
) -> Decision:
    return Decision(
        what=f"{_whose(session, application)} is not selected: no place has become free.",
        costs=FREE,
        follows="The team reads your reason, and waits no longer.",
    )


def _whose(session: Session, application: Application) -> str:
    return f"{application.reference} of {session.get_one(Team, application.team_id).name}"


def _where(session: Session, application: Application) -> str:
    return (
        f"“{stage_title(session, application.challenge_id, application.stage or '')}”"
        if application.stage
        else "its stage"
    )


DECISIONS: dict[tuple[str, str], Previewer] = {
    ("gate", "skip"): skipping,
    ("gate", "adjust"): adjusting,
    ("gate", "settle"): settling,
    ("gate", "propose"): proposing,
    ("gate", "approve"): approving,
    ("gate", "release"): releasing,
    ("application", "rule_out"): ruling_out,
    ("application", "reinstate"): reinstating,
    ("application", "promote"): promoting,
    ("application", "close_the_reserve"): closing_the_reserve,
}
