"""The audit: the record is whole, and what was decided on still says what the record remembers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import String, cast, select
from sqlmodel import Session, col

from civflow.models import Agreement, Document, History, Outcome, Score, Submission
from civflow.services.applications.submission import content_hash
from civflow.services.audit import fixed
from civflow.services.engine import history
from civflow.services.engine.facts import HISTORY as TABLE
from civflow.services.engine.history import Audit
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import Workflow

# The steps by which an application leaves a gate, and what the gate's outcome then says of it.
DECIDED = {"go_on": "goes_on", "select": "goes_on", "keep_in_reserve": "reserve", "not_select": "not_selected"}
STORED = "%Y-%m-%d %H:%M:%S.%f"  # how SQLite keeps a moment


def verify(session: Session) -> Audit:
    """Compute every chain and seal again, then compare what was decided on with what the record remembers.

    Reads everything, changes nothing; call it at the start of a transaction. Roles and declared conflicts have no
    history of their own, so they are not compared.
    """
    found = history.verify(session)
    broken = found.broken or next(_differences(session), None)
    return found._replace(broken=broken)


def _differences(session: Session) -> Iterator[str]:
    """A sentence for each thing that says something else than the record."""
    yield from _moments(session)
    for page in HANDBOOK.values():
        yield from _signatures(session, page)
    yield from _scores(session)
    yield from _adjusted_scores(session)
    yield from _outcomes(session)
    yield from _submissions(session)
    yield from _prices(session)
    yield from fixed.differences(session)


def _moments(session: Session) -> Iterator[str]:
    """SQLite reads a moment that is written in another way as the same one; the record keeps one way."""
    if session.get_bind().dialect.name != "sqlite":
        return
    query = select(TABLE.c.id, TABLE.c.at, cast(TABLE.c.at, String)).order_by(TABLE.c.id)
    for entry_id, at, stored in session.connection().execute(query):
        if stored != at.strftime(STORED):
            yield f"History entry {entry_id} has been changed: its time is not written as civflow writes it."


def _signatures(session: Session, page: Workflow) -> Iterator[str]:
    """Columns that a step sets to who took it and when must still name them."""
    for column, is_stamp in _signed_columns(page):
        steps = [s.name for s in page.steps if column in (s.stamps if is_stamp else s.signs)]
        query = select(TABLE.c.record_id, TABLE.c.at if is_stamp else TABLE.c.actor_id)
        query = query.where(TABLE.c.workflow == page.name, TABLE.c.step.in_(steps)).order_by(TABLE.c.number)
        last: dict[int, Any] = {row[0]: row[1] for row in session.connection().execute(query)}
        stored = select(page.table.c.id, page.table.c[column]).where(page.table.c[column].is_not(None))
        for record_id, value in session.connection().execute(stored.order_by(page.table.c.id)):
            if record_id in last and value != last[record_id]:
                yield f"{page.called} {record_id}: “{column}” says something else than its history."


def _signed_columns(page: Workflow) -> list[tuple[str, bool]]:
    stamps = {(column, True) for step in page.steps for column in step.stamps}
    return sorted(stamps | {(column, False) for step in page.steps for column in step.signs})


def _entries(session: Session, workflow: str, *steps: str) -> Iterator[tuple[History, dict[str, Any]]]:
    """Every entry of these steps with its inputs, in the order of each record."""
    query = select(History).where(col(History.workflow) == workflow, col(History.step).in_(steps))
    query = query.order_by(col(History.record_id), col(History.number))
    for entry in session.scalars(query.execution_options(yield_per=5000)):
        yield entry, json.loads(entry.inputs or "{}")


def _scores(session: Session) -> Iterator[str]:
    given = {
        (entry.record_id, inputs["criterion"]): (inputs["value"], inputs["why"])
        for entry, inputs in _entries(session, HANDBOOK["assignment"].name, "score")
    }
    query = select(Score.id, Score.assignment_id, Score.criterion, Score.value, Score.reason).order_by(col(Score.id))  # type: ignore[call-overload]
    for score_id, assignment, criterion, value, reason in session.execute(query):
        if given.pop((assignment, criterion), None) != (value, reason):
            yield f"Score {score_id} says something else than the history of assignment {assignment}."
    for assignment, criterion in given:
        yield f"The score for “{criterion}” of assignment {assignment} is gone, and its history is still there."


def _adjusted_scores(session: Session) -> Iterator[str]:
    adjusted = {i["score_id"]: (i["value"], i["why"]) for _, i in _entries(session, HANDBOOK["gate"].name, "adjust")}
    query = select(Score.id, Score.moderated_value, Score.moderated_reason)  # type: ignore[call-overload]
    for score_id, value, reason in session.execute(query.order_by(col(Score.id))):
        if adjusted.get(score_id, (None, "")) != (value, reason):
            yield f"Score {score_id} was moderated otherwise than the history of its gate says."


def _outcomes(session: Session) -> Iterator[str]:
    """Of results that have been released: before, a ranked list is a proposal."""
    told = {
        (entry.record_id, inputs["gate"]): DECIDED[entry.step]
        for entry, inputs in _entries(session, HANDBOOK["application"].name, *DECIDED)
        if "gate" in inputs
    }
    query = select(Outcome.id, Outcome.application_id, Outcome.gate_id, Outcome.decision)  # type: ignore[call-overload]
    for outcome_id, application, gate, decision in session.execute(query.order_by(col(Outcome.id))):
        if told.get((application, gate), decision) != decision:
            yield f"Outcome {outcome_id} says something else than the history of application {application}."


def _submissions(session: Session) -> Iterator[str]:
    for submission in session.scalars(select(Submission).order_by(col(Submission.id)).execution_options(yield_per=500)):
        if content_hash(submission.answers) != submission.content_hash:
            yield (
                f"Submission {submission.id} (application {submission.application_id}) does not fit the fingerprint "
                "on its receipt."
            )


def _prices(session: Session) -> Iterator[str]:
    """An agreement says the price that its document prints."""
    query = select(Agreement.id, Agreement.price_pounds, Document.data).join(  # type: ignore[call-overload]
        Document, col(Document.id) == col(Agreement.document_id)
    )
    for agreement, price, data in session.execute(query.order_by(col(Agreement.id))):
        if data.get("price_pounds", price) != price:
            yield f"Agreement {agreement} says another price than its document."
