"""What people call a record, and the page where it is read, as its page of the handbook says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session

from civflow.models import Challenge, Organisation, Person, Tracked
from civflow.services.engine.advance import PAGES, workflow_of
from civflow.services.programmes.store import programme_of
from civflow.workflows.engine.declarations import PLACEHOLDER

# What a title names although the handbook has no page for it: the table, its model, and the column with the name.
NAMED: dict[str, tuple[Any, str]] = {"person": (Person, "name"), "organisation": (Organisation, "legal_name")}
MODELS: dict[str, type[Tracked]] = {page.table.name: page.record for page in PAGES.values()}


def title_of(session: Session, record: Tracked) -> str:
    """A short title that says which record it is, such as “Sift of Flooding impact”."""
    return _filled(session, record, PAGES[type(record)].record_title)


def short_title_of(session: Session, record: Tracked) -> str:
    """What a record is called beside others that name it."""
    return _filled(session, record, PAGES[type(record)].short_title)


def name_behind(session: Session, table: str, record_id: int) -> str:
    """What the record behind a foreign key is called beside the record that names it."""
    if table in NAMED:
        model, column = NAMED[table]
        return str(getattr(session.get_one(model, record_id), column))
    return short_title_of(session, session.get_one(MODELS[table], record_id))


def path_of(record: Tracked) -> str:
    """The path of the page where the record is read."""
    return _address(PAGES[type(record)].path, record)


def comments_path(record: Tracked) -> str:
    """The path of the page with the comments on a record of a noun that has some."""
    page = PAGES[type(record)]
    own = page.comments.path if page.comments else ""
    return _address(own, record) if own else f"/cases/{page.name}/{record.id}/comments"


def step_path(session: Session, record: Tracked, trigger: str) -> str | None:
    """The path of the page where a step of the record is taken, where it has one of its own."""
    steps = workflow_of(session, record).steps
    path = next((step.path for step in steps if step.name == trigger and step.path), None)
    return _address(path, record) if path else None


def stage_title(session: Session, challenge_id: int, stage: str) -> str:
    """What the programme calls a stage of a challenge."""
    return programme_of(session, session.get_one(Challenge, challenge_id)).stage(stage).title


def _address(path: str, record: Tracked) -> str:
    return PLACEHOLDER.sub(lambda found: str(getattr(record, found[1])), path)


def _filled(session: Session, record: Tracked, title: str) -> str:
    """The title with its names filled in; one that has no value yet takes the space after it along."""

    def value(found: re.Match[str]) -> str:
        words = word_for(session, record, found[1], found[2])
        return f"{words}{found[3]}" if words else ""

    return re.sub(f"{PLACEHOLDER.pattern}( ?)", value, title).strip()


def load_named(session: Session, records: Sequence[Tracked], texts: Iterable[str]) -> list[Any]:
    """Everything that the texts, and the titles of what they name, name of these records: one statement for each table.

    The session knows what it has read as long as somebody keeps the answer.
    """
    if not records:
        return []
    page = PAGES[type(records[0])]
    names = {name for text in (*texts, page.record_title) for name in re.findall(r"\{([a-z_]+)", text)}
    names |= {"challenge"} if "stage" in names else set()
    kept: list[Any] = []
    for name in sorted(names):
        table = page.refers(f"{name}_id")
        if table is None:
            continue
        model: Any = NAMED[table.name][0] if table.name in NAMED else MODELS[table.name]
        ids = {getattr(record, f"{name}_id") for record in records} - {None}
        known = [session.identity_map.get(identity_key(model, one)) for one in ids]
        missing = ids - {one.id for one in known if one}
        found = session.scalars(select(model).where(model.id.in_(sorted(missing)))).all() if missing else ()
        kept += [*(one for one in known if one), *found]
        if table.name in MODELS:
            kept += load_named(session, [one for one in kept if isinstance(one, model)], ())
    return kept


def word_for(session: Session, record: Any, name: str, of_that: str | None) -> str:
    """A stage as its programme calls it, the value of a column, or of what the column `..._id` refers to."""
    if name == "stage":
        return stage_title(session, record.challenge_id, record.stage)
    page = PAGES[type(record)]
    if name in page.table.c:
        value = getattr(record, name)
        return "" if value is None else str(value)
    table, record_id = page.refers(f"{name}_id"), getattr(record, f"{name}_id")
    behind = name if table is None else table.name
    if behind in NAMED:
        return name_behind(session, behind, record_id)
    other = session.get_one(MODELS[behind], record_id)
    return str(getattr(other, of_that)) if of_that else title_of(session, other)


def free_address(session: Session, column: Any, title: str, *, longest: int, kept: Collection[str] = ()) -> str:
    """The words of a title as part of an address, with a number where they are taken in the column or `kept`."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:longest].strip("-") or column.table.name
    taken = {*kept, *session.scalars(select(column).where(column.startswith(words)))}
    return next(slug for n in range(1, len(taken) + 2) if (slug := words if n == 1 else f"{words}-{n}") not in taken)
