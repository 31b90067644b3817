"""Exports: tables of plain values for people who work elsewhere with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, select
from sqlmodel import Session, col

from civflow.models import Application, Challenge, History, Organisation, Round, Team
from civflow.workflows.engine import NotFound

Table = tuple[list[str], list[Sequence[Any]]]


def rows_to_export(session: Session, what: str, *, now: datetime) -> Table:
    """The names of the columns and the rows of challenges, applications or history. Raises NotFound for anything else.

    An application's title is left out until its deadline has passed: exports keep the seal too.
    """
    queries = {"challenges": _challenges, "applications": _applications, "history": _history}
    if what not in queries:
        raise NotFound(f"There is no export “{what}”; choose one of {', '.join(queries)}.")
    names, query = queries[what]()
    rows: list[Sequence[Any]] = [list(row) for row in session.execute(query)]
    if what == "applications":
        title, closes = names.index("title"), names.index("closes_at")
        for row in rows:
            if row[closes] is None or row[closes] > now:
                row[title] = ""  # type: ignore[index]
    return names, rows


def _challenges() -> tuple[list[str], Select[Any]]:
    names = ["round", "reference", "title", "question", "sponsor", "state", "opens_at", "closes_at", "money_pounds",
             "notice_reference", "source_url", "earlier_result"]  # fmt: skip
    query = select(
        Round.title, Challenge.reference, Challenge.title, Challenge.question,
        Organisation.legal_name, Challenge.state, Challenge.opens_at, Challenge.closes_at, Challenge.money_pounds,
        Challenge.notice_reference, Challenge.source_url, Challenge.earlier_result,
    ).join(Round, col(Round.id) == col(Challenge.round_id))  # type: ignore[call-overload]  # fmt: skip
    query = query.outerjoin(Organisation, col(Organisation.id) == col(Challenge.sponsor_id))
    return names, query.order_by(col(Challenge.id))


def _applications() -> tuple[list[str], Select[Any]]:
    names = ["reference", "round", "challenge", "team", "legal_name", "company_number", "address", "title", "state", "stage",
             "submitted_at", "closes_at"]  # fmt: skip
    query = select(
        Application.reference, Round.title, Challenge.title, Team.name, Organisation.legal_name, Organisation.number,
        Organisation.address, Application.title, Application.state, Application.stage, Application.submitted_at,
        Application.closes_at,
    ).join(Round, col(Round.id) == col(Application.round_id))  # type: ignore[call-overload]  # fmt: skip
    query = query.join(Challenge, col(Challenge.id) == col(Application.challenge_id))
    query = query.join(Team, col(Team.id) == col(Application.team_id))
    query = query.outerjoin(Organisation, col(Organisation.id) == col(Team.organisation_id))
    return names, query.order_by(col(Application.id))


def _history() -> tuple[list[str], Select[Any]]:
    table = History.__table__  # type: ignore[attr-defined]
    asked = (table.c.workflow == "question") & (table.c.step == "begin")  # nobody learns who asked from an export
    hidden = {"actor_id": case((asked, None), else_=table.c.actor_id),
              "actor_name": case((asked, "Somebody"), else_=table.c.actor_name)}  # fmt: skip
    return [c.name for c in table.c], select(*(hidden.get(c.name, c).label(c.name) for c in table.c)).order_by(
        table.c.id
    )
