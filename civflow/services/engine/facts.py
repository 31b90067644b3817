"""What rules need beyond a record's own columns: each feature says it of its nouns, in SQL that answers for one record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

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
    StageDates,
    Team,
)
from civflow.services.engine.lists import ListOf, listed
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Ids, Marks, Names, Numbers, Pairs, Workflow
from civflow.workflows.engine.facts import Kind

Facts = Mapping[str, Mapping[str, ColumnElement[Any]]]  # noun -> name of a fact -> its SQL


def table(model: Any) -> Table:
    return model.__table__  # type: ignore[no-any-return]


AGREEMENT, APPLICATION, ASSIGNMENT, CHALLENGE = map(table, (Agreement, Application, Assignment, Challenge))
VERSION, DELIVERABLE, DOCUMENT, GATE = map(table, (ChallengeVersion, Deliverable, Document, Gate))
OUTCOME, PANELLIST, PLACE, QUESTION, ROUND = map(table, (Outcome, Panellist, Place, Question, Round))
MEMBERSHIP, SCORE, SLOT, SLOT_PANEL, SPRINT, TEAM = map(table, (Membership, Score, Slot, SlotPanel, Sprint, Team))
LIVE_SESSION, GRANT, HISTORY, MESSAGE = table(LiveSession), table(Grant), table(History), table(Message)
ASKED_CHANGE, SCORER, CHALLENGE_SCORE = map(table, (AskedChange, Scorer, ChallengeScore))
DATES = table(StageDates)


def finals(name: str) -> list[str]:
    """The final states of a noun."""
    return [s.name for s in HANDBOOK[name].states.values() if s.final]


def running(model: Table, name: str) -> ColumnElement[bool]:
    """Records of a noun that are not in a final state."""
    return model.c.state.not_in(finals(name))


def count(*where: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).where(*where).scalar_subquery()


def value(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(column).where(*where).limit(1).scalar_subquery()


def ids(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Ids]:
    """The ids in a column, each once; none where it is empty."""
    return _listed(Ids, (column,), column.is_not(None), *where)


def names(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Names]:
    """The words in a column, each once."""
    return _listed(Names, (column,), *where)


def numbers(column: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Numbers]:
    """The numbers in a column, as often as they stand there."""
    return _listed(Numbers, (column,), *where)


def pairs(first: ColumnElement[Any], second: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Pairs]:
    """Two ids of each row, each pair once."""
    return _listed(Pairs, (first, second), *where)


def marks(words: ColumnElement[Any], number: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[Marks]:
    """A word and a number of each row, as often as they stand there."""
    return _listed(Marks, (words, number), *where)


def _listed(kind: Any, item: tuple[ColumnElement[Any], ...], *where: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(listed(kind, *item)).where(*where).scalar_subquery()


def others_of(t: Table) -> Table:
    """The same table under another name, for a subquery about its other rows."""
    return t.alias(f"other_{t.name}")  # type: ignore[return-value]


@cache
def facts() -> dict[str, dict[str, ColumnElement[Any]]]:
    """Noun -> name -> SQL, of every feature.

    Raises FeatureError where two features name one fact, where one names a fact that its page does not declare or answers
    with another type, and where nobody answers one that is declared.
    """
    known: dict[str, dict[str, ColumnElement[Any]]] = {}
    for module in features.modules("facts"):
        for noun, named in module.FACTS.items():
            twice = known.setdefault(noun, {}).keys() & named.keys()
            if twice:
                raise features.FeatureError(f"{module.__name__}: the fact “{min(twice)}” of {noun} is named twice.")
            check_types(module.__name__, noun, named)
            known[noun].update(named)
    for noun, page in HANDBOOK.items():
        missing = page.declared.keys() - known.get(noun, {}).keys()
        if missing:
            facts_of_page = f"{page.facts.__module__}.{page.facts.__name__}"
            raise features.FeatureError(f"{facts_of_page}: no service answers the fact “{min(missing)}” of {noun}.")
    return known


def check_types(place: str, noun: str, named: Mapping[str, ColumnElement[Any]]) -> None:
    """Say nothing if the page of the noun declares each fact as its SQL answers it. Raises FeatureError."""
    if noun not in HANDBOOK:
        raise features.FeatureError(f"{place}: it answers facts of {noun}, and the handbook has no such page.")
    facts, page = HANDBOOK[noun].declared, HANDBOOK[noun].facts.__name__
    for name, sql in named.items():
        if name not in facts:
            raise features.FeatureError(f"{place}: {page} does not declare the fact “{name}” of {noun}.")
        if answered(sql) != facts[name].of:
            answers = Kind(answered(sql), False)
            sentence = f"the fact “{name}” of {noun} is answered with {answers}, and {page} declares {facts[name]}."
            raise features.FeatureError(f"{place}: {sentence}")


def answered(sql: ColumnElement[Any]) -> Any:
    """The type of Python's that a fact's SQL answers with, where it is not NULL."""
    kind = sql.type
    return kind.kind if isinstance(kind, ListOf) else getattr(kind, "impl_instance", kind).python_type


HEAVY = {"answers", "themes"}  # columns that no rule looks at


def columns(workflow: Workflow, needs: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """What a case of this workflow reads: the record's own columns and the facts by name. Raises KeyError."""
    own = [c for c in workflow.table.c if c.name not in HEAVY]
    return [*own, *(facts()[workflow.name][name].label(name) for name in needs)]
