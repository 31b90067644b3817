"""Exports: tables of plain values for people who work elsewhere with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, History, Organisation, Round, Team
from civflow.services.engine.access import cases_of
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Actor, Case, Forbidden, NotFound, Workflow
from civflow.workflows.engine.sight import columns_read, kept_back, may_see

Table = tuple[list[str], list[Sequence[Any]]]


def rows_to_export(session: Session, what: str, *, actor: Actor, now: datetime, record_id: int | None = None) -> Table:
    """The names of the columns and the rows of challenges, applications or history, as far as the actor may see them;
    and of the records of any noun, by its name, or of one of them: what its page shows to this reader.

    What the actor may see of a record and what is kept back stays so in an export: an application's title is empty
    until the seal is open, and for ever where it was not taken in. Raises NotFound for anything else, Forbidden for
    the history of all records to anybody but an auditor of the whole site.
    """
    if what in HANDBOOK:
        return _records(session, HANDBOOK[what], record_id, actor, now)
    queries = {"challenges": _challenges, "applications": _applications, "history": _history}
    if what not in queries:
        raise NotFound(f"There is no export “{what}”; choose one of {', '.join((*queries, *HANDBOOK))}.")
    if what == "history" and not actor.holds("auditor", {}):
        raise Forbidden("An auditor of the whole site exports the record.")
    names, query = queries[what]()
    rows: list[Sequence[Any]] = [list(row) for row in session.execute(query)]
    if what == "history":
        return names, rows
    cases = _cases(session, HANDBOOK[what.removesuffix("s")], actor, now)
    return names[1:], [_shown(names, row, cases[row[0]]) for row in rows if row[0] in cases]


def _records(session: Session, page: Workflow, record_id: int | None, actor: Actor, now: datetime) -> Table:
    """Each record that the actor may see, with its number, its state, and the columns that they read of it."""
    shown = {*page.shows.shown, *page.shows.staff}
    names = [name for name in page.table.c.keys() if name in shown]  # noqa: SIM118 - it gives columns, not names
    seen = _cases(session, page, actor, now)
    query = select(*(page.table.c[name] for name in ("id", "state", *names))).order_by(page.table.c.id)
    found: list[Sequence[Any]] = []
    for number, state, *values in session.connection().execute(query):
        if number not in seen or record_id not in (None, number):
            continue
        read = columns_read(seen[number])
        found.append([number, state, *(v if n in read else "" for n, v in zip(names, values, strict=True))])
    return ["id", "state", *names], found


def _cases(session: Session, page: Workflow, actor: Actor, now: datetime) -> dict[int, Case]:
    """Every record that the actor may see, with the facts that the rules of its page look at, in one statement."""
    found = cases_of(session, page, actor=actor, now=now)
    return {number: case for number, case in found.items() if may_see(case)}


def _shown(names: Sequence[str], row: Sequence[Any], case: Case) -> list[Any]:
    """The row without its id, and without what is kept back from the actor."""
    unread = kept_back(case)
    return ["" if name in unread else value for name, value in zip(names[1:], row[1:], strict=True)]


def _challenges() -> tuple[list[str], Select[Any]]:
    names = [
        "id",
        "round",
        "reference",
        "title",
        "question",
        "sponsor",
        "state",
        "opens_at",
        "closes_at",
        "money_pounds",
        "notice_reference",
        "source_url",
        "earlier_result",
    ]
    query = select(
        Challenge.id,
        Round.title,
        Challenge.reference,
        Challenge.title,
        Challenge.question,
        Organisation.legal_name,
        Challenge.state,
        Challenge.opens_at,
        Challenge.closes_at,
        Challenge.money_pounds,
        Challenge.notice_reference,
        Challenge.source_url,
        Challenge.earlier_result,
    ).join(Round, col(Round.id) == col(Challenge.round_id))  # type: ignore[call-overload]
    query = query.outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id))
    return names, query.order_by(col(Challenge.id))


def _applications() -> tuple[list[str], Select[Any]]:
    names = [
        "id",
        "reference",
        "round",
        "challenge",
        "team",
        "legal_name",
        "company_number",
        "address",
        "title",
        "state",
        "stage",
        "submitted_at",
        "closes_at",
    ]
    columns: list[Any] = [
        Application.id,
        Application.reference,
        Round.title,
        Challenge.title,
        Team.name,
        Organisation.legal_name,
        Organisation.number,
        Organisation.address,
        Application.title,
        Application.state,
        Application.stage,
        Application.submitted_at,
        Application.closes_at,
    ]
    query = select(*columns).join(Round, col(Round.id) == col(Application.round_id))
    query = query.join(Challenge, col(Challenge.id) == col(Application.challenge_id))
    query = query.join(Team, col(Team.id) == col(Application.team_id))
    query = query.outerjoin(Organisation, col(Organisation.id) == col(Team.organisation_id))
    return names, query.order_by(col(Application.id))


def _history() -> tuple[list[str], Select[Any]]:
    table = History.__table__  # type: ignore[attr-defined]
    unnamed = [name for name, page in HANDBOOK.items() if page.names_who_began]  # nobody learns it from an export
    asked = table.c.workflow.in_(unnamed) & (table.c.step == "begin")
    hidden = {
        "actor_id": case((asked, None), else_=table.c.actor_id),
        "actor_name": case((asked, "Somebody"), else_=table.c.actor_name),
    }
    return [c.name for c in table.c], select(*(hidden.get(c.name, c).label(c.name) for c in table.c)).order_by(
        table.c.id
    )
