"""Matching: which assessors read which applications, and which people fit into which teams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, literal, select
from sqlmodel import Session, col

from civflow.models import Application, Assignment, Challenge, Gate, Panellist, Person, Submission
from civflow.services.assessment.gates import applications_at
from civflow.services.people.conflicts import applied_to, has_conflict, pairs
from civflow.services.programmes.store import programme_of
from civflow.workflows.assessment.assignments import LOCKED, OVER


@dataclass(frozen=True)
class Matched:
    """New pairs of applications and panel seats, and a sentence for each demand that could not be covered."""

    pairs: list[tuple[Application, Panellist]]
    sentences: tuple[str, ...]


def match(session: Session, gate: Gate) -> Matched:
    """Give each application at a gate its assessors from the panel, beside those that it has already.

    The fit of an assessor is the share of their skills that the submitted words name, plus a little for everybody.
    Conflicts are never broken, and whoever has got one since, without having submitted, is replaced.
    """
    programme = programme_of(session, session.get_one(Challenge, gate.challenge_id))
    stage = programme.stage(gate.stage)
    applications = applications_at(session, gate)
    query = select(Panellist, Person).join(Person, col(Person.id) == col(Panellist.person_id))
    seats = [
        (s, p) for s, p in session.execute(query.where(col(Panellist.gate_id) == gate.id).order_by(col(Panellist.id)))
    ]
    rows, columns = {a.id: i for i, a in enumerate(applications)}, {p.id: i for i, (_, p) in enumerate(seats)}
    already, gone = _pairs_so_far(session, gate, rows, columns)
    words = _submitted_words(session, applications)
    fit = [[_fit(p.skills, words.get(a.id or 0, "")) for _, p in seats] for a in applications]
    wanted = stage.panel.assessors_per_application if stage.panel else 2
    free = [min(wanted, len(seats)) for _ in applications]
    from civflow.methods.assignment import assign  # noqa: PLC0415 - heavy

    result = assign(
        fit,
        per_application=free,
        largest_load=[s.largest_load for s, _ in seats],
        conflicts=(_conflicts(session, gate, applications, seats) | gone) - already,
        already=already,
        sides=[s.side for s, _ in seats],
        one_from_each=stage.panel.sides if stage.panel else (),
        names=[f"Application {a.reference}" for a in applications],
    )
    return Matched([(applications[row], seats[column][0]) for row, column in result.pairs], result.sentences)


def _pairs_so_far(
    session: Session, gate: Gate, rows: dict[int | None, int], columns: dict[int | None, int]
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs that stand, and pairs that came to nothing and are not tried again."""
    no_more = col(Assignment.state).in_(OVER) | (
        col(Assignment.state).not_in(LOCKED)
        & (
            has_conflict(col(Assignment.assessor_id), col(Assignment.team_id))
            | _applies(col(Assignment.assessor_id), gate)
        )
    )
    query = select(col(Assignment.application_id), col(Assignment.assessor_id), no_more)
    already: set[tuple[int, int]] = set()
    gone: set[tuple[int, int]] = set()
    for application, assessor, is_gone in session.execute(query.where(col(Assignment.gate_id) == gate.id)):
        if application in rows and assessor in columns:
            (gone if is_gone else already).add((rows[application], columns[assessor]))
    return already, gone


def _applies(person: Any, gate: Gate) -> ColumnElement[bool]:
    """Whether the person applies to the gate's challenge themselves: they then judge none of its applications."""
    return literal(gate.challenge_id).in_(applied_to(person))


def _conflicts(
    session: Session, gate: Gate, applications: Sequence[Application], seats: Sequence[tuple[Panellist, Person]]
) -> set[tuple[int, int]]:
    """Rows and columns of the pairs of an application and a seat that nobody makes."""
    people, teams = [p.id for _, p in seats], [a.team_id for a in applications]
    against = {(person, team) for query in pairs(people, teams) for person, team in session.execute(query)}
    rivals = set(
        session.scalars(select(col(Person.id)).where(col(Person.id).in_(people), _applies(col(Person.id), gate)))
    )
    return {
        (row, column)
        for row, application in enumerate(applications)
        for column, (_, person) in enumerate(seats)
        if (person.id, application.team_id) in against or person.id in rivals
    }


def _submitted_words(session: Session, applications: Sequence[Application]) -> dict[int, str]:
    query = select(Submission).where(col(Submission.application_id).in_([a.id for a in applications]))
    found: dict[int, str] = {}
    for submission in session.scalars(query.order_by(col(Submission.number))):
        found[submission.application_id] = " ".join(map(str, submission.answers.values())).lower()
    return found


def _fit(skills: Sequence[str], words: str) -> float:
    """0.2 for everybody, and up to 1 with the share of the skills that the words name."""
    if not skills:
        return 0.2
    named = sum(1 for skill in skills if re.search(rf"\b{re.escape(skill.lower())}", words))
    return min(1.0, 0.2 + 0.8 * named / len(skills))
