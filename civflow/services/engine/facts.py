"""What rules need beyond a record's own columns: each feature says it of its nouns, in SQL that answers for one record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, String, Table, cast, func, select

from civflow import features
from civflow.models import (
    Agreement,
    Application,
    AskedChange,
    Assignment,
    Challenge,
    ChallengeScore,
    ChallengeVersion,
    Deliverable,
    Document,
    Gate,
    Grant,
    History,
    LiveSession,
    Membership,
    Message,
    Outcome,
    Panellist,
    Place,
    Question,
    Round,
    Score,
    Scorer,
    Slot,
    SlotPanel,
    Sprint,
    Team,
)
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Workflow

Facts = Mapping[str, Mapping[str, ColumnElement[Any]]]  # noun -> name of a fact -> its SQL


def table(model: Any) -> Table:
    return model.__table__  # type: ignore[no-any-return]


AGREEMENT, APPLICATION, ASSIGNMENT, CHALLENGE = map(table, (Agreement, Application, Assignment, Challenge))
VERSION, DELIVERABLE, DOCUMENT, GATE = map(table, (ChallengeVersion, Deliverable, Document, Gate))
OUTCOME, PANELLIST, PLACE, QUESTION, ROUND = map(table, (Outcome, Panellist, Place, Question, Round))
MEMBERSHIP, SCORE, SLOT, SLOT_PANEL, SPRINT, TEAM = map(table, (Membership, Score, Slot, SlotPanel, Sprint, Team))
LIVE_SESSION, GRANT, HISTORY, MESSAGE = table(LiveSession), table(Grant), table(History), table(Message)
ASKED_CHANGE, SCORER, CHALLENGE_SCORE = map(table, (AskedChange, Scorer, ChallengeScore))


def finals(name: str) -> list[str]:
    """The final states of a noun."""
    return [s.name for s in HANDBOOK[name].states.values() if s.final]


def running(model: Table, name: str) -> ColumnElement[bool]:
    """Records of a noun that are not in a final state."""
    return model.c.state.not_in(finals(name))


def count(*where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.count()).where(*where).scalar_subquery()


def value(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(column).where(*where).limit(1).scalar_subquery()


def joined(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    """The values with commas between, or NULL."""
    return select(func.aggregate_strings(cast(column, String), ",")).where(*where).scalar_subquery()


def others_of(t: Table) -> Table:
    """The same table under another name, for a subquery about its other rows."""
    return t.alias(f"other_{t.name}")  # type: ignore[return-value]


@cache
def facts() -> dict[str, dict[str, ColumnElement[Any]]]:
    """Noun -> name -> SQL, of every feature. Raises FeatureError where two features name one fact."""
    known: dict[str, dict[str, ColumnElement[Any]]] = {}
    for module in features.modules("facts"):
        for noun, named in module.FACTS.items():
            twice = known.setdefault(noun, {}).keys() & named.keys()
            if twice:
                raise features.FeatureError(f"{module.__name__}: the fact “{min(twice)}” of {noun} is named twice.")
            known[noun].update(named)
    return known


HEAVY = {"answers", "themes"}  # columns that no rule looks at


def columns(workflow: Workflow, needs: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """What a case of this workflow reads: the record's own columns and the facts by name. Raises KeyError."""
    own = [c for c in workflow.table.c if c.name not in HEAVY]
    return [*own, *(facts()[workflow.name][name].label(name) for name in needs)]
