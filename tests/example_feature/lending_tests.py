"""What civflow does for a noun whose page says everything: each of these costs the feature no line of its own.

Run by `tests/test_example_feature.py`, in a process whose list of features names the example.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, inspect, select
from sqlmodel import Session, col

from civflow.db import metadata
from civflow.models import Message, Person
from civflow.services.engine import history
from civflow.services.engine.advance import advance, begin, options
from civflow.services.engine.deadlines import take_due_steps
from civflow.services.records.export import rows_to_export
from tests.example_feature import migration
from tests.example_feature.models.lending import Loan, Shed
from tests.scenes.open_call import Call
from tests.web.visitor import Visitor, an_app, text_of


def is_of_the_example(thing: Any, name: str | None, kind: str, *_: object) -> bool:
    return kind != "table" or name in ("shed", "loan")


OPTIONS = {"target_metadata": metadata, "include_object": is_of_the_example}


@pytest.fixture(autouse=True)
def tables(engine: Engine) -> None:
    """The example's migration has run."""
    with engine.begin() as connection:
        if not inspect(connection).has_table("shed"):
            with Operations.context(MigrationContext.configure(connection, opts=OPTIONS)):
                migration.upgrade()


@pytest.fixture
def keeper(call: Call) -> Person:
    return call.person("Una Galbraith")


@pytest.fixture
def borrower(call: Call) -> Person:
    return call.person("Tom Baird")


@pytest.fixture
def shed(session: Session, call: Call, keeper: Person) -> Shed:
    made = Shed(
        name="The shed in Leith", keeper_id=keeper.id, closes_at=call.now + timedelta(days=7), state="", since=call.now
    )
    begin(session, made, actor=call.actor(keeper), now=call.now)
    return made


@pytest.fixture
def loan(session: Session, call: Call, shed: Shed, borrower: Person) -> Loan:
    made = Loan(shed_id=shed.id, tool="A rake", borrower_id=borrower.id, state="", since=call.now)
    begin(session, made, actor=call.actor(borrower), now=call.now)
    session.commit()
    return made


@pytest.fixture
def come(settings: Any, engine: Engine, session: Session, call: Call) -> Callable[[Person], Visitor]:
    app = an_app(settings, engine, lambda: call.now)
    return lambda person: Visitor(app).sign_in(session, person, now=call.now)


def letters(session: Session) -> list[tuple[str, str]]:
    """To whom the letters about sheds go, and what they are about."""
    session.expire_all()
    ours = select(Message).where(col(Message.about).startswith("/sheds/")).order_by(col(Message.id))
    return [(m.address, m.subject) for m in session.scalars(ours)]


def test_its_migration_makes_the_tables_that_its_models_have(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), metadata) == []


def test_it_has_a_page_of_the_handbook(call: Call, come: Any, loan: Loan, keeper: Person) -> None:
    page = come(keeper).page("/handbook/shed").get_text(" ", strip=True)
    for words in (
        "A shed with tools that people borrow.",
        "Remind the borrowers",
        "A tool of it is out.",
        "You keep this shed.",
    ):
        assert words in page
    assert come(keeper).get("/handbook/loan").status_code == 200


def test_whoever_its_page_names_sees_it_and_nobody_else(
    come: Any, call: Call, shed: Shed, loan: Loan, keeper: Person, borrower: Person
) -> None:
    for person in (keeper, borrower):
        for path in (f"/sheds/{shed.id}", f"/cases/shed/{shed.id}"):
            assert "The shed in Leith" in text_of(come(person).get(path))
    for person in (call.manager, call.owner):  # even those who run the programme
        assert [come(person).get(f"{path}/{shed.id}").status_code for path in ("/sheds", "/cases/shed")] == [404, 404]


def test_a_step_is_foretold_taken_told_and_remembered(
    session: Session, come: Any, call: Call, shed: Shed, loan: Loan, keeper: Person, borrower: Person
) -> None:
    visitor = come(keeper)
    page = visitor.page(f"/cases/shed/{shed.id}/remind").get_text(" ", strip=True)
    for words in ("Bring it back to The shed in Leith", "Tom Baird"):
        assert words in page
    answer = visitor.post(
        f"/cases/shed/{shed.id}/remind", {"reason": "It is spring."}, on=f"/cases/shed/{shed.id}/remind"
    )
    assert answer.status_code == 303
    assert letters(session) == [(borrower.email, "Bring it back to The shed in Leith")]
    record = come(keeper).page(f"/cases/shed/{shed.id}").get_text(" ", strip=True)
    for words in ("Remind the borrowers", "It is spring."):
        assert words in record
    assert history.verify(session).broken is None


