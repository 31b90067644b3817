"""What was given with a step, as people read it: each input with its name, and records by theirs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from civflow.models import History
from civflow.services.records.choices import can_be_named, names_of
from civflow.services.records.titles import NAMED
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Ask, Case, Workflow
from civflow.workflows.engine.sight import may_read_input

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LABELS = {  # of what no step asks for, and the record keeps of it
    "answer_sha256": "Fingerprint of question and answer",
    "changed": "What was changed",
    "content_hash": "Fingerprint of the words",
    "outcomes_sha256": "Fingerprint of the ranked list",
    "parts": "What has to change",
    "scores_sha256": "Fingerprint of the scores",
    "text_sha256": "Fingerprint of the text",
    "version": "Version",
}


class Input(NamedTuple):
    """One line: its name and its value, which is a moment or words."""

    label: str
    value: datetime | str


def inputs_read(session: Session, page: Workflow, entry: History, case: Case | None = None) -> list[Input]:
    """What was given with the step, as far as the case's actor may read it; without a case, all of it."""
    given: dict[str, Any] = json.loads(entry.inputs or "{}")
    asks = {ask.name: ask for step in page.steps if step.name == entry.step for ask in step.asks}
    return [
        Input(_label(name, asks.get(name)), _value(session, page, name, value, asks.get(name)))
        for name, value in sorted(
            given.items(), key=lambda one: list(asks).index(one[0]) if one[0] in asks else len(asks)
        )
        if _says_something(value) and (case is None or may_read_input(case, entry.step, name, asks.get(name)))
    ]


def _says_something(value: object) -> bool:
    return value is not None and value not in ("", [], {})


def _label(name: str, ask: Ask | None) -> str:
    if ask:
        return ask.label
    return LABELS.get(name) or name.removesuffix("_id").removesuffix("_at").replace("_", " ").capitalize()


def _value(session: Session, page: Workflow, name: str, value: Any, ask: Ask | None) -> datetime | str:
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    kind = _refers(page, name, ask)
    if kind and isinstance(value, int):
        return _name(session, kind, value)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if ask and ask.kind == "choice":
        return str(dict(ask.choices).get(value, value))
    if isinstance(value, dict):
        return "; ".join(f"{_words(key)}: {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_words(each) for each in value)
    return str(value)


def _words(value: object) -> str:
    return str(value).replace("_", " ").replace("-", ": ", 1)


def _refers(page: Workflow, name: str, ask: Ask | None) -> str:
    """The kind of record that an input is the id of; empty where it is none."""
    if ask and ask.kind in ("person", "record"):
        return ask.of or "person"
    table = page.refers(name)
    if table is not None:
        return str(table.name)
    noun = name.removesuffix("_id")
    return noun if noun in HANDBOOK or noun in NAMED else ""


def _name(session: Session, kind: str, record_id: int) -> str:
    """What people call the record; one that is not there any more is said to be gone."""
    if not can_be_named(kind):
        return f"{kind.replace('_', ' ')} {record_id}"
    try:
        return names_of(session, kind, [record_id])[record_id]
    except LookupError:
        return "One that is not there any more"


def in_a_line(inputs: Iterable[Input]) -> Iterator[str]:
    """'New score: 3' for each, in files that others read."""
    return (f"{one.label}: {one.value.isoformat() if isinstance(one.value, datetime) else one.value}" for one in inputs)