def test_a_refusal_says_what_is_needed(
    session: Session, call: Call, shed: Shed, loan: Loan, keeper: Person, borrower: Person
) -> None:
    advance(session, loan, "give_back", actor=call.actor(borrower), now=call.now)
    (remind,) = (o for o in options(session, shed, actor=call.actor(keeper), now=call.now) if o.step.name == "remind")
    assert (remind.allowed, remind.sentences) == (False, ("A tool of it is out.",))


def test_its_deadline_is_kept_by_the_clock_and_what_hangs_on_it_ends(
    session: Session, call: Call, shed: Shed, loan: Loan, borrower: Person
) -> None:
    take_due_steps(session, now=shed.closes_at - timedelta(seconds=1))
    session.expire_all()
    assert (shed.state, loan.state) == ("open", "out")
    take_due_steps(session, now=shed.closes_at)
    session.commit()
    session.expire_all()
    assert (shed.state, shed.missing, loan.state) == ("closed", 1, "back")
    (last,) = (entry for entry in history.history_of(session, "loan", loan.id) if entry.step == "give_back")
    assert last.reason == "The shed was closed."
    assert letters(session) == [(borrower.email, "The shed in Leith closes")]


def test_what_waits_for_somebody_stands_on_their_home_page(
    session: Session, call: Call, come: Any, loan: Loan, borrower: Person, keeper: Person
) -> None:
    line = "Give back A rake of The shed in Leith"
    assert line in come(borrower).page("/").get_text(" ", strip=True)
    assert line not in come(keeper).page("/").get_text(" ", strip=True)
    advance(session, loan, "give_back", actor=call.actor(borrower), now=call.now)
    session.commit()
    assert line not in come(borrower).page("/").get_text(" ", strip=True)


def test_those_whom_its_page_names_comment_on_it(
    come: Any, call: Call, shed: Shed, loan: Loan, keeper: Person, borrower: Person
) -> None:
    path = f"/cases/shed/{shed.id}/comments"
    assert come(borrower).post(path, {"text": "The door sticks."}, on=path).status_code in (200, 302, 303)
    assert "The door sticks." in come(keeper).page(path).get_text(" ", strip=True)
    assert come(borrower).get(f"/cases/loan/{loan.id}/comments").status_code == 404  # its page names nobody
    assert come(call.manager).get(path).status_code == 404


def test_it_is_exported_by_those_who_may_see_it(session: Session, call: Call, loan: Loan, borrower: Person) -> None:
    names, rows = rows_to_export(session, "loan", actor=call.actor(borrower), now=call.now)
    assert [dict(zip(names, row, strict=True))["tool"] for row in rows] == ["A rake"]
    assert rows_to_export(session, "loan", actor=call.actor(call.owner), now=call.now)[1] == []


def test_whoever_its_page_names_follows_it_and_hears_of_it(
    session: Session, call: Call, come: Any, shed: Shed, loan: Loan, keeper: Person, borrower: Person
) -> None:
    path = f"/cases/shed/{shed.id}/follow"
    assert come(call.owner).get(path).status_code == 404
    assert come(borrower).post(path, {"delivery": "at_once"}, on=path).status_code == 303
    advance(session, shed, "close", actor=call.actor(keeper), now=call.now)
    advance(session, loan, "take_again", actor=call.actor(borrower), now=call.now, reason="It was mine for a week.")
    advance(session, shed, "open_again", actor=call.actor(keeper), now=call.now, reason="The key was found.")
    session.commit()
    assert letters(session) == [
        (borrower.email, "The shed in Leith closes"),
        (borrower.email, "News of a shed: The shed in Leith"),
    ]


def test_its_day_stands_in_a_calendar_for_those_who_may_see_it(
    come: Any, call: Call, shed: Shed, loan: Loan, keeper: Person
) -> None:
    entry = come(keeper).get(f"/cases/shed/{shed.id}.ics")
    assert (entry.mimetype, "SUMMARY:Closes" in entry.text) == ("text/calendar", True)
    assert come(call.owner).get(f"/cases/shed/{shed.id}.ics").status_code == 404
